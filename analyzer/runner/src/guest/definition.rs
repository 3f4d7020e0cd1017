//! What the host knows of a guest, as one value: [`Definition`].
//!
//! Everything outside a guest's own file asks these fields and matches on no name, so
//! that another guest costs one file and one line in the list.

use super::recipe::Recipe;
use super::{KERNEL, Variant};

/// One guest.
#[derive(Debug)]
pub struct Definition {
    /// The spelling in manifests, paths and on the command line.
    pub name: &'static str,
    /// The name in headings.
    pub title: &'static str,
    /// What a reader of its numbers must know, as sentences.
    pub caution: Option<&'static str>,
    /// What its kernel calls itself in a session; a version may follow.
    pub session_kernel: &'static str,
    /// What its one program calls itself in a session; none where a system names several.
    pub session_program: Option<&'static str>,
    /// Subsystems a benchmark may require and this guest has.
    pub subsystems: &'static [&'static str],
    /// Whether programs hold capabilities that a system grants them.
    pub has_capabilities: bool,
    /// Its passes, in starting order.
    pub passes: &'static [Pass],
    /// The kernel parameter for the slots of its record ring. Rows of a guest with a
    /// ring carry the records that their window may commit.
    pub ring_parameter: Option<&'static str>,
    /// Parameters that its kernel reads. None where the list is not ours: a
    /// distribution's kernel knows thousands.
    pub kernel_parameters: Option<&'static [KernelParameter]>,
    /// How what it runs reaches it.
    pub boot_image: BootImage,
    /// Where its kernel comes from.
    pub kernel: Kernel,
    /// Whether it can be varied without a change of meaning.
    pub has_neutral_variants: bool,
    /// The image of a program that also runs on this host, for the native column.
    pub native_program: Option<&'static str>,
    /// How it starts a program of the user's own, where it can.
    pub user_program: Option<&'static UserProgram>,
    /// Its images and how cargo makes each.
    pub(super) recipe: Recipe,
}

/// A parameter that a guest's kernel reads.
#[derive(Debug)]
pub struct KernelParameter {
    /// The name, as in a system's `[kernel]`.
    pub name: &'static str,
    /// The values that the kernel accepts; none where it takes any text.
    pub values: Option<&'static [&'static str]>,
}

/// Boots of one kind.
#[derive(Debug)]
pub struct Pass {
    /// The variant that is booted.
    pub variant: Variant,
    /// What the boots are for, which decides how many there are.
    pub purpose: Purpose,
    /// The instrument that runs beside the samples; the session names it as a feature.
    pub instrument: Option<&'static str>,
}

/// What boots of a pass are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The medians; as many boots as the benchmarks declare.
    Medians,
    /// A further instrument.
    Instrument,
    /// The emulator's log of instructions, which the probes are compared with.
    Audit,
    /// A boot without frames, which only has to end well.
    Ending,
}

/// How programs, rows and parameters reach a guest.
#[derive(Debug)]
pub enum BootImage {
    /// A package of all binaries, the system's manifest and the kernel's parameters.
    Package {
        /// The kernel's command line, always the same.
        command_line: &'static str,
    },
    /// A file system with the first program, its rows and what packages bring. The
    /// kernel's parameters are its command line.
    FileSystem {
        /// The parameter that names the pass.
        pass_parameter: &'static str,
    },
}

impl BootImage {
    /// Whether files of packages can be in it.
    pub fn holds_files(&self) -> bool {
        matches!(self, Self::FileSystem { .. })
    }
}

/// Where a guest's kernel comes from.
#[derive(Debug)]
pub enum Kernel {
    /// It is one of the images that the recipe makes.
    Built,
    /// It is a distribution's, or one of the user's own.
    Fetched {
        /// The list of kernels, in the guest's workspace.
        pins: &'static str,
    },
}

/// The system around a program of the user's own.
#[derive(Debug)]
pub struct UserProgram {
    /// The first program, which starts the user's.
    pub init: &'static str,
    /// What the first program holds: names and sources.
    pub init_grants: &'static [(&'static str, &'static str)],
    /// The kernel's parameters.
    pub kernel_parameters: &'static [(&'static str, &'static str)],
}

impl Definition {
    /// The variants it is booted in, each once.
    pub fn variants(&self) -> Vec<Variant> {
        let mut variants: Vec<Variant> = self.passes.iter().map(|pass| pass.variant).collect();
        variants.sort_unstable();
        variants.dedup();
        variants
    }

    /// Programs that its build makes, as systems name them.
    pub fn binaries(&self) -> impl Iterator<Item = &'static str> {
        let outputs = self.recipe.parts.iter().flat_map(|part| part.outputs);
        outputs
            .filter(|(_, image)| *image != KERNEL)
            .filter_map(|(_, image)| image.strip_suffix(".elf"))
    }

    /// The instrument that a variant runs beside the samples.
    pub fn instrument(&self, variant: Variant) -> Option<&'static str> {
        let mut passes = self.passes.iter();
        passes.find(|pass| pass.variant == variant)?.instrument
    }
}
