//! Who of an endpoint's callers meets which of its receivers.
//!
//! Calls and receivers each wait in the order they came. A call that met its
//! receiver is in flight, under an id, until it is answered or given up. Both
//! queues are bounded, so no process makes another's endpoint grow without end.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Calls that may wait for a receiver, as published.
pub const QUEUE_QUOTA: usize = 32;
/// Calls that may be in flight, as published.
pub const IN_FLIGHT_QUOTA: usize = 16;

/// An endpoint: `C` is a call that waits, `R` a receiver, `F` what is kept of a
/// call in flight.
#[derive(Debug)]
pub struct Endpoint<C, R, F> {
    calls: VecDeque<C>,
    receivers: VecDeque<R>,
    in_flight: Vec<(u32, F)>,
    last_id: u32,
    closed: bool,
}

/// Why a call or a receiver was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nobody can receive any more.
    Closed,
    /// The queue is full.
    Full,
}

impl<C, R, F> Default for Endpoint<C, R, F> {
    fn default() -> Self {
        Self {
            calls: VecDeque::new(),
            receivers: VecDeque::new(),
            in_flight: Vec::new(),
            last_id: 0,
            closed: false,
        }
    }
}

impl<C, R, F> Endpoint<C, R, F> {
    /// Why another call would be refused, if it would.
    pub fn refuses_call(&self) -> Option<Refused> {
        if self.closed {
            Some(Refused::Closed)
        } else if self.calls.len() >= QUEUE_QUOTA {
            Some(Refused::Full)
        } else {
            None
        }
    }

    /// Takes a call in.
    pub fn call(&mut self, call: C) -> Result<(), Refused> {
        match self.refuses_call() {
            Some(refused) => Err(refused),
            None => {
                self.calls.push_back(call);
                Ok(())
            }
        }
    }

    /// Takes a receiver in. How many may wait, the owner's own quota decides.
    pub fn receive(&mut self, receiver: R) {
        self.receivers.push_back(receiver);
    }

    /// Whether a call that came now would meet its receiver at once.
    pub fn has_receiver(&self) -> bool {
        self.calls.is_empty()
            && !self.receivers.is_empty()
            && self.in_flight.len() < IN_FLIGHT_QUOTA
    }

    /// The next call and its receiver, if both are there and another may be in
    /// flight.
    pub fn pair(&mut self) -> Option<(C, R)> {
        if self.calls.is_empty() || self.in_flight.len() >= IN_FLIGHT_QUOTA {
            return None;
        }
        let receiver = self.receivers.pop_front()?;
        let call = self.calls.pop_front()?;
        Some((call, receiver))
    }

    /// Puts a call back that its receiver could not take.
    pub fn put_back(&mut self, call: C) {
        self.calls.push_front(call);
    }

    /// Puts a call in flight. Its id: never 0, and not in use.
    pub fn begin(&mut self, call: F) -> u32 {
        loop {
            self.last_id = self.last_id.wrapping_add(1);
            let id = self.last_id;
            if id != 0 && self.in_flight(id).is_none() {
                self.in_flight.push((id, call));
                return id;
            }
        }
    }

    /// A call in flight.
    pub fn in_flight(&self, id: u32) -> Option<&F> {
        self.in_flight
            .iter()
            .find(|(other, _)| *other == id)
            .map(|(_, call)| call)
    }

    /// Takes a call out of flight.
    pub fn end(&mut self, id: u32) -> Option<F> {
        let place = self.in_flight.iter().position(|(other, _)| *other == id)?;
        Some(self.in_flight.remove(place).1)
    }

    /// Takes the first receiver that fits.
    pub fn cancel(&mut self, fits: impl FnMut(&R) -> bool) -> Option<R> {
        let place = self.receivers.iter().position(fits)?;
        self.receivers.remove(place)
    }

    /// Takes the calls in flight that fit.
    pub fn end_where(&mut self, mut fits: impl FnMut(&F) -> bool) -> Vec<F> {
        let taken = self.in_flight.extract_if(.., |(_, call)| fits(call));
        taken.map(|(_, call)| call).collect()
    }

    /// Takes the waiting calls that fit.
    pub fn withdraw(&mut self, mut fits: impl FnMut(&C) -> bool) -> Vec<C> {
        let (taken, kept): (Vec<C>, Vec<C>) = self.calls.drain(..).partition(|call| fits(call));
        self.calls = kept.into();
        taken
    }

