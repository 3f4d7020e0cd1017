//! Capabilities that go with a message.
//!
//! What a sender copies is cloned; what it moves is taken out of its table and its
//! slot kept until the message has arrived. Then either all of them are in the
//! receiver's table and the slots are given up, or none is and they are put back.

use super::Object;
use super::endpoint::SendError;
use crate::arch::user_copy;
use crate::measure;
use crate::process::Process;
use alloc::vec::Vec;
use guest_abi::ring::{ResultCap, Sqe, TransferDescriptor, TransferMode as Wanted, result};
use kernel_core::capability_table::{CapabilityTable, Hold, TransferMode};

/// Capabilities that one message may carry, as published.
const MAX_TRANSFERS: usize = 16;

/// A capability on its way.
#[derive(Debug)]
pub struct InTransit {
    hold: Hold<Object>,
    /// The slot it was moved out of, in the sender's table.
    moved_from: Option<u32>,
}

/// Capabilities that are in the receiver's table.
#[derive(Debug)]
pub struct Arrivals {
    /// Their description, for the receiver.
    pub records: Vec<ResultCap>,
    /// Slots that the sender must give up.
    pub moved: Vec<u32>,
}

/// Takes what a submission's descriptors name, all or nothing.
pub fn take(sender: &mut Process, sqe: &Sqe) -> Result<Vec<InTransit>, SendError> {
    let mut taken = Vec::new();
    let count = usize::from(sqe.xfer_cap_count);
    if count == 0 {
        return Ok(taken);
    }
    match take_each(sender, sqe, count, &mut taken) {
        Ok(()) => Ok(taken),
        Err(code) => {
            put_back(&mut sender.capabilities, taken);
            Err(SendError::Code(code))
        }
    }
}

fn take_each(
    sender: &mut Process,
    sqe: &Sqe,
    count: usize,
    taken: &mut Vec<InTransit>,
) -> Result<(), i32> {
    const LENGTH: usize = TransferDescriptor::LENGTH;
    let start = sqe.addr.checked_add(u64::from(sqe.len));
    let start = start.filter(|start| start.is_multiple_of(4));
    let start = start.ok_or(result::INVALID_TRANSFER_DESCRIPTOR)?;
    if count > MAX_TRANSFERS {
        return Err(result::INVALID_TRANSFER_DESCRIPTOR);
    }
    let mut bytes = [0; MAX_TRANSFERS * LENGTH];
    let bytes = &mut bytes[..count * LENGTH];
    user_copy::read(bytes, start).map_err(|_| result::INVALID_PARAMS_BUFFER)?;
    let (descriptors, _) = bytes.as_chunks::<LENGTH>();
    for descriptor in descriptors {
        let descriptor = TransferDescriptor::parse(descriptor);
        let descriptor = descriptor.ok_or(result::INVALID_TRANSFER_DESCRIPTOR)?;
        let table = &mut sender.capabilities;
        let hold = table.lookup(descriptor.cap_id);
        let hold = hold.map_err(|_| result::INVOKE_FAILED)?;
        taken.push(match (descriptor.mode, hold.transfer) {
            (Wanted::Copy, TransferMode::Copy) => InTransit {
                hold: hold.clone(),
                moved_from: None,
            },
            (Wanted::Move, TransferMode::Copy | TransferMode::Move) => InTransit {
                hold: table.reserve(descriptor.cap_id).expect("just looked up"),
                moved_from: Some(descriptor.cap_id),
            },
            _ => return Err(result::TRANSFER_NOT_SUPPORTED),
        });
    }
    Ok(())
}

/// Puts them into the receiver's table, all or nothing: if there is no room for all,
/// they are given back.
pub fn arrive(
    receiver: &mut Process,
    capabilities: Vec<InTransit>,
) -> Result<Arrivals, Vec<InTransit>> {
    let table = &receiver.capabilities;
    let frames: u64 = capabilities.iter().map(|c| c.hold.frames()).sum();
    if table.room() < capabilities.len() || table.frame_room() < frames {
        return Err(capabilities);
    }
    let mut records = Vec::with_capacity(capabilities.len());
    let mut moved = Vec::new();
    for capability in capabilities {
        records.push(receiver.give(capability.hold));
        moved.extend(capability.moved_from);
        let probe = measure::thread();
        probe.count(measure::TRANSFERS, 1);
    }
    Ok(Arrivals { records, moved })
}

/// Gives up the slots of what was moved.
pub fn give_up(table: &mut CapabilityTable<Object>, moved: Vec<u32>) {
    for id in moved {
        table.commit(id);
    }
}

/// Puts back what was moved.
pub fn put_back(table: &mut CapabilityTable<Object>, capabilities: Vec<InTransit>) {
    for capability in capabilities {
        if let Some(id) = capability.moved_from {
            table.roll_back(id, capability.hold);
        }
    }
}
