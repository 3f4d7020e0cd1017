//! Recording keeps what arrives, from a file, a FIFO or standard input, and says so.

use capbench_tests::command::{Said, executable, said};
use capbench_tests::source_copy::repository;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What the exit table says of a command that the user stopped.
const STOPPED: i32 = 130;
/// For what takes a moment, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A golden stream as a kernel sends it.
fn raw(directory: &Path) -> PathBuf {
    let golden = repository().join("tests/golden/ring-samples-v1.ktrace");
    let bytes = zstd::decode_all(File::open(golden).unwrap()).unwrap();
    let path = directory.join("raw");
    fs::write(&path, bytes).unwrap();
    path
}

fn command(source: &Path, out: &Path) -> Command {
    let mut command = Command::new(executable());
    command.arg("record").arg(source).arg("--out").arg(out);
    command
}

fn record(source: &Path, out: &Path) -> Said {
    said(&command(source, out).output().unwrap())
}

/// A recording that goes on while the test does something.
fn start(source: &Path, out: &Path) -> Child {
    command(source, out)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn send(recording: &Child, signal: &str) {
    let number = recording.id().to_string();
    let sent = Command::new("kill").args([signal, &number]).status();
    assert!(sent.unwrap().success());
}

/// Waits for the end that a signal makes, and nothing but a signal.
fn stop(mut recording: Child, signal: &str) -> Said {
    send(&recording, signal);
    let open = recording.stdin.take();
    wait_until("the recording ends", || {
        recording.try_wait().unwrap().is_some()
    });
    drop(open);
    said(&recording.wait_with_output().unwrap())
}

fn fifo(directory: &Path) -> PathBuf {
    let path = directory.join("fifo");
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    path
}

/// The stream as it came, out of a trace.
fn stream(trace: &Path) -> Vec<u8> {
    zstd::decode_all(File::open(trace).unwrap()).unwrap()
}

fn part(out: &Path) -> PathBuf {
    out.with_extension("trace.part")
}

#[track_caller]
fn refused(done: &Said, words: &[&str]) {
    assert_eq!(done.status, 1, "{}", done.text);
    // Lines are broken for people.
    let text = done.text.replace('│', " ");
    let text: Vec<&str> = text.split_whitespace().collect();
    let text = text.join(" ");
    for word in ["help: "].iter().chain(words) {
        assert!(text.contains(word), "no `{word}`: {text}");
    }
}

/// What a trace says, but for its name.
fn inspected(trace: &Path) -> String {
    let output = Command::new(executable())
        .args(["inspect", "--format=json"])
        .arg(trace.file_name().unwrap())
        .current_dir(trace.parent().unwrap())
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_recorded_stream_is_the_trace_that_a_run_would_have_kept() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("ring-samples-v1.ktrace");
    let done = record(&raw(directory.path()), &out);
    assert_eq!(done.status, 0, "{}", done.text);
    let golden = repository().join("tests/golden/ring-samples-v1.ktrace");
    assert_eq!(inspected(&out), inspected(&golden));
    assert!(!out.with_extension("trace.part").exists());
}

#[test]
fn standard_input_that_stops_in_the_middle_is_kept_and_said() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = fs::read(raw(directory.path())).unwrap();
    let out = directory.path().join("cut.ktrace");
    let mut child = command(Path::new("-"), &out)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let half = &bytes[..bytes.len() / 2];
    child.stdin.take().unwrap().write_all(half).unwrap();
    let done = said(&child.wait_with_output().unwrap());
    assert_eq!(done.status, 0, "{}", done.text);
    assert!(done.text.contains("the stream has no end"), "{}", done.text);
    assert!(out.exists());
}

