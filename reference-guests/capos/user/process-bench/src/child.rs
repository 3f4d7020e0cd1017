//! A child: what it must leave, and what is known of it.

use guest_benchmark::runtime::abi::boot_image::find;
use guest_benchmark::runtime::abi::interface::{CAPABILITY_MANAGER, PROCESS_HANDLE};
use guest_benchmark::runtime::memory::MemoryObject;

/// What every child leaves, as the manifest says.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// What it exits with.
    pub exit_code: i64,
    /// What it writes.
    pub output: &'static str,
}

impl Expected {
    /// From parameters `exit_code` and `output`.
    pub fn from_parameters(parameters: &[(&'static str, &'static str)]) -> Option<Self> {
        Some(Self {
            exit_code: find(parameters, "exit_code")?.parse().ok()?,
            output: find(parameters, "output")?,
        })
    }
}

/// The capabilities that came with a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    /// Waits for it.
    pub handle: u32,
    /// Lists and revokes what it holds.
    pub manager: u32,
}

/// Words of the answer of a spawn: table, root pointer, both indices, two records.
pub const SPAWN_ANSWER: usize = 7;

/// Last lifetime of a place in the capability table.
const LAST_GENERATION: u32 = 255;
const INDEX_MASK: u32 = 0xff_ffff;

impl Child {
    /// From the answer of a spawn, if it is one.
    pub fn from_answer(answer: [u64; SPAWN_ANSWER]) -> Option<Self> {
        let [
            table,
            root,
            indices,
            handle,
            handle_interface,
            manager,
            manager_interface,
        ] = answer;
        // The handle's record is the first, the manager's the second.
        let message = table == 2 << 32 && root == 1 << 32 && indices == 1 << 16;
        let interfaces = (handle_interface, manager_interface);
        (message && interfaces == (PROCESS_HANDLE, CAPABILITY_MANAGER)).then_some(())?;
        Some(Self {
            handle: u32::try_from(handle).ok()?,
            manager: u32::try_from(manager).ok()?,
        })
    }

    /// Whether it has the places that one had which was released before, handle last:
    /// then nothing was left in the table between the two. Places that were used up are
    /// replaced by others.
    pub fn succeeds(self, before: Self) -> bool {
        succeeds(self.handle, before.handle) && succeeds(self.manager, before.manager)
    }
}

/// Whether a place in the table had its last lifetime under this id.
pub fn is_used_up(id: u32) -> bool {
    id >> 24 == LAST_GENERATION
}

/// Whether an id is the next one of a place, or the place was used up.
pub fn succeeds(id: u32, before: u32) -> bool {
    let is_next = id & INDEX_MASK == before & INDEX_MASK && id >> 24 == (before >> 24) + 1;
    is_next || is_used_up(before)
}

/// The page that children write to.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// What they are granted.
    pub object: MemoryObject,
    /// Where this program sees it.
    pub page: u64,
}

impl Output {
    /// Takes away what the last child wrote.
    pub fn clear(&self) {
        for offset in (0..64).step_by(8) {
            // SAFETY: the page is mapped for as long as the row runs.
            unsafe { ((self.page + offset) as *mut u64).write_volatile(0) };
        }
    }

    /// Whether this is what a child wrote: a length, and so many bytes.
    pub fn is(&self, expected: &str) -> bool {
        // SAFETY: as above.
        let length = unsafe { (self.page as *const u64).read_volatile() };
        let mut bytes = expected.bytes().enumerate();
        length == expected.len() as u64
            && bytes.all(|(index, byte)| {
                let at = (self.page + 8 + index as u64) as *const u8;
                // SAFETY: as above; a line is shorter than a page.
                unsafe { at.read_volatile() == byte }
            })
    }
}
