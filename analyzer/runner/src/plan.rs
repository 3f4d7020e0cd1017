//! What a run will do, decided before anything is built or booted.
//!
//! A plan is a pure function of the definitions and the command line: the rows
//! to report, the boots per guest and variant, and the parameters each boot
//! image carries. The smokes that rows stand on are rows of the same plan: nobody can
//! run the one without the other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use capbench_results::{BenchmarkName, Digest};
use serde::{Deserialize, Serialize};

use crate::boot::BootId;
use crate::guest::{Extra, GuestName, Programs, Purpose, Variant};
use crate::hash;
use crate::manifest::{Benchmark, Catalogue, Suite, System, UnknownName};
use crate::mode::{Clock, Mode};

/// Boots of a variant with further instruments: two, so that exact mode's promise of
/// equal streams is tested there as well.
const SECOND_BOOTS: u32 = 2;
/// The audit logs every instruction of its boot, so it repeats each row only a
/// few times; every distinct path is in those.
const AUDIT_SAMPLES: u32 = 3;
const AUDIT_WARMUP: u32 = 1;
/// A logged instruction takes a thousand times longer, but an audit boot executes
/// a hundred times fewer.
const AUDIT_SLOWDOWN: u64 = 10;
/// A dispatch root takes two slots, every other record one; a window is refused
/// unless the ring would hold its records if they were all roots.
const SLOTS_PER_RECORD: u32 = 2;

/// What the command line changes about a plan. Recorded with the run, so that
/// it can be repeated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Overrides {
    /// Boots of the `samples` variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boots: Option<u32>,
    /// Boots these guests only; empty means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guests: Vec<GuestName>,
    /// Boots these variants only; empty means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// Kernel parameters, over the system's and the plan's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Additions to the guest builds.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
    /// Leaves the audit boot out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_audit: bool,
    /// Leaves the native column out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_native: bool,
}

impl Overrides {
    pub(crate) fn wants(&self, guest: GuestName) -> bool {
        self.guests.is_empty() || self.guests.contains(&guest)
    }

    /// The options that say the same on a command line.
    pub fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        let mut option = |name: &str, value: String| options.extend([name.to_owned(), value]);
        if let Some(boots) = self.boots {
            option("--boots", boots.to_string());
        }
        for guest in &self.guests {
            option("--guest", guest.to_string());
        }
        for variant in &self.variants {
            option("--variant", variant.to_string());
        }
        for (name, value) in &self.parameters {
            option("--parameter", format!("{name}={value}"));
        }
        for feature in &self.extra.features {
            option("--feature", feature.clone());
        }
        for (name, value) in &self.extra.environment {
            option("--env", format!("{name}={value}"));
        }
        if let Some(kernel) = &self.extra.kernel {
            option("--kernel", kernel.display().to_string());
        }
        if self.no_audit {
            options.push("--no-audit".to_owned());
        }
        if self.no_native {
            options.push("--no-native".to_owned());
        }
        options
    }
}

/// Everything a run does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The suite or benchmark asked for.
    pub selection: String,
    /// Changes by the command line.
    pub overrides: Overrides,
    /// Results to come, in report order.
    pub rows: Vec<Row>,
    /// Boots to do, in starting order.
    pub boots: Vec<PlannedBoot>,
}

/// One result of one guest: a benchmark at one batch size.
#[derive(Clone, Debug)]
pub struct Row {
    /// The result's name, `ring/nop/16`.
    pub name: BenchmarkName,
    /// The guest.
    pub guest: GuestName,
    /// The system it boots.
    pub system: String,
    /// Operations per batch.
    pub batch: u32,
    /// The benchmark.
    pub benchmark: Benchmark,
    /// Hash of everything declared about it: benchmark, authority profile and
    /// system, with what the command line changed.
    pub definition: Digest,
    /// Required subsystems the guest lacks; not empty means unsupported.
    pub missing: Vec<String>,
    /// Why its guest or its system cannot be booted at all, once that is known.
    pub no_image: Option<String>,
    /// Nobody asked for it: it is here because other rows stand on it, and boots only
    /// as often as its definition says and without other instruments.
    pub is_required_smoke: bool,
}

/// What cannot be booted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbootable<'a> {
    /// A guest, with all its systems.
    Guest(GuestName),
    /// One system, by its name.
    System(&'a str),
}

