//! A run from plan to captured boots.
//!
//! ```text
//! plan ─► guests, packages ─► boot images ─► boots ─► captured boots + record
//! ```
//!
//! Nothing is judged here. After the run directory exists, no failure loses what
//! arrived: the caller receives the boots that took place and seals the
//! directory with whatever it concludes from them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use capbench_results::{Digest, Mode};
use miette::Diagnostic;

use crate::artifact::{ArtifactError, RunDirectory, names};
use crate::boot::again::further;
use crate::boot::{BootId, BootJob, Exit, boot_all};
use crate::checkout::Checkout;
use crate::envelope::Envelope;
use crate::guest::{
    BootImage, BuildError, BuildRequest, Guest, GuestName, Packages, Variant, build, provide,
};
use crate::interrupt::Interrupt;
use crate::manifest::Catalogue;
use crate::mode::Clock;
use crate::native::{self, NativeRun};
use crate::plan::{Plan, PlannedBoot, Unbootable};
use crate::probe::Proven;
use crate::progress::Progress;
use crate::qemu::Qemu;
use crate::record::{self, RunRecord, State};
use crate::time::Timestamp;
use crate::{hash, host, image, initramfs};

/// What to run.
pub struct Request<'a> {
    /// The repository root.
    pub root: &'a Path,
    /// Below which the artifact goes.
    pub runs: &'a Path,
    /// What git says of the sources.
    pub checkout: Checkout,
    /// The definitions.
    pub catalogue: &'a Catalogue,
    /// The plan.
    pub plan: Plan,
    /// The emulator.
    pub qemu: &'a Qemu,
    /// Proof that the mode works here.
    pub mode: Proven,
    /// The command as typed, for the record.
    pub command: Vec<String>,
    /// Addresses of a kernel whose execution its audit boot logs.
    pub audit_range: &'a dyn Fn(&Guest) -> Option<(u64, u64)>,
}

/// Why a run did not get as far as booting.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum RunError {
    /// A guest does not build.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Build(#[from] BuildError),
    /// A boot image cannot be laid out.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Image(#[from] image::ImageError),
    /// The artifact cannot be written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Artifact(#[from] ArtifactError),
    /// The user stopped the run before a guest booted.
    #[error("interrupted before the first boot; there is nothing to keep")]
    #[diagnostic(code(capbench::interrupted))]
    Interrupted,
    /// A guest's binary cannot be read back.
    #[error("{}: {source}", path.display())]
    #[diagnostic(code(capbench::run), help("build again with `capbench guest build`"))]
    Binary {
        /// Which file.
        path: PathBuf,
        /// The system's message.
        source: std::io::Error,
    },
}

/// A run whose boots are over. Paths in `record` are relative to the artifact.
#[derive(Debug)]
pub struct CapturedRun {
    /// The artifact, not yet sealed.
    pub directory: RunDirectory,
    /// Everything that decided the numbers, boots included.
    pub record: RunRecord,
    /// The plan.
    pub plan: Plan,
}

impl CapturedRun {
    /// Where a path of the record lies now.
    pub fn locate(&self, path: &Path) -> PathBuf {
        self.directory.path().join(path)
    }
}

type Guests = BTreeMap<(GuestName, Variant), Guest>;

/// What packages bring into images, by the system's name.
type Fetched = BTreeMap<String, Packages>;

