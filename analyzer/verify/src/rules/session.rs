//! The stream is of the boot it is kept for: what it says of itself is what the record
//! says was booted.

use super::{Objections, Scene};

const MISMATCH: &str = "sessionMismatch";

/// The machine's processors, among the emulator's arguments.
const PROCESSORS: &str = "-smp";

/// What a distribution's kernel package is called, but for the release.
const KERNEL_PACKAGE: &str = "linux-image-";

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let (boot, record) = (scene.boot, scene.record);
    let Some(said) = scene.said else { return };
    let Some(session) = &said.statements.session else {
        objections.all(MISMATCH, "it does not say whose it is");
        return;
    };
    if said.statements.has_two_sessions {
        objections.all(MISMATCH, "it says twice whose it is");
    }
    if session.variant != boot.variant {
        let observed = format!("it is of variant {}, not {}", session.variant, boot.variant);
        objections.all(MISMATCH, observed);
    }
    let guest = scene.kept.and_then(|kept| kept.guest(&boot.guest).ok());
    let release = release(scene);
    let is_it = match guest.and_then(|guest| guest.session_kernel) {
        Some(kernel) => session.kernel.starts_with(&(kernel + &release)),
        // An older run does not keep what its kernel calls itself.
        None => session.kernel.ends_with(&release),
    };
    if !is_it {
        let observed = format!("it is of the kernel `{}`", session.kernel);
        objections.all(MISMATCH, observed);
    }
    let mut arguments = boot.arguments.iter().map(String::as_str);
    let asked = arguments.find(|argument| *argument == PROCESSORS);
    let asked = asked.and_then(|_| arguments.next());
    if asked.is_some_and(|asked| asked != session.cpus.to_string()) {
        let observed = format!("{} processors recorded in it", session.cpus);
        objections.all(MISMATCH, observed);
    }
    let counts = record.repeats_exactly();
    let clocks = &said.statements.clocks;
    if clocks.is_empty() || clocks.values().any(|&counted| counted != counts) {
        let observed = match counts {
            true => "not every clock is certified to count instructions",
            false => "a clock is certified to count instructions, or none is certified",
        };
        objections.all(MISMATCH, observed);
    }
}

/// The release of a distribution's kernel, where its package is named for it.
fn release(scene: &Scene) -> String {
    let mut guests = scene.record.guests.iter();
    let guest = guests
        .find(|guest| (&guest.guest, &guest.variant) == (&scene.boot.guest, &scene.boot.variant));
    let image = guest.and_then(|guest| guest.kernel_image.as_ref());
    let release = image.and_then(|image| image.name.strip_prefix(KERNEL_PACKAGE));
    let release = release.filter(|release| release.starts_with(|c: char| c.is_ascii_digit()));
    release.unwrap_or_default().to_owned()
}
