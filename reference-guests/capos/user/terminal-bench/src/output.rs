//! Rows of output.

use crate::message::Call;
use guest_benchmark::runtime::abi::ring::SQ_ENTRIES;
use guest_benchmark::runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::syscall::cap_enter;
use guest_benchmark::runtime::terminal::{
    Terminal, WRITE, WRITE_LINE, write_line_parameters, write_parameters,
};
use guest_benchmark::{Case, Fault, Record, Row, ticks};

/// A line of 64 columns.
const LINE: &str = "................................................................";
/// Bytes of a page.
const PAGE: usize = 4096;
/// Columns of a page's lines, their end among them.
const COLUMNS: usize = 64;

/// The same output over and over.
pub struct Output(Call);

impl Output {
    /// Lines.
    pub fn line(terminal: Terminal) -> Self {
        Self(Call::new(
            terminal.0,
            WRITE_LINE,
            &write_line_parameters(LINE),
        ))
    }

    /// Pages of 4 KiB.
    pub fn page(terminal: Terminal) -> Self {
        let mut page = [b'.'; PAGE];
        for line in page.chunks_mut(COLUMNS) {
            line[COLUMNS - 2..].copy_from_slice(b"\r\n");
        }
        Self(Call::new(terminal.0, WRITE, &write_parameters(&page)))
    }
}

impl Case for Output {
    fn run(&mut self, ring: &mut Ring, row: &Row<'_>, record: &mut Record, fault: Option<Fault>) {
        debug_assert!(row.batch <= SQ_ENTRIES);
        let mut next_user_data = 1;
        for batch in 0..row.batches() {
            let first = next_user_data;
            for _ in 0..row.batch {
                let sqe = self.0.submission(next_user_data);
                ring.push(&sqe);
                next_user_data += 1;
            }
            let overflow = ring.overflow();

            let start = ticks();
            let entered = cap_enter(row.batch, TIMEOUT_FOREVER);
            let end = ticks();

            record.sample(start, end);
            record.submitted(row.batch);
            record.ensure(entered == Ok(row.batch), "cap_enter returned another count");
            record.ensure(ring.overflow() == overflow, "cq_overflow changed");
            let wrong = fault == Some(Fault::WrongResult) && batch == 0;
            let expected = if wrong { i32::MAX } else { 0 };
            for place in 0..row.batch {
                let Some(cqe) = ring.pop() else {
                    record.fail("a completion is missing");
                    break;
                };
                record.completed(1);
                record.ensure(
                    cqe.user_data == first + u64::from(place),
                    "wrong user_data, or out of order",
                );
                record.ensure(cqe.result == expected, "wrong result");
            }
            record.ensure(ring.pop().is_none(), "a completion too many");
        }
    }
}
