//! Interface ids and the kernel's capability sources.

/// `Console`.
pub const CONSOLE: u64 = 0x913a_e022_0246_3262;
/// `Timer`.
pub const TIMER: u64 = 0x9ac1_5f2e_068e_4b7b;
/// `NullCap`, which is in no schema: ASCII `nullcap0`.
pub const NULL: u64 = 0x6e75_6c6c_6361_7030;
/// `ParkBench`.
pub const PARK_BENCH: u64 = 0xee87_4571_6391_e35c;
/// `BootPackage`.
pub const BOOT_PACKAGE: u64 = 0xf90b_23a1_ce34_df61;
/// `ProcessSpawner`.
pub const PROCESS_SPAWNER: u64 = 0xc38e_920d_571b_d988;
/// `ProcessHandle`.
pub const PROCESS_HANDLE: u64 = 0xd5b6_eb41_fc32_049b;
/// `CapabilityManager`.
pub const CAPABILITY_MANAGER: u64 = 0xa619_067a_feb1_3801;
/// `Endpoint`.
pub const ENDPOINT: u64 = 0xd5dc_40d9_73e7_5b84;
/// `ParkSpace`.
pub const PARK_SPACE: u64 = 0xb520_d669_3ae6_db6f;
/// `ThreadControl`.
pub const THREAD_CONTROL: u64 = 0x8b2f_6272_ccb7_8e32;
/// `ThreadSpawner`.
pub const THREAD_SPAWNER: u64 = 0xdcdd_6651_f6fd_25b0;
/// `ThreadHandle`.
pub const THREAD_HANDLE: u64 = 0xd394_558c_d1df_8c83;
/// `VirtualMemory`.
pub const VIRTUAL_MEMORY: u64 = 0x8624_6d60_3d6c_b6e5;
/// `MemoryObject`.
pub const MEMORY_OBJECT: u64 = 0xa6d3_25ad_1360_95be;
/// `FrameAllocator`.
pub const FRAME_ALLOCATOR: u64 = 0x99c5_fd03_46dd_918b;
/// `TerminalSession`.
pub const TERMINAL_SESSION: u64 = 0x9348_4e80_4b83_f366;
/// `CredentialStore`.
pub const CREDENTIAL_STORE: u64 = 0x934f_2fd9_b1d1_905c;
/// `SessionManager`.
pub const SESSION_MANAGER: u64 = 0xeea8_ac86_8bbe_e502;
/// `UserSession`.
pub const USER_SESSION: u64 = 0x80b8_7169_c39a_af1c;
/// `AuthorityBroker`.
pub const AUTHORITY_BROKER: u64 = 0xbf77_7872_762a_ba80;
/// `RestrictedLauncher`.
pub const RESTRICTED_LAUNCHER: u64 = 0xb042_7df1_ca05_38aa;
/// `SystemInfo`.
pub const SYSTEM_INFO: u64 = 0xfbbd_c602_980c_b986;
/// `MeasureControl`, capbench's own.
pub const MEASURE_CONTROL: u64 = 0xf022_9a3b_132d_fd03;

/// A capability the kernel itself provides, by its published ordinal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum KernelSource {
    /// Writes to the boot console.
    Console = 0,
    /// Calls between processes: a new endpoint for each grant.
    Endpoint = 1,
    /// Hands out memory as objects.
    FrameAllocator = 2,
    /// The calling process's own address space.
    VirtualMemory = 3,
    /// Starts processes from the boot image's binaries.
    ProcessSpawner = 4,
    /// Reads the boot manifest.
    BootPackage = 5,
    /// The terminal: output, and lines of input.
    TerminalSession = 6,
    /// The console's password.
    CredentialStore = 8,
    /// Sessions for users who log in.
    SessionManager = 9,
    /// What a session's profile declares.
    AuthorityBroker = 10,
    /// What the system is called.
    SystemInfo = 12,
    /// Accepts any call and does nothing.
    Null = 13,
    /// Park-shaped work for measurement.
    ParkBench = 14,
    /// Monotonic time.
    Timer = 15,
    /// The calling thread's own.
    ThreadControl = 16,
    /// Starts threads.
    ThreadSpawner = 17,
    /// Waiting on words of the process's own memory.
    ParkSpace = 18,
    /// Measurement windows. Not a published source: the ordinal is *chosen*, far
    /// from the published ones.
    MeasureControl = 0x8000,
}

impl KernelSource {
    /// Every source the reference kernel knows.
    pub const ALL: &[Self] = &[
        Self::Console,
        Self::Endpoint,
        Self::FrameAllocator,
        Self::VirtualMemory,
        Self::ProcessSpawner,
        Self::BootPackage,
        Self::TerminalSession,
        Self::CredentialStore,
        Self::SessionManager,
        Self::AuthorityBroker,
        Self::SystemInfo,
        Self::Null,
        Self::ParkBench,
        Self::Timer,
        Self::ThreadControl,
        Self::ThreadSpawner,
        Self::ParkSpace,
        Self::MeasureControl,
    ];

