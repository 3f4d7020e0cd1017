//! A second thread that an operation needs.

use super::Failure;
use super::sleeper::Sleeper;
use crate::sys;
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};

/// A helper thread; the primitive that owns it tells it to end, then joins.
pub struct Helper {
    thread: Option<JoinHandle<()>>,
    sleeper: Sleeper,
}

impl Helper {
    /// Starts `work` in a thread.
    pub fn start(work: impl FnOnce() + Send + 'static) -> Result<Helper, Failure> {
        let (send, receive) = mpsc::channel();
        let thread = Builder::new()
            .name("helper".into())
            .spawn(move || {
                // The starter waits for it.
                let _ = send.send(sys::thread_id());
                work();
            })
            .map_err(Failure::of("start a helper thread"))?;
        let id = receive
            .recv()
            .map_err(|_| Failure::Oracle("the helper thread ended at once".into()))?;
        Ok(Helper {
            thread: Some(thread),
            sleeper: Sleeper::new(id)?,
        })
    }

    /// Returns once it sleeps.
    pub fn settle(&self) -> Result<(), Failure> {
        self.sleeper.wait()
    }

    /// Waits for its end. A panic in it has ended the program already.
    pub fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
