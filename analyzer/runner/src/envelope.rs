//! The envelope: everything outside the guest image that can change a number.
//!
//! One canonical argument list per mode, with placeholders where paths go, is
//! both what QEMU is started with and what is hashed, so the two cannot drift
//! apart. Images, initrd and command line are hashed under the guest. Host
//! processor and kernel are always recorded, and hashed where they matter: in
//! hardware mode.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::boot::Supervision;
use crate::hash;
use crate::mode::{Clock, Mode};
use crate::qemu::{FIRMWARE, Qemu};
use capbench_results::Digest;

/// Where a guest's frames leave: a file, because QEMU pushes back on sockets and
/// pipes when their reader lags, and then the guest's completion wait varies.
const TRACE_PORT: &str = "virtserialport,chardev=trace,name=capbench.trace";

/// Processors of the guest; exact mode counts instructions only with one.
pub const PROCESSORS: u32 = 1;

/// What a series of numbers is tied to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// SHA-256 over the fields below, `host` only in hardware mode.
    pub hash: Digest,
    /// The clock mode.
    pub mode: Mode,
    /// QEMU's arguments with `{placeholders}`.
    pub arguments: Vec<String>,
    /// QEMU's version line.
    pub qemu_version: String,
    /// Digest of the firmware.
    pub firmware_sha256: Digest,
    /// The machine underneath.
    pub host: Host,
}

/// The machine underneath.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Processor model.
    pub processor: String,
    /// Kernel name, release and version.
    pub kernel: String,
}

/// The paths and texts a boot puts in for the placeholders.
#[derive(Clone, Copy, Debug)]
pub struct Substitutes<'a> {
    /// The kernel image.
    pub kernel: &'a Path,
    /// The boot image.
    pub initrd: &'a Path,
    /// The kernel command line.
    pub command_line: &'a str,
    /// Where the kernel's console goes.
    pub console: &'a Path,
    /// Where the frames go.
    pub trace: &'a Path,
}

impl Envelope {
    /// The envelope of this mode on this host.
    pub fn new(mode: Mode, qemu: &Qemu, host: Host) -> Self {
        let arguments = canonical_arguments(mode);
        let hash = hash::of_canonical(&(
            mode,
            &arguments,
            &qemu.version,
            qemu.firmware_sha256,
            mode.depends_on_host().then_some(&host),
        ));
        Self {
            hash,
            mode,
            arguments,
            qemu_version: qemu.version.clone(),
            firmware_sha256: qemu.firmware_sha256,
            host,
        }
    }

    /// What a boot's emulator is watched for.
    pub fn supervision(&self) -> Supervision {
        match self.mode {
            Mode::Exact | Mode::Emulated => Supervision::Limits,
            Mode::Hardware => Supervision::Kvm,
        }
    }

    /// The arguments of one boot.
    pub fn fill(&self, with: &Substitutes<'_>) -> Vec<String> {
        let option_path = |path: &Path| escape_option(&path.to_string_lossy());
        self.arguments
            .iter()
            .map(|argument| match argument.as_str() {
                "{kernel}" => with.kernel.to_string_lossy().into_owned(),
                "{initrd}" => option_path(with.initrd),
                "{command_line}" => with.command_line.to_owned(),
                other => other
                    .replace("{console}", &option_path(with.console))
                    .replace("{trace}", &option_path(with.trace)),
            })
            .collect()
    }
}

/// QEMU ends an option's value at a comma; a doubled one stands for itself.
fn escape_option(text: &str) -> String {
    text.replace(',', ",,")
}

