//! Probe boots: a kernel of a few instructions that shows what a mode can do here.
//!
//! A `/dev/kvm` that opens proves nothing, and a QEMU that prints its version may
//! still refuse the canonical arguments. So both are asked by booting: the probe
//! reads the hypervisor's signature with `cpuid`, writes it to the console port
//! and leaves through isa-debug-exit. Takes about 50 ms.

use std::fs;
use std::io;
use std::time::Duration;

use miette::Diagnostic;

use crate::boot::{Ended, Exit, Launch, Limits, launch};
use crate::envelope::{Envelope, Host, Substitutes};
use crate::interrupt::Interrupt;
use crate::mode::Mode;
use crate::qemu::Qemu;

/// A probe that takes longer is stuck: it executes a dozen instructions.
const PATIENCE: Duration = Duration::from_secs(20);

/// Proof that a mode works on this host; only a probe boot makes one.
#[derive(Clone, Debug)]
pub struct Proven {
    mode: Mode,
}

impl Proven {
    /// The mode that was proven.
    pub fn mode(&self) -> Mode {
        self.mode
    }
}

/// The mode cannot be used on this host.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("mode `{mode}` does not work here: {reason}")]
#[diagnostic(code(capbench::mode::unsupported))]
pub struct Unsupported {
    /// The mode asked for.
    pub mode: Mode,
    /// What the probe boot showed.
    pub reason: String,
    #[help]
    remedy: String,
}

/// Boots the probe under the canonical arguments of `mode`.
pub fn prove(mode: Mode, qemu: &Qemu, host: Host) -> Result<Proven, Unsupported> {
    let unsupported = |reason: String| Unsupported {
        mode,
        reason,
        remedy: match mode {
            Mode::Hardware => "use --mode exact, or a host whose KVM runs guests",
            Mode::Exact | Mode::Emulated => "reinstall QEMU; `capbench doctor` checks again",
        }
        .into(),
    };
    if mode == Mode::Hardware
        && let Err(error) = fs::File::options().read(true).write(true).open("/dev/kvm")
    {
        return Err(unsupported(format!("/dev/kvm: {error}")));
    }
    let scratch = Scratch::new().map_err(|error| unsupported(error.to_string()))?;
    let (exit, signature) = boot(&probe_kernel(), mode, qemu, host, &scratch)
        .map_err(|error| unsupported(error.to_string()))?;
    if !exit.is_clean() {
        return Err(unsupported(exit.to_string()));
    }
    let expected: &[u8] = match mode {
        Mode::Hardware => b"KVMKVMKVM\0\0\0",
        Mode::Exact | Mode::Emulated => b"TCGTCGTCGTCG",
    };
    if signature != expected {
        let found = String::from_utf8_lossy(&signature).into_owned();
        return Err(unsupported(format!("the guest ran on `{found}`")));
    }
    Ok(Proven { mode })
}

fn boot(
    kernel: &[u8],
    mode: Mode,
    qemu: &Qemu,
    host: Host,
    scratch: &Scratch,
) -> io::Result<(Exit, Vec<u8>)> {
    let file = |name| scratch.0.join(name);
    fs::write(file("kernel.elf"), kernel)?;
    fs::write(file("initrd"), b"probe")?;
    let envelope = Envelope::new(mode, qemu, host);
    let arguments = envelope.fill(&Substitutes {
        kernel: &file("kernel.elf"),
        initrd: &file("initrd"),
        command_line: "",
        console: &file("console"),
        trace: &file("trace"),
    });
    let Ended { exit, .. } = launch(
        &Launch {
            program: &qemu.program,
            arguments: &arguments,
            log: &file("log"),
            trace: &file("trace"),
            limits: Limits {
                time: PATIENCE,
                trace_bytes: 1,
            },
            supervision: envelope.supervision(),
        },
        &Interrupt::default(),
    );
    Ok((exit, fs::read(file("console")).unwrap_or_default()))
}

/// A directory that goes away with the probe.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("capbench-probe-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const LOAD_ADDRESS: u32 = 0x10_0000;
/// `(0x10 << 1) | 1` = 33: clean shutdown.
const CLEAN: u8 = 0x10;

