//! Both capability tables give out the same ids and the same refusals.

use std::sync::Arc;

use capos_lib::cap_table::{
    CapEpoch, CapError, CapHold, CapInvokeResult, CapObject, CapTable, CapTransferMode,
    ReplyScratch,
};
use kernel_core::capability_table::{
    CapabilityTable, Hold, LookupError, SLOT_QUOTA, TransferMode, Weigh,
};
use proptest::prelude::*;

/// An object that is told from others by its number.
struct Object(u64);

impl CapObject for Object {
    fn interface_id(&self) -> u64 {
        self.0
    }

    fn label(&self) -> &str {
        "object"
    }

    fn call(
        &self,
        _: u16,
        _: &[u8],
        _: &mut [u8],
        _: &mut dyn ReplyScratch,
    ) -> capnp::Result<CapInvokeResult> {
        unreachable!("nobody calls")
    }
}

/// The same in our table. It weighs nothing: quotas of frames are no part of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number(u64);

impl Weigh for Number {}

/// Why an id is refused, in both tables' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    NotFound,
    Stale,
    Revoked,
    Full,
}

impl From<LookupError> for Refusal {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound => Self::NotFound,
            LookupError::StaleGeneration => Self::Stale,
            LookupError::Revoked => Self::Revoked,
        }
    }
}

fn refusal(error: CapError) -> Refusal {
    match error {
        CapError::NotFound => Refusal::NotFound,
        CapError::StaleGeneration => Refusal::Stale,
        CapError::Revoked => Refusal::Revoked,
        // One for an index that does not exist, one for a quota; here they coincide.
        CapError::TableFull | CapError::ResourceExhausted("cap slots") => Refusal::Full,
        other => panic!("{other:?}"),
    }
}

/// The same table twice. Objects are kept, so that holds can be copied.
struct Both {
    ours: CapabilityTable<Number>,
    theirs: CapTable,
    objects: Vec<(Hold<Number>, Arc<dyn CapObject>, CapEpoch)>,
}

impl Both {
    fn new() -> Self {
        Self {
            ours: CapabilityTable::default(),
            theirs: CapTable::new(),
            objects: Vec::new(),
        }
    }

    /// A hold of a new object.
    fn insert_new(&mut self) -> Result<u32, Refusal> {
        let number = self.objects.len() as u64;
        let object: Arc<dyn CapObject> = Arc::new(Object(number));
        let hold = Hold::new(Number(number), number, TransferMode::Copy);
        self.objects.push((hold, object, CapTable::new_cap_epoch()));
        self.insert_copy(number as usize)
    }

    /// A further hold of an object, as old as the object.
    fn insert_copy(&mut self, object: usize) -> Result<u32, Refusal> {
        let (hold, object, epoch) = &self.objects[object];
        let ours = self.ours.insert(hold.clone()).map_err(|_| Refusal::Full);
        let mut their_hold = CapHold::kernel_cap(object.interface_id());
        their_hold.transfer_mode = CapTransferMode::Copy;
        let theirs = self
            .theirs
            .insert_with_observed_epoch(Arc::clone(object), their_hold, Arc::clone(epoch), 0)
            .map_err(refusal);
        assert_eq!(ours, theirs, "the id of a new hold");
        ours
    }

    fn lookup(&self, id: u32) -> Result<Number, Refusal> {
        let ours = self.ours.lookup(id).map(|hold| *hold.object());
        let ours = ours.map_err(Refusal::from);
        let theirs = self
            .theirs
            .get(id)
            .map(|object| Number(object.interface_id()));
        let theirs = self.of_empty_slot(id, theirs.map_err(refusal));
        assert_eq!(ours, theirs, "looking up {id:#x}");
        ours
    }

    /// The published table remembers of an empty slot that its last hold was revoked,
    /// and says so of the id that it will give out next. Nobody has that id.
    fn of_empty_slot<T>(&self, id: u32, verdict: Result<T, Refusal>) -> Result<T, Refusal> {
        let empty = self.theirs.get_arc_allow_revoked(id).is_err();
        match verdict {
            Err(Refusal::Revoked) if empty => Err(Refusal::NotFound),
            other => other,
        }
    }

    fn remove(&mut self, id: u32) -> Result<(), Refusal> {
        let ours = self.ours.remove(id).map(drop).map_err(Refusal::from);
        let theirs = self.theirs.remove(id).map(drop).map_err(refusal);
        assert_eq!(ours, theirs, "removing {id:#x}");
        ours
    }

    /// As the kernel's capability manager does: only a live id can be revoked.
    fn revoke(&mut self, id: u32) -> Result<(), Refusal> {
        let ours = self.ours.revoke(id).map_err(Refusal::from);
        let theirs = self.theirs.cap_hold(id).map_err(refusal).and_then(|hold| {
            let revoked = self.theirs.revoke_object_caps(hold.object_id);
            revoked.map(drop).map_err(refusal)
        });
        let theirs = self.of_empty_slot(id, theirs);
        assert_eq!(ours, theirs, "revoking {id:#x}");
        ours
    }
}

