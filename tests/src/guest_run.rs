//! Running the reference guest from a test, as `capbench run` does.

use crate::source_copy::{repository, sources};
use capbench_frames::load::{self, Event};
use capbench_frames::trace::{Trace, read_file};
use capbench_results::Mode;
use capbench_runner::boot::{BootId, CapturedBoot};
use capbench_runner::guest::{Extra, Variant, capos};
use capbench_runner::host;
use capbench_runner::interrupt::Interrupt;
use capbench_runner::manifest::Catalogue;
use capbench_runner::plan::{Overrides, Plan, PlannedBoot};
use capbench_runner::probe::prove;
use capbench_runner::progress::Progress;
use capbench_runner::qemu::Qemu;
use capbench_runner::run::{CapturedRun, Request, capture};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use trace_format::decode::SpanColumns;
use trace_format::{FrameKind, Span};

/// A run in a directory that goes away with this value.
pub struct GuestRun {
    /// The run.
    pub run: CapturedRun,
    _directory: tempfile::TempDir,
}

/// Boots `selection` once in exact mode, in one variant.
///
/// # Panics
///
/// If QEMU is missing or the guest does not build: a test that needs a guest
/// cannot go on.
pub fn boot_once(selection: &str, variant: Variant, extra: Extra) -> GuestRun {
    let overrides = Overrides {
        boots: Some(1),
        extra,
        variants: vec![variant],
        no_audit: true,
        ..Overrides::default()
    };
    let catalogue = catalogue();
    let mut plan = Plan::new(&catalogue, selection, &overrides).unwrap_or_else(|e| panic!("{e}"));
    // The boot that was asked for, and not those of the smokes it stands on.
    plan.rows.retain(|row| !row.is_required_smoke);
    let rows = &plan.rows;
    plan.boots
        .retain(|boot| rows.iter().any(|row| row.system == boot.id.system));
    follow(plan, &catalogue)
}

/// Boots a system that belongs to no benchmark, once, in exact mode.
///
/// # Panics
///
/// As [`boot_once`].
pub fn boot_system(name: &str, variant: Variant) -> GuestRun {
    let catalogue = catalogue();
    let system = catalogue.systems[name].clone();
    let boot = PlannedBoot {
        id: BootId {
            guest: capos::GUEST,
            system: name.to_owned(),
            variant,
            audit: false,
            index: 1,
            attempt: 1,
        },
        timeout: Duration::from_secs(system.timeout_seconds.into()),
        system,
        kernel_parameters: BTreeMap::new(),
        program_parameters: BTreeMap::new(),
    };
    let plan = Plan {
        selection: name.to_owned(),
        overrides: Overrides::default(),
        rows: Vec::new(),
        boots: vec![boot],
    };
    follow(plan, &catalogue)
}

fn catalogue() -> Catalogue {
    Catalogue::load(&repository().join("manifests")).unwrap_or_else(|e| panic!("{e}"))
}

fn follow(plan: Plan, catalogue: &Catalogue) -> GuestRun {
    let qemu = Qemu::find(None).unwrap_or_else(|e| panic!("{e}"));
    let directory = tempfile::tempdir().expect("a temporary directory");
    let request = Request {
        root: repository(),
        runs: directory.path(),
        checkout: sources(),
        catalogue,
        plan,
        qemu: &qemu,
        mode: prove(Mode::Exact, &qemu, host::identify()).expect("exact mode needs no proof"),
        command: Vec::new(),
        audit_range: &|_| None,
    };
    let run = capture(request, &Interrupt::default(), &Progress::new(true));
    GuestRun {
        run: run.unwrap_or_else(|e| panic!("{e}")),
        _directory: directory,
    }
}

impl GuestRun {
    /// The only boot.
    pub fn boot(&self) -> &CapturedBoot {
        let [boot] = &self.run.record.boots[..] else {
            panic!("one boot was planned");
        };
        boot
    }

    /// What the kernel and the programs printed.
    pub fn console(&self) -> String {
        let console = self.run.locate(&self.boot().console);
        fs::read_to_string(console).expect("the console was kept")
    }

    fn stream(&self) -> PathBuf {
        let stream = self.boot().stream().expect("the variant sends a stream");
        self.run.locate(&stream.file)
    }

    /// What its stream says.
    pub fn trace(&self) -> Trace {
        read_file(&self.stream(), "test").expect("the stream is readable")
    }

    /// Every span and root, in commit order.
    pub fn spans(&self) -> Vec<Span> {
        let mut columns = SpanColumns::default();
        let mut frames = load::open(&self.stream()).expect("the stream is readable");
        while let Some(event) = frames.next_event().expect("the stream is readable") {
            match event {
                Event::Frame(frame) if frame.header.kind == FrameKind::Spans => {
                    columns.read(&frame).expect("an intact frame");
                }
                Event::Frame(_) => {}
                Event::Warning(warning) => panic!("{warning}"),
            }
        }
        (0..columns.len())
            .map(|index| columns.span(index))
            .collect()
    }
}
