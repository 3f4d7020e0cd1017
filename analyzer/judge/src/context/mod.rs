//! Context numbers: shown with the guests' and never in a ratio.

mod native;

pub(crate) use native::context as native;
