//! How a program misbehaves when a test asks for it.

/// The ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `wrong-result`: its oracle expects, once, what no kernel should answer.
    WrongResult,
    /// `crash`: it reads address 0 inside the row.
    Crash,
    /// `hang`: it never finishes the row.
    Hang,
}

impl Fault {
    /// The fault with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "wrong-result" => Some(Self::WrongResult),
            "crash" => Some(Self::Crash),
            "hang" => Some(Self::Hang),
            _ => None,
        }
    }

    /// Does what a fault of the program's own is; a wrong result is its oracle's to
    /// find.
    pub fn happen(self) {
        match self {
            // SAFETY: none; the test wants the fault.
            Self::Crash => unsafe {
                core::arch::asm!("mov rax, [0]", out("rax") _);
            },
            Self::Hang => loop {
                core::hint::spin_loop();
            },
            Self::WrongResult => {}
        }
    }
}
