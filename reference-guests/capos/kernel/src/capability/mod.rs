//! The kernel's capabilities: what can be called, and how a call is answered.
//!
//! A call passes three steps, which a dispatch measures apart: *decode* turns the
//! parameter message into a typed [`Request`] that still points into it, the
//! *method body* does the work and yields a [`Reply`], *encode* turns that into
//! the result message in the caller's memory. Each capability has one file with
//! its interface and its share of all three.

pub mod authority_broker;
pub mod boot_package;
pub mod capability_manager;
pub mod console;
pub mod credential_store;
pub mod endpoint;
pub mod exception;
pub mod frame_allocator;
pub mod interface;
#[cfg(feature = "measure")]
pub mod measure_control;
pub mod memory_object;
pub mod message;
pub mod null;
pub mod park_bench;
pub mod park_space;
pub mod process_handle;
pub mod process_spawner;
pub mod restricted_launcher;
pub mod scratch;
pub mod session_manager;
pub mod system_info;
pub mod terminal_session;
pub mod thread_control;
pub mod thread_handle;
pub mod thread_spawner;
pub mod timer;
pub mod transfer;
pub mod user_session;
pub mod virtual_memory;

use crate::kernel::Kernel;
use crate::memory::object::MemoryObject;
use crate::process::{Process, Status, ThreadStatus, Waiter};
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use endpoint::Endpoint;
use exception::Exception;
use guest_abi::interface::KernelSource;
use guest_abi::ring::ResultCap;
use interface::Interface;
use kernel_core::capability_table::{Hold, TransferMode, Weigh};
use message::{Encoder, Message};
use user_session::Session;

/// What a hold refers to.
#[derive(Clone, Debug)]
pub enum Object {
    /// Writes to the boot console.
    Console,
    /// Monotonic time.
    Timer,
    /// Accepts any call and does nothing.
    Null,
    /// Park-shaped work for measurement.
    ParkBench,
    /// Reads the boot manifest, or one program's part of it.
    BootPackage(boot_package::View),
    /// Starts processes.
    ProcessSpawner,
    /// Waits for and ends a process.
    ProcessHandle(Rc<Status>),
    /// Lists and revokes a process's capabilities.
    CapabilityManager(Rc<Status>),
    /// Receives calls and answers them; may call too.
    Endpoint(Rc<Endpoint>),
    /// Calls an endpoint, and nothing else.
    EndpointClient(Rc<Endpoint>),
    /// Threads of the caller's process wait on words.
    ParkSpace,
    /// What a thread may change about itself.
    ThreadControl,
    /// Starts threads.
    ThreadSpawner,
    /// Waits for a thread.
    ThreadHandle(Rc<ThreadStatus>),
    /// Changes the caller's address space.
    VirtualMemory,
    /// Memory that can be shared.
    Memory(Rc<MemoryObject>),
    /// Hands out such memory.
    FrameAllocator,
    /// Writes to the terminal and reads lines from it.
    TerminalSession,
    /// Checks and sets the console's password.
    CredentialStore,
    /// Makes sessions.
    SessionManager,
    /// Describes a session and ends it.
    UserSession(Rc<Session>),
    /// Gives sessions what their profiles declare.
    AuthorityBroker,
    /// Starts the binaries that a session's profile names.
    RestrictedLauncher(Rc<Session>),
    /// Reports the name of the system.
    SystemInfo,
    /// Opens and closes measurement windows.
    #[cfg(feature = "measure")]
    MeasureControl,
}

impl Weigh for Object {
    fn frames(&self) -> u64 {
        match self {
            Self::Memory(object) => object.pages().into(),
            _ => 0,
        }
    }
}

