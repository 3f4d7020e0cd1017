//! Making the processor forget translations.

use guest_abi::layout::PAGE_SIZE;
use kernel_core::regions::Pages;
use x86_64::VirtAddr;
use x86_64::instructions::tlb;

/// Above so many pages, all of the program's translations are forgotten at once. An
/// `invlpg` costs a hundred cycles and more, a load of CR3 a few times that and then
/// a miss for each page that is still used: about as much as the 33 pages above which
/// Linux does the same. (The kernel's own translations are global and stay.)
const ALL_ABOVE: u64 = 32;

/// Forgets these pages of the address space that is loaded, and the tables on the way
/// to them.
pub fn flush(pages: Pages) {
    if pages.count() > ALL_ABOVE {
        tlb::flush_all();
    } else {
        for page in (pages.start()..pages.end()).step_by(PAGE_SIZE as usize) {
            tlb::flush(VirtAddr::new(page));
        }
    }
}
