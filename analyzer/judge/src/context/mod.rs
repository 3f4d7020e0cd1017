//! Numbers that stand beside the guests' and never enter a ratio.

mod native;

pub(crate) use native::context as native;
