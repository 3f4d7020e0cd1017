//! A process's capabilities: ids, generations, quota.
//!
//! An id is `generation << 24 | index`. Removing a hold bumps the slot's
//! generation and pushes the slot on a last-in-first-out free list, so an id that
//! was given up stays refused; a slot whose generation reached 255 retires for
//! good. Holds share an epoch with their object: bumping it revokes every copy in
//! every process at once. Lookup costs two bounds-free loads and two compares.
//!
//! Objects that are memory weigh as many frames as they have. Every hold counts
//! against the quota of the table it is in, whoever made the object: a process cannot
//! be given more than it could allocate.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;

/// Slots one process may own.
pub const SLOT_QUOTA: usize = 256;

/// Frames that one process's holds may weigh, as published.
pub const FRAME_QUOTA: u64 = 4096;

/// What can be held.
pub trait Weigh {
    /// Frames that exist because of the object.
    fn frames(&self) -> u64 {
        0
    }
}

const INDEX_BITS: u32 = 24;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;

/// How a hold may leave its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferMode {
    /// It stays.
    NonTransferable,
    /// It may be copied or moved.
    Copy,
    /// It may only be moved.
    Move,
}

/// An object and the epoch that all holds of it share.
#[derive(Debug)]
pub struct Shared<T> {
    epoch: Cell<u32>,
    /// The object.
    pub object: T,
}

impl<T> Shared<T> {
    /// Revokes every hold of the object, in every process.
    pub fn revoke(&self) {
        self.epoch.set(self.epoch.get().wrapping_add(1));
    }
}

/// One capability of a process.
#[derive(Debug)]
pub struct Hold<T> {
    object: Rc<Shared<T>>,
    epoch: u32,
    /// The interface it was granted as.
    pub interface_id: u64,
    /// The badge it was granted with.
    pub badge: u64,
    /// How it may be passed on.
    pub transfer: TransferMode,
}

impl<T> Clone for Hold<T> {
    fn clone(&self) -> Self {
        Self {
            object: Rc::clone(&self.object),
            ..*self
        }
    }
}

impl<T: Weigh> Hold<T> {
    /// Frames that it counts for.
    pub fn frames(&self) -> u64 {
        self.object.object.frames()
    }
}

impl<T> Hold<T> {
    /// The first hold of a new object.
    pub fn new(object: T, interface_id: u64, transfer: TransferMode) -> Self {
        Self {
            object: Rc::new(Shared {
                epoch: Cell::new(0),
                object,
            }),
            epoch: 0,
            interface_id,
            badge: 0,
            transfer,
        }
    }

    /// A share of the object, for as long as a call uses it.
    #[inline]
    pub fn share(&self) -> Rc<Shared<T>> {
        Rc::clone(&self.object)
    }

    /// The object, whether revoked or not.
    pub fn object(&self) -> &T {
        &self.object.object
    }

    /// Whether no other hold of the object exists, in any table.
    pub fn is_last(&self) -> bool {
        Rc::strong_count(&self.object) == 1
    }

    fn is_live(&self) -> bool {
        self.epoch == self.object.epoch.get()
    }
}

/// Why an id does not name a live capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// The table has no such slot, or the slot is empty.
    NotFound,
    /// The slot was given up and used again.
    StaleGeneration,
    /// The object was revoked.
    Revoked,
}

/// The table has no room left: no slot, or not for so many frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableFull;

#[derive(Debug)]
struct Slot<T> {
    generation: u8,
    hold: Option<Hold<T>>,
}

/// The table.
#[derive(Debug)]
pub struct CapabilityTable<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    live: usize,
    /// What all holds weigh.
    frames: u64,
}

impl<T> Default for CapabilityTable<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            live: 0,
            frames: 0,
        }
    }
}

impl<T: Weigh> CapabilityTable<T> {
    /// Live capabilities.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// How many more capabilities fit.
    pub fn room(&self) -> usize {
        self.free.len() + SLOT_QUOTA - self.slots.len()
    }

    /// How many more frames its holds may weigh.
    pub fn frame_room(&self) -> u64 {
        FRAME_QUOTA.saturating_sub(self.frames)
    }

