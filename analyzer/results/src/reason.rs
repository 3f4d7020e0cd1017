//! Why there is no number: one machine-readable word per rule.

use crate::words::words;

words! {
    /// The guest ran and did not do its work.
    "failure reason" FailureReason {
        /// The program or init ended with a status of its own that is not success.
        ProgramFailed = "programFailed",
        /// The benchmark's window never opened.
        NeverRan = "neverRan",
        /// The window never closed, or held less work than the benchmark declares.
        Incomplete = "incomplete",
        /// The kernel refused the window: the trace ring is too small for its bound.
        WindowRefused = "windowRefused",
        /// The guest did not finish in its time.
        TimedOut = "timedOut",
        /// The hypervisor gave up on the guest, or on one before it in the same run.
        InternalError = "internalError",
        /// Somebody stopped the run.
        Interrupted = "interrupted",
        /// The guest could not be built or started.
        NotStarted = "notStarted",
    }
}

words! {
    /// Something ran, but its number must not be believed.
    "invalidity reason" InvalidReason {
        /// The benchmark's own verifier rejected its output.
        VerifierFailed = "verifierFailed",
        /// The emulator ended with a status the guest did not choose.
        AbnormalExit = "abnormalExit",
        /// The trace stops before its end-of-stream message.
        MissingEndOfStream = "missingEndOfStream",
        /// The guest's kernel panicked or met an unexpected fault.
        KernelPanic = "kernelPanic",
        /// Two counts of the same thing differ.
        AccountsUnbalanced = "accountsUnbalanced",
        /// The trace ends in the middle of a frame.
        TraceCutOff = "traceCutOff",
        /// Bytes of the trace are not what was sent.
        FrameDamaged = "frameDamaged",
        /// Frames are missing, doubled or out of order.
        SequenceBroken = "sequenceBroken",
        /// Time runs backwards.
        TimeOrderBroken = "timeOrderBroken",
        /// Records were lost inside a window.
        RecordsDropped = "recordsDropped",
        /// Segments overlap, or do not nest as declared.
        SegmentsUnbalanced = "segmentsUnbalanced",
        /// The stream says that it is of another boot than the one it is kept for.
        SessionMismatch = "sessionMismatch",
        /// Something that the row requires is not in its streams.
        EvidenceMissing = "evidenceMissing",
        /// The program used authority its profile does not declare.
        AuthorityExceeded = "authorityExceeded",
        /// A denial that the profile declares was not proven.
        DenialUnproven = "denialUnproven",
        /// The kernel was built with a feature the configuration does not declare.
        UndeclaredFeature = "undeclaredFeature",
        /// The reference used another workload size or corpus.
        ReferenceMismatch = "referenceMismatch",
        /// Two instruments measured one interval and disagree.
        InstrumentsDisagree = "instrumentsDisagree",
        /// Boots that must be identical are not.
        StreamsDiffer = "streamsDiffer",
        /// The host was busy with something else.
        HostNotQuiescent = "hostNotQuiescent",
        /// A smoke that the benchmark stands on did not pass in the same run.
        SmokeFailed = "smokeFailed",
    }
}

words! {
    /// Something that the benchmark needs does not exist here.
    "unsupported reason" UnsupportedReason {
        /// The guest has no such subsystem yet.
        MissingSubsystem = "missingSubsystem",
        /// The host has no image of the guest.
        NoGuestImage = "noGuestImage",
        /// The host cannot provide the mode.
        NoAccelerator = "noAccelerator",
    }
}

words! {
    /// The question does not make sense for this guest.
    "not-applicable reason" NotApplicableReason {
        /// Every translation would measure something else.
        NoHonestTranslation = "noHonestTranslation",
    }
}

words! {
    /// Two rows stand side by side and cannot be divided.
    "reason for no ratio" NoRatioReason {
        /// One of the two has no value.
        NotMeasured = "notMeasured",
        /// They worked on different input.
        ReferenceMismatch = "referenceMismatch",
        /// They count different things.
        UnitsDiffer = "unitsDiffer",
        /// The denominator is zero.
        ZeroDenominator = "zeroDenominator",
    }
}
