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

/// QEMU's translator, without options.
const EMULATION: &str = "tcg";

/// One virtual nanosecond per instruction, idle time skipped. The recording is thrown
/// away: it is there because it makes QEMU's main thread and the processor's take
/// turns. Without it, a main thread that wakes while a processor halts moves the clock
/// over instructions that are counted again afterwards, and a guest that idles often
/// enough differs from boot to boot (`docs/src/methodology.md`).
const EXACT_CLOCK: &str = " -icount shift=0,align=off,sleep=off,rr=record,rrfile=/dev/null";

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

    /// The signs that a boot's emulator is watched for.
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
        Mode::Exact | Mode::Emulated => (EMULATION, "max,-rdrand,-rdseed"),
        Mode::Hardware => ("kvm", "host"),
    };
    let mut text = format!(
        "-M q35 -accel {accelerator} -cpu {processor} -smp {PROCESSORS} -m 512 \
         -nodefaults -no-user-config -display none -no-reboot -nic none -bios {FIRMWARE}"
    );
    if mode == Mode::Exact {
        text += EXACT_CLOCK;
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

/// First version in which single steps are an option of the accelerator, and the
/// switch that they were before is on its way out.
const STEPS_ARE_AN_OPTION: (u32, u32) = (8, 1);

/// The same boot, in which the emulator itself logs every executed instruction with an
/// address in `range` to `log`: the audit's independent count. The guest's own output
/// stays byte-identical to a boot without. All that depends on the version of QEMU
/// is here.
pub fn with_instruction_log(
    mut arguments: Vec<String>,
    qemu: &Qemu,
    range: (u64, u64),
    log: &Path,
) -> Vec<String> {
    if qemu.release >= STEPS_ARE_AN_OPTION {
        // In place of the one that is there: several accelerators are fallbacks, of
        // which the first that works wins, and options of the others are ignored.
        let emulation = arguments.iter_mut().find(|argument| *argument == EMULATION);
        let emulation = emulation.expect("only emulated boots are audited");
        emulation.push_str(",one-insn-per-tb=on");
    } else {
        arguments.push("-singlestep".to_owned());
    }
    let filter = format!("{:#x}..{:#x}", range.0, range.1);
    let options = ["-d", "exec,nochain,int", "-dfilter", &filter, "-D"];
    arguments.extend(options.map(str::to_owned));
    arguments.push(log.to_string_lossy().into_owned());
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn qemu(version: &str) -> Qemu {
        of_release(version, (7, 2))
    }

    fn of_release(version: &str, release: (u32, u32)) -> Qemu {
        Qemu {
            program: PathBuf::from("qemu"),
            version: version.into(),
            release,
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
    fn an_audit_steps_as_its_qemu_understands_and_never_names_a_second_accelerator() {
        let of = |release| {
            let plain = canonical_arguments(Mode::Exact);
            let qemu = of_release("q", release);
            with_instruction_log(plain, &qemu, (16, 32), Path::new("/log"))
        };
        let given = |arguments: &[String], option: &str| {
            let place = arguments.iter().position(|argument| argument == option)?;
            arguments.get(place + 1).cloned()
        };
        for release in [(7, 2), (8, 0), (8, 1), (10, 0), (11, 1)] {
            let arguments = of(release);
            let accelerators = arguments.iter().filter(|a| *a == "-accel");
            assert_eq!(accelerators.count(), 1, "{release:?}");
            let is_option = given(&arguments, "-accel").unwrap() == "tcg,one-insn-per-tb=on";
            assert_eq!(is_option, release >= (8, 1), "{release:?}");
            let is_switch = arguments.iter().any(|argument| argument == "-singlestep");
            assert_eq!(is_switch, !is_option, "{release:?}");
            assert_eq!(given(&arguments, "-dfilter").unwrap(), "0x10..0x20");
            assert_eq!(given(&arguments, "-D").unwrap(), "/log");
        }
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
