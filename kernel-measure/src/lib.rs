//! Records spans, samples and counters in a kernel and streams them as frames.
