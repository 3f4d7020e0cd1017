//! What the kernel leaves to its first process.

use crate::sys::check;
use std::ffi::CStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

/// Name of the virtio port that takes the stream.
const PORT_NAME: &str = "capbench.trace";

/// The device announces its ports after the driver has started, so they appear
/// some time after process 1.
const PORT_POLL_INTERVAL: Duration = Duration::from_millis(1);
const PORT_POLLS: u32 = 5_000;

/// Mounts what the primitives and instruments use.
pub fn mount_file_systems() -> io::Result<()> {
    mount(c"devtmpfs", c"/dev")?;
    mount(c"proc", c"/proc")?;
    mount(c"sysfs", c"/sys")?;
    fs::create_dir_all("/dev/pts")?;
    mount(c"devpts", c"/dev/pts")
}

fn mount(kind: &CStr, place: &CStr) -> io::Result<()> {
    // SAFETY: all strings are terminated and live through the call.
    check(unsafe {
        libc::mount(
            kind.as_ptr(),
            place.as_ptr(),
            kind.as_ptr(),
            0,
            std::ptr::null(),
        )
    })
    .map_err(|error| io::Error::new(error.kind(), format!("{place:?}: {error}")))?;
    Ok(())
}

/// Opens the virtio port by its name, once it has one.
pub fn open_trace_port() -> io::Result<File> {
    for _ in 0..PORT_POLLS {
        if let Some(device) = find_port(Path::new("/sys/class/virtio-ports"))? {
            return OpenOptions::new()
                .write(true)
                .open(Path::new("/dev").join(device));
        }
        std::thread::sleep(PORT_POLL_INTERVAL);
    }
    Err(io::Error::new(
        ErrorKind::NotFound,
        format!("there is no virtio port named {PORT_NAME}"),
    ))
}

/// Name of the device behind the port, if it is there already.
fn find_port(class: &Path) -> io::Result<Option<std::ffi::OsString>> {
    let ports = match fs::read_dir(class) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        ports => ports?,
    };
    for port in ports {
        let port = port?;
        let name = fs::read_to_string(port.path().join("name")).unwrap_or_default();
        if name.trim_end() == PORT_NAME {
            return Ok(Some(port.file_name()));
        }
    }
    Ok(None)
}
