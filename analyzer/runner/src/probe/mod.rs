//! Probe boots: a kernel of a few hundred instructions that shows what a mode can
//! do here.
//!
//! A `/dev/kvm` that opens proves nothing, nor does one that runs 32-bit code, and a
//! QEMU that prints its version may still refuse the canonical arguments. So all are
//! asked by booting: the probe enters long mode, computes with SSE, counts bits,
//! goes to ring 3 and back, and sends a frame over virtio-serial. Takes about 50 ms, and
//! as much again where audits are possible: those have arguments of their own, and the
//! emulator must log what it is asked to.

mod kernel;

use std::fs;
use std::io;
use std::time::Duration;

use miette::Diagnostic;
use trace_format::{Context, Counter, Lost, Origin, RecordFrame};

use crate::boot::{Ended, Exit, Launch, Limits, NO_HARDWARE_REMEDY, launch};
use crate::envelope::{Envelope, Host, Substitutes, with_instruction_log};
use crate::host;
use crate::interrupt::Interrupt;
use crate::mode::{Clock, Mode};
use crate::qemu::Qemu;

/// A probe that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(20);

/// More than the frame, so that whatever else arrives is seen.
const MOST_TRACE_BYTES: u64 = 1 << 16;

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

    /// What a reader of its numbers has to know of this host.
    pub fn remark(&self) -> Option<&'static str> {
        remark(self.mode)
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

/// Boots the probe under all arguments that a run in `mode` uses.
pub fn prove(mode: Mode, qemu: &Qemu, host: Host) -> Result<Proven, Unsupported> {
    match attempt(mode, qemu, host) {
        Ok(()) => Ok(Proven { mode }),
        Err(reason) => Err(Unsupported {
            mode,
            reason: match remark(mode) {
                Some(remark) => format!("{reason}; {remark}"),
                None => reason,
            },
            remedy: match mode {
                Mode::Hardware => NO_HARDWARE_REMEDY,
                Mode::Exact | Mode::Emulated => "reinstall QEMU; `capbench doctor` checks again",
            }
            .into(),
        }),
    }
}

fn remark(mode: Mode) -> Option<&'static str> {
    (mode == Mode::Hardware)
        .then(host::without_virtualisation)
        .flatten()
}

fn attempt(mode: Mode, qemu: &Qemu, host: Host) -> Result<(), String> {
    if mode == Mode::Hardware {
        let device = fs::File::options().read(true).write(true).open("/dev/kvm");
        device.map_err(|error| format!("/dev/kvm: {error}"))?;
    }
    let boot = |log| {
        let kernel = kernel::pvh_elf(kernel::code());
        let seen = boot(&kernel, mode, qemu, host.clone(), log).map_err(|e| e.to_string())?;
        seen.judge(mode).map(|()| seen)
    };
    boot(Instructions::NotLogged)?;
    if mode.counts_instructions() {
        let audited = boot(Instructions::Logged).map_err(|why| format!("an audit boot: {why}"))?;
        audited.judge_log()?;
    }
    Ok(())
}

/// Whether the emulator logs what the probe executes first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Instructions {
    NotLogged,
    Logged,
}

/// The output of a probe boot.
struct Seen {
    exit: Exit,
    /// Its console: the hypervisor's signature, then a line for each step done.
    said: Vec<u8>,
    trace: Vec<u8>,
    /// The emulator's log of instructions, where it was asked for one.
    log: String,
}