impl Unbootable<'_> {
    fn covers(self, guest: GuestName, system: &str) -> bool {
        match self {
            Self::Guest(lost) => lost == guest,
            Self::System(lost) => lost == system,
        }
    }
}

/// One boot and what its image holds besides binaries.
#[derive(Clone, Debug)]
pub struct PlannedBoot {
    /// Which boot.
    pub id: BootId,
    /// The system.
    pub system: System,
    /// When it counts as hung.
    pub timeout: Duration,
    /// Kernel parameters on top of the system's own.
    pub kernel_parameters: BTreeMap<String, String>,
    /// Parameters per program name.
    pub program_parameters: BTreeMap<String, BTreeMap<String, String>>,
}

impl Row {
    /// The program that does its work, by the name in the system.
    pub fn program(&self) -> &str {
        &self.benchmark.guests[self.guest.name()].program
    }

    /// Batches before and in the measured part of its window.
    fn batches(&self, audit: bool) -> (u32, u32) {
        let Benchmark {
            warmup, samples, ..
        } = self.benchmark;
        if audit {
            // Never more than otherwise: a smoke can be done once.
            (AUDIT_WARMUP.min(warmup), AUDIT_SAMPLES.min(samples))
        } else {
            (warmup, samples)
        }
    }

    /// Records its window may commit.
    fn record_bound(&self, audit: bool) -> u32 {
        let (warmup, samples) = self.batches(audit);
        self.benchmark
            .record_bound_of(self.batch, warmup + samples)
            .expect("checked when the catalogue was loaded")
    }

    /// The same as its program is given it; none where there is no ring.
    pub fn stated_bound(&self, audit: bool) -> Option<u32> {
        self.guest.ring_parameter.map(|_| self.record_bound(audit))
    }

    /// `benchmark:operation:batch:warmup:samples:record_bound`, as programs read
    /// it; without the bound where there is no ring.
    pub(crate) fn parameter(&self, audit: bool) -> String {
        let (warmup, samples) = self.batches(audit);
        let operation = &self.benchmark.guests[self.guest.name()].operation;
        let Self { name, batch, .. } = self;
        let row = format!("{name}:{operation}:{batch}:{warmup}:{samples}");
        match self.guest.ring_parameter {
            Some(_) => format!("{row}:{}", self.record_bound(audit)),
            None => row,
        }
    }
}

impl Plan {
    /// Plans a suite or a single benchmark.
    pub fn new(
        catalogue: &Catalogue,
        selection: &str,
        overrides: &Overrides,
    ) -> Result<Self, UnknownName> {
        let benchmarks = catalogue.select(selection)?;
        let mut rows = rows(
            catalogue,
            catalogue.suites.get(selection),
            &benchmarks,
            overrides,
        );
        rows.extend(proofs(catalogue, &rows, overrides));
        let runnable = || rows.iter().filter(|row| row.missing.is_empty());
        let systems: BTreeSet<(GuestName, &str)> = runnable()
            .map(|row| (row.guest, row.system.as_str()))
            .collect();
        let boots = systems
            .into_iter()
            .flat_map(|(guest, name)| {
                let own: Vec<&Row> = runnable()
                    .filter(|row| row.guest == guest && row.system == name)
                    .collect();
                boots_of(guest, &catalogue.systems[name], &own, overrides)
            })
            .collect();
        Ok(Self {
            selection: selection.to_owned(),
            overrides: overrides.clone(),
            rows,
            boots,
        })
    }

    /// The guests of its rows.
    pub fn guests(&self) -> BTreeSet<GuestName> {
        self.rows.iter().map(|row| row.guest).collect()
    }

    /// The guest builds it needs.
    pub fn builds(&self) -> BTreeSet<(GuestName, Variant)> {
        let ids = self.boots.iter().map(|boot| &boot.id);
        ids.map(|id| (id.guest, id.variant)).collect()
    }

    /// The programs of a guest's build that its images hold.
    pub fn programs(&self, guest: GuestName) -> BTreeSet<String> {
        let boots = self.boots.iter().filter(|boot| boot.id.guest == guest);
        let systems = boots.map(|boot| &boot.system);
        systems
            .flat_map(System::binaries)
            .map(str::to_owned)
            .collect()
    }