    /// The source's spelling in a manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Endpoint => "endpoint",
            Self::FrameAllocator => "frame_allocator",
            Self::VirtualMemory => "virtual_memory",
            Self::ProcessSpawner => "process_spawner",
            Self::BootPackage => "boot_package",
            Self::TerminalSession => "terminal_session",
            Self::CredentialStore => "credential_store",
            Self::SessionManager => "session_manager",
            Self::AuthorityBroker => "authority_broker",
            Self::SystemInfo => "system_info",
            Self::Null => "null",
            Self::ParkBench => "park_bench",
            Self::Timer => "timer",
            Self::ThreadControl => "thread_control",
            Self::ThreadSpawner => "thread_spawner",
            Self::ParkSpace => "park_space",
            Self::MeasureControl => "measure_control",
        }
    }

    /// The interface a hold on this source has.
    pub const fn interface_id(self) -> u64 {
        match self {
            Self::Console => CONSOLE,
            Self::Endpoint => ENDPOINT,
            Self::FrameAllocator => FRAME_ALLOCATOR,
            Self::VirtualMemory => VIRTUAL_MEMORY,
            Self::ProcessSpawner => PROCESS_SPAWNER,
            Self::BootPackage => BOOT_PACKAGE,
            Self::TerminalSession => TERMINAL_SESSION,
            Self::CredentialStore => CREDENTIAL_STORE,
            Self::SessionManager => SESSION_MANAGER,
            Self::AuthorityBroker => AUTHORITY_BROKER,
            Self::SystemInfo => SYSTEM_INFO,
            Self::Null => NULL,
            Self::ParkBench => PARK_BENCH,
            Self::Timer => TIMER,
            Self::ThreadControl => THREAD_CONTROL,
            Self::ThreadSpawner => THREAD_SPAWNER,
            Self::ParkSpace => PARK_SPACE,
            Self::MeasureControl => MEASURE_CONTROL,
        }
    }

    /// The source with this ordinal.
    pub fn from_ordinal(ordinal: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| *s as u16 == ordinal)
    }

    /// The source with this spelling.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use md5::{Digest, Md5};

    /// The published rule: the first eight bytes, big endian, of the MD5 of file
    /// id and name, with the top bit set.
    fn derived(file_id: u64, name: &str) -> u64 {
        let digest = Md5::new()
            .chain_update(file_id.to_le_bytes())
            .chain_update(name)
            .finalize();
        let first: [u8; 8] = digest[..8].try_into().unwrap();
        u64::from_be_bytes(first) | 1 << 63
    }

    #[test]
    fn interface_ids_follow_from_the_file_id_and_the_name() {
        let capos = |name| derived(0x9a76_291f_4fcc_af48, name);
        assert_eq!(CONSOLE, capos("Console"));
        assert_eq!(TIMER, capos("Timer"));
        assert_eq!(PARK_BENCH, capos("ParkBench"));
        assert_eq!(BOOT_PACKAGE, capos("BootPackage"));
        assert_eq!(PROCESS_SPAWNER, capos("ProcessSpawner"));
        assert_eq!(PROCESS_HANDLE, capos("ProcessHandle"));
        assert_eq!(CAPABILITY_MANAGER, capos("CapabilityManager"));
        assert_eq!(ENDPOINT, capos("Endpoint"));
        assert_eq!(PARK_SPACE, capos("ParkSpace"));
        assert_eq!(THREAD_CONTROL, capos("ThreadControl"));
        assert_eq!(THREAD_SPAWNER, capos("ThreadSpawner"));
        assert_eq!(THREAD_HANDLE, capos("ThreadHandle"));
        assert_eq!(VIRTUAL_MEMORY, capos("VirtualMemory"));
        assert_eq!(MEMORY_OBJECT, capos("MemoryObject"));
        assert_eq!(FRAME_ALLOCATOR, capos("FrameAllocator"));
        assert_eq!(TERMINAL_SESSION, capos("TerminalSession"));
        assert_eq!(CREDENTIAL_STORE, capos("CredentialStore"));
        assert_eq!(SESSION_MANAGER, capos("SessionManager"));
        assert_eq!(USER_SESSION, capos("UserSession"));
        assert_eq!(AUTHORITY_BROKER, capos("AuthorityBroker"));
        assert_eq!(RESTRICTED_LAUNCHER, capos("RestrictedLauncher"));
        assert_eq!(SYSTEM_INFO, capos("SystemInfo"));
        assert_eq!(NULL, u64::from_be_bytes(*b"nullcap0"));
        assert_eq!(
            MEASURE_CONTROL,
            derived(0xf3c1_a9d5_7e2b_4860, "MeasureControl")
        );
    }

    #[test]
    fn sources_are_found_by_ordinal_and_by_name() {
        for source in KernelSource::ALL.iter().copied() {
            assert_eq!(KernelSource::from_ordinal(source as u16), Some(source));
            assert_eq!(KernelSource::from_name(source.name()), Some(source));
        }
        assert_eq!(KernelSource::from_ordinal(49), None);
        assert_eq!(KernelSource::from_name("nic"), None);
    }
}