impl Seen {
    fn judge(&self, mode: Mode) -> Result<(), String> {
        let said = String::from_utf8_lossy(&self.said);
        let mut lines = said.lines();
        let hypervisor = lines.next().unwrap_or_default();
        if !self.exit.is_clean() {
            let what = match &self.exit {
                Exit::InternalError { message } => message.clone(),
                Exit::ProgramFailed => "the probe computed something wrong".to_owned(),
                other => other.to_string(),
            };
            return Err(match lines.last() {
                Some(step) => format!("{what} (after the probe's step `{step}`)"),
                None => format!("{what} (before the probe's first step)"),
            });
        }
        let expected = match mode {
            Mode::Hardware => "KVMKVMKVM",
            Mode::Exact | Mode::Emulated => "TCGTCGTCGTCG",
        };
        if hypervisor.trim_end_matches('\0') != expected {
            return Err(format!("the guest ran on `{hypervisor}`"));
        }
        let sent = frame();
        if self.trace != sent {
            let (arrived, sent) = (self.trace.len(), sent.len());
            return Err(format!(
                "the probe's frame of {sent} bytes did not arrive as it was sent \
                 ({arrived} bytes did)"
            ));
        }
        Ok(())
    }

    /// An emulator that does not step logs the first instruction of each block alone.
    fn judge_log(&self) -> Result<(), String> {
        let is_logged = |address: &u64| {
            let address = format!("/{address:016x}/");
            let mut lines = self.log.lines();
            lines.any(|line| line.starts_with("Trace ") && line.contains(&address))
        };
        if kernel::FIRST_INSTRUCTIONS.iter().all(is_logged) {
            return Ok(());
        }
        Err("an audit boot: the emulator does not log every instruction".to_owned())
    }
}

/// The frame that the probe sends: its boot image, so that the guest needs no
/// encoder.
fn frame() -> Vec<u8> {
    let mut buffer = [0; 256];
    let mut frame = RecordFrame::new(&mut buffer);
    let reading = Counter {
        time: 1,
        value: 1,
        id: 0,
    };
    frame.push(&reading).expect("one record fits");
    let origin = Origin {
        cpu: 0,
        context: Context::Thread,
        sequence: 0,
        lost: Lost::default(),
    };
    frame.finish(origin).to_vec()
}