    /// The programs of packages that images need, by their guest and system.
    pub fn packages(&self) -> BTreeMap<(GuestName, String), Programs> {
        let boots = self.boots.iter();
        boots
            .filter(|boot| !boot.system.packages.is_empty())
            .map(|boot| {
                let system = &boot.system;
                let key = (boot.id.guest, system.name.clone());
                (key, system.packages.clone())
            })
            .collect()
    }

    /// Gives up what cannot be booted: its rows stay, with the reason, and its
    /// boots go.
    pub fn give_up(&mut self, lost: Unbootable<'_>, why: &str) {
        for row in &mut self.rows {
            if lost.covers(row.guest, row.system.as_str()) {
                row.no_image = Some(why.to_owned());
            }
        }
        self.boots
            .retain(|boot| !lost.covers(boot.id.guest, &boot.id.system));
    }

    /// Takes the audit boots out where the clock counts something else than the
    /// emulator's log lists. Whether there were any.
    pub fn leave_out_audits(&mut self, mode: Mode) -> bool {
        let planned = self.boots.len();
        self.boots
            .retain(|boot| !boot.id.audit || mode.counts_instructions());
        self.boots.len() < planned
    }

    /// The rows that an ordinary program of this host can measure too, each once; none
    /// where the column was not asked for.
    pub fn native_rows(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = Vec::new();
        if self.overrides.no_native {
            return rows;
        }
        for row in &self.rows {
            let measurable = row.guest.native_program.is_some() && row.missing.is_empty();
            if measurable && !rows.iter().any(|known| known.name == row.name) {
                rows.push(row);
            }
        }
        rows
    }

    /// Boots behind every median: those of the `samples` variant of one system.
    pub fn measured_boots(&self) -> u32 {
        let samples = |boot: &&PlannedBoot| boot.id.variant == Variant::Samples;
        let indices = self.boots.iter().filter(samples).map(|boot| boot.id.index);
        indices.max().unwrap_or(0)
    }
}

fn rows(
    catalogue: &Catalogue,
    suite: Option<&Suite>,
    benchmarks: &[&Benchmark],
    overrides: &Overrides,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for &benchmark in benchmarks {
        for guest in GuestName::ALL
            .into_iter()
            .filter(|guest| overrides.wants(*guest))
        {
            let Some(mechanism) = benchmark.guests.get(guest.name()) else {
                continue;
            };
            let subsystems = guest.subsystems;
            let missing = benchmark.requires.iter();
            let missing: Vec<String> = missing
                .filter(|needed| !subsystems.contains(&needed.as_str()))
                .cloned()
                .collect();
            let own = std::slice::from_ref(&mechanism.system);
            let systems = suite.and_then(|suite| suite.systems.get(guest.name()));
            for system in systems.map_or(own, Vec::as_slice) {
                let definition = configuration_hash(catalogue, benchmark, system, overrides);
                rows.extend(benchmark.batches.iter().map(|&batch| Row {
                    name: benchmark.row_name(batch),
                    guest,
                    system: system.clone(),
                    batch,
                    benchmark: benchmark.clone(),
                    definition,
                    missing: missing.clone(),
                    no_image: None,
                    is_required_smoke: false,
                }));
            }
        }
    }
    rows
}

/// The rows of the smokes that rows stand on, as far as nobody asked for them.
fn proofs(catalogue: &Catalogue, asked: &[Row], overrides: &Overrides) -> Vec<Row> {
    let mut proofs = Vec::new();
    for guest in GuestName::ALL {
        let own = asked.iter().filter(|row| row.guest == guest);
        let needed: BTreeSet<&String> = own.flat_map(|row| &row.benchmark.smokes).collect();
        let is_asked = |name: &String| {
            let mut asked = asked.iter();
            asked.any(|row| row.guest == guest && row.benchmark.name == *name)
        };
        let needed = needed.into_iter().filter(|name| !is_asked(name));
        let smokes: Vec<&Benchmark> = needed.map(|name| &catalogue.benchmarks[name]).collect();
        let of_guest = Overrides {
            guests: vec![guest],
            ..overrides.clone()
        };
        proofs.extend(
            rows(catalogue, None, &smokes, &of_guest)
                .into_iter()
                .map(|row| Row {
                    is_required_smoke: true,
                    ..row
                }),
        );
    }
    proofs
}

