//! Batches of one operation, and the oracle.

use crate::baseline::{check_frames, check_reservations, check_w_xor_x};
use crate::operation::{Grants, Operation};
use crate::page::Page;
use crate::requests::{PAGE, Request, Requests};
use alloc::boxed::Box;
use alloc::vec::Vec;
use guest_benchmark::runtime::abi::ring::SQ_ENTRIES;
use guest_benchmark::runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_benchmark::runtime::memory::{ANYWHERE, MemoryObject, READ, WRITE};
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::syscall::cap_enter;
use guest_benchmark::{Case, Fault, Record, Refusal, Row, ticks};

/// Batches of one operation.
pub struct Batches {
    operation: Operation,
    grants: Grants,
    requests: Box<Requests>,
    /// Keeps the tables of the last levels there.
    anchor: Page,
    /// Pages that are there for all of the row.
    pages: Vec<Page>,
    /// An object with a page for each place in a batch, and the first page of where all
    /// of it is mapped.
    object: Option<(MemoryObject, Page)>,
    next_user_data: u64,
}

impl Batches {
    /// Maps what the row needs.
    pub fn prepare(
        ring: &mut Ring,
        operation: Operation,
        grants: Grants,
        row: &Row<'_>,
    ) -> Result<Self, Refusal> {
        const NO_MEMORY: Refusal = Refusal::SetUp("no memory");
        let memory = grants.memory;
        let anchor = memory.map(ring, ANYWHERE, PAGE, READ | WRITE);
        let mut this = Self {
            operation,
            grants,
            requests: Box::new(Requests::new(grants)),
            anchor: Page(anchor.map_err(|_| NO_MEMORY)?),
            pages: Vec::with_capacity(SQ_ENTRIES as usize),
            object: None,
            next_user_data: 1,
        };
        match operation {
            Operation::Protect => {
                for _ in 0..row.batch {
                    let page = memory.map(ring, ANYWHERE, PAGE, READ | WRITE);
                    this.pages.push(Page(page.map_err(|_| NO_MEMORY)?));
                }
            }
            Operation::ObjectMap | Operation::ObjectMapTouchUnmap => {
                let object = grants.frames.allocate_contiguous(ring, row.batch);
                let object = object.map_err(|_| NO_MEMORY)?;
                let size = u64::from(row.batch) * PAGE;
                let whole = object.map(ring, ANYWHERE, 0, size, READ | WRITE);
                this.object = Some((object, Page(whole.map_err(|_| NO_MEMORY)?)));
            }
            _ => {}
        }
        Ok(this)
    }

    fn object(&self) -> (u32, Page) {
        let (object, whole) = self.object.expect("made for this operation");
        (object.id(), whole)
    }

    /// Queues requests.
    fn push(&mut self, ring: &mut Ring, requests: &[Request]) {
        for (place, request) in requests.iter().enumerate() {
            let user_data = self.next_user_data;
            self.next_user_data += 1;
            let sqe = self.requests.submission(place, *request, user_data);
            ring.push(&sqe);
        }
    }

    /// Takes the completions of the requests that were queued last, and checks them.
    /// For a test the first one's result is `wrong` whatever it is.
    fn take(&self, ring: &mut Ring, requests: &[Request], wrong: bool, record: &mut Record) {
        let first = self.next_user_data - requests.len() as u64;
        for (place, request) in requests.iter().enumerate() {
            let Some(cqe) = ring.pop() else {
                record.fail("a completion is missing");
                return;
            };
            record.completed(1);
            record.ensure(
                cqe.user_data == first + place as u64,
                "wrong user_data, or out of order",
            );
            let expected = match wrong && place == 0 {
                true => i32::MAX,
                false => request.expected(),
            };
            record.ensure(cqe.result == expected, "wrong result");
            record.ensure(
                (cqe.flags, cqe.cap_count) == request.expected_capabilities(),
                "wrong number of capabilities",
            );
        }
    }

    /// Has requests served that the row does not measure.
    fn serve(&mut self, ring: &mut Ring, requests: &[Request], record: &mut Record) {
        self.enter(ring, requests, false, record);
    }

    /// Has requests served that are what the row measures.
    fn measure(
        &mut self,
        ring: &mut Ring,
        batch: &Batch,
        requests: &[Request],
        record: &mut Record,
    ) {
        let (start, end) = self.enter(ring, requests, batch.wrong, record);
        record.sample(start, end);
    }

    /// Has requests served, all in one entry, and checked. From when to when.
    fn enter(
        &mut self,
        ring: &mut Ring,
        requests: &[Request],
        wrong: bool,
        record: &mut Record,
    ) -> (u64, u64) {
        let count = requests.len() as u32;
        self.push(ring, requests);
        let overflow = ring.overflow();

        let start = ticks();
        let entered = cap_enter(count, TIMEOUT_FOREVER);
        let end = ticks();

        record.submitted(count);
        record.ensure(entered == Ok(count), "cap_enter returned another count");
        record.ensure(ring.overflow() == overflow, "cq_overflow changed");
        self.take(ring, requests, wrong, record);
        record.ensure(ring.pop().is_none(), "a completion too many");
        (start, end)
    }