/// A decoded call.
#[derive(Debug)]
pub enum Request<'m> {
    /// A method of `Console`.
    Console(console::Request<'m>),
    /// A method of `Timer`.
    Timer(timer::Request),
    /// Any method of `NullCap`.
    Null,
    /// A method of `ParkBench`.
    ParkBench(park_bench::Request),
    /// A method of `BootPackage`.
    BootPackage(boot_package::Request),
    /// `ProcessSpawner.spawn`.
    Spawn(process_spawner::Spawn<'m>),
    /// A method of `ProcessHandle`.
    ProcessHandle(process_handle::Request),
    /// A method of `CapabilityManager`.
    CapabilityManager(capability_manager::Request),
    /// A method of `ThreadControl`.
    ThreadControl(thread_control::Request),
    /// `ThreadSpawner.create`.
    CreateThread(thread_spawner::Create),
    /// A method of `ThreadHandle`.
    ThreadHandle(thread_handle::Request),
    /// A method of `VirtualMemory`.
    VirtualMemory(virtual_memory::Request),
    /// A method of `MemoryObject`.
    MemoryObject(memory_object::Request),
    /// A method of `FrameAllocator`.
    Allocate(frame_allocator::Allocate),
    /// A method of `TerminalSession`.
    TerminalSession(terminal_session::Request<'m>),
    /// A method of `CredentialStore`.
    CredentialStore(credential_store::Request<'m>),
    /// A method of `SessionManager`.
    SessionManager(session_manager::Request<'m>),
    /// A method of `UserSession`.
    UserSession(user_session::Request),
    /// A method of `AuthorityBroker`.
    AuthorityBroker(authority_broker::Request<'m>),
    /// A method of `RestrictedLauncher`.
    RestrictedLauncher(restricted_launcher::Request<'m>),
    /// A method of `SystemInfo`.
    SystemInfo(system_info::Request),
    /// A method of `MeasureControl`.
    #[cfg(feature = "measure")]
    MeasureControl(measure_control::Request<'m>),
}

/// What a method body answers.
#[derive(Debug)]
pub enum Reply {
    /// A void method: no message.
    Void,
    /// The method completes later; somebody keeps the [`Waiter`].
    Pending,
    /// Results of `Timer.now`.
    Time(u64),
    /// Results of `ParkBench.wait`.
    Blocked(bool),
    /// Results of `ParkBench.wake`.
    Woken(u32),
    /// Results of `BootPackage.manifestSize`.
    ManifestSize(u64),
    /// Results of `BootPackage.readManifest`.
    Manifest(boot_package::Part),
    /// Results of `ProcessSpawner.spawn`: handle, manager, and the parent's side of
    /// new endpoints.
    Spawned(Vec<ResultCap>),
    /// Results of `ProcessHandle.wait`.
    Exited(i64),
    /// Results of `CapabilityManager.list`.
    Capabilities(capability_manager::List),
    /// Results of `CapabilityManager.revoke`: a message without content.
    Revoked,
    /// Results of `ThreadControl.getFsBase`.
    FsBase(u64),
    /// Results of `ThreadSpawner.create`.
    ThreadStarted(ResultCap),
    /// Results of `ThreadHandle.join`.
    Joined(i64),
    /// Results of `ThreadHandle.exitCode`.
    ThreadExitCode(Option<i64>),
    /// Results of `VirtualMemory.map` and `reserve` and of `MemoryObject.map`.
    Mapped(u64),
    /// Results of `MemoryObject.info`: pages.
    MemoryInfo(u32),
    /// Results of `FrameAllocator`'s methods.
    Allocated(ResultCap),
    /// Results of methods of `CredentialStore`.
    Credential(credential_store::Results),
    /// Results of the methods of `SessionManager`.
    LoggedIn(ResultCap),
    /// Results of `UserSession.info`.
    Session(Rc<Session>),
    /// Results of `UserSession.auditContext`.
    SessionIds(Rc<Session>),
    /// Results of `UserSession.logout`: a message without content.
    LoggedOut,
    /// Results of the methods of `AuthorityBroker`: launcher, session, system
    /// information.
    Bundle([ResultCap; 3]),
    /// Results of `RestrictedLauncher`'s spawn methods: handle, and the parent's side
    /// of new endpoints.
    Launched(Vec<ResultCap>),
    /// Results of `RestrictedLauncher.listBinaries`.
    Binaries(Vec<String>),
    /// Results of `SystemInfo.motd`.
    Motd(&'static str),
    /// Results of `SystemInfo.hostname`.
    Hostname(&'static str),
    /// Results of `MeasureControl.begin`.
    #[cfg(feature = "measure")]
    Window(u32),
}

/// Why a call fails.
#[derive(Clone, Copy, Debug)]
pub enum CallError {
    /// The parameters cannot be read from the caller's memory.
    Parameters,
    /// The result cannot be written to the caller's memory.
    Result,
    /// The method says no.
    Exception(Exception),
}

impl From<Exception> for CallError {
    fn from(exception: Exception) -> Self {
        Self::Exception(exception)
    }
}

/// What a method body may use.
pub struct Context<'k> {
    /// The kernel.
    pub kernel: &'k mut Kernel,
    /// The caller.
    pub caller: &'k mut Process,
    /// Keeps the call's place if it completes later.
    pub waiter: Waiter,
}

/// Every interface of this kernel.
#[cfg(feature = "measure")]
pub const INTERFACES: [Interface; 24] = [
    console::INTERFACE,
    timer::INTERFACE,
    null::INTERFACE,
    park_bench::INTERFACE,
    boot_package::INTERFACE,
    process_spawner::INTERFACE,
    process_handle::INTERFACE,
    capability_manager::INTERFACE,
    measure_control::INTERFACE,
    endpoint::INTERFACE,
    park_space::INTERFACE,
    thread_control::INTERFACE,
    thread_spawner::INTERFACE,
    thread_handle::INTERFACE,
    virtual_memory::INTERFACE,
    memory_object::INTERFACE,
    frame_allocator::INTERFACE,
    terminal_session::INTERFACE,
    credential_store::INTERFACE,
    session_manager::INTERFACE,
    user_session::INTERFACE,
    authority_broker::INTERFACE,
    restricted_launcher::INTERFACE,
    system_info::INTERFACE,
];

impl Object {
    /// The object of a kernel source, if this kernel has it. A new one each time where
    /// the source makes objects.
    pub fn from_source(source: KernelSource) -> Option<Self> {
        Some(match source {
            KernelSource::Console => Self::Console,
            KernelSource::Timer => Self::Timer,
            KernelSource::Null => Self::Null,
            KernelSource::ParkBench => Self::ParkBench,
            KernelSource::BootPackage => Self::BootPackage(boot_package::View::Whole),
            KernelSource::ProcessSpawner => Self::ProcessSpawner,
            KernelSource::Endpoint => Self::Endpoint(Rc::default()),
            KernelSource::ParkSpace => Self::ParkSpace,
            KernelSource::ThreadControl => Self::ThreadControl,
            KernelSource::ThreadSpawner => Self::ThreadSpawner,
            KernelSource::VirtualMemory => Self::VirtualMemory,
            KernelSource::FrameAllocator => Self::FrameAllocator,
            KernelSource::TerminalSession => Self::TerminalSession,
            KernelSource::CredentialStore => Self::CredentialStore,
            KernelSource::SessionManager => Self::SessionManager,
            KernelSource::AuthorityBroker => Self::AuthorityBroker,
            KernelSource::SystemInfo => Self::SystemInfo,
            #[cfg(feature = "measure")]
            KernelSource::MeasureControl => Self::MeasureControl,
            #[cfg(not(feature = "measure"))]
            KernelSource::MeasureControl => return None,
        })
    }

    /// A new hold on a kernel source.
    pub fn grant(source: KernelSource) -> Option<Hold<Self>> {
        let object = Self::from_source(source)?;
        let interface_id = source.interface_id();
        Some(Hold::new(object, interface_id, TransferMode::Copy))
    }

    /// What can be called.
    #[inline(always)]
    pub fn interface(&self) -> Interface {
        self.of_interface(|interface| *interface)
    }

    /// Something that follows from the interface. Worked out for each interface when
    /// the kernel is compiled, so that a call pays for no more than the answer.
    #[inline(always)]
    fn of_interface<T>(&self, answer: impl Fn(&Interface) -> T) -> T {
        match self {
            Self::Console => answer(&console::INTERFACE),
            Self::Timer => answer(&timer::INTERFACE),
            Self::Null => answer(&null::INTERFACE),
            Self::ParkBench => answer(&park_bench::INTERFACE),
            Self::BootPackage(_) => answer(&boot_package::INTERFACE),
            Self::ProcessSpawner => answer(&process_spawner::INTERFACE),
            Self::ProcessHandle(_) => answer(&process_handle::INTERFACE),
            Self::CapabilityManager(_) => answer(&capability_manager::INTERFACE),
            #[cfg(feature = "measure")]
            Self::MeasureControl => answer(&measure_control::INTERFACE),
            Self::Endpoint(_) | Self::EndpointClient(_) => answer(&endpoint::INTERFACE),
            Self::ParkSpace => answer(&park_space::INTERFACE),
            Self::ThreadControl => answer(&thread_control::INTERFACE),
            Self::ThreadSpawner => answer(&thread_spawner::INTERFACE),
            Self::ThreadHandle(_) => answer(&thread_handle::INTERFACE),
            Self::VirtualMemory => answer(&virtual_memory::INTERFACE),
            Self::Memory(_) => answer(&memory_object::INTERFACE),
            Self::FrameAllocator => answer(&frame_allocator::INTERFACE),
            Self::TerminalSession => answer(&terminal_session::INTERFACE),
            Self::CredentialStore => answer(&credential_store::INTERFACE),
            Self::SessionManager => answer(&session_manager::INTERFACE),
            Self::UserSession(_) => answer(&user_session::INTERFACE),
            Self::AuthorityBroker => answer(&authority_broker::INTERFACE),
            Self::RestrictedLauncher(_) => answer(&restricted_launcher::INTERFACE),
            Self::SystemInfo => answer(&system_info::INTERFACE),
        }
    }

    /// Whether the object has this method. Asked before the parameters are looked
    /// at: an unknown method is `unimplemented` whatever it is called with.
    #[inline]
    pub fn has_method(&self, method: u16) -> bool {
        self.of_interface(|interface| interface.methods.contains(method))
    }

    /// The typed call.
    #[inline(always)]
    pub fn decode<'m>(
        &self,
        method: u16,
        message: &'m Message<'m>,
    ) -> Result<Request<'m>, Exception> {
        Ok(match self {
            Self::Console => Request::Console(console::decode(method, message)?),
            Self::Timer => Request::Timer(timer::decode(method, message)?),
            Self::Null => Request::Null,
            Self::ParkBench => Request::ParkBench(park_bench::decode(method, message)?),
            Self::BootPackage(_) => Request::BootPackage(boot_package::decode(method, message)?),
            Self::ProcessSpawner => Request::Spawn(process_spawner::decode(message)?),
            Self::ProcessHandle(_) => Request::ProcessHandle(process_handle::decode(method)),
            Self::CapabilityManager(_) => {
                Request::CapabilityManager(capability_manager::decode(method, message)?)
            }
            Self::ThreadControl => Request::ThreadControl(thread_control::decode(method, message)?),
            Self::ThreadSpawner => Request::CreateThread(thread_spawner::decode(message)?),
            Self::ThreadHandle(_) => Request::ThreadHandle(thread_handle::decode(method)),
            Self::VirtualMemory => Request::VirtualMemory(virtual_memory::decode(method, message)?),
            Self::Memory(_) => Request::MemoryObject(memory_object::decode(method, message)?),
            Self::FrameAllocator => Request::Allocate(frame_allocator::decode(method, message)?),
            Self::TerminalSession => {
                Request::TerminalSession(terminal_session::decode(method, message)?)
            }
            Self::CredentialStore => {
                Request::CredentialStore(credential_store::decode(method, message)?)
            }
            Self::SessionManager => {
                Request::SessionManager(session_manager::decode(method, message)?)
            }
            Self::UserSession(_) => Request::UserSession(user_session::decode(method)),
            Self::AuthorityBroker => {
                Request::AuthorityBroker(authority_broker::decode(method, message)?)
            }
            Self::RestrictedLauncher(_) => {
                Request::RestrictedLauncher(restricted_launcher::decode(method, message)?)
            }
            Self::SystemInfo => Request::SystemInfo(system_info::decode(method)),
            Self::Endpoint(_) | Self::EndpointClient(_) | Self::ParkSpace => {
                unreachable!("no methods of the kernel's own")
            }
            #[cfg(feature = "measure")]
            Self::MeasureControl => {
                Request::MeasureControl(measure_control::decode(method, message)?)
            }
        })
    }

    /// The method body. The object is the caller's own copy, because the body may
    /// change the caller's table.
    #[inline(always)]
    pub fn invoke(
        &self,
        request: Request<'_>,
        context: &mut Context<'_>,
    ) -> Result<Reply, Exception> {
        match (self, request) {
            (Self::Null, Request::Null) => null::invoke(),
            (Self::Console, Request::Console(request)) => console::invoke(request),
            (Self::Timer, Request::Timer(request)) => timer::invoke(request, context),
            (Self::ParkBench, Request::ParkBench(request)) => park_bench::invoke(request),
            (Self::BootPackage(view), Request::BootPackage(request)) => {
                boot_package::invoke(*view, request, &context.kernel.image)
            }
            (Self::ProcessSpawner, Request::Spawn(request)) => {
                process_spawner::invoke(request, context)
            }
            (Self::ProcessHandle(status), Request::ProcessHandle(request)) => {
                process_handle::invoke(status, request, context)
            }
            (Self::CapabilityManager(status), Request::CapabilityManager(request)) => {
                capability_manager::invoke(status, request, context)
            }
            (Self::ThreadControl, Request::ThreadControl(request)) => {
                thread_control::invoke(request, context)
            }
            (Self::ThreadSpawner, Request::CreateThread(request)) => {
                thread_spawner::invoke(request, context)
            }
            (Self::ThreadHandle(status), Request::ThreadHandle(request)) => {
                thread_handle::invoke(status, request, context)
            }
            (Self::VirtualMemory, Request::VirtualMemory(request)) => {
                virtual_memory::invoke(request, context)
            }
            (Self::Memory(object), Request::MemoryObject(request)) => {
                memory_object::invoke(object, request, context)
            }
            (Self::FrameAllocator, Request::Allocate(request)) => {
                frame_allocator::invoke(request, context)
            }
            (Self::TerminalSession, Request::TerminalSession(request)) => {
                terminal_session::invoke(request, context)
            }
            (Self::CredentialStore, Request::CredentialStore(request)) => {
                credential_store::invoke(request, context)
            }
            (Self::SessionManager, Request::SessionManager(request)) => {
                session_manager::invoke(request, context)
            }
            (Self::UserSession(session), Request::UserSession(request)) => {
                user_session::invoke(session, request, context)
            }
            (Self::AuthorityBroker, Request::AuthorityBroker(request)) => {
                authority_broker::invoke(request, context)
            }
            (Self::RestrictedLauncher(session), Request::RestrictedLauncher(request)) => {
                restricted_launcher::invoke(session, request, context)
            }
            (Self::SystemInfo, Request::SystemInfo(request)) => {
                system_info::invoke(request, context)
            }
            #[cfg(feature = "measure")]
            (Self::MeasureControl, Request::MeasureControl(request)) => {
                measure_control::invoke(request, context)
            }
            _ => unreachable!("a request is decoded for its object"),
        }
    }
}

impl Reply {
    /// Writes the result message to the caller. Bytes written.
    #[inline]
    pub fn encode(&self, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
        match self {
            Self::Void | Self::Pending => Ok(0),
            Self::Time(nanoseconds) => timer::encode(*nanoseconds, encoder),
            Self::Blocked(blocked) => park_bench::encode_blocked(*blocked, encoder),
            Self::Woken(woken) => park_bench::encode_woken(*woken, encoder),
            Self::ManifestSize(size) => boot_package::encode_size(*size, encoder),
            Self::Manifest(part) => boot_package::encode_part(part, encoder),
            Self::Spawned(capabilities) => process_spawner::encode(capabilities, encoder),
            Self::Exited(code) => process_handle::encode(*code, encoder),
            Self::Capabilities(list) => capability_manager::encode_list(list, encoder),
            Self::Revoked => capability_manager::encode_revoked(encoder),
            Self::FsBase(address) => thread_control::encode_fs_base(*address, encoder),
            Self::ThreadStarted(handle) => thread_spawner::encode(*handle, encoder),
            Self::Joined(code) => thread_handle::encode_join(*code, encoder),
            Self::ThreadExitCode(code) => thread_handle::encode_exit_code(*code, encoder),
            Self::Mapped(address) => virtual_memory::encode(*address, encoder),
            Self::MemoryInfo(pages) => memory_object::encode_info(*pages, encoder),
            Self::Allocated(object) => frame_allocator::encode(*object, encoder),
            Self::Credential(results) => credential_store::encode(*results, encoder),
            Self::LoggedIn(session) => session_manager::encode(*session, encoder),
            Self::Session(session) => user_session::encode_info(session, encoder),
            Self::SessionIds(session) => user_session::encode_ids(session, encoder),
            Self::LoggedOut => user_session::encode_logged_out(encoder),
            Self::Bundle(bundle) => authority_broker::encode(bundle, encoder),
            Self::Launched(capabilities) => restricted_launcher::encode(capabilities, encoder),
            Self::Binaries(names) => restricted_launcher::encode_names(names, encoder),
            Self::Motd(text) => system_info::encode_motd(text, encoder),
            Self::Hostname(name) => system_info::encode_hostname(name, encoder),
            #[cfg(feature = "measure")]
            Self::Window(window) => measure_control::encode(*window, encoder),
        }
    }

    /// Capabilities that follow the message.
    #[inline]
    pub fn capability_count(&self) -> u16 {
        match self {
            Self::Spawned(capabilities) | Self::Launched(capabilities) => capabilities.len() as u16,
            Self::ThreadStarted(_) | Self::Allocated(_) | Self::LoggedIn(_) => 1,
            Self::Bundle(bundle) => bundle.len() as u16,
            _ => 0,
        }
    }
}
