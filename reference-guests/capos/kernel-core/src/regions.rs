//! Which parts of a program's address space are in use, and for what.
//!
//! Promise: no two regions overlap, neighbours that continue each other are one, and
//! what the quotas count is what the regions hold. Image, stack, thread-local
//! storage, ring and CapSet are no regions: they lie outside of the zone.
//!
//! Cost: binary search and a move of what lies behind, in a list whose length is
//! bounded, so that a program cannot fill the kernel's heap by making holes.

use alloc::vec::Vec;
use core::ops::Range;
use guest_abi::layout::{PAGE_SIZE, USER_LIMIT, VM_BASE, VM_LIMIT};

/// Pages one process may have reserved, committed ones among them, as published.
pub const RESERVATION_QUOTA: u64 = 262_144;
/// Pages one process may have committed. *Chosen*: 64 MiB, what the published
/// default profile allows.
pub const COMMIT_QUOTA: u64 = (64 << 20) / PAGE_SIZE;
/// Regions one process may have. *Chosen*.
pub const MAX_REGIONS: usize = 512;

/// Whole pages inside of the zone, one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    start: u64,
    end: u64,
}

impl Pages {
    /// The pages of a range given by a program.
    pub fn new(address: u64, size: u64) -> Result<Self, Refusal> {
        check_size(size)?;
        if !address.is_multiple_of(PAGE_SIZE) {
            return Err(Refusal::Misaligned);
        }
        match address.checked_add(size) {
            Some(end) if address >= VM_BASE && end <= VM_LIMIT => Ok(Self {
                start: address,
                end,
            }),
            _ => Err(Refusal::OutsideZone),
        }
    }

    /// Address of the first.
    pub fn start(self) -> u64 {
        self.start
    }

    /// End of the last.
    pub fn end(self) -> u64 {
        self.end
    }

    /// How many.
    pub fn count(self) -> u64 {
        (self.end - self.start) / PAGE_SIZE
    }
}

fn check_size(size: u64) -> Result<(), Refusal> {
    if size == 0 || !size.is_multiple_of(PAGE_SIZE) {
        return Err(Refusal::Misaligned);
    }
    Ok(())
}

/// What a region is used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use<O> {
    /// Kept free: nothing is there, and nothing else will be put there.
    Reserved,
    /// Memory of the process's own.
    Committed,
    /// Part of an object that others may map too.
    Object {
        /// The object.
        object: O,
        /// First byte of it that is mapped.
        offset: u64,
    },
}

impl<O: Clone + PartialEq> Use<O> {
    /// The use of what begins so many bytes behind this one's start.
    fn at(&self, distance: u64) -> Self {
        match self {
            Self::Object { object, offset } => Self::Object {
                object: object.clone(),
                offset: offset + distance,
            },
            other => other.clone(),
        }
    }
}

/// Pages in use for one thing.
#[derive(Clone, Debug)]
struct Region<O> {
    start: u64,
    end: u64,
    usage: Use<O>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not whole pages, or none.
    Misaligned,
    /// Not where programs may map.
    OutsideZone,
    /// Some of it is in use.
    Overlap,
    /// Some of it is not what the request is for.
    NotMapped,
    /// Not whole pages inside of the object.
    OutsideObject,
    /// More than a process may reserve.
    ReservationQuota,
    /// More than a process may commit.
    CommitQuota,
    /// More regions than a process may have.
    TooManyRegions,
    /// No hole is large enough.
    NoSpace,
}

/// The regions of one process.
#[derive(Debug)]
pub struct Regions<O> {
    /// In order.
    regions: Vec<Region<O>>,
    reserved: u64,
    committed: u64,
}

impl<O> Default for Regions<O> {
    fn default() -> Self {
        Self {
            regions: Vec::new(),
            reserved: 0,
            committed: 0,
        }
    }
}

impl<O: Clone + PartialEq> Regions<O> {
    /// Pages in use, for whatever.
    pub fn reserved(&self) -> u64 {
        self.reserved
    }