#[test]
fn ids_begin_at_zero_and_slots_come_back_last_in_first_out() {
    let mut both = Both::new();
    let ids: Vec<u32> = (0..4).map(|_| both.insert_new().unwrap()).collect();
    assert_eq!(ids, [0, 1, 2, 3]);
    both.remove(0).unwrap();
    both.remove(2).unwrap();
    assert_eq!(both.insert_new(), Ok(1 << 24 | 2));
    assert_eq!(both.insert_new(), Ok(1 << 24));
    assert_eq!(both.insert_new(), Ok(4));
    assert_eq!(both.lookup(2), Err(Refusal::Stale));
    assert_eq!(both.remove(2), Err(Refusal::Stale));
    assert_eq!(both.lookup(99), Err(Refusal::NotFound));
}

#[test]
fn a_revoked_object_is_refused_under_all_its_ids_and_can_be_given_up() {
    let mut both = Both::new();
    let first = both.insert_new().unwrap();
    let copy = both.insert_copy(0).unwrap();
    let other = both.insert_new().unwrap();
    both.revoke(first).unwrap();
    assert_eq!(both.lookup(first), Err(Refusal::Revoked));
    assert_eq!(both.lookup(copy), Err(Refusal::Revoked));
    assert_eq!(both.lookup(other), Ok(Number(1)));
    assert_eq!(both.revoke(copy), Err(Refusal::Revoked));
    both.remove(copy).unwrap();
    assert_eq!(both.lookup(copy), Err(Refusal::Stale));
}

#[test]
fn the_quota_ends_both_tables_and_a_removal_makes_room() {
    let mut both = Both::new();
    for _ in 0..SLOT_QUOTA {
        both.insert_new().unwrap();
    }
    assert_eq!(both.insert_new(), Err(Refusal::Full));
    both.remove(7).unwrap();
    assert_eq!(both.insert_new(), Ok(1 << 24 | 7));
    assert_eq!(both.insert_new(), Err(Refusal::Full));
}

#[test]
fn a_slot_serves_256_lifetimes_in_both_tables() {
    let mut both = Both::new();
    for lifetime in 0..256 {
        let id = both.insert_new().unwrap();
        assert_eq!(id, lifetime << 24);
        both.remove(id).unwrap();
    }
    assert_eq!(both.insert_new(), Ok(1));
    assert_eq!(both.lookup(255 << 24), Err(Refusal::NotFound));
    assert_eq!(both.remove(255 << 24), Err(Refusal::NotFound));
}

/// Both tables lose as many slots to retirement as were used up.
#[test]
fn a_table_whose_slots_have_all_retired_takes_nothing_more() {
    let mut both = Both::new();
    for _ in 0..SLOT_QUOTA * 256 {
        let id = both.insert_new().unwrap();
        both.remove(id).unwrap();
    }
    assert_eq!(both.insert_new(), Err(Refusal::Full));
}

#[derive(Clone, Debug)]
enum Step {
    InsertNew,
    InsertCopy(usize),
    Remove(usize),
    Revoke(usize),
    Lookup(usize),
    LookupAny(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::InsertNew),
        2 => any::<usize>().prop_map(Step::InsertCopy),
        4 => any::<usize>().prop_map(Step::Remove),
        1 => any::<usize>().prop_map(Step::Revoke),
        2 => any::<usize>().prop_map(Step::Lookup),
        1 => (0u32..4, 0u32..12).prop_map(|(g, i)| Step::LookupAny(g << 24 | i)),
        1 => any::<u32>().prop_map(Step::LookupAny),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_history_ends_alike(steps in prop::collection::vec(step(), 1..120)) {
        let mut both = Both::new();
        // Every id that was ever given out.
        let mut known: Vec<u32> = Vec::new();
        for step in steps {
            let pick = |number: usize| known.get(number % known.len().max(1)).copied();
            match step {
                Step::InsertNew => known.extend(both.insert_new().ok()),
                Step::InsertCopy(number) if !both.objects.is_empty() => {
                    let object = number % both.objects.len();
                    known.extend(both.insert_copy(object).ok());
                }
                Step::InsertCopy(_) => {}
                Step::Remove(number) => drop(pick(number).map(|id| both.remove(id))),
                Step::Revoke(number) => drop(pick(number).map(|id| both.revoke(id))),
                Step::Lookup(number) => drop(pick(number).map(|id| both.lookup(id))),
                Step::LookupAny(id) => drop(both.lookup(id)),
            }
            prop_assert_eq!(both.ours.len(), both.theirs.len());
        }
        for id in known {
            let _ = both.lookup(id);
        }
    }
}
