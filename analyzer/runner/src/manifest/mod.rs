//! What is measured, as data: benchmarks, authority profiles, systems, suites, mappings
//! between benchmarks of different guests, and the limits of gates.
//!
//! Every definition is one TOML file whose path spells its name. A file with an
//! unknown key, a wrong type, a dangling reference, a value outside its bounds or a
//! word that nothing knows (a subsystem, a binary, a parameter of the kernel, a parser)
//! is refused when it is read, with the file, the place and the remedy; nothing is guessed and no
//! definition is skipped. The hash of a definition does not depend on layout.

mod authority;
mod benchmark;
mod catalogue;
mod check;
mod error;
mod gate;
mod mapping;
mod references;
mod suite;
mod system;
mod words;

pub use authority::{AuthorityProfile, Denial, Grant, MEASUREMENT_SOURCE};
pub(crate) use authority::{KERNEL_SOURCES, LONGEST_GRANT_NAME};
pub use benchmark::{Benchmark, Corpus, GuestMechanism, RecordBound, Verifier};
pub use catalogue::{Catalogue, UnknownName};
pub use error::{ManifestError, SourceFile};
pub use gate::{Gate, Review};
pub use mapping::{Counterpart, MappedPair, Mapping};
pub use suite::Suite;
pub use system::{Child, Init, Program, System};
