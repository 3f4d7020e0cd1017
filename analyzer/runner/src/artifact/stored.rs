//! What a stored run was to do, from the definitions that it keeps.
//!
//! A plan is a pure function of definitions and command line, so the run's own
//! definitions give the plan that it was booted by, whatever a checkout says today. They
//! come from a file, so nothing in them is taken to resolve before it was looked at.

use std::collections::BTreeMap;
use std::path::Path;

use capbench_results::brief;
use miette::Diagnostic;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::read::ReadError;
use super::{definitions, inside, names};
use crate::guest::GuestName;
use crate::manifest::{Benchmark, Catalogue, Mapping, Suite, UnknownName};
use crate::plan::{Overrides, Plan, Unbootable};
use crate::record::RunRecord;

/// Most boots of one system and variant, as on the command line.
const BOOTS_MAX: u32 = 1000;

/// A stored run's definitions give no plan.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum StoredError {
    /// They cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Read(#[from] ReadError),
    /// One of them is not of this version's shape.
    #[error(
        "{}: {} is no definition of this version: {}",
        names::DEFINITIONS,
        brief(key),
        brief(message)
    )]
    #[diagnostic(
        code(capbench::artifact::definition),
        help("use the version of capbench that wrote the run; run.json names it")
    )]
    Shape {
        /// Which.
        key: String,
        /// The fault.
        message: String,
    },
    /// One that others name is not there.
    #[error(
        "{}: {} needs {}, which is not kept",
        names::DEFINITIONS,
        brief(needed_by),
        brief(missing)
    )]
    #[diagnostic(
        code(capbench::artifact::definition),
        help("fetch the run again from where it was copied from")
    )]
    Missing {
        /// The file that names it.
        needed_by: String,
        /// What is named.
        missing: String,
    },
    /// More boots than can have taken place.
    #[error("{boots} boots are more than a run has: {BOOTS_MAX} at most")]
    #[diagnostic(
        code(capbench::artifact::definition),
        help("fetch the run again from where it was copied from")
    )]
    TooManyBoots {
        /// As declared, or asked for.
        boots: u32,
    },
    /// A guest had other subsystems, or was called otherwise, when the run was made.
    #[error(
        "the guest {guest} of the run is not this version's: it has other subsystems, capabilities or another name for its kernel"
    )]
    #[diagnostic(
        code(capbench::artifact::definition),
        help("use the version of capbench that wrote the run; run.json names it")
    )]
    OtherGuest {
        /// Which.
        guest: GuestName,
    },
    /// What was asked for is in no definition.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Selection(#[from] UnknownName),
}

/// A run's definitions, and what they have it do.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The definitions.
    pub catalogue: Catalogue,
    /// The plan, without what the record has no image of.
    pub plan: Plan,
}

impl Stored {
    /// The plan of the run in `directory`, made again.
    ///
    /// # Errors
    ///
    /// The definitions that the run keeps are damaged, incomplete or of another version.
    pub fn of(directory: &Path, record: &RunRecord) -> Result<Self, StoredError> {
        let bytes = inside::read(directory, Path::new(names::DEFINITIONS));
        let bytes = bytes.map_err(ReadError::from)?;
        let kept: BTreeMap<String, Value> =
            serde_json::from_slice(&bytes).map_err(|error| StoredError::Shape {
                key: "the file".to_owned(),
                message: error.to_string(),
            })?;
        let catalogue = catalogue(&kept)?;
        check(&catalogue, &record.selection, &record.overrides)?;
        let declared = catalogue
            .benchmarks
            .values()
            .map(|benchmark| benchmark.boots);
        let most = declared.chain(record.overrides.boots).max().unwrap_or(0);
        if most > BOOTS_MAX {
            return Err(StoredError::TooManyBoots { boots: most });
        }
        for boot in &record.boots {
            let (system, stem) = (&boot.id.system, boot.id.stem());
            find(&catalogue.systems, "systems", system, &stem)?;
        }
        let mut plan = Plan::new(&catalogue, &record.selection, &record.overrides)?;
        check_guests(&kept, &plan)?;
        plan.leave_out_audits(record.mode);
        give_up(&mut plan, record);
        Ok(Self { catalogue, plan })
    }
}

fn catalogue(kept: &BTreeMap<String, Value>) -> Result<Catalogue, StoredError> {
    let mut catalogue = Catalogue {
        benchmarks: of_kind(kept, "benchmarks/")?,
        authority: of_kind(kept, "authority/")?,
        systems: of_kind(kept, "systems/")?,
        suites: of_kind(kept, "suites/")?,
        mappings: of_kind(kept, "mappings/")?,
        // Limits judge a later change, and are of the checkout.
        gates: BTreeMap::new(),
    };
    check_names(&catalogue)?;
    // A run of one benchmark does not keep its counterparts.
    let Catalogue {
        benchmarks,
        mappings,
        ..
    } = &mut catalogue;
    for Mapping { counterparts, .. } in mappings.values_mut() {
        counterparts.retain(|counterpart| benchmarks.contains_key(&counterpart.benchmark));
    }
    Ok(catalogue)
}

