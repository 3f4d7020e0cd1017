# The messages of the published capOS schema that the reference guest uses.
#
# Same file id, ordinals and field types as the original, so every message is
# the original's bytes. Methods are written as their parameter and result
# structs: the guest wants messages, not RPC stubs. Interface ids are constants
# in `abi/src/interface.rs`, and a test derives them from the file id.
@0x9a76291f4fccaf48;

struct ConsoleWriteParams { data @0 :Data; }
struct ConsoleWriteLineParams { text @0 :Text; }

struct TimerNowResults { ns @0 :UInt64; tick @1 :UInt64; }
struct TimerSleepParams { ns @0 :UInt64; }

struct ParkBenchWaitParams {
  addr @0 :UInt64;
  expected @1 :UInt32;
  timeoutNs @2 :UInt64;
}
struct ParkBenchWaitResults { blocked @0 :Bool; }
struct ParkBenchWakeParams { addr @0 :UInt64; maxWake @1 :UInt32; }
struct ParkBenchWakeResults { woken @0 :UInt32; }

struct BootPackageManifestSizeResults { size @0 :UInt64; }
struct BootPackageReadManifestParams { offset @0 :UInt64; maxBytes @1 :UInt32; }
struct BootPackageReadManifestResults { data @0 :Data; }

# A terminal: lines in, bytes out.
struct TerminalSessionWriteParams { data @0 :Data; }
struct TerminalSessionWriteLineParams { text @0 :Text; }
struct TerminalSessionReadLineParams { request @0 :LineRequest; }
struct TerminalSessionReadLineResults { status @0 :LineStatus; line @1 :Data; }

enum LineEcho { visible @0; hidden @1; }
enum LineStatus { submitted @0; cancelled @1; closed @2; }

struct LineRequest {
  prompt @0 :Text;
  maxBytes @1 :UInt32;
  echo @2 :LineEcho;
  allowEmpty @3 :Bool;
}

# The console's password.
enum CredentialCheckStatus { success @0; denied @1; unavailable @2; }

struct CredentialStoreStatusResults { configured @0 :Bool; volatile @1 :Bool; }
struct CredentialStoreVerifyParams { password @0 :Data; }
struct CredentialStoreVerifyResults { status @0 :CredentialCheckStatus; volatile @1 :Bool; }
struct CredentialStorePolicyResults { developmentShellAllowed @0 :Bool; }
struct CredentialStoreCreateParams { password @0 :Data; }
struct CredentialStoreCreateResults { configured @0 :Bool; volatile @1 :Bool; }

# Sessions: who somebody is, and what that opens.
enum PrincipalKind {
  human @0;
  operator @1;
  service @2;
  guest @3;
  anonymous @4;
  pseudonymous @5;
}

enum AuthStrength {
  none @0;
  localPresence @1;
  password @2;
  hardwareKey @3;
  multiParty @4;
  publicKey @5;
}

enum LoginSelectorKind { accountName @0; principalId @1; }

struct LoginSelector { kind @0 :LoginSelectorKind; value @1 :Data; }

struct LoginSourceMetadata {
  terminalEventId @0 :Data;
  source @1 :Text;
  remoteAddr @2 :Data;
}

struct SessionManagerLoginParams {
  method @0 :Text;
  selector @1 :LoginSelector;
  proof @2 :Data;
  source @3 :LoginSourceMetadata;
}
# The same for all ways to log in.
struct SessionManagerLoginResults { sessionIndex @0 :UInt16; }

struct PrincipalInfo {
  id @0 :Data;
  kind @1 :PrincipalKind;
  displayName @2 :Text;
}

struct SessionInfo {
  sessionId @0 :Data;
  principal @1 :PrincipalInfo;
  authStrength @2 :AuthStrength;
  createdAtMs @3 :UInt64;
  expiresAtMs @4 :UInt64;
  profile @5 :Text;
}

struct UserSessionInfoResults { info @0 :SessionInfo; }
struct UserSessionAuditContextResults { sessionId @0 :Data; principalId @1 :Data; }
struct UserSessionLogoutResults {}

# The same for shells and remote clients.
struct AuthorityBrokerBundleParams { sessionCapId @0 :UInt32; profile @1 :Text; }
struct AuthorityBrokerBundleResults {
  launcherIndex @0 :UInt16;
  sessionIndex @1 :UInt16;
  systemInfoIndex @2 :UInt16;
  serviceEndpoints @3 :List(BundleEndpoint);
}