    /// The pages that the last requests were answered with.
    fn answered_pages(&self, count: usize, record: &mut Record) -> Vec<Page> {
        let found: Option<Vec<Page>> = (0..count)
            .map(|place| self.requests.address(place).map(Page))
            .collect();
        found.unwrap_or_else(|| {
            record.fail("no address was answered");
            Vec::new()
        })
    }

    /// The objects that the last requests were answered with.
    fn answered_objects(&self, batch: &Batch, record: &mut Record) -> Vec<u32> {
        let found: Option<Vec<u32>> = (0..batch.size())
            .map(|place| self.requests.object(place))
            .collect();
        found.unwrap_or_else(|| {
            record.fail("no object was answered");
            Vec::new()
        })
    }

    fn map(&mut self, ring: &mut Ring, batch: &Batch, record: &mut Record) {
        self.measure(ring, batch, &batch.requests(|_| Request::Map), record);
        let pages = self.answered_pages(batch.size(), record);
        expect_new(&pages, record);
        expect_kept(&pages, batch, record);
        self.serve(ring, &unmap(&pages), record);
    }

    fn protect(&mut self, ring: &mut Ring, batch: &Batch, record: &mut Record) {
        let pages = core::mem::take(&mut self.pages);
        // The right to write is taken in one batch and given in the next.
        let give = batch.number % 2 == 1;
        if !give {
            expect_kept(&pages, batch, record);
        }
        let protect = batch.requests(|place| Request::Protect(pages[place].0, give));
        self.measure(ring, batch, &protect, record);
        let probe = batch.requests(|place| Request::Probe(pages[place].0, give));
        self.serve(ring, &probe, record);
        if !give {
            let kept = pages.iter().all(|page| page.mark() == batch.mark(*page));
            record.ensure(kept, "a page lost what it held");
        }
        self.pages = pages;
    }

    fn unmap(&mut self, ring: &mut Ring, batch: &Batch, record: &mut Record) {
        self.serve(ring, &batch.requests(|_| Request::Map), record);
        let pages = self.answered_pages(batch.size(), record);
        // Cleanup: what the last batch wrote is gone.
        expect_new(&pages, record);
        expect_kept(&pages, batch, record);
        self.measure(ring, batch, &unmap(&pages), record);
        let probes = pages.iter().map(|page| Request::Probe(page.0, false));
        self.serve(ring, &probes.collect::<Vec<_>>(), record);
    }

    /// Maps pages, writes to each, unmaps them: two entries, and the program's own
    /// work between them.
    fn map_touch_unmap(
        &mut self,
        ring: &mut Ring,
        batch: &Batch,
        record: &mut Record,
        map: impl Fn(usize) -> Request,
        unmap: impl Fn(u64) -> Request,
    ) {
        let mut requests = batch.requests(map);
        requests.reserve(batch.size());
        let mut pages = Vec::with_capacity(batch.size());
        let mut all_new = true;
        self.push(ring, &requests);
        let overflow = ring.overflow();

        let start = ticks();
        let first = cap_enter(batch.size, TIMEOUT_FOREVER);
        for place in 0..batch.size() {
            if let Some(page) = self.requests.address(place).map(Page) {
                all_new &= page.mark() == 0;
                page.set_mark(batch.mark(page));
                pages.push(page);
                requests.push(unmap(page.0));
            }
        }
        // The first completions stay in their queue: there is room for both.
        self.push(ring, &requests[batch.size()..]);
        let second = cap_enter(2 * batch.size, TIMEOUT_FOREVER);
        let end = ticks();

        record.sample(start, end);
        record.submitted(requests.len() as u32);
        record.ensure(pages.len() == batch.size(), "no address was answered");
        let both = (Ok(batch.size), Ok(2 * batch.size));
        record.ensure((first, second) == both, "cap_enter returned another count");
        record.ensure(ring.overflow() == overflow, "cq_overflow changed");
        self.take(ring, &requests, batch.wrong, record);
        record.ensure(ring.pop().is_none(), "a completion too many");
        match self.object {
            // An object's page holds what was left there.
            Some((_, whole)) => {
                let mut pages = pages.iter().enumerate();
                let shown =
                    pages.all(|(place, page)| whole.plus(place).mark() == batch.mark(*page));
                record.ensure(shown, "the object does not have what was written");
            }
            None => record.ensure(all_new, "a new page is not zero"),
        }
    }

    fn object_map(&mut self, ring: &mut Ring, batch: &Batch, record: &mut Record) {
        let (object, whole) = self.object();
        for place in 0..batch.size() {
            let page = whole.plus(place);
            page.set_mark(batch.mark(page));
        }
        let map = batch.requests(|place| Request::MapObject(object, place as u64 * PAGE));
        self.measure(ring, batch, &map, record);
        let pages = self.answered_pages(batch.size(), record);
        for (place, page) in pages.iter().enumerate() {
            let own = whole.plus(place);
            let shown = page.mark() == batch.mark(own);
            record.ensure(shown, "a mapping does not show the object");
            page.set_mark(!batch.mark(own));
            let shown = own.mark() == !batch.mark(own);
            record.ensure(shown, "the object does not have what was written");
        }
        let unmap = pages.iter().map(|p| Request::UnmapObject(object, p.0));
        self.serve(ring, &unmap.collect::<Vec<_>>(), record);
    }

