//! Choices that could as well be others: none changes what a program means, and a value
//! that one of them moves is moved by layout and not by work. Whoever measures sets them
//! to learn how far that goes.

use core::str::FromStr;
use guest_abi::boot_image::BootImage;
use guest_abi::layout::ENTRY_STACK_POINTER;

/// Stack pointers keep the alignment that the ABI asks for.
const STACK_ALIGNMENT: u64 = 16;
/// Most that a stack may begin lower: what is left is enough for every program.
const MOST_STACK_OFFSET: u64 = 4096;

/// The choices.
#[derive(Clone, Copy, Debug)]
pub struct Neutral {
    /// Where the stack of a process's first thread begins.
    pub entry_stack_pointer: u64,
    /// The id of the first process.
    pub first_process: u32,
    /// The kernel's clock when init starts, at least: the phase of everything that
    /// happens at a time.
    pub start_ns: u64,
}

impl Neutral {
    /// As the boot image asks.
    pub fn new(image: &BootImage<'_>) -> Self {
        let offset = number(image.parameter("stack_offset")).unwrap_or(0);
        assert!(
            offset % STACK_ALIGNMENT == 0 && offset <= MOST_STACK_OFFSET,
            "stack_offset is a multiple of 16 up to 4096"
        );
        let first_process = number(image.parameter("first_process")).unwrap_or(1);
        assert!(first_process > 0, "first_process is 1 or more");
        Self {
            entry_stack_pointer: ENTRY_STACK_POINTER - offset,
            first_process,
            start_ns: number(image.parameter("start_ns")).unwrap_or(0),
        }
    }
}

fn number<N: FromStr>(text: Option<&str>) -> Option<N> {
    let text = text?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("a parameter is no number: {text:?}")))
}