struct BundleEndpoint { name @0 :Text; capIndex @1 :UInt16; }

# Its spawn methods take what ProcessSpawner's takes.
struct RestrictedLauncherSpawnResults { handleIndex @0 :UInt16; }
struct RestrictedLauncherListBinariesResults { names @0 :List(Text); }

struct SystemInfoMotdResults { text @0 :Text; }
struct SystemInfoHostnameResults { name @0 :Text; }

struct ProcessSpawnerSpawnParams {
  name @0 :Text;
  binaryName @1 :Text;
  grants @2 :List(CapGrant);
}
struct ProcessSpawnerSpawnResults {
  handleIndex @0 :UInt16;
  capabilityManagerIndex @1 :UInt16;
}

struct ProcessHandleWaitResults { exitCode @0 :Int64; }

struct ThreadControlGetFsBaseResults { fsBase @0 :UInt64; }
struct ThreadControlSetFsBaseParams { fsBase @0 :UInt64; }
struct ThreadControlExitThreadParams { exitCode @0 :Int64; }

struct ThreadSpawnerCreateParams {
  entry @0 :UInt64;
  stackTop @1 :UInt64;
  arg @2 :UInt64;
  fsBase @3 :UInt64;
  flags @4 :UInt64;
}
struct ThreadSpawnerCreateResults { handleIndex @0 :UInt16; }

struct ThreadHandleJoinResults { exitCode @0 :Int64; }
struct ThreadHandleExitCodeResults { exited @0 :Bool; exitCode @1 :Int64; }

struct VirtualMemoryMapParams {
  hint @0 :UInt64;
  size @1 :UInt64;
  prot @2 :UInt32;
}
struct VirtualMemoryMapResults { addr @0 :UInt64; }
struct VirtualMemoryUnmapParams { addr @0 :UInt64; size @1 :UInt64; }
struct VirtualMemoryProtectParams {
  addr @0 :UInt64;
  size @1 :UInt64;
  prot @2 :UInt32;
}
struct VirtualMemoryReserveParams { hint @0 :UInt64; size @1 :UInt64; }
struct VirtualMemoryReserveResults { addr @0 :UInt64; }
struct VirtualMemoryCommitParams {
  addr @0 :UInt64;
  size @1 :UInt64;
  prot @2 :UInt32;
}
struct VirtualMemoryDecommitParams { addr @0 :UInt64; size @1 :UInt64; }

struct MemoryObjectInfoResults { pageCount @0 :UInt32; sizeBytes @1 :UInt64; }
struct MemoryObjectMapParams {
  hint @0 :UInt64;
  offset @1 :UInt64;
  size @2 :UInt64;
  prot @3 :UInt32;
}
struct MemoryObjectMapResults { addr @0 :UInt64; }
struct MemoryObjectUnmapParams { addr @0 :UInt64; size @1 :UInt64; }
struct MemoryObjectProtectParams {
  addr @0 :UInt64;
  size @1 :UInt64;
  prot @2 :UInt32;
}

struct FrameAllocatorAllocFrameResults { handleIndex @0 :UInt16; }
struct FrameAllocatorAllocContiguousParams { count @0 :UInt32; }
struct FrameAllocatorAllocContiguousResults { handleIndex @0 :UInt16; }

struct CapabilityManagerListResults { caps @0 :List(CapInfo); }
struct CapabilityManagerRevokeParams { capId @0 :UInt32; }
struct CapabilityManagerRevokeResults {}

struct CapInfo {
  id @0 :UInt32;
  interfaceId @1 :UInt64;
  label @2 :Text;
}

enum CapGrantMode {
  raw @0;
  clientEndpoint @1;
  move @2;
  serviceObject @3;
}

struct CapGrant {
  name @0 :Text;
  capId @1 :UInt32;
  interfaceId @2 :UInt64;
  mode @3 :CapGrantMode;
  source @4 :CapGrantSource;
  badge @5 :UInt64;
}

struct CapGrantSource {
  union {
    capability @0 :Void;
    kernel @1 :UInt16;
  }
}

enum ExceptionType {
  failed @0;
  overloaded @1;
  disconnected @2;
  unimplemented @3;
  invalidArgument @4;
}

struct CapException {
  type @0 :ExceptionType;
  message @1 :Text;
}
