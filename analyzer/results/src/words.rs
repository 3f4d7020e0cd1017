//! The closed vocabularies of a result: each word has one spelling, the same in
//! JSON, in Cap'n Proto and in a report.

/// The text is not in the vocabulary.
#[derive(Debug, thiserror::Error)]
#[error("unknown {vocabulary} `{word}`; this version knows {known}")]
pub struct UnknownWord {
    vocabulary: &'static str,
    word: String,
    known: String,
}

impl UnknownWord {
    pub(crate) fn new(vocabulary: &'static str, word: &str, known: &[&str]) -> Self {
        Self {
            vocabulary,
            word: word.to_owned(),
            known: known.join(", "),
        }
    }
}

/// An enum whose variants are words.
macro_rules! words {
    (
        $(#[$about:meta])*
        $vocabulary:literal $name:ident {
            $($(#[$note:meta])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        pub enum $name {
            $($(#[$note])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one spelling.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::words::UnknownWord::new($vocabulary, text, &[$($word),+])),
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// How a result ended. Derived from its branch, never chosen.
    "status" Status {
        /// The verifier accepted, every rule held: there is a value.
        Passed = "passed",
        /// The guest ran and did not do its work.
        Failed = "failed",
        /// The guest lacks the subsystem, or the host lacks the guest.
        Unsupported = "unsupported",
        /// Something ran, but its number must not be believed.
        Invalid = "invalid",
        /// The intent has no honest translation to this guest.
        NotApplicable = "notApplicable",
    }
}

words! {
    /// What drives the guest's clock, and so what its numbers mean.
    "mode" Mode {
        /// Emulation that counts instructions: repeatable, and not time.
        Exact = "exact",
        /// Hardware virtualisation that a probe boot proved.
        Hardware = "hardware",
        /// Plain emulation: for smoke runs, numbers carry a watermark.
        Emulated = "emulated",
    }
}

words! {
    /// The unit of a value.
    "unit" Unit {
        /// Guest instructions executed; exact mode, one vCPU, no idling.
        Instructions = "instructions",
        /// The emulator's virtual clock, where idling moves it; exact mode.
        VirtualNs = "virtual_ns",
        /// Increments of the guest's time-stamp counter. Not cycles.
        TscTicks = "tsc_ticks",
        /// Time, where the counter's rate is known and constant.
        Ns = "ns",
    }
}

words! {
    /// Instructions that exact mode counts as one and that hardware does not
    /// execute at the price of one.
    "mispriced instruction" MispricedKind {
        /// A repeated string instruction: one for each iteration, whatever it moves.
        RepeatedString = "rep",
        /// Saving or restoring the registers of FPU and SSE.
        FpuState = "fpuState",
        /// A load of CR3, which costs hardware its translations.
        AddressSpaceSwitch = "cr3Load",
        /// An exception or interrupt and the return from it.
        Exception = "exception",
    }
}

words! {
    /// What a reader must know of a row before its number: its boots were not those of
    /// the kernel, the programs and the input that people have, or not all alike.
    "label" Label {
        /// A program holds a capability that exists for measuring only.
        MeasurementCapability = "measurement-capability",
        /// What the terminal reads is typed by a script inside of the guest.
        ScriptedInput = "scripted-input",
        /// The trace leaves by the console's port instead of a device of its own.
        DebugTransport = "debug-transport",
        /// The kernel is built as the command line asked, not as the definitions say.
        SpecialBuild = "special-build",
        /// One of its boots sent another stream than all others of its kind, and took
        /// place again.
        RepeatedBoot = "repeated-boot",
    }
}

impl Unit {
    /// Whether a number of this mode may carry this unit.
    pub const fn belongs_to(self, mode: Mode) -> bool {
        match mode {
            Mode::Exact => matches!(self, Self::Instructions | Self::VirtualNs),
            Mode::Hardware => matches!(self, Self::TscTicks | Self::Ns),
            Mode::Emulated => matches!(self, Self::TscTicks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_survives_text() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse::<Status>().unwrap(), *status);
        }
    }

    #[test]
    fn an_unknown_word_names_the_known_ones() {
        let error = "cycles".parse::<Unit>().unwrap_err().to_string();
        assert!(
            error.contains("cycles") && error.contains("instructions"),
            "{error}"
        );
    }

    #[test]
    fn time_needs_hardware() {
        assert!(!Unit::Ns.belongs_to(Mode::Exact));
        assert!(!Unit::Ns.belongs_to(Mode::Emulated));
        assert!(Unit::Ns.belongs_to(Mode::Hardware));
    }
}