/// 32-bit code, flat segments, as PVH hands over.
fn probe_kernel() -> Vec<u8> {
    const BUFFER: u32 = LOAD_ADDRESS + 0x1000;
    let mut code = Vec::new();
    code.extend([0xb8, 0, 0, 0, 0x40]); //  mov eax, 0x40000000
    code.extend([0x0f, 0xa2]); //           cpuid
    code.extend([0xbf]); //                 mov edi, BUFFER
    code.extend(BUFFER.to_le_bytes());
    code.extend([0x89, 0x1f]); //           mov [edi], ebx
    code.extend([0x89, 0x4f, 4]); //        mov [edi+4], ecx
    code.extend([0x89, 0x57, 8]); //        mov [edi+8], edx
    code.extend([0x89, 0xfe]); //           mov esi, edi
    code.extend([0xb9, 12, 0, 0, 0]); //    mov ecx, 12
    code.extend([0xba, 0xe9, 0, 0, 0]); //  mov edx, 0xe9
    code.extend([0xf3, 0x6e]); //           rep outsb
    code.extend(leave(CLEAN));
    pvh_elf(&code)
}

fn leave(value: u8) -> [u8; 7] {
    //  mov al, value; out 0xf4, al; hlt; jmp to the hlt
    [0xb0, value, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd]
}

/// An ELF64 file that QEMU starts by PVH at its first byte of code.
fn pvh_elf(code: &[u8]) -> Vec<u8> {
    const HEADERS: usize = 64 + 2 * 56;
    const NOTE: usize = 20;
    let code_offset = HEADERS + NOTE;
    let entry = LOAD_ADDRESS + code_offset as u32;
    let file_length = (code_offset + code.len()) as u64;
    let mut elf = Vec::with_capacity(code_offset + code.len());

    elf.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    elf.extend(2u16.to_le_bytes()); // executable
    elf.extend(62u16.to_le_bytes()); // x86-64
    elf.extend(1u32.to_le_bytes());
    elf.extend(u64::from(entry).to_le_bytes());
    elf.extend(64u64.to_le_bytes()); // program headers follow
    elf.extend(0u64.to_le_bytes());
    elf.extend(0u32.to_le_bytes());
    for size in [64u16, 56, 2, 64, 0, 0] {
        elf.extend(size.to_le_bytes());
    }
    let mut header = |kind: u32, offset: u64, file_size: u64, memory_size: u64, align: u64| {
        let address = u64::from(LOAD_ADDRESS) + offset;
        elf.extend(kind.to_le_bytes());
        elf.extend(7u32.to_le_bytes());
        for field in [offset, address, address, file_size, memory_size, align] {
            elf.extend(field.to_le_bytes());
        }
    };
    header(1, 0, file_length, 0x2000, 0x1000); // PT_LOAD
    header(4, HEADERS as u64, NOTE as u64, NOTE as u64, 4); // PT_NOTE
    for word in [4u32, 4, 18] {
        elf.extend(word.to_le_bytes()); // name, descriptor, PHYS32_ENTRY
    }
    elf.extend(b"Xen\0");
    elf.extend(entry.to_le_bytes());
    elf.extend(code);
    elf
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host;

    fn end_of(code: &[u8]) -> Exit {
        let qemu = Qemu::find().expect("QEMU is installed: `make deps`");
        let scratch = Scratch::new().unwrap();
        let (exit, _) = boot(
            &pvh_elf(code),
            Mode::Exact,
            &qemu,
            host::identify(),
            &scratch,
        )
        .unwrap();
        exit
    }

    #[test]
    fn exact_and_emulated_mode_are_proven_by_a_boot() {
        let qemu = Qemu::find().expect("QEMU is installed: `make deps`");
        for mode in [Mode::Exact, Mode::Emulated] {
            assert_eq!(prove(mode, &qemu, host::identify()).unwrap().mode(), mode);
        }
    }

    #[test]
    fn hardware_mode_is_proven_or_refused_with_a_reason() {
        let qemu = Qemu::find().expect("QEMU is installed: `make deps`");
        match prove(Mode::Hardware, &qemu, host::identify()) {
            Ok(proven) => assert_eq!(proven.mode(), Mode::Hardware),
            Err(error) => assert!(!error.reason.is_empty()),
        }
    }

    #[test]
    fn guest_exits_reach_the_host() {
        assert_eq!(end_of(&leave(0x11)), Exit::ProgramFailed);
        assert_eq!(end_of(&leave(0x12)), Exit::KernelPanic);
        // A jump to nothing with no handlers: triple fault, QEMU ends with 0.
        let triple_fault = end_of(&[0x0f, 0x0b]);
        assert!(
            matches!(triple_fault, Exit::Unexpected { status: 0, .. }),
            "{triple_fault:?}"
        );
    }
}