/// What a number was taken under, inside the guest: a changed parameter or an
/// injected instruction is another configuration, never a new value of the old.
fn configuration_hash(
    catalogue: &Catalogue,
    benchmark: &Benchmark,
    system: &str,
    overrides: &Overrides,
) -> Digest {
    hash::of_canonical(&(
        benchmark.definition_hash(),
        &catalogue.authority[&benchmark.authority],
        &catalogue.systems[system],
        &overrides.parameters,
        &overrides.extra,
    ))
}

/// The boots of a guest's passes.
fn boots_of(
    guest: GuestName,
    system: &System,
    rows: &[&Row],
    overrides: &Overrides,
) -> Vec<PlannedBoot> {
    let declared = rows
        .iter()
        .map(|row| row.benchmark.boots)
        .max()
        .unwrap_or(1);
    let samples = overrides.boots.unwrap_or(declared);
    let audits = u32::from(!overrides.no_audit);
    let second = SECOND_BOOTS.min(samples);
    let only_smokes = rows.iter().all(|row| row.is_required_smoke);
    let count = |purpose| match purpose {
        // More boots make other rows' values no more certain.
        Purpose::Medians if only_smokes => samples.min(declared),
        _ if only_smokes => 0,
        Purpose::Medians => samples,
        Purpose::Instrument => second,
        Purpose::Audit => audits,
        Purpose::Ending => 1,
    };
    let wanted = |variant| overrides.variants.is_empty() || overrides.variants.contains(&variant);
    let mut boots = Vec::new();
    for pass in guest.passes.iter().filter(|pass| wanted(pass.variant)) {
        let (variant, count) = (pass.variant, count(pass.purpose));
        let audit = pass.purpose == Purpose::Audit;
        boots.extend((1..=count).map(|index| PlannedBoot {
            id: BootId {
                guest,
                system: system.name.clone(),
                variant,
                audit,
                index,
                attempt: 1,
            },
            timeout: timeout(system, audit),
            system: system.clone(),
            kernel_parameters: kernel_parameters(guest, rows, audit, overrides),
            program_parameters: program_parameters(rows, audit),
        }));
    }
    boots
}

/// The ring holds the largest window; drained before each, so none adds up. All
/// variants get the same ring, hence the same memory layout; the audit, which
/// pays for every instruction of clearing it, gets a small one.
fn kernel_parameters(
    guest: GuestName,
    rows: &[&Row],
    audit: bool,
    overrides: &Overrides,
) -> BTreeMap<String, String> {
    let largest = rows.iter().map(|row| row.record_bound(audit)).max();
    let largest = largest.unwrap_or(0);
    let mut parameters = BTreeMap::new();
    if let Some(slots) = guest.ring_parameter {
        parameters.insert(slots.to_owned(), ring_slots(largest).to_string());
    }
    parameters.extend(overrides.parameters.clone());
    parameters
}

fn timeout(system: &System, audit: bool) -> Duration {
    let factor = if audit { AUDIT_SLOWDOWN } else { 1 };
    Duration::from_secs(u64::from(system.timeout_seconds) * factor)
}

fn ring_slots(records: u32) -> u32 {
    (records * SLOTS_PER_RECORD).next_power_of_two()
}