/// Everything is looked up by the name that it has in itself, too.
fn check_names(catalogue: &Catalogue) -> Result<(), StoredError> {
    fn pairs<'a, T>(
        kind: &'static str,
        definitions: &'a BTreeMap<String, T>,
        name: fn(&T) -> &String,
    ) -> impl Iterator<Item = (&'static str, &'a String, &'a String)> {
        let pairs = definitions.iter();
        pairs.map(move |(key, definition)| (kind, key, name(definition)))
    }
    let all = pairs("benchmarks", &catalogue.benchmarks, |b| &b.name)
        .chain(pairs("authority", &catalogue.authority, |a| &a.name))
        .chain(pairs("systems", &catalogue.systems, |s| &s.name))
        .chain(pairs("suites", &catalogue.suites, |s| &s.name))
        .chain(pairs("mappings", &catalogue.mappings, |m| &m.name));
    for (kind, key, name) in all {
        if key != name {
            return Err(StoredError::Shape {
                key: format!("{kind}/{key}"),
                message: format!(
                    "it calls itself `{}`",
                    name.chars().take(64).collect::<String>()
                ),
            });
        }
    }
    let mut mappings = catalogue.mappings.keys();
    match mappings.find(|name| !catalogue.benchmarks.contains_key(*name)) {
        None => Ok(()),
        Some(name) => Err(StoredError::Missing {
            needed_by: format!("mappings/{name}"),
            missing: format!("benchmarks/{name}"),
        }),
    }
}

fn of_kind<T: DeserializeOwned>(
    kept: &BTreeMap<String, Value>,
    kind: &str,
) -> Result<BTreeMap<String, T>, StoredError> {
    let of_kind = kept.iter().filter_map(|(key, value)| {
        let name = key.strip_prefix(kind)?;
        Some((key, name, value))
    });
    of_kind
        .map(|(key, name, value)| {
            let value = serde_json::from_value(value.clone());
            let value = value.map_err(|error| StoredError::Shape {
                key: key.clone(),
                message: error.to_string(),
            })?;
            Ok((name.to_owned(), value))
        })
        .collect()
}

/// Everything that planning looks up by name is there.
fn check(catalogue: &Catalogue, selection: &str, overrides: &Overrides) -> Result<(), StoredError> {
    let suite = catalogue.suites.get(selection);
    let asked: Vec<&str> = match suite {
        Some(suite) => suite.benchmarks.iter().map(String::as_str).collect(),
        None => vec![selection],
    };
    for name in asked {
        let benchmark = find(&catalogue.benchmarks, "benchmarks", name, selection)?;
        check_benchmark(catalogue, benchmark, suite, overrides)?;
        for smoke in &benchmark.smokes {
            let smoke = find(&catalogue.benchmarks, "benchmarks", smoke, name)?;
            check_benchmark(catalogue, smoke, None, overrides)?;
        }
    }
    Ok(())
}

fn check_benchmark(
    catalogue: &Catalogue,
    benchmark: &Benchmark,
    suite: Option<&Suite>,
    overrides: &Overrides,
) -> Result<(), StoredError> {
    let name = &benchmark.name;
    if benchmark.boots == 0 {
        return Err(StoredError::Shape {
            key: format!("benchmarks/{name}"),
            message: "it is measured in no boot".to_owned(),
        });
    }
    find(
        &catalogue.authority,
        "authority",
        &benchmark.authority,
        name,
    )?;
    if let Some(batch) = benchmark
        .batches
        .iter()
        .find(|&&batch| benchmark.window_record_bound(batch).is_none())
    {
        return Err(StoredError::Shape {
            key: format!("benchmarks/{name}"),
            message: format!("the record bound of batch {batch} is beyond 2^32"),
        });
    }
    for guest in GuestName::ALL {
        let Some(mechanism) = benchmark.guests.get(guest.name()) else {
            continue;
        };
        if !overrides.wants(guest) {
            continue;
        }
        let of_suite = suite.and_then(|suite| suite.systems.get(guest.name()));
        let own = std::slice::from_ref(&mechanism.system);
        for system in of_suite.map_or(own, Vec::as_slice) {
            let system = find(&catalogue.systems, "systems", system, name)?;
            for program in &system.programs {
                find(
                    &catalogue.authority,
                    "authority",
                    &program.authority,
                    &system.name,
                )?;
            }
        }
    }
    Ok(())
}

fn find<'a, T>(
    definitions: &'a BTreeMap<String, T>,
    kind: &str,
    name: &str,
    needed_by: &str,
) -> Result<&'a T, StoredError> {
    definitions.get(name).ok_or_else(|| StoredError::Missing {
        needed_by: needed_by.to_owned(),
        missing: format!("{kind}/{name}"),
    })
}

/// Rows are unsupported by what a guest has, and streams are held against what it calls
/// itself, so that must be the same today.
fn check_guests(kept: &BTreeMap<String, Value>, plan: &Plan) -> Result<(), StoredError> {
    for row in &plan.rows {
        let guest = row.guest;
        let stated = kept.get(&format!("guests/{}", guest.name()));
        if stated != Some(&definitions::guest(guest)) {
            return Err(StoredError::OtherGuest { guest });
        }
    }
    Ok(())
}

/// A guest without an image in the record was not to be had, and neither was a system
/// without its packages. Why is the host's word, which the results keep.
fn give_up(plan: &mut Plan, record: &RunRecord) {
    const WHY: &str = "the record has no image of it";
    for guest in GuestName::ALL {
        if !record.guests.iter().any(|built| built.guest == guest) {
            plan.give_up(Unbootable::Guest(guest), WHY);
        }
    }
    let lost: Vec<String> = plan
        .packages()
        .into_keys()
        .map(|(_, system)| system)
        .filter(|system| !record.packages.contains_key(system))
        .collect();
    for system in lost {
        plan.give_up(Unbootable::System(&system), WHY);
    }
}