    /// Takes a hold in and names it.
    pub fn insert(&mut self, hold: Hold<T>) -> Result<u32, TableFull> {
        let frames = hold.frames();
        if frames > self.frame_room() {
            return Err(TableFull);
        }
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.slots.len() < SLOT_QUOTA => {
                self.slots.push(Slot {
                    generation: 0,
                    hold: None,
                });
                self.slots.len() as u32 - 1
            }
            None => return Err(TableFull),
        };
        let slot = &mut self.slots[index as usize];
        slot.hold = Some(hold);
        self.live += 1;
        self.frames += frames;
        Ok(u32::from(slot.generation) << INDEX_BITS | index)
    }

    /// The live capability of this id.
    #[inline]
    pub fn lookup(&self, id: u32) -> Result<&Hold<T>, LookupError> {
        let slot = self
            .slots
            .get((id & INDEX_MASK) as usize)
            .ok_or(LookupError::NotFound)?;
        if u32::from(slot.generation) != id >> INDEX_BITS {
            return Err(LookupError::StaleGeneration);
        }
        let hold = slot.hold.as_ref().ok_or(LookupError::NotFound)?;
        if !hold.is_live() {
            return Err(LookupError::Revoked);
        }
        Ok(hold)
    }

    /// Gives a capability up. A revoked one can be given up too.
    pub fn remove(&mut self, id: u32) -> Result<Hold<T>, LookupError> {
        let hold = self.reserve(id)?;
        self.commit(id);
        Ok(hold)
    }

    /// Takes a capability out, whether revoked or not, and keeps its slot until
    /// [`commit`](Self::commit) or [`roll_back`](Self::roll_back). Until then its id
    /// names nothing.
    pub fn reserve(&mut self, id: u32) -> Result<Hold<T>, LookupError> {
        let slot = self
            .slots
            .get_mut((id & INDEX_MASK) as usize)
            .ok_or(LookupError::NotFound)?;
        if u32::from(slot.generation) != id >> INDEX_BITS {
            return Err(LookupError::StaleGeneration);
        }
        let hold = slot.hold.take().ok_or(LookupError::NotFound)?;
        self.frames -= hold.frames();
        Ok(hold)
    }

    /// Gives up the slot of a reserved id, for good.
    pub fn commit(&mut self, id: u32) {
        let index = id & INDEX_MASK;
        let slot = &mut self.slots[index as usize];
        debug_assert!(slot.hold.is_none(), "only a reserved slot is committed");
        self.live -= 1;
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.free.push(index);
        }
    }

    /// Puts a reserved capability back under its id, even if its frames are meanwhile
    /// more than the quota: it was there before.
    pub fn roll_back(&mut self, id: u32, hold: Hold<T>) {
        self.frames += hold.frames();
        self.slots[(id & INDEX_MASK) as usize].hold = Some(hold);
    }

    /// Revokes the object of this id: every hold of it, in every process.
    pub fn revoke(&self, id: u32) -> Result<(), LookupError> {
        self.lookup(id)?.object.revoke();
        Ok(())
    }

    /// Everything held, revoked or not.
    pub fn into_holds(self) -> impl Iterator<Item = Hold<T>> {
        self.slots.into_iter().filter_map(|slot| slot.hold)
    }

    /// The live capabilities with their ids, in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Hold<T>)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let hold = slot.hold.as_ref().filter(|hold| hold.is_live())?;
            Some((
                u32::from(slot.generation) << INDEX_BITS | index as u32,
                hold,
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Weigh for u32 {}

    fn hold(value: u32) -> Hold<u32> {
        Hold::new(value, 1, TransferMode::Copy)
    }

    /// So many frames.
    #[derive(Debug)]
    struct Memory(u64);

    impl Weigh for Memory {
        fn frames(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn every_hold_of_memory_counts_where_it_is() {
        let memory = |frames| Hold::new(Memory(frames), 1, TransferMode::Copy);
        let (mut mine, mut theirs) = (CapabilityTable::default(), CapabilityTable::default());
        let large = memory(FRAME_QUOTA - 1);
        let id = mine.insert(large.clone()).unwrap();
        assert_eq!(mine.insert(large.clone()), Err(TableFull));
        assert!(theirs.insert(large).is_ok());
        assert!(mine.insert(memory(1)).is_ok());
        assert_eq!(mine.insert(memory(1)), Err(TableFull));
        assert!(mine.insert(memory(0)).is_ok());
        // What is on its way out no longer counts, and what comes back always fits.
        let hold = mine.reserve(id).unwrap();
        let other = mine.insert(memory(2)).unwrap();
        mine.roll_back(id, hold);
        assert_eq!(mine.frame_room(), 0);
        mine.remove(id).unwrap();
        mine.remove(other).unwrap();
        assert_eq!(mine.frame_room(), FRAME_QUOTA - 1);
    }

    #[test]
    fn the_first_id_is_zero_and_ids_count_up() {
        let mut table = CapabilityTable::default();
        assert_eq!(table.insert(hold(0)), Ok(0));
        assert_eq!(table.insert(hold(1)), Ok(1));
        assert_eq!(*table.lookup(1).unwrap().object(), 1);
    }

    #[test]
    fn a_reused_slot_refuses_its_old_id() {
        let mut table = CapabilityTable::default();
        let old = table.insert(hold(0)).unwrap();
        table.remove(old).unwrap();
        let new = table.insert(hold(1)).unwrap();
        assert_eq!(new, 1 << 24);
        assert_eq!(table.lookup(old).err(), Some(LookupError::StaleGeneration));
        assert_eq!(table.remove(old).err(), Some(LookupError::StaleGeneration));
        assert_eq!(*table.lookup(new).unwrap().object(), 1);
    }

    #[test]
    fn slots_are_reused_last_in_first_out() {
        let mut table = CapabilityTable::default();
        for value in 0..3 {
            table.insert(hold(value)).unwrap();
        }
        table.remove(0).unwrap();
        table.remove(2).unwrap();
        assert_eq!(table.insert(hold(9)).unwrap() & INDEX_MASK, 2);
        assert_eq!(table.insert(hold(9)).unwrap() & INDEX_MASK, 0);
    }

    #[test]
    fn a_slot_serves_256_lifetimes_and_retires() {
        let mut table = CapabilityTable::default();
        for round in 0..256u32 {
            let id = table.insert(hold(round)).unwrap();
            assert_eq!(id, round << 24);
            table.remove(id).unwrap();
        }
        assert_eq!(table.insert(hold(0)), Ok(1));
        assert_eq!(table.lookup(255 << 24).err(), Some(LookupError::NotFound));
        assert_eq!(table.room(), SLOT_QUOTA - 2);
    }

    #[test]
    fn a_reserved_capability_is_out_of_reach_until_it_is_put_back() {
        let mut table = CapabilityTable::default();
        let id = table.insert(hold(7)).unwrap();
        let reserved = table.reserve(id).unwrap();
        assert_eq!(table.lookup(id).err(), Some(LookupError::NotFound));
        assert_eq!(table.reserve(id).err(), Some(LookupError::NotFound));
        assert_ne!(table.insert(hold(8)).unwrap(), id);
        table.roll_back(id, reserved);
        assert_eq!(*table.lookup(id).unwrap().object(), 7);
        table.reserve(id).unwrap();
        table.commit(id);
        assert_eq!(table.lookup(id).err(), Some(LookupError::StaleGeneration));
    }

    #[test]
    fn revoking_reaches_copies_in_other_tables() {
        let (mut mine, mut theirs) = (CapabilityTable::default(), CapabilityTable::default());
        let first = hold(5);
        let copy = theirs.insert(first.clone()).unwrap();
        let id = mine.insert(first).unwrap();
        let unrelated = theirs.insert(hold(6)).unwrap();
        mine.revoke(id).unwrap();
        assert_eq!(mine.lookup(id).err(), Some(LookupError::Revoked));
        assert_eq!(theirs.lookup(copy).err(), Some(LookupError::Revoked));
        assert!(theirs.lookup(unrelated).is_ok());
        assert_eq!(theirs.iter().count(), 1);
        assert!(theirs.remove(copy).is_ok());
    }

    #[test]
    fn the_quota_ends_the_table() {
        let mut table = CapabilityTable::default();
        for value in 0..SLOT_QUOTA as u32 {
            table.insert(hold(value)).unwrap();
        }
        assert_eq!(table.room(), 0);
        assert_eq!(table.insert(hold(0)), Err(TableFull));
    }

    proptest! {
        #[test]
        fn only_ids_that_were_given_out_and_kept_are_found(
            steps in prop::collection::vec((any::<bool>(), 0usize..32), 1..200),
            probes in prop::collection::vec(any::<u32>(), 0..32),
        ) {
            let mut table = CapabilityTable::default();
            let mut kept = Vec::new();
            for (value, (insert, pick)) in steps.into_iter().enumerate() {
                if insert {
                    kept.push((table.insert(hold(value as u32)).unwrap(), value as u32));
                } else if !kept.is_empty() {
                    let (id, _) = kept.swap_remove(pick % kept.len());
                    table.remove(id).unwrap();
                }
            }
            prop_assert_eq!(table.len(), kept.len());
            for (id, value) in &kept {
                prop_assert_eq!(table.lookup(*id).unwrap().object(), value);
            }
            for id in probes {
                prop_assert_eq!(table.lookup(id).is_ok(), kept.iter().any(|(k, _)| *k == id));
            }
        }
    }
}