/// Builds, boots and captures.
pub fn capture(
    mut request: Request<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<CapturedRun, RunError> {
    let started = Timestamp::now();
    let mode = request.mode.mode();
    let envelope = Envelope::new(mode, request.qemu, host::identify());
    let guests = build_guests(&mut request, interrupt, progress)?;
    let fetched = fetch_packages(&mut request, interrupt, progress)?;

    let run_id = run_id(started, &request.plan.selection, mode);
    let directory = RunDirectory::create(request.runs, &run_id)?;
    let (jobs, boot_images) = prepare(&request, &guests, &fetched, &directory)?;

    let boot = |jobs| {
        boot_all(
            jobs,
            parallel_boots(mode),
            &directory.path().join(names::BOOTS),
            &envelope,
            request.qemu,
            interrupt,
            progress,
        )
    };
    progress.boots(jobs.len());
    let mut planned = jobs.len();
    let mut boots = boot(jobs.clone());
    while mode.repeats_exactly() && !interrupt.is_raised() {
        let further = further(&boots);
        if further.is_empty() {
            break;
        }
        progress.say("boots that must be equal differ; booting again to see which one is odd");
        planned += further.len();
        progress.boots(further.len());
        boots.extend(boot(like(&jobs, further)));
    }
    let hopeless = boots
        .iter()
        .any(|boot| matches!(boot.exit, Exit::InternalError { .. }));
    let native = if hopeless {
        None
    } else {
        run_native(&request.plan, &guests, &directory, interrupt, progress)
    };
    progress.finish();

    let complete = boots.len() == planned && !interrupt.is_raised();
    let record = RunRecord {
        schema: record::SCHEMA.into(),
        run_id,
        state: if complete {
            State::Complete
        } else {
            State::Interrupted
        },
        selection: request.plan.selection.clone(),
        command: request.command,
        started_at: started.to_string(),
        ended_at: Timestamp::now().to_string(),
        tool: format!("capbench {}", env!("CARGO_PKG_VERSION")),
        checkout: request.checkout,
        mode,
        envelope,
        toolchain: host::toolchain(),
        guests: guests.into_values().collect(),
        packages: fetched
            .into_iter()
            .map(|(system, fetched)| (system, fetched.packages))
            .collect(),
        boot_images,
        definitions: definitions(&request.plan, request.catalogue),
        overrides: request.plan.overrides.clone(),
        boots_planned: request.plan.measured_boots(),
        boots_planned_in_all: Some(planned),
        boots: boots
            .into_iter()
            .map(|boot| directory.without_its_place(boot))
            .collect(),
        native: native.map(|native| directory.without_its_place(native)),
    };
    directory.write_record(&record)?;
    directory.write_definitions(&request.plan, request.catalogue)?;
    Ok(CapturedRun {
        directory,
        record,
        plan: request.plan,
    })
}

/// Boots with the images and limits of their kind's planned ones.
fn like(jobs: &[BootJob], ids: Vec<BootId>) -> Vec<BootJob> {
    let alike = ids.into_iter().filter_map(|id| {
        let first = BootId {
            index: 1,
            attempt: 1,
            ..id.clone()
        };
        let job = jobs.iter().find(|job| job.id == first)?;
        Some(BootJob { id, ..job.clone() })
    });
    alike.collect()
}

/// A guest's program on this host, once nothing else runs. Whatever goes
/// wrong with it costs its column and no boot.
fn run_native(
    plan: &Plan,
    guests: &Guests,
    directory: &RunDirectory,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Option<NativeRun> {
    let rows = plan.native_rows();
    let guest = rows.first()?.guest;
    let rows: String = rows
        .iter()
        .map(|row| format!("{}\n", row.parameter(false)))
        .collect();
    let mut built = guests.values();
    let built = built.find(|built| built.guest == guest)?;
    let program = built.image(guest.native_program?)?;
    if interrupt.is_raised() {
        return None;
    }
    progress.step("running the same program on this host");
    let place = directory.path().join(names::NATIVE);
    Some(native::run(&program.path, &rows, &place, interrupt))
}

/// A guest whose kernel cannot be had costs its own rows and no other.
fn build_guests(
    request: &mut Request<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Guests, RunError> {
    let mut guests = Guests::new();
    for (guest, variant) in request.plan.builds() {
        if !request.plan.boots.iter().any(|boot| boot.id.guest == guest) {
            continue;
        }
        progress.step(&format!("building guest {guest} ({variant})"));
        let built = build(&BuildRequest {
            root: request.root,
            guest,
            variant,
            extra: request.plan.overrides.extra.clone(),
            programs: Some(request.plan.programs(guest)),
        });
        // Ctrl-C also reaches cargo, whose complaint would be misleading.
        if interrupt.is_raised() {
            return Err(RunError::Interrupted);
        }
        match built {
            Ok(built) => {
                guests.insert((guest, variant), built);
            }
            Err(error @ BuildError::NoKernelImage { .. }) => {
                let why = with_remedy(&error);
                request.plan.give_up(Unbootable::Guest(guest), &why);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(guests)
}

/// A system whose programs cannot be had costs its own rows and no other.
fn fetch_packages(
    request: &mut Request<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Fetched, RunError> {
    let mut fetched = Fetched::new();
    for ((guest, system), programs) in request.plan.packages() {
        let names: Vec<&str> = programs.keys().map(String::as_str).collect();
        progress.step(&format!("fetching {} and its libraries", names.join(", ")));
        let provided = provide(request.root, guest, &programs);
        // Ctrl-C also reaches apt, whose complaint would be misleading.
        if interrupt.is_raised() {
            return Err(RunError::Interrupted);
        }
        match provided {
            Ok(packages) => {
                fetched.insert(system, packages);
            }
            Err(error) => {
                let why = with_remedy(&error);
                request.plan.give_up(Unbootable::System(&system), &why);
            }
        }
    }
    Ok(fetched)
}

fn with_remedy(error: &dyn Diagnostic) -> String {
    match error.help() {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    }
}

/// Boots compete for nothing in exact mode; on hardware they would be each
/// other's noise.
fn parallel_boots(mode: Mode) -> usize {
    if mode.depends_on_host() {
        1
    } else {
        host::cores()
    }
}

type BootImages = BTreeMap<PathBuf, Digest>;

/// Lays out every distinct boot image and turns planned boots into jobs. Boots
/// that only repeat one another share an image, which is laid out once: one with
/// packages takes a second.
fn prepare(
    request: &Request<'_>,
    guests: &Guests,
    fetched: &Fetched,
    directory: &RunDirectory,
) -> Result<(Vec<BootJob>, BootImages), RunError> {
    let mut images = BootImages::new();
    let mut shared: BTreeMap<BootId, PathBuf> = BTreeMap::new();
    let mut jobs = Vec::new();
    for boot in &request.plan.boots {
        let guest = &guests[&(boot.id.guest, boot.id.variant)];
        let whichever = BootId {
            index: 0,
            ..boot.id.clone()
        };
        let name = match shared.entry(whichever) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => {
                let bytes = boot_image(boot, guest, fetched, request.catalogue)?;
                let digest = hash::of(&bytes);
                let name = format!("{}/{}.initrd", names::IMAGES, hash::short(digest));
                if images.insert(PathBuf::from(&name), digest).is_none() {
                    directory.write(&name, &bytes)?;
                }
                new.insert(name.into()).clone()
            }
        };
        let initrd = directory.path().join(name);
        jobs.push(BootJob {
            id: boot.id.clone(),
            kernel: guest.kernel().path.clone(),
            initrd,
            command_line: command_line(boot),
            timeout: boot.timeout,
            audit_range: boot
                .id
                .audit
                .then(|| (request.audit_range)(guest))
                .flatten(),
        });
    }
    // An audit without a range to log would be an ordinary boot, once too many.
    jobs.retain(|job| !job.id.audit || job.audit_range.is_some());
    Ok((jobs, images))
}

fn command_line(boot: &PlannedBoot) -> String {
    let pass_parameter = match boot.id.guest.boot_image {
        BootImage::Package { command_line } => return command_line.into(),
        BootImage::FileSystem { pass_parameter } => pass_parameter,
    };
    let mut parameters = boot.system.kernel.clone();
    parameters.extend(boot.kernel_parameters.clone());
    parameters.insert(pass_parameter.into(), boot.id.variant.to_string());
    let words: Vec<String> = parameters
        .into_iter()
        .map(|(name, value)| match value.as_str() {
            "" => name,
            value => format!("{name}={value}"),
        })
        .collect();
    words.join(" ")
}

fn boot_image(
    boot: &PlannedBoot,
    guest: &Guest,
    fetched: &Fetched,
    catalogue: &Catalogue,
) -> Result<Vec<u8>, RunError> {
    match boot.id.guest.boot_image {
        BootImage::Package { .. } => package(boot, guest, catalogue),
        BootImage::FileSystem { .. } => archive(boot, guest, fetched.get(&boot.id.system)),
    }
}

/// The first program, its rows, one per line, and what packages bring.
fn archive(
    boot: &PlannedBoot,
    guest: &Guest,
    packages: Option<&Packages>,
) -> Result<Vec<u8>, RunError> {
    let program = format!("{}.elf", boot.system.init.binary);
    let init = guest
        .image(&program)
        .expect("a recipe makes what its systems name");
    let init = std::fs::read(&init.path).map_err(|source| RunError::Binary {
        path: init.path.clone(),
        source,
    })?;
    let rows = boot.program_parameters.values();
    let rows: String = rows
        .filter_map(|parameters| parameters.get("rows"))
        .flat_map(|rows| rows.split(','))
        .map(|row| format!("{row}\n"))
        .collect();
    let files = packages.map_or(&[][..], |packages| &packages.files);
    Ok(initramfs::build(&init, &rows, files))
}

fn package(boot: &PlannedBoot, guest: &Guest, catalogue: &Catalogue) -> Result<Vec<u8>, RunError> {
    let mut binaries = BTreeMap::new();
    for file in &guest.images {
        let bytes = std::fs::read(&file.path).map_err(|source| RunError::Binary {
            path: file.path.clone(),
            source,
        })?;
        let name = file.name.trim_end_matches(".elf").to_owned();
        binaries.insert(name, bytes);
    }
    Ok(image::build(&image::Contents {
        system: &boot.system,
        authority: &catalogue.authority,
        kernel_parameters: boot.kernel_parameters.clone(),
        program_parameters: boot.program_parameters.clone(),
        binaries,
        measured: boot.id.variant.emits_frames(),
    })?)
}

/// `20261123T085501Z-ring-exact-1f3c`: the suffix keeps two runs of the same
/// second apart.
fn run_id(started: Timestamp, selection: &str, mode: Mode) -> String {
    let suffix = std::process::id() & 0xffff;
    let selection = selection.replace('/', "-");
    format!("{}-{selection}-{mode}-{suffix:04x}", started.compact())
}

fn definitions(plan: &Plan, catalogue: &Catalogue) -> BTreeMap<String, Digest> {
    let mut definitions = BTreeMap::new();
    for row in &plan.rows {
        let benchmark = &row.benchmark;
        definitions.insert(
            format!("benchmarks/{}", benchmark.name),
            benchmark.definition_hash(),
        );
        let profile = &catalogue.authority[&benchmark.authority];
        definitions.insert(
            format!("authority/{}", profile.name),
            hash::of_canonical(profile),
        );
        if let Some(mapping) = catalogue.mappings.get(&benchmark.name) {
            let key = format!("mappings/{}", benchmark.name);
            definitions.insert(key, hash::of_canonical(mapping));
        }
    }
    for boot in &plan.boots {
        let system = &boot.system;
        definitions.insert(
            format!("systems/{}", system.name),
            hash::of_canonical(system),
        );
    }
    if let Some(suite) = catalogue.suites.get(&plan.selection) {
        definitions.insert(format!("suites/{}", suite.name), hash::of_canonical(suite));
    }
    definitions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_is_a_file_name() {
        let id = run_id(Timestamp::now(), "ring/nop", Mode::Exact);
        assert!(id.contains("Z-ring-nop-exact-"), "{id}");
        assert!(!id.contains('/'));
    }
}