#[test]
fn what_cannot_be_recorded_is_named_with_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    let source = raw(directory.path());
    let out = place("out.ktrace");
    refused(&record(&place("absent"), &out), &["absent", "mkfifo"]);
    refused(&record(directory.path(), &out), &["is a directory"]);
    let _listener = UnixListener::bind(place("socket")).unwrap();
    refused(&record(&place("socket"), &out), &["socket", "socat"]);
    fs::write(place("empty"), []).unwrap();
    refused(&record(&place("empty"), &out), &["nothing came from"]);
    refused(&record(Path::new("-"), &out), &["nothing came from"]);
    let nowhere = place("nowhere/out.ktrace");
    refused(&record(&source, &nowhere), &["nowhere"]);
    refused(&record(Path::new("-"), &nowhere), &["nowhere"]);
    assert!(!out.exists() && !part(&out).exists());

    fs::write(place("letter"), "no frames").unwrap();
    let kept = place("letter.ktrace");
    refused(&record(&place("letter"), &kept), &["is kept in"]);
    assert_eq!(stream(&kept), b"no frames");

    fs::write(&out, b"mine").unwrap();
    refused(&record(&source, &out), &["never overwrites"]);
    assert_eq!(fs::read(&out).unwrap(), b"mine");
    let link = place("link.ktrace");
    symlink("absent", &link).unwrap();
    refused(&record(&source, &link), &["never overwrites"]);
    assert!(link.is_symlink() && !place("absent").exists());
}

#[test]
fn a_trace_never_takes_its_sources_place() {
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    let source = raw(directory.path());
    let bytes = fs::read(&source).unwrap();
    symlink(&source, place("link")).unwrap();
    fs::hard_link(&source, place("name")).unwrap();
    for out in [source.clone(), place("link"), place("name")] {
        for from in [&source, &place("link")] {
            refused(&record(from, &out), &["are the same file"]);
        }
        let mut command = command(Path::new("-"), &out);
        let done = command.stdin(File::open(&source).unwrap()).output();
        refused(&said(&done.unwrap()), &["are the same file"]);
        assert_eq!(fs::read(&source).unwrap(), bytes);
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 3);
}

#[test]
fn a_stream_that_was_left_becomes_its_trace_and_stays() {
    let directory = tempfile::tempdir().unwrap();
    let source = raw(directory.path());
    let bytes = fs::read(&source).unwrap();
    let own = directory.path().join("mine.ktrace");
    let left = part(&own);
    fs::rename(source, &left).unwrap();
    // Of a process that was killed while it compressed.
    let half = directory.path().join("mine.ktrace.part");
    fs::write(&half, b"half").unwrap();
    for out in [own, directory.path().join("another.ktrace")] {
        let done = record(&left, &out);
        assert_eq!(done.status, 0, "{}", done.text);
        assert_eq!(stream(&out), bytes);
        assert_eq!(fs::read(&left).unwrap(), bytes);
    }
    assert_eq!(fs::read(&half).unwrap(), b"half");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 4);
}

#[test]
fn a_stream_that_was_left_is_not_overwritten_and_no_sender_is_let_in_for_that() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = fs::read(raw(directory.path())).unwrap();
    let fifo = fifo(directory.path());
    let out = directory.path().join("mine.ktrace");
    fs::write(part(&out), b"only copy").unwrap();
    let sender = {
        let (fifo, bytes) = (fifo.clone(), bytes.clone());
        thread::spawn(move || fs::write(fifo, bytes))
    };
    let remedy = ["exists", "capbench record"];
    refused(&record(&fifo, &out), &remedy);
    refused(&record(Path::new("-"), &out), &remedy);
    assert_eq!(fs::read(part(&out)).unwrap(), b"only copy");
    assert!(!out.exists());

    let another = directory.path().join("another.ktrace");
    let done = record(&fifo, &another);
    assert_eq!(done.status, 0, "{}", done.text);
    sender.join().unwrap().unwrap();
    assert_eq!(stream(&another), bytes);
}

