//! What a run will do, decided before anything is built or booted.
//!
//! A plan is a pure function of the definitions and the command line: the rows
//! to report, the boots per guest and variant, and the parameters each boot
//! image carries.

use std::collections::{BTreeMap, BTreeSet};

use capbench_results::Digest;

use crate::boot::BootId;
use crate::guest::{GuestName, Variant};
use crate::manifest::{Benchmark, Catalogue, System, UnknownName};

/// Boots of the fully instrumented variant: two, so that exact mode's promise of
/// equal streams is tested there as well.
const SEGMENT_BOOTS: u32 = 2;
/// The audit logs every instruction of its boot, so it repeats each row only a
/// few times; every distinct path is in those.
const AUDIT_SAMPLES: u32 = 3;
const AUDIT_WARMUP: u32 = 1;

/// What the command line changes about a plan.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Boots of the `samples` variant.
    pub boots: Option<u32>,
    /// Kernel parameters, over the system's and the plan's own.
    pub kernel_parameters: BTreeMap<String, String>,
    /// Boots these variants only; empty means all.
    pub variants: Vec<Variant>,
    /// Leaves the audit boot out.
    pub no_audit: bool,
}

/// Everything a run does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The suite or benchmark asked for.
    pub selection: String,
    /// Results to come, in report order.
    pub rows: Vec<Row>,
    /// Boots to do, in starting order.
    pub boots: Vec<PlannedBoot>,
}

/// One result of one guest: a benchmark at one batch size.
#[derive(Clone, Debug)]
pub struct Row {
    /// The result's name, `ring/nop/16`.
    pub name: String,
    /// The guest.
    pub guest: GuestName,
    /// Operations per batch.
    pub batch: u32,
    /// Trace slots a window of this row may commit.
    pub record_bound: u32,
    /// The benchmark.
    pub benchmark: Benchmark,
    /// The benchmark's definition hash.
    pub definition: Digest,
}

/// One boot and what its image holds besides binaries.
#[derive(Clone, Debug)]
pub struct PlannedBoot {
    /// Which boot.
    pub id: BootId,
    /// The system.
    pub system: System,
    /// Kernel parameters on top of the system's own.
    pub kernel_parameters: BTreeMap<String, String>,
    /// Parameters per program name.
    pub program_parameters: BTreeMap<String, BTreeMap<String, String>>,
}

impl Row {
    fn system(&self) -> &str {
        &self.benchmark.guests[self.guest.name()].system
    }

    fn program(&self) -> &str {
        &self.benchmark.guests[self.guest.name()].program
    }

    /// `benchmark:operation:batch:warmup:samples:record_bound`, as programs read it.
    fn parameter(&self, audit: bool) -> String {
        let (warmup, samples) = if audit {
            (AUDIT_WARMUP, AUDIT_SAMPLES)
        } else {
            (self.benchmark.warmup, self.benchmark.samples)
        };
        let operation = &self.benchmark.guests[self.guest.name()].operation;
        let Self {
            name,
            batch,
            record_bound,
            ..
        } = self;
        format!("{name}:{operation}:{batch}:{warmup}:{samples}:{record_bound}")
    }
}

impl Plan {
    /// Plans a suite or a single benchmark.
    pub fn new(
        catalogue: &Catalogue,
        selection: &str,
        overrides: &Overrides,
    ) -> Result<Self, UnknownName> {
        let rows = rows(&catalogue.select(selection)?);
        let systems: BTreeSet<(GuestName, &str)> =
            rows.iter().map(|row| (row.guest, row.system())).collect();
        let boots = systems
            .into_iter()
            .flat_map(|(guest, name)| {
                let own: Vec<&Row> = rows
                    .iter()
                    .filter(|row| row.guest == guest && row.system() == name)
                    .collect();
                boots_of(guest, &catalogue.systems[name], &own, overrides)
            })
            .collect();
        Ok(Self {
            selection: selection.to_owned(),
            rows,
            boots,
        })
    }