    /// Pages of the process's own memory.
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// Finds a place: the wanted one, or with hint 0 the lowest hole that is large
    /// enough.
    pub fn place(&self, hint: u64, size: u64) -> Result<Pages, Refusal> {
        check_size(size)?;
        if size / PAGE_SIZE > RESERVATION_QUOTA - self.reserved {
            return Err(Refusal::ReservationQuota);
        }
        if self.regions.len() == MAX_REGIONS {
            return Err(Refusal::TooManyRegions);
        }
        if hint == 0 {
            return self.lowest_hole(size);
        }
        let pages = Pages::new(hint, size)?;
        let touched = self.touched(pages);
        if touched.is_empty() {
            Ok(pages)
        } else {
            Err(Refusal::Overlap)
        }
    }

    fn lowest_hole(&self, size: u64) -> Result<Pages, Refusal> {
        let mut start = VM_BASE;
        for region in &self.regions {
            if region.start - start >= size {
                break;
            }
            start = region.end;
        }
        Pages::new(start, size).map_err(|_| Refusal::NoSpace)
    }

    /// Whether so many pages more may be committed.
    pub fn check_commit(&self, pages: Pages) -> Result<(), Refusal> {
        if pages.count() > COMMIT_QUOTA - self.committed {
            return Err(Refusal::CommitQuota);
        }
        Ok(())
    }

    /// Whether all of these pages have a use that the request is for.
    pub fn check(&self, pages: Pages, is: impl Fn(&Use<O>) -> bool) -> Result<(), Refusal> {
        let mut covered = pages.start;
        for region in &self.regions[self.touched(pages)] {
            if region.start > covered || !is(&region.usage) {
                return Err(Refusal::NotMapped);
            }
            covered = region.end;
        }
        if covered < pages.end {
            return Err(Refusal::NotMapped);
        }
        Ok(())
    }

    /// Whether these pages may be given another use, or none: that may split the
    /// regions they are of.
    pub fn check_split(&self, pages: Pages) -> Result<(), Refusal> {
        let touched = self.touched(pages);
        let regions = &self.regions[touched.clone()];
        let left = regions.first().is_some_and(|r| r.start < pages.start);
        let right = regions.last().is_some_and(|r| r.end > pages.end);
        let others = self.regions.len() - touched.len();
        if others + usize::from(left) + 1 + usize::from(right) > MAX_REGIONS {
            return Err(Refusal::TooManyRegions);
        }
        Ok(())
    }

    /// Uses pages, which must have been found by [`place`](Self::place) or checked.
    pub fn set(&mut self, pages: Pages, usage: Use<O>) {
        self.replace(pages, Some(usage));
    }

    /// Makes checked pages a hole.
    pub fn clear(&mut self, pages: Pages) {
        self.replace(pages, None);
    }

    /// The whole hole that pages which are in no region are part of. What lies in it
    /// needs no page tables.
    pub fn hole_around(&self, pages: Pages) -> Range<u64> {
        let touched = self.touched(pages);
        debug_assert!(touched.is_empty(), "pages in use are no hole");
        let before = self.regions[..touched.start].last();
        let after = self.regions.get(touched.end);
        before.map_or(VM_BASE, |region| region.end)..after.map_or(USER_LIMIT, |region| region.start)
    }

    /// The regions that have any of these pages.
    fn touched(&self, pages: Pages) -> Range<usize> {
        let first = self.regions.partition_point(|r| r.end <= pages.start);
        let behind = &self.regions[first..];
        first..first + behind.partition_point(|r| r.start < pages.end)
    }

