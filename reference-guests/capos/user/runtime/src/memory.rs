//! Memory: the program's address space, and objects that can be shared.

use crate::call::{Answer, CallError, Parameters, call, call_raw, release};
use crate::capset;
use crate::platform::VOID;
use crate::ring::Ring;
use guest_abi::capos_capnp::{
    frame_allocator_alloc_contiguous_params, frame_allocator_alloc_frame_results,
    memory_object_info_results, memory_object_map_params, memory_object_map_results,
    memory_object_protect_params, memory_object_unmap_params, virtual_memory_commit_params,
    virtual_memory_decommit_params, virtual_memory_map_params, virtual_memory_map_results,
    virtual_memory_protect_params, virtual_memory_reserve_params, virtual_memory_reserve_results,
    virtual_memory_unmap_params,
};
use guest_abi::interface::{FRAME_ALLOCATOR, VIRTUAL_MEMORY};

/// May be read.
pub const READ: u32 = 1;
/// May be written.
pub const WRITE: u32 = 2;
/// May be executed.
pub const EXECUTE: u32 = 4;

/// Where the kernel chooses.
pub const ANYWHERE: u64 = 0;

/// The `memory` grant: the program's own address space.
#[derive(Clone, Copy, Debug)]
pub struct VirtualMemory(u32);

impl VirtualMemory {
    /// The grant.
    pub fn find() -> Option<Self> {
        capset::find("memory", VIRTUAL_MEMORY).map(Self)
    }

    /// Its id, for submissions by hand.
    pub fn id(self) -> u32 {
        self.0
    }

    /// Maps new memory. Where.
    pub fn map(self, ring: &mut Ring, hint: u64, size: u64, prot: u32) -> Result<u64, CallError> {
        let mut parameters = Parameters::new_default();
        let mut root = parameters.init_root::<virtual_memory_map_params::Builder<'_>>();
        root.set_hint(hint);
        root.set_size(size);
        root.set_prot(prot);
        let answer = call(ring, self.0, 0, &parameters)?;
        let message = answer.message()?;
        let root = message.get_root::<virtual_memory_map_results::Reader<'_>>()?;
        Ok(root.get_addr())
    }

    /// Unmaps memory, and ends reservations.
    pub fn unmap(self, ring: &mut Ring, address: u64, size: u64) -> Result<(), CallError> {
        let mut parameters = Parameters::new_default();
        let mut root = parameters.init_root::<virtual_memory_unmap_params::Builder<'_>>();
        root.set_addr(address);
        root.set_size(size);
        call(ring, self.0, 1, &parameters).map(|_| ())
    }

    /// Changes what may be done with memory.
    pub fn protect(
        self,
        ring: &mut Ring,
        address: u64,
        size: u64,
        prot: u32,
    ) -> Result<(), CallError> {
        let mut parameters = Parameters::new_default();
        let mut root = parameters.init_root::<virtual_memory_protect_params::Builder<'_>>();
        root.set_addr(address);
        root.set_size(size);
        root.set_prot(prot);
        call(ring, self.0, 2, &parameters).map(|_| ())
    }

    /// Keeps addresses free. Which.
    pub fn reserve(self, ring: &mut Ring, hint: u64, size: u64) -> Result<u64, CallError> {
        let mut parameters = Parameters::new_default();
        let mut root = parameters.init_root::<virtual_memory_reserve_params::Builder<'_>>();
        root.set_hint(hint);
        root.set_size(size);
        let answer = call(ring, self.0, 3, &parameters)?;
        let message = answer.message()?;
        let root = message.get_root::<virtual_memory_reserve_results::Reader<'_>>()?;
        Ok(root.get_addr())
    }

    /// Puts memory where addresses are reserved.
    pub fn commit(
        self,
        ring: &mut Ring,
        address: u64,
        size: u64,
        prot: u32,
    ) -> Result<(), CallError> {
        let mut parameters = Parameters::new_default();
        let mut root = parameters.init_root::<virtual_memory_commit_params::Builder<'_>>();
        root.set_addr(address);
        root.set_size(size);
        root.set_prot(prot);
        call(ring, self.0, 4, &parameters).map(|_| ())
    }