fn program_parameters(rows: &[&Row], audit: bool) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let program = texts.entry(row.program().to_owned()).or_default();
        program.push(row.parameter(audit));
    }
    texts
        .into_iter()
        .map(|(program, rows)| (program, [("rows".to_owned(), rows.join(","))].into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::{capos, linux};
    use std::path::Path;

    fn catalogue() -> Catalogue {
        let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests");
        Catalogue::load(&manifests).unwrap_or_else(|error| panic!("{error}"))
    }

    fn on(guest: GuestName) -> Overrides {
        Overrides {
            guests: vec![guest],
            ..Overrides::default()
        }
    }

    #[test]
    fn the_ring_suite_boots_both_guests_in_all_their_variants() {
        let plan = Plan::new(&catalogue(), "ring", &Overrides::default()).unwrap();
        let of = |guest, tier| {
            let rows = plan.rows.iter();
            rows.filter(|row| row.guest == guest && row.benchmark.tier == tier)
                .count()
        };
        assert_eq!((of(capos::GUEST, 1), of(linux::GUEST, 1)), (10, 6));
        assert_eq!(of(capos::GUEST, 0), 1, "the smoke that they stand on");
        assert_eq!(plan.rows[1].name, "ring/nop/16");
        assert_eq!(plan.builds().len(), 6);
        assert_eq!(plan.measured_boots(), 5);
        assert_eq!(plan.native_rows().len(), 6);
        let stems: BTreeSet<String> = plan.boots.iter().map(|boot| boot.id.stem()).collect();
        assert_eq!(stems.len(), plan.boots.len(), "file names are unique");
        assert!(stems.contains("capos-ring-segments-audit-1"));
    }

    #[test]
    fn programs_receive_their_rows_and_the_ring_fits_the_largest() {
        let plan = Plan::new(&catalogue(), "ring/nop", &Overrides::default()).unwrap();
        let nop = &plan.rows[1].benchmark;
        let bound = nop.window_record_bound(16).unwrap();
        let boot = plan
            .boots
            .iter()
            .find(|boot| boot.id.variant == Variant::Samples)
            .unwrap();
        let rows = &boot.program_parameters["ring-nop"]["rows"];
        let last = rows.split(',').next_back().unwrap();
        assert_eq!(
            last,
            format!("ring/nop/16:nop:16:{}:{}:{bound}", nop.warmup, nop.samples)
        );
        let slots: u32 = boot.kernel_parameters["trace_slots"].parse().unwrap();
        assert!(slots >= 2 * bound && slots.is_power_of_two());
    }

    #[test]
    fn the_command_line_overrides_boots_and_parameters() {
        let overrides = Overrides {
            boots: Some(1),
            parameters: [("trace_slots".into(), "64".into())].into(),
            no_audit: true,
            ..on(capos::GUEST)
        };
        let plan = Plan::new(&catalogue(), "ring", &overrides).unwrap();
        // One of each variant, and one of the smoke that the rows stand on.
        assert_eq!(plan.boots.len(), 4);
        assert_eq!(plan.boots[0].kernel_parameters["trace_slots"], "64");
        let overrides = Overrides {
            variants: vec![Variant::Plain],
            ..on(capos::GUEST)
        };
        let plan = Plan::new(&catalogue(), "ring", &overrides).unwrap();
        assert_eq!(plan.boots.len(), 1);
        assert_eq!(plan.measured_boots(), 0);
    }

    #[test]
    fn only_a_clock_that_counts_instructions_is_audited() {
        for &mode in Mode::ALL {
            let mut plan = Plan::new(&catalogue(), "ring", &on(capos::GUEST)).unwrap();
            let planned = plan.boots.len();
            let has_less = plan.leave_out_audits(mode);
            assert_eq!(has_less, mode != Mode::Exact, "{mode}");
            assert_eq!(plan.boots.len() < planned, has_less, "{mode}");
            let audits = plan.boots.iter().filter(|boot| boot.id.audit).count();
            assert_eq!(audits, usize::from(mode == Mode::Exact), "{mode}");
        }
    }

    #[test]
    fn rows_bring_the_smokes_they_stand_on_in_few_boots() {
        let plan = Plan::new(&catalogue(), "ipc/round-trip", &on(capos::GUEST)).unwrap();
        let proofs: Vec<&Row> = plan
            .rows
            .iter()
            .filter(|row| row.is_required_smoke)
            .collect();
        let names: Vec<&str> = proofs.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["tier0/ipc/1"]);
        let boots = || plan.boots.iter().filter(|boot| boot.id.system == "smoke");
        assert_eq!(boots().count(), 2, "one to see, one to see it again");
        for boot in boots() {
            assert_eq!((boot.id.variant, boot.id.audit), (Variant::Samples, false));
            let rows = &boot.program_parameters["smoke"]["rows"];
            assert!(rows.starts_with("tier0/ipc/1:ipc:1:0:1:"), "{rows}");
        }
    }

    #[test]
    fn smokes_that_are_asked_for_run_once_and_in_all_variants() {
        let plan = Plan::new(&catalogue(), "tier0", &on(capos::GUEST)).unwrap();
        assert!(plan.rows.iter().all(|row| !row.is_required_smoke));
        let variants: BTreeSet<Variant> = plan.boots.iter().map(|boot| boot.id.variant).collect();
        assert_eq!(variants.len(), 3);
        let audit = plan.boots.iter().find(|boot| boot.id.audit).unwrap();
        let rows = &audit.program_parameters["smoke"]["rows"];
        assert!(rows.starts_with("tier0/boot/1:boot:1:0:1:"), "{rows}");
        let lacking: Vec<&Row> = plan.rows.iter().filter(|r| !r.missing.is_empty()).collect();
        assert_eq!(lacking.len(), 1);
        assert_eq!(lacking[0].name, "tier0/ring-tap/1");
        assert_eq!(lacking[0].missing, ["ring_tap"]);
    }

    #[test]
    fn every_capos_row_above_tier_0_stands_on_a_smoke() {
        let catalogue = catalogue();
        let benchmarks = catalogue.benchmarks.values();
        let without = benchmarks.filter(|b| b.tier > 0 && b.smokes.is_empty());
        let without = without.filter(|b| b.guests.contains_key(capos::GUEST.name));
        assert_eq!(without.map(|b| &b.name).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_guest_that_is_not_booted_needs_no_smoke() {
        let plan = Plan::new(&catalogue(), "ring", &on(linux::GUEST)).unwrap();
        assert!(plan.rows.iter().all(|row| row.guest == linux::GUEST));
    }

    #[test]
    fn an_override_is_another_configuration() {
        let catalogue = catalogue();
        let hash = |overrides: &Overrides| {
            Plan::new(&catalogue, "ring/nop", overrides).unwrap().rows[0].definition
        };
        let boots = Overrides {
            boots: Some(9),
            ..Overrides::default()
        };
        assert_eq!(hash(&Overrides::default()), hash(&boots));
        let injected = Overrides {
            extra: Extra {
                features: vec!["inject".into()],
                ..Extra::default()
            },
            ..Overrides::default()
        };
        assert_ne!(hash(&Overrides::default()), hash(&injected));
    }

    #[test]
    fn a_subsystem_the_guest_lacks_takes_the_row_out_of_every_boot() {
        let mut catalogue = catalogue();
        let nop = catalogue.benchmarks.get_mut("ring/nop").unwrap();
        nop.requires.push("block".into());
        let plan = Plan::new(&catalogue, "ring", &on(capos::GUEST)).unwrap();
        assert_eq!(plan.rows[0].missing, ["block"]);
        let parameters = &plan.boots[0].program_parameters["ring-nop"]["rows"];
        assert!(!parameters.contains("ring/nop/"), "{parameters}");
    }

    #[test]
    fn a_system_that_is_given_up_takes_its_own_rows_and_boots_and_no_other() {
        let mut plan = Plan::new(&catalogue(), "stock", &on(linux::GUEST)).unwrap();
        plan.give_up(Unbootable::System("linux-stock"), "no network");
        let lost = |row: &&Row| row.no_image.as_deref() == Some("no network");
        let lost = plan.rows.iter().filter(lost).map(|row| &row.system);
        let lost: Vec<&String> = lost.collect();
        assert_eq!(lost, ["linux-stock"; 6]);
        let booted = |boot: &PlannedBoot| boot.id.system == "linux-matched";
        assert!(!plan.boots.is_empty() && plan.boots.iter().all(booted));

        plan.give_up(Unbootable::Guest(linux::GUEST), "no kernel");
        assert!(plan.boots.is_empty());
        assert!(plan.rows.iter().all(|row| row.no_image.is_some()));
    }

    #[test]
    fn a_suite_runs_each_row_on_all_its_systems_as_series_of_their_own() {
        let plan = Plan::new(&catalogue(), "stock", &on(linux::GUEST)).unwrap();
        let null: Vec<&Row> = plan
            .rows
            .iter()
            .filter(|row| row.name == "linux/null-syscall/1")
            .collect();
        let systems: Vec<&str> = null.iter().map(|row| row.system.as_str()).collect();
        assert_eq!(systems, ["linux-matched", "linux-stock"]);
        assert_ne!(null[0].definition, null[1].definition);
        assert_eq!(plan.native_rows().len(), 6, "a host has one system");
    }

    #[test]
    fn packages_are_those_of_the_systems_that_boot() {
        let plan = Plan::new(&catalogue(), "perf-bench", &Overrides::default()).unwrap();
        let packages = plan.packages();
        let perf = &packages[&(linux::GUEST, "linux-perf".to_owned())];
        assert_eq!(perf["linux-perf"], ["/usr/bin/perf"]);
        let plan = Plan::new(&catalogue(), "ring", &Overrides::default()).unwrap();
        assert!(plan.packages().is_empty());
    }
}
