//! One program of the user's own on the reference kernel.
//!
//! ```text
//! files, grants ─► checks ─► guest ─► boot image ─► boot ─► how the program ended
//! ```
//!
//! The kernel, its init and the envelope are those of every exact run; only the
//! program is not. Everything that can be known to fail is said before anything is
//! built or booted. Nothing is kept but the trace, and that where it was asked for.

mod ending;
mod follow;
mod grants;
mod program;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use capbench_results::Mode;
use miette::Diagnostic;

use crate::boot::{BootId, BootJob, Capture, CapturedBoot, Silent, boot_all};
use crate::envelope::Envelope;
use crate::guest::{
    BootImage, BuildError, BuildRequest, Extra, Guest, GuestName, UserProgram, Variant, build,
};
use crate::host;
use crate::image::{self, ImageError};
use crate::interrupt::Interrupt;
use crate::manifest::{AuthorityProfile, Child, Grant, Init, Program, System};
use crate::qemu::Qemu;

pub use ending::EndError;
pub use grants::{GrantError, parse_grant};
pub use program::{Binary, BinaryError};

/// The system's name, and that of what its one program may hold.
const NAME: &str = "exec";

/// A request to run one program.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository root.
    pub root: &'a Path,
    /// The instrumentation of the kernel.
    pub variant: Variant,
    /// The program to start.
    pub program: Binary,
    /// Programs that the program may start itself, by name.
    pub further: Vec<Binary>,
    /// The program's capabilities, in CapSet order.
    pub grants: Vec<Grant>,
    /// What the program can ask its boot package for.
    pub parameters: BTreeMap<String, String>,
    /// When it counts as hung.
    pub timeout: Duration,
    /// Where to keep what the kernel recorded.
    pub trace: Option<PathBuf>,
}

/// A program that ran to its end.
#[derive(Debug)]
pub struct Executed {
    /// Its exit code.
    pub status: u8,
    /// Whether all of its console could be copied.
    pub console: io::Result<()>,
}

/// Why a program did not run to its end.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum ExecError {
    /// A file that cannot be such a program.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Binary(#[from] BinaryError),
    /// A grant that cannot be made.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Grant(#[from] GrantError),
    /// The kernel does not build.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Build(#[from] BuildError),
    /// The boot image cannot be laid out.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Image(#[from] ImageError),
    /// It started, or should have, and came to no end of its own.
    #[error(transparent)]
    #[diagnostic(transparent)]
    End(#[from] EndError),
    /// The trace would replace something.
    #[error("{} is already there", path.display())]
    #[diagnostic(
        code(capbench::exec::trace_exists),
        help("name another file for the trace, or move that one away")
    )]
    TraceExists {
        /// The file.
        path: PathBuf,
    },
    /// A file of the boot cannot be written or read.
    #[error("{}: {source}", path.display())]
    #[diagnostic(
        code(capbench::exec::file),
        help("check free space and permissions of that place")
    )]
    File {
        /// Which file.
        path: PathBuf,
        /// The system's message.
        source: io::Error,
    },
}

/// A reader of what the boot recorded, called while the file is there.
pub type Recorded<'a> = &'a mut dyn FnMut(&Path);

