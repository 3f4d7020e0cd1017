//! The capability ring, seen from the kernel.
//!
//! [`page`] is the shared memory, [`enter`] the system call that serves it,
//! [`dispatch`] what happens to one submission, [`deferred`] what happens later to
//! one that could not be completed at once.

pub mod deferred;
pub mod dispatch;
pub mod enter;
pub mod page;