#[test]
fn a_stop_keeps_all_that_was_sent_before() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = fs::read(raw(directory.path())).unwrap();
    let fifo = fifo(directory.path());
    let out = directory.path().join("out.ktrace");
    // The last of it waits in the pipe when the stop comes, and fits there.
    let (most, last) = bytes.split_at(bytes.len() - (16 << 10));
    for signal in ["-INT", "-TERM", "-HUP"] {
        for source in [Path::new("-"), &fifo] {
            let mut recording = start(source, &out);
            let mut sender: Box<dyn Write> = if source == fifo {
                Box::new(File::create(&fifo).unwrap())
            } else {
                Box::new(recording.stdin.take().unwrap())
            };
            sender.write_all(most).unwrap();
            wait_until("most of it arrives", || {
                part(&out)
                    .metadata()
                    .is_ok_and(|part| part.len() == most.len() as u64)
            });
            send(&recording, "-STOP");
            sender.write_all(last).unwrap();
            send(&recording, signal);
            let done = stop(recording, "-CONT");
            assert_eq!(done.status, STOPPED, "{}", done.text);
            assert!(stream(&out) == bytes, "{} bytes", stream(&out).len());
            assert!(!part(&out).exists());
            fs::remove_file(&out).unwrap();
        }
    }
}

#[test]
fn a_source_that_never_sends_can_be_left() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = fifo(directory.path());
    let out = directory.path().join("out.ktrace");
    for source in [Path::new("-"), &fifo] {
        let recording = start(source, &out);
        wait_until("recording begins", || part(&out).exists());
        let done = stop(recording, "-INT");
        assert_eq!(done.status, STOPPED, "{}", done.text);
        assert!(done.text.contains("there is no trace"), "{}", done.text);
        assert!(!out.exists() && !part(&out).exists());
    }
}

#[test]
fn a_source_without_an_end_can_be_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out.ktrace");
    let recording = start(Path::new("/dev/zero"), &out);
    wait_until("something arrives", || {
        part(&out).metadata().is_ok_and(|part| part.len() > 0)
    });
    // No frame is in it, which is worse than the stop.
    refused(
        &stop(recording, "-INT"),
        &["is kept in", "no capbench frame"],
    );
    assert!(!stream(&out).is_empty());
}

#[test]
fn what_arrived_before_the_disk_was_full_is_kept_and_becomes_a_trace() {
    let directory = tempfile::tempdir().unwrap();
    let source = raw(directory.path());
    let bytes = fs::read(&source).unwrap();
    let out = directory.path().join("out.ktrace");
    let recording = command(Path::new("-"), &out);
    // A limit on a file's size, in units of 512 or 1024 bytes, is the disk.
    let limited = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "sh"])
        .arg(recording.get_program())
        .args(recording.get_args())
        .stdin(File::open(pipe_of(&bytes, directory.path())).unwrap())
        .output();
    let said_then = said(&limited.unwrap());
    refused(
        &said_then,
        &["cannot write", "is kept in", "capbench record"],
    );
    let kept = fs::read(part(&out)).unwrap();
    assert!(kept.len() >= 64 * 512, "{}", kept.len());
    assert!(bytes.starts_with(&kept));
    assert!(!out.exists());

    let done = record(&part(&out), &out);
    assert_eq!(done.status, 0, "{}", done.text);
    assert_eq!(stream(&out), kept);
}

/// A FIFO that gives these bytes once it is opened.
fn pipe_of(bytes: &[u8], directory: &Path) -> PathBuf {
    let path = fifo(directory);
    let (to, bytes) = (path.clone(), bytes.to_owned());
    // Its reader may leave before the end.
    thread::spawn(move || fs::write(to, bytes));
    path
}

#[test]
fn a_file_that_takes_the_traces_name_meanwhile_stays_and_so_does_the_stream() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = fs::read(raw(directory.path())).unwrap();
    let out = directory.path().join("out.ktrace");
    let mut recording = start(Path::new("-"), &out);
    wait_until("recording begins", || part(&out).exists());
    fs::write(&out, b"mine").unwrap();
    recording.stdin.take().unwrap().write_all(&bytes).unwrap();
    let done = said(&recording.wait_with_output().unwrap());
    refused(&done, &["out.ktrace", "is kept in", "took the name"]);
    assert_eq!(fs::read(&out).unwrap(), b"mine");
    assert_eq!(fs::read(part(&out)).unwrap(), bytes);
}