/// Builds the kernel, boots it with the program and copies its console to `console`
/// as it comes. `recorded` is called with the trace, if there is one, however the
/// program ended.
pub fn exec(
    request: &Request<'_>,
    qemu: &Qemu,
    interrupt: &Interrupt,
    console: &mut dyn Write,
    recorded: Recorded<'_>,
) -> Result<Executed, ExecError> {
    if let Some(path) = request.trace.as_ref().filter(|path| path.exists()) {
        return Err(ExecError::TraceExists { path: path.clone() });
    }
    let binaries = program::read_all(&request.program, &request.further)?;
    grants::check(request)?;
    let (name, how) = GuestName::for_user_programs();
    let guest = build(&BuildRequest {
        root: request.root,
        guest: name,
        variant: request.variant,
        extra: Extra::default(),
        programs: None,
    })?;
    let scratch = tempfile::Builder::new()
        .prefix("capbench-exec-")
        .tempdir()
        .map_err(at(&std::env::temp_dir()))?;
    let initrd = scratch.path().join("initrd");
    let image = boot_image(request, binaries, &guest, how)?;
    fs::write(&initrd, image).map_err(at(&initrd))?;

    let job = BootJob {
        id: BootId {
            guest: name,
            system: NAME.into(),
            variant: request.variant,
            audit: false,
            index: 1,
            attempt: 1,
        },
        kernel: guest.kernel().path.clone(),
        initrd,
        command_line: command_line(name).into(),
        timeout: request.timeout,
        audit_range: None,
    };
    let log = scratch
        .path()
        .join(format!("{}.console.log", job.id.stem()));
    let envelope = Envelope::new(Mode::Exact, qemu, host::identify());
    let (boots, console) = follow::follow(&log, console, || {
        let jobs = vec![job];
        boot_all(jobs, 1, scratch.path(), &envelope, qemu, interrupt, &Silent)
    });
    let Some(boot) = boots.into_iter().next() else {
        return Err(EndError::Interrupted.into());
    };
    hand_over(&boot, request.trace.as_deref(), recorded)?;
    let said = fs::read(&log).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let status = ending::status(&request.program.name, &boot.exit, &said)?;
    Ok(Executed { status, console })
}

/// Puts the trace where it was asked for and shows it.
fn hand_over(
    boot: &CapturedBoot,
    wanted: Option<&Path>,
    recorded: Recorded<'_>,
) -> Result<(), ExecError> {
    let trace = match &boot.capture {
        Capture::Stored(stream) => &stream.file,
        Capture::Failed { raw, .. } => raw,
        Capture::Absent => return Ok(()),
    };
    match wanted {
        None => recorded(trace),
        Some(place) => {
            let mut from = File::open(trace).map_err(at(trace))?;
            // Nothing may have come there while the guest ran.
            let mut to = File::create_new(place).map_err(at(place))?;
            io::copy(&mut from, &mut to).map_err(at(place))?;
            recorded(place);
        }
    }
    Ok(())
}

fn boot_image(
    request: &Request<'_>,
    mut binaries: BTreeMap<String, Vec<u8>>,
    guest: &Guest,
    how: &UserProgram,
) -> Result<Vec<u8>, ExecError> {
    let init = guest.image(&format!("{}.elf", how.init));
    let init = init.expect("the recipe makes what starts programs");
    let bytes = fs::read(&init.path).map_err(at(&init.path))?;
    binaries.insert(how.init.into(), bytes);
    let grants = how.init_grants.iter();
    let parameters = how.kernel_parameters.iter();
    let system = System {
        name: NAME.into(),
        guest: guest.guest.name.into(),
        timeout_seconds: 0,
        kernel: BTreeMap::new(),
        packages: BTreeMap::new(),
        init: Init {
            binary: how.init.into(),
            grants: grants
                .map(|(name, source)| Grant {
                    name: (*name).into(),
                    source: (*source).into(),
                })
                .collect(),
        },
        programs: vec![Program {
            name: request.program.name.clone(),
            binary: request.program.name.clone(),
            authority: NAME.into(),
            parameters: request.parameters.clone(),
        }],
        children: request.further.iter().map(child).collect(),
    };
    let profile = AuthorityProfile {
        name: NAME.into(),
        intent: "What was asked for on the command line.".into(),
        grants: request.grants.clone(),
        denials: Vec::new(),
    };
    Ok(image::build(&image::Contents {
        system: &system,
        authority: &[(NAME.to_owned(), profile)].into(),
        kernel_parameters: parameters
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        program_parameters: BTreeMap::new(),
        binaries,
        measured: request.variant.emits_frames(),
    })?)
}

fn command_line(guest: GuestName) -> &'static str {
    match guest.boot_image {
        BootImage::Package { command_line } => command_line,
        BootImage::FileSystem { .. } => "",
    }
}

/// What it will hold is its parent's to decide.
fn child(binary: &Binary) -> Child {
    Child {
        name: binary.name.clone(),
        binary: binary.name.clone(),
        grants: Vec::new(),
        exit_code: 0,
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> ExecError + '_ {
    move |source| ExecError::File {
        path: path.to_owned(),
        source,
    }
}