    fn frame_alloc(&mut self, ring: &mut Ring, batch: &Batch, record: &mut Record) {
        self.measure(ring, batch, &batch.requests(|_| Request::Allocate), record);
        let objects = self.answered_objects(batch, record);
        let map = objects.iter().map(|object| Request::MapObject(*object, 0));
        self.serve(ring, &map.collect::<Vec<_>>(), record);
        let pages = self.answered_pages(objects.len(), record);
        expect_new(&pages, record);
        expect_kept(&pages, batch, record);
        let unmap = objects.iter().zip(&pages);
        let unmap = unmap.map(|(object, page)| Request::UnmapObject(*object, page.0));
        self.serve(ring, &unmap.collect::<Vec<_>>(), record);
        let release = objects.iter().map(|object| Request::Release(*object));
        self.serve(ring, &release.collect::<Vec<_>>(), record);
    }

    fn frame_free(&mut self, ring: &mut Ring, batch: &Batch, record: &mut Record) {
        self.serve(ring, &batch.requests(|_| Request::Allocate), record);
        let objects = self.answered_objects(batch, record);
        let release = objects.iter().map(|object| Request::Release(*object));
        self.measure(ring, batch, &release.collect::<Vec<_>>(), record);
        let stale = objects.iter().map(|object| Request::Stale(*object));
        self.serve(ring, &stale.collect::<Vec<_>>(), record);
    }
}

/// New pages hold nothing.
fn expect_new(pages: &[Page], record: &mut Record) {
    let new = pages.iter().all(|page| page.is_new());
    record.ensure(new, "a new page is not zero");
}

/// Pages hold what is written to them, each its own.
fn expect_kept(pages: &[Page], batch: &Batch, record: &mut Record) {
    for page in pages {
        page.set_mark(batch.mark(*page));
    }
    let kept = pages.iter().all(|page| page.mark() == batch.mark(*page));
    record.ensure(kept, "a page does not hold what was written");
}

fn unmap(pages: &[Page]) -> Vec<Request> {
    pages.iter().map(|page| Request::Unmap(page.0)).collect()
}

impl Case for Batches {
    fn submissions(&self, row: &Row<'_>) -> u64 {
        row.operations() * u64::from(self.operation.submissions())
    }

    fn run(&mut self, ring: &mut Ring, row: &Row<'_>, record: &mut Record, fault: Option<Fault>) {
        for number in 0..row.batches() {
            let batch = Batch {
                number,
                size: row.batch,
                wrong: fault == Some(Fault::WrongResult) && number == 0,
            };
            match self.operation {
                Operation::Map => self.map(ring, &batch, record),
                Operation::Protect => self.protect(ring, &batch, record),
                Operation::Unmap => self.unmap(ring, &batch, record),
                Operation::MapTouchUnmap => {
                    let map = |_| Request::Map;
                    self.map_touch_unmap(ring, &batch, record, map, Request::Unmap);
                }
                Operation::ObjectMap => self.object_map(ring, &batch, record),
                Operation::ObjectMapTouchUnmap => {
                    let (object, _) = self.object();
                    let map = |place| Request::MapObject(object, place as u64 * PAGE);
                    let unmap = |page| Request::UnmapObject(object, page);
                    self.map_touch_unmap(ring, &batch, record, map, unmap);
                }
                Operation::FrameAlloc => self.frame_alloc(ring, &batch, record),
                Operation::FrameFree => self.frame_free(ring, &batch, record),
            }
        }
    }

    fn finish(self: Box<Self>, ring: &mut Ring, record: &mut Record) {
        check_w_xor_x(ring, self.grants, self.anchor.0, record);
        let memory = self.grants.memory;
        for page in self.pages.iter().chain([&self.anchor]) {
            let unmapped = memory.unmap(ring, page.0, PAGE);
            record.ensure(unmapped.is_ok(), "a page of the row is gone");
        }
        if let Some((object, whole)) = self.object {
            let size = object.info(ring).map_or(0, |(_, bytes)| bytes);
            let unmapped = object.unmap(ring, whole.0, size);
            record.ensure(unmapped.is_ok(), "the object's mapping is gone");
            record.ensure(object.release(ring).is_ok(), "the object is gone");
        }
        check_reservations(ring, self.grants, record);
        if self.operation.takes_frames() {
            check_frames(ring, self.grants, record);
        }
    }
}

/// One batch.
struct Batch {
    number: u32,
    size: u32,
    /// For a test: no result is right.
    wrong: bool,
}

impl Batch {
    fn size(&self) -> usize {
        self.size as usize
    }

    /// A request for each place.
    fn requests(&self, request: impl Fn(usize) -> Request) -> Vec<Request> {
        (0..self.size()).map(request).collect()
    }

    /// What is left in a page: another word in each page and in each batch.
    fn mark(&self, page: Page) -> u64 {
        page.0 | u64::from(self.number) + 1
    }
}