    fn replace(&mut self, pages: Pages, usage: Option<Use<O>>) {
        let touched = self.touched(pages);
        let mut pieces: [Option<Region<O>>; 3] = [None, None, None];
        for region in &self.regions[touched.clone()] {
            if region.start < pages.start {
                pieces[0] = Some(Region {
                    end: pages.start,
                    ..region.clone()
                });
            }
            if region.end > pages.end {
                pieces[2] = Some(Region {
                    start: pages.end,
                    end: region.end,
                    usage: region.usage.at(pages.end - region.start),
                });
            }
            let part = region.end.min(pages.end) - region.start.max(pages.start);
            self.reserved -= part / PAGE_SIZE;
            if region.usage == Use::Committed {
                self.committed -= part / PAGE_SIZE;
            }
        }
        if let Some(usage) = usage {
            self.reserved += pages.count();
            if usage == Use::Committed {
                self.committed += pages.count();
            }
            pieces[1] = Some(Region {
                start: pages.start,
                end: pages.end,
                usage,
            });
        }
        let first = touched.start;
        // Counted, because a splice of an unknown number makes a list on the heap.
        let count = pieces.iter().flatten().count();
        pieces.sort_by_key(Option::is_none);
        let pieces = pieces.into_iter().take(count);
        self.regions
            .splice(touched, pieces.map(|piece| piece.expect("counted")));
        // From behind, so that indices before stay what they are.
        for index in (first.saturating_sub(1)..first + 3).rev() {
            self.join_with_next(index);
        }
    }

