//! What is known of a guest stands in the guest's own file; everything else on the host
//! asks that. So no other file of the host names a guest in its code. Comments, tests
//! and words for people may.

use std::fs;
use std::path::{Path, PathBuf};

use capbench_runner::guest::GuestName;

#[test]
fn only_its_own_file_and_the_list_name_a_guest() {
    let analyzer = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    sources(&analyzer, &mut files);
    assert!(files.len() > 200, "{} files", files.len());
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for guest in GuestName::ALL {
            let lines = naming(&text, guest.name);
            let allowed = if file.ends_with(format!("guest/{}.rs", guest.name)) {
                usize::MAX
            } else if file.ends_with("guest/mod.rs") {
                // The module and the list.
                2
            } else {
                0
            };
            if lines.len() > allowed {
                found.extend(
                    lines
                        .iter()
                        .map(|line| format!("{}: {line}", file.display())),
                );
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_guest_that_is_named_is_seen_in_strings_and_in_paths() {
    for code in [
        r#"if row.guest == "capos" {"#,
        r#"("capos", "samples") => Some("markers"),"#,
        r#"if kernel.starts_with("capos ") {"#,
        r#"name.starts_with("capos/")"#,
        r#"    "Rows of capos describe the reference kernel.""#,
        "guest == capos::GUEST",
        "GuestName::Capos => 1,",
    ] {
        assert_eq!(naming(code, "capos"), [code.trim()]);
    }
    for code in [
        "/// Of `capos`.",
        "    // The capos guest",
        "#[cfg(test)]\nmod tests {\n    const GUEST: &str = \"capos\";\n}",
        "\"a capos-like system\"",
        "let capos_like = 1;",
    ] {
        assert!(naming(code, "capos").is_empty(), "{code}");
    }
}

/// Lines of code that name the guest as a word of its own, or as a variant.
fn naming(text: &str, guest: &str) -> Vec<String> {
    // Tests stand at the end of their file.
    let end = text.find("mod tests {").unwrap_or(text.len());
    let code = &text[..end];
    let capitalised = guest[..1].to_uppercase() + &guest[1..];
    let variant = format!("::{capitalised}");
    code.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
        .filter(|line| has_word(line, guest) || has_word(line, &variant))
        .map(str::to_owned)
        .collect()
}

fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        // A path's segments stand alone.
        let before = before.filter(|_| !word.starts_with("::"));
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

/// Sources of the host's crates, without their tests.
fn sources(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_test = name == "tests" || name == "target" || name.ends_with("tests.rs");
        if is_test {
            continue;
        }
        if path.is_dir() {
            sources(&path, files);
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
}