    /// The guest builds it needs.
    pub fn builds(&self) -> BTreeSet<(GuestName, Variant)> {
        let ids = self.boots.iter().map(|boot| &boot.id);
        ids.map(|id| (id.guest, id.variant)).collect()
    }

    /// Boots behind every median: those of the `samples` variant of one system.
    pub fn measured_boots(&self) -> u32 {
        let samples = |boot: &&PlannedBoot| boot.id.variant == Variant::Samples;
        let indices = self.boots.iter().filter(samples).map(|boot| boot.id.index);
        indices.max().unwrap_or(0)
    }
}

fn rows(benchmarks: &[&Benchmark]) -> Vec<Row> {
    let mut rows = Vec::new();
    for &benchmark in benchmarks {
        for guest in GuestName::ALL {
            if !benchmark.guests.contains_key(guest.name()) {
                continue;
            }
            rows.extend(benchmark.batches.iter().map(|&batch| {
                Row {
                    name: benchmark.row_name(batch),
                    guest,
                    batch,
                    record_bound: benchmark
                        .window_record_bound(batch)
                        .expect("checked when the catalogue was loaded"),
                    benchmark: benchmark.clone(),
                    definition: benchmark.definition_hash(),
                }
            }));
        }
    }
    rows
}

/// The longest boots start first, so that the last core does not wait for one.
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
    let kinds = [
        (Variant::Segments, true, audits),
        (Variant::Segments, false, SEGMENT_BOOTS.min(samples)),
        (Variant::Samples, false, samples),
        (Variant::Plain, false, 1),
    ];
    let wanted = |variant| overrides.variants.is_empty() || overrides.variants.contains(&variant);
    let mut boots = Vec::new();
    for (variant, audit, count) in kinds.into_iter().filter(|(variant, ..)| wanted(*variant)) {
        boots.extend((1..=count).map(|index| PlannedBoot {
            id: BootId {
                guest,
                system: system.name.clone(),
                variant,
                audit,
                index,
            },
            system: system.clone(),
            kernel_parameters: kernel_parameters(rows, overrides),
            program_parameters: program_parameters(rows, audit),
        }));
    }
    boots
}

/// The ring holds the largest window; drained before each, so none adds up.
/// Every variant gets the same ring, hence the same memory layout.
fn kernel_parameters(rows: &[&Row], overrides: &Overrides) -> BTreeMap<String, String> {
    let largest = rows.iter().map(|row| row.record_bound).max().unwrap_or(0);
    let mut parameters = BTreeMap::new();
    parameters.insert(
        "trace_slots".to_owned(),
        largest.next_power_of_two().to_string(),
    );
    parameters.extend(overrides.kernel_parameters.clone());
    parameters
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
    use std::path::Path;

    fn catalogue() -> Catalogue {
        let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests");
        Catalogue::load(&manifests).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_ring_suite_has_two_rows_per_benchmark_and_every_variant() {
        let plan = Plan::new(&catalogue(), "ring", &Overrides::default()).unwrap();
        assert_eq!(plan.rows.len(), 10);
        assert_eq!(plan.rows[1].name, "ring/nop/16");
        assert_eq!(plan.builds().len(), 3);
        assert_eq!(plan.measured_boots(), 5);
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
        assert!(slots >= bound && slots.is_power_of_two());
    }

    #[test]
    fn the_command_line_overrides_boots_and_parameters() {
        let overrides = Overrides {
            boots: Some(1),
            kernel_parameters: [("trace_slots".into(), "64".into())].into(),
            no_audit: true,
            ..Overrides::default()
        };
        let plan = Plan::new(&catalogue(), "ring", &overrides).unwrap();
        assert_eq!(plan.boots.len(), 3);
        assert_eq!(plan.boots[0].kernel_parameters["trace_slots"], "64");
        let overrides = Overrides {
            variants: vec![Variant::Plain],
            ..Overrides::default()
        };
        let plan = Plan::new(&catalogue(), "ring", &overrides).unwrap();
        assert_eq!(plan.boots.len(), 1);
        assert_eq!(plan.measured_boots(), 0);
    }
}