    fn join_with_next(&mut self, index: usize) {
        let Some([one, next]) = self.regions.get(index..index + 2) else {
            return;
        };
        if one.end == next.start && one.usage.at(one.end - one.start) == next.usage {
            self.regions[index].end = next.end;
            self.regions.remove(index + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    type Table = Regions<char>;

    /// Pages by number, from the start of the zone.
    fn pages(first: u64, count: u64) -> Pages {
        Pages::new(VM_BASE + first * PAGE_SIZE, count * PAGE_SIZE).unwrap()
    }

    fn object(object: char, page: u64) -> Use<char> {
        Use::Object {
            object,
            offset: page * PAGE_SIZE,
        }
    }

    #[test]
    fn ranges_are_whole_pages_inside_the_zone() {
        let page = PAGE_SIZE;
        assert_eq!(Pages::new(VM_BASE, 0), Err(Refusal::Misaligned));
        assert_eq!(Pages::new(VM_BASE, page + 1), Err(Refusal::Misaligned));
        assert_eq!(Pages::new(VM_BASE + 8, page), Err(Refusal::Misaligned));
        assert_eq!(Pages::new(VM_BASE - page, page), Err(Refusal::OutsideZone));
        assert_eq!(Pages::new(VM_LIMIT, page), Err(Refusal::OutsideZone));
        assert_eq!(Pages::new(0, page), Err(Refusal::OutsideZone));
        let wrapping = Pages::new(u64::MAX - page + 1, 2 * page);
        assert_eq!(wrapping, Err(Refusal::OutsideZone));
        assert!(Pages::new(VM_LIMIT - page, page).is_ok());
    }

    #[test]
    fn the_lowest_hole_that_is_large_enough_is_chosen() {
        let mut table = Table::default();
        assert_eq!(table.place(0, PAGE_SIZE), Ok(pages(0, 1)));
        table.set(pages(0, 1), Use::Committed);
        table.set(pages(2, 4), Use::Reserved);
        assert_eq!(table.place(0, PAGE_SIZE), Ok(pages(1, 1)));
        assert_eq!(table.place(0, 2 * PAGE_SIZE), Ok(pages(6, 2)));
    }

    #[test]
    fn a_wanted_place_is_taken_or_refused() {
        let mut table = Table::default();
        table.set(pages(2, 2), Use::Committed);
        let place = |first, count| {
            let wanted = pages(first, count);
            table.place(wanted.start(), wanted.end() - wanted.start())
        };
        assert_eq!(place(0, 2), Ok(pages(0, 2)));
        assert_eq!(place(4, 1), Ok(pages(4, 1)));
        assert_eq!(place(1, 2), Err(Refusal::Overlap));
        assert_eq!(place(3, 9), Err(Refusal::Overlap));
        assert_eq!(place(0, 9), Err(Refusal::Overlap));
    }

    #[test]
    fn a_range_with_a_hole_or_another_use_is_not_mapped() {
        let mut table = Table::default();
        table.set(pages(0, 2), Use::Committed);
        table.set(pages(2, 1), Use::Reserved);
        table.set(pages(4, 1), Use::Committed);
        let committed = |pages| table.check(pages, |usage| *usage == Use::Committed);
        assert_eq!(committed(pages(0, 2)), Ok(()));
        assert_eq!(committed(pages(1, 1)), Ok(()));
        assert_eq!(committed(pages(1, 2)), Err(Refusal::NotMapped));
        assert_eq!(committed(pages(3, 2)), Err(Refusal::NotMapped));
        assert_eq!(committed(pages(4, 2)), Err(Refusal::NotMapped));
        let own = table.check(pages(0, 3), |usage| !matches!(usage, Use::Object { .. }));
        assert_eq!(own, Ok(()));
    }

    #[test]
    fn parts_of_an_object_join_only_where_they_continue_each_other() {
        let mut table = Table::default();
        table.set(pages(0, 2), object('a', 0));
        table.set(pages(2, 2), object('a', 2));
        assert_eq!(table.regions.len(), 1);
        table.set(pages(4, 2), object('a', 2));
        table.set(pages(6, 2), object('b', 4));
        assert_eq!(table.regions.len(), 3);
        // What is left behind a hole begins later in the object.
        table.clear(pages(1, 1));
        assert_eq!(table.regions[1].usage, object('a', 2));
    }

    #[test]
    fn quotas_bound_what_is_reserved_and_committed() {
        let mut table = Table::default();
        let all = RESERVATION_QUOTA * PAGE_SIZE;
        assert_eq!(
            table.place(0, all + PAGE_SIZE),
            Err(Refusal::ReservationQuota)
        );
        let reserved = table.place(0, all).unwrap();
        table.set(reserved, Use::Reserved);
        assert_eq!(table.place(0, PAGE_SIZE), Err(Refusal::ReservationQuota));
        assert_eq!(
            table.check_commit(pages(0, COMMIT_QUOTA + 1)),
            Err(Refusal::CommitQuota)
        );
        assert_eq!(table.check_commit(pages(0, COMMIT_QUOTA)), Ok(()));
        table.set(pages(0, COMMIT_QUOTA), Use::Committed);
        assert_eq!(
            table.check_commit(pages(COMMIT_QUOTA, 1)),
            Err(Refusal::CommitQuota)
        );
        table.clear(pages(5, 1));
        assert!(table.check_commit(pages(5, 1)).is_ok());
        assert_eq!(table.place(0, PAGE_SIZE), Ok(pages(5, 1)));
    }

    #[test]
    fn holes_do_not_make_the_list_grow_without_end() {
        let mut table = Table::default();
        table.set(pages(0, 4096), Use::Committed);
        let mut holes = 0;
        while table.check_split(pages(2 * holes + 1, 1)).is_ok() {
            table.clear(pages(2 * holes + 1, 1));
            holes += 1;
        }
        assert_eq!(table.regions.len(), MAX_REGIONS - 1);
        // What makes none more is still possible.
        assert_eq!(table.check_split(pages(0, 1)), Ok(()));
        table.set(table.place(0, PAGE_SIZE).unwrap(), object('a', 0));
        assert_eq!(table.check_split(pages(0, 1)), Ok(()));
        assert_eq!(table.place(0, PAGE_SIZE), Err(Refusal::TooManyRegions));
        table.clear(pages(0, 1));
        assert!(table.place(0, PAGE_SIZE).is_ok());
    }

    #[test]
    fn the_hole_around_ends_at_the_neighbours() {
        let mut table = Table::default();
        let hole = table.hole_around(pages(5, 1));
        assert_eq!(hole, VM_BASE..USER_LIMIT);
        table.set(pages(1, 1), Use::Reserved);
        table.set(pages(9, 1), Use::Committed);
        let hole = table.hole_around(pages(5, 1));
        assert_eq!(hole, pages(2, 7).start()..pages(2, 7).end());
    }

    /// What the table stands for: every page by itself.
    type Model = BTreeMap<u64, Use<char>>;

    #[derive(Clone, Debug)]
    enum Step {
        Place(Option<u64>, u64, Use<char>),
        Change(u64, u64, Use<char>),
        Clear(u64, u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let usage = prop_oneof![
            Just(Use::Reserved),
            Just(Use::Committed),
            ("[ab]", 0u64..4).prop_map(|(name, page)| object(name.as_bytes()[0].into(), page)),
        ];
        let own = prop_oneof![Just(Use::Reserved), Just(Use::Committed)];
        prop_oneof![
            (prop::option::of(0u64..40), 1u64..9, usage)
                .prop_map(|(first, count, usage)| Step::Place(first, count, usage)),
            (0u64..40, 1u64..9, own).prop_map(|(first, count, to)| Step::Change(first, count, to)),
            (0u64..40, 1u64..12).prop_map(|(first, count)| Step::Clear(first, count)),
        ]
    }

    fn put(model: &mut Model, at: Pages, usage: &Use<char>) {
        for address in (at.start()..at.end()).step_by(PAGE_SIZE as usize) {
            model.insert(address, usage.at(address - at.start()));
        }
    }

    fn has_all(model: &Model, at: Pages) -> bool {
        (at.start()..at.end())
            .step_by(PAGE_SIZE as usize)
            .all(|address| model.contains_key(&address))
    }

    /// Each page of the table, by itself. Fails if regions overlap, touch without
    /// need or are empty.
    fn flat(table: &Table) -> Model {
        let mut model = Model::new();
        for region in &table.regions {
            assert!(region.start < region.end);
            let at = Pages::new(region.start, region.end - region.start).unwrap();
            let before = model.len() as u64;
            put(&mut model, at, &region.usage);
            assert_eq!(model.len() as u64 - before, at.count(), "an overlap");
        }
        for pair in table.regions.windows(2) {
            assert!(pair[0].end <= pair[1].start, "out of order");
            let continued = pair[0].usage.at(pair[0].end - pair[0].start) == pair[1].usage;
            assert!(pair[0].end < pair[1].start || !continued, "not joined");
        }
        model
    }

    proptest! {
        #[test]
        fn the_table_is_what_a_map_of_single_pages_is(
            steps in prop::collection::vec(step(), 1..60),
        ) {
            let mut table = Table::default();
            let mut model = Model::new();
            for step in steps {
                match step {
                    Step::Place(first, count, usage) => {
                        let hint = first.map_or(0, |first| pages(first, count).start());
                        match table.place(hint, count * PAGE_SIZE) {
                            Ok(found) => {
                                prop_assert!(hint == 0 || hint == found.start());
                                let free = model.range(found.start()..found.end()).count() == 0;
                                prop_assert!(free, "placed where something is");
                                table.set(found, usage.clone());
                                put(&mut model, found, &usage);
                            }
                            Err(refusal) => {
                                prop_assert_eq!(refusal, Refusal::Overlap);
                                let wanted = hint..hint + count * PAGE_SIZE;
                                prop_assert!(model.range(wanted).count() > 0);
                            }
                        }
                    }
                    Step::Change(first, count, to) => {
                        let at = pages(first, count);
                        let own = |usage: &Use<char>| !matches!(usage, Use::Object { .. });
                        let checked = table.check(at, own).is_ok();
                        let expected = has_all(&model, at)
                            && model.range(at.start()..at.end()).all(|(_, usage)| own(usage));
                        prop_assert_eq!(checked, expected);
                        if checked {
                            table.set(at, to.clone());
                            put(&mut model, at, &to);
                        }
                    }
                    Step::Clear(first, count) => {
                        let at = pages(first, count);
                        let checked = table.check(at, |_| true).is_ok();
                        prop_assert_eq!(checked, has_all(&model, at));
                        if checked {
                            table.clear(at);
                            model.retain(|page, _| !(at.start()..at.end()).contains(page));
                            let hole = table.hole_around(at);
                            prop_assert_eq!(model.range(hole.clone()).count(), 0);
                            prop_assert!(hole.start <= at.start() && at.end() <= hole.end);
                        }
                    }
                }
                prop_assert_eq!(&flat(&table), &model);
                prop_assert_eq!(table.reserved(), model.len() as u64);
                let committed = model.values().filter(|usage| **usage == Use::Committed);
                prop_assert_eq!(table.committed(), committed.count() as u64);
            }
            for page in model.keys() {
                table.clear(Pages::new(*page, PAGE_SIZE).unwrap());
            }
            prop_assert_eq!((table.reserved(), table.committed()), (0, 0));
            prop_assert!(table.regions.is_empty());
        }
    }
}