fn boot(
    kernel: &[u8],
    mode: Mode,
    qemu: &Qemu,
    host: Host,
    instructions: Instructions,
) -> io::Result<Seen> {
    let scratch = tempfile::tempdir()?;
    let file = |name| scratch.path().join(name);
    fs::write(file("kernel.elf"), kernel)?;
    fs::write(file("initrd"), frame())?;
    let envelope = Envelope::new(mode, qemu, host);
    let mut arguments = envelope.fill(&Substitutes {
        kernel: &file("kernel.elf"),
        initrd: &file("initrd"),
        command_line: "",
        console: &file("console"),
        trace: &file("trace"),
    });
    if instructions == Instructions::Logged {
        let [first, last] = kernel::FIRST_INSTRUCTIONS;
        arguments = with_instruction_log(arguments, qemu, (first, last), &file("instructions"));
    }
    let Ended { exit, .. } = launch(
        &Launch {
            program: &qemu.program,
            arguments: &arguments,
            log: &file("log"),
            trace: &file("trace"),
            limits: Limits {
                time: PATIENCE,
                trace_bytes: MOST_TRACE_BYTES,
            },
            supervision: envelope.supervision(),
        },
        &Interrupt::default(),
    );
    Ok(Seen {
        exit,
        said: fs::read(file("console")).unwrap_or_default(),
        trace: fs::read(file("trace")).unwrap_or_default(),
        log: fs::read_to_string(file("instructions")).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace_format::decode::{Event, Frames};

    fn qemu() -> Qemu {
        Qemu::find(None).expect("QEMU is installed: `make deps`")
    }

    /// A clean end of a probe that said and sent this.
    fn seen(said: &str, trace: &[u8]) -> Seen {
        Seen {
            exit: Exit::Clean,
            said: said.into(),
            trace: trace.to_vec(),
            log: String::new(),
        }
    }

    /// How a guest of this code, and nothing else, ends.
    fn end_of(code: &[u8]) -> Exit {
        let kernel = kernel::pvh_elf(code);
        let (qemu, host) = (qemu(), host::identify());
        let boot = boot(&kernel, Mode::Exact, &qemu, host, Instructions::NotLogged);
        boot.unwrap().exit
    }

    /// `mov al, value; out 0xf4, al; hlt`, and a jump to the `hlt`.
    fn leave(value: u8) -> [u8; 7] {
        [0xb0, value, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd]
    }

    fn probe(instructions: Instructions) -> Seen {
        let kernel = kernel::pvh_elf(kernel::code());
        let boot = boot(
            &kernel,
            Mode::Exact,
            &qemu(),
            host::identify(),
            instructions,
        );
        boot.unwrap()
    }

    #[test]
    fn an_emulator_that_logs_no_single_steps_is_refused() {
        let mut audited = probe(Instructions::Logged);
        audited.judge_log().unwrap();
        let [_, second] = kernel::FIRST_INSTRUCTIONS;
        let second = format!("/{second:016x}/");
        let lines = audited.log.lines().filter(|line| !line.contains(&second));
        audited.log = lines.collect::<Vec<_>>().join("\n");
        let refused = audited.judge_log().unwrap_err();
        assert!(
            refused.contains("does not log every instruction"),
            "{refused}"
        );
        assert!(probe(Instructions::NotLogged).judge_log().is_err());
    }

    #[test]
    fn exact_and_emulated_mode_are_proven_by_a_boot() {
        for mode in [Mode::Exact, Mode::Emulated] {
            assert_eq!(prove(mode, &qemu(), host::identify()).unwrap().mode(), mode);
        }
    }

    #[test]
    fn hardware_mode_is_proven_or_refused_at_once_with_a_reason() {
        let start = std::time::Instant::now();
        match prove(Mode::Hardware, &qemu(), host::identify()) {
            Ok(proven) => assert_eq!(proven.mode(), Mode::Hardware),
            Err(error) => {
                assert!(!error.reason.is_empty());
                assert!(start.elapsed() < PATIENCE / 2, "{error}");
            }
        }
    }

    #[test]
    fn the_probe_says_each_step_and_its_frame_decodes() {
        let seen = probe(Instructions::NotLogged);
        assert_eq!(
            String::from_utf8_lossy(&seen.said),
            "TCGTCGTCGTCG\nlong mode\nSSE\nbit counting\nring 3\na frame over virtio-serial\n"
        );
        let events: Vec<Event> = Frames::new(&seen.trace).collect();
        assert!(matches!(events[..], [Event::Frame(_)]), "{events:?}");
    }

    #[test]
    fn a_machine_that_cannot_go_on_is_refused_with_the_step_it_reached() {
        let refused = |said: &str| {
            let message = "KVM internal error. Suberror: 1".to_owned();
            let exit = Exit::InternalError { message };
            let seen = Seen {
                exit,
                ..seen(said, &[])
            };
            seen.judge(Mode::Hardware).unwrap_err()
        };
        assert_eq!(
            refused("KVMKVMKVM\0\0\0\nlong mode\n"),
            "KVM internal error. Suberror: 1 (after the probe's step `long mode`)"
        );
        assert_eq!(
            refused(""),
            "KVM internal error. Suberror: 1 (before the probe's first step)"
        );
    }

    #[test]
    fn another_hypervisor_or_a_lost_frame_is_no_proof() {
        let kvm = "KVMKVMKVM\0\0\0\nlong mode\n";
        assert_eq!(seen(kvm, &frame()).judge(Mode::Hardware), Ok(()));
        let emulated = seen(kvm, &frame()).judge(Mode::Exact).unwrap_err();
        assert!(emulated.starts_with("the guest ran on `KVMKVMKVM"));
        for arrived in [&frame()[1..], &[]] {
            let lost = seen(kvm, arrived).judge(Mode::Hardware).unwrap_err();
            assert!(lost.contains("did not arrive"), "{lost}");
        }
    }

    #[test]
    fn guest_exits_reach_the_host() {
        assert_eq!(end_of(&leave(kernel::CLEAN)), Exit::Clean);
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