fn canonical_arguments(mode: Mode) -> Vec<String> {
    let (accelerator, processor) = match mode {
        // No instruction whose result differs from boot to boot.
        Mode::Exact | Mode::Emulated => ("tcg", "max,-rdrand,-rdseed"),
        Mode::Hardware => ("kvm", "host"),
    };
    let mut text = format!(
        "-M q35 -accel {accelerator} -cpu {processor} -smp {PROCESSORS} -m 512 \
         -nodefaults -no-user-config -display none -no-reboot -nic none -bios {FIRMWARE}"
    );
    if mode == Mode::Exact {
        text += " -icount shift=0,align=off,sleep=off";
    }
    if mode == Mode::Hardware {
        // The monitor, for `Supervision::Kvm`.
        text += " -qmp stdio";
    }
    // ioeventfd would complete writes on another thread, at another time.
    text += " -seed 1 -rtc base=2026-01-01T00:00:00,clock=vm \
              -kernel {kernel} -initrd {initrd} -append {command_line} \
              -device isa-debug-exit,iobase=0xf4,iosize=4 \
              -chardev file,id=console,path={console} \
              -device isa-debugcon,iobase=0xe9,chardev=console \
              -device virtio-serial-pci,disable-legacy=on,ioeventfd=off,max_ports=4 \
              -chardev file,id=trace,path={trace} -device ";
    text += TRACE_PORT;
    text.split_whitespace().map(str::to_owned).collect()
}

/// Arguments that make the emulator itself log every executed instruction with
/// an address in `range` to `log`: the audit's independent count. The guest's
/// own output stays byte-identical to a boot without.
pub fn instruction_log(qemu: &Qemu, range: (u64, u64), log: &Path) -> Vec<String> {
    let single_step: &[&str] = if qemu.release >= (8, 1) {
        &["-accel", "tcg,one-insn-per-tb=on"]
    } else {
        &["-singlestep"]
    };
    let filter = format!("{:#x}..{:#x}", range.0, range.1);
    single_step
        .iter()
        .copied()
        .chain(["-d", "exec,nochain,int", "-dfilter", &filter, "-D"])
        .map(str::to_owned)
        .chain([log.to_string_lossy().into_owned()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn qemu(version: &str) -> Qemu {
        Qemu {
            program: PathBuf::from("qemu"),
            version: version.into(),
            release: (7, 2),
            firmware: PathBuf::from("qboot.rom"),
            firmware_sha256: hash::of(b"firmware"),
        }
    }

    fn host(processor: &str) -> Host {
        Host {
            processor: processor.into(),
            kernel: "k".into(),
        }
    }

    #[test]
    fn the_host_counts_only_in_hardware_mode() {
        let hash = |mode, processor| Envelope::new(mode, &qemu("7"), host(processor)).hash;
        assert_eq!(hash(Mode::Exact, "a"), hash(Mode::Exact, "b"));
        assert_ne!(hash(Mode::Hardware, "a"), hash(Mode::Hardware, "b"));
        assert_ne!(hash(Mode::Exact, "a"), hash(Mode::Emulated, "a"));
    }

    #[test]
    fn another_emulator_is_another_envelope() {
        let hash = |version| Envelope::new(Mode::Exact, &qemu(version), host("a")).hash;
        assert_ne!(hash("7.2"), hash("7.3"));
    }

    #[test]
    fn every_placeholder_is_filled_and_commas_survive() {
        let envelope = Envelope::new(Mode::Exact, &qemu("7"), host("a"));
        let filled = envelope.fill(&Substitutes {
            kernel: Path::new("/k,1"),
            initrd: Path::new("/i,1"),
            command_line: "",
            console: Path::new("/c,1"),
            trace: Path::new("/t"),
        });
        assert!(filled.iter().all(|argument| !argument.contains('{')));
        assert!(filled.contains(&"file,id=console,path=/c,,1".to_owned()));
        assert!(filled.contains(&"/k,1".to_owned()));
        assert_eq!(filled.len(), envelope.arguments.len());
    }

    #[test]
    fn only_exact_mode_has_an_instruction_clock_only_hardware_a_monitor_and_none_a_network() {
        for &mode in Mode::ALL {
            let arguments = canonical_arguments(mode).join(" ");
            assert_eq!(arguments.contains("-icount"), mode == Mode::Exact);
            assert!(arguments.contains("-nic none"));
            let monitored = arguments.contains("-qmp stdio");
            assert_eq!(monitored, mode == Mode::Hardware);
        }
    }
}
