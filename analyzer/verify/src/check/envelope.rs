//! Everything outside the guests that can change a number.

use serde_json::json;

use super::{Answer, Found, count};
use crate::canonical;
use crate::run::Run;

pub(super) fn hash(run: &Run) -> Found {
    let envelope = &run.record()?.envelope;
    // The machine underneath changes numbers of its own clock only.
    let host = (envelope.mode == "hardware").then_some(&envelope.host);
    let found = canonical::hash(&json!([
        envelope.mode,
        envelope.arguments,
        envelope.qemu_version,
        envelope.firmware_sha256,
        host,
    ]));
    let faults = super::differ("hash", &envelope.hash, &found);
    Answer::new(faults.into_iter().collect(), format!("SHA-256 {found}"))
}

pub(super) fn command_lines(run: &Run) -> Found {
    let record = run.record()?;
    let patterns = &record.envelope.arguments;
    let mut faults = Vec::new();
    for boot in &record.boots {
        let stem = boot.stem();
        let expected = match boot.audit {
            true => logging(patterns, &boot.arguments),
            false => patterns.clone(),
        };
        let mut pairs = expected.iter().zip(&boot.arguments);
        if let Some((pattern, argument)) = pairs.find(|(pattern, text)| !fits(pattern, text)) {
            faults.push(format!("{stem}: `{argument}` in the place of `{pattern}`"));
        }
        let (asked, given) = (expected.len(), boot.arguments.len());
        if given != asked {
            faults.push(format!("{stem}: {given} arguments instead of {asked}"));
        }
    }
    Answer::new(faults, count(record.boots.len(), "boot"))
}

/// The emulator's translator, and with single steps as its versions from 8.1 on name
/// them; before, they were a switch of their own.
const TRANSLATOR: &str = "tcg";
const STEPPING_TRANSLATOR: &str = "tcg,one-insn-per-tb=on";
const STEP_SWITCH: &str = "-singlestep";

/// The arguments of a boot whose every instruction is logged, by the way to step that
/// `given` shows.
fn logging(patterns: &[String], given: &[String]) -> Vec<String> {
    let has_switch = given.iter().any(|argument| argument == STEP_SWITCH);
    let stepping = patterns.iter().map(|pattern| match &**pattern {
        TRANSLATOR if !has_switch => STEPPING_TRANSLATOR.to_owned(),
        _ => pattern.clone(),
    });
    let switch = has_switch.then_some(STEP_SWITCH).into_iter();
    let log = [
        "-d",
        "exec,nochain,int",
        "-dfilter",
        "{range}",
        "-D",
        "{log}",
    ];
    let added = switch.chain(log).map(str::to_owned);
    stepping.chain(added).collect()
}

/// Whether `text` is `pattern` with something in the place of its `{placeholder}`.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('{') else {
        return pattern == text;
    };
    let Some((_, after)) = rest.split_once('}') else {
        return pattern == text;
    };
    text.len() >= before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_stands_for_anything_and_the_rest_for_itself() {
        assert!(fits("{kernel}", "/a/kernel"));
        assert!(fits("file,path={trace},x", "file,path=/t,x"));
        assert!(!fits("file,path={trace},x", "file,path=/t,y"));
        assert!(!fits("aa{x}aa", "aaa"));
        assert!(!fits("-m", "-n"));
    }
}