    /// Forgets the receivers that fit.
    pub fn forget_receivers(&mut self, mut fits: impl FnMut(&R) -> bool) {
        self.receivers.retain(|receiver| !fits(receiver));
    }

    /// Takes nothing in any more. Everything that waited or was in flight.
    pub fn close(&mut self) -> (VecDeque<C>, Vec<F>) {
        self.closed = true;
        self.receivers.clear();
        let in_flight = self.in_flight.drain(..).map(|(_, call)| call).collect();
        (core::mem::take(&mut self.calls), in_flight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Plain = Endpoint<u32, u32, u32>;

    #[test]
    fn callers_and_receivers_meet_in_the_order_they_came() {
        let mut endpoint = Plain::default();
        endpoint.call(1).unwrap();
        assert_eq!(endpoint.pair(), None);
        endpoint.call(2).unwrap();
        endpoint.receive(10);
        endpoint.receive(20);
        assert_eq!(endpoint.pair(), Some((1, 10)));
        assert_eq!(endpoint.pair(), Some((2, 20)));
        assert_eq!(endpoint.pair(), None);
    }

    #[test]
    fn a_call_that_was_put_back_is_the_next() {
        let mut endpoint = Plain::default();
        endpoint.call(2).unwrap();
        endpoint.put_back(1);
        endpoint.receive(10);
        assert_eq!(endpoint.pair(), Some((1, 10)));
    }

    #[test]
    fn the_queue_is_bounded() {
        let mut endpoint = Plain::default();
        for call in 0..QUEUE_QUOTA as u32 {
            endpoint.call(call).unwrap();
        }
        assert_eq!(endpoint.call(99), Err(Refused::Full));
    }

    #[test]
    fn no_more_than_the_quota_is_in_flight() {
        let mut endpoint = Plain::default();
        for call in 0..IN_FLIGHT_QUOTA as u32 {
            endpoint.begin(call);
        }
        endpoint.call(99).unwrap();
        endpoint.receive(10);
        assert_eq!(endpoint.pair(), None);
        assert_eq!(endpoint.end(1), Some(0));
        assert_eq!(endpoint.pair(), Some((99, 10)));
    }

    #[test]
    fn an_answered_call_cannot_be_answered_again() {
        let mut endpoint = Plain::default();
        let id = endpoint.begin(7);
        assert_eq!(endpoint.end(id), Some(7));
        assert_eq!(endpoint.end(id), None);
    }

    #[test]
    fn ids_go_round_and_skip_those_in_use() {
        let mut endpoint = Plain::default();
        let first = endpoint.begin(0);
        assert_eq!(first, 1);
        endpoint.last_id = u32::MAX;
        assert_eq!(endpoint.begin(0), 2);
    }

    #[test]
    fn closing_gives_back_everything_and_takes_nothing_in() {
        let mut endpoint = Plain::default();
        endpoint.call(1).unwrap();
        endpoint.begin(2);
        let (calls, in_flight) = endpoint.close();
        assert_eq!((calls, in_flight), ([1].into(), [2].into()));
        assert_eq!(endpoint.call(3), Err(Refused::Closed));
    }

    proptest! {
        #[test]
        fn every_call_is_somewhere_exactly_once(steps in prop::collection::vec(0u8..6, 0..200)) {
            let mut endpoint = Plain::default();
            let (mut made, mut refused, mut flying, mut ended) = (0, 0, 0, 0);
            for step in steps {
                match step {
                    0 | 1 => {
                        made += 1;
                        refused += u32::from(endpoint.call(made).is_err());
                    }
                    2 => endpoint.receive(0),
                    3 => {
                        if let Some((call, _)) = endpoint.pair() {
                            endpoint.begin(call);
                            flying += 1;
                        }
                    }
                    4 => {
                        let mut first = true;
                        let taken = endpoint.end_where(|_| core::mem::take(&mut first));
                        flying -= taken.len() as u32;
                        ended += taken.len() as u32;
                    }
                    _ => ended += endpoint.withdraw(|call| call % 3 == 0).len() as u32,
                }
                let waiting = endpoint.calls.len() as u32;
                prop_assert_eq!(made, refused + waiting + flying + ended);
                prop_assert!(flying as usize <= IN_FLIGHT_QUOTA);
                prop_assert!(waiting as usize <= QUEUE_QUOTA);
            }
        }
    }
}