    /// Takes memory away and keeps the addresses reserved.
    pub fn decommit(self, ring: &mut Ring, address: u64, size: u64) -> Result<(), CallError> {
        let mut parameters = Parameters::new_default();
        let mut root = parameters.init_root::<virtual_memory_decommit_params::Builder<'_>>();
        root.set_addr(address);
        root.set_size(size);
        call(ring, self.0, 5, &parameters).map(|_| ())
    }
}

/// The `frames` grant: where objects come from.
#[derive(Clone, Copy, Debug)]
pub struct FrameAllocator(u32);

impl FrameAllocator {
    /// The grant.
    pub fn find() -> Option<Self> {
        capset::find("frames", FRAME_ALLOCATOR).map(Self)
    }

    /// Its id, for submissions by hand.
    pub fn id(self) -> u32 {
        self.0
    }

    /// An object of one page.
    pub fn allocate(self, ring: &mut Ring) -> Result<MemoryObject, CallError> {
        object(&call_raw(ring, self.0, 0, &VOID)?)
    }

    /// An object of so many pages.
    pub fn allocate_contiguous(
        self,
        ring: &mut Ring,
        count: u32,
    ) -> Result<MemoryObject, CallError> {
        let mut parameters = Parameters::new_default();
        parameters
            .init_root::<frame_allocator_alloc_contiguous_params::Builder<'_>>()
            .set_count(count);
        object(&call(ring, self.0, 1, &parameters)?)
    }
}

fn object(answer: &Answer) -> Result<MemoryObject, CallError> {
    let message = answer.message()?;
    let root = message.get_root::<frame_allocator_alloc_frame_results::Reader<'_>>()?;
    answer.capability(root.get_handle_index()).map(MemoryObject)
}

/// Memory that can be mapped, and shared by granting it.
#[derive(Clone, Copy, Debug)]
pub struct MemoryObject(u32);

impl MemoryObject {
    /// The object behind a capability that was granted.
    pub fn from_id(id: u32) -> Self {
        Self(id)
    }

    /// Its id.
    pub fn id(self) -> u32 {
        self.0
    }

    /// Its size in pages and in bytes.
    pub fn info(self, ring: &mut Ring) -> Result<(u32, u64), CallError> {
        let answer = call_raw(ring, self.0, 0, &VOID)?;
        let message = answer.message()?;
        let root = message.get_root::<memory_object_info_results::Reader<'_>>()?;
        Ok((root.get_page_count(), root.get_size_bytes()))
    }

    /// Maps a part of it. Where.
    pub fn map(
        self,
        ring: &mut Ring,
        hint: u64,
        offset: u64,
        size: u64,
        prot: u32,
    ) -> Result<u64, CallError> {
        let mut parameters = Parameters::new_default();
        let mut root = parameters.init_root::<memory_object_map_params::Builder<'_>>();
        root.set_hint(hint);
        root.set_offset(offset);
        root.set_size(size);
        root.set_prot(prot);
        let answer = call(ring, self.0, 1, &parameters)?;
        let message = answer.message()?;
        let root = message.get_root::<memory_object_map_results::Reader<'_>>()?;
        Ok(root.get_addr())
    }

    /// Unmaps it.
    pub fn unmap(self, ring: &mut Ring, address: u64, size: u64) -> Result<(), CallError> {
        let mut parameters = Parameters::new_default();
        let mut root = parameters.init_root::<memory_object_unmap_params::Builder<'_>>();
        root.set_addr(address);
        root.set_size(size);
        call(ring, self.0, 2, &parameters).map(|_| ())
    }

    /// Changes what may be done where it is mapped.
    pub fn protect(
        self,
        ring: &mut Ring,
        address: u64,
        size: u64,
        prot: u32,
    ) -> Result<(), CallError> {
        let mut parameters = Parameters::new_default();
        let mut root = parameters.init_root::<memory_object_protect_params::Builder<'_>>();
        root.set_addr(address);
        root.set_size(size);
        root.set_prot(prot);
        call(ring, self.0, 3, &parameters).map(|_| ())
    }

    /// Gives it up; mappings stay.
    pub fn release(self, ring: &mut Ring) -> Result<(), CallError> {
        release(ring, self.0)
    }
}
