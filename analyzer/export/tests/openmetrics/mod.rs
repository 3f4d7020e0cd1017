//! A small strict reader of OpenMetrics 1.0 text: gauges with labels, as the
//! specification's grammar has them, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

/// One sample.
#[derive(Debug)]
pub struct Series {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// What is declared of the family that is being read.
#[derive(Default)]
struct Family {
    name: String,
    type_: bool,
    unit: bool,
    help: bool,
}

pub fn parse(text: &str) -> Result<Vec<Series>, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("no # EOF at the end")?;
    let (mut series, mut seen) = (Vec::new(), BTreeSet::new());
    let (mut family, mut families) = (Family::default(), BTreeSet::new());
    for line in body.split_terminator('\n') {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let mut word = || words.next().ok_or(format!("too short: {line}"));
            let (key, name, rest) = (word()?, word()?, word()?);
            if name != family.name {
                if !families.insert(name.to_owned()) {
                    return Err(format!("family {name} is in two places"));
                }
                family = Family {
                    name: name.into(),
                    ..Family::default()
                };
            }
            declare(&mut family, key, rest)?;
            continue;
        }
        let one = sample(line)?;
        if one.name != family.name || !family.type_ {
            return Err(format!("{} is not declared before its samples", one.name));
        }
        if !seen.insert((one.name.clone(), one.labels.clone())) {
            return Err(format!("series twice: {line}"));
        }
        series.push(one);
    }
    Ok(series)
}

fn declare(family: &mut Family, key: &str, rest: &str) -> Result<(), String> {
    let twice = match key {
        "TYPE" if rest == "gauge" => std::mem::replace(&mut family.type_, true),
        "UNIT" if family.name.ends_with(&format!("_{rest}")) => {
            std::mem::replace(&mut family.unit, true)
        }
        "HELP" if !rest.contains('"') || rest.contains("\\\"") => {
            std::mem::replace(&mut family.help, true)
        }
        _ => return Err(format!("{key} {} {rest} is not allowed", family.name)),
    };
    if twice {
        Err(format!("{key} twice"))
    } else {
        Ok(())
    }
}

fn is_name(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(first) && text.chars().all(|c| first(c) || c.is_ascii_digit())
}

fn sample(line: &str) -> Result<Series, String> {
    let (name, mut rest) = line.split_once('{').ok_or(format!("no labels: {line}"))?;
    if !is_name(name) {
        return Err(format!("{name} is no name"));
    }
    let mut labels = BTreeMap::new();
    loop {
        let (label, after) = rest.split_once("=\"").ok_or(format!("no label: {rest}"))?;
        let (value, after) = quoted(after)?;
        if !is_name(label) || labels.insert(label.to_owned(), value).is_some() {
            return Err(format!("label {label}"));
        }
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None => {
                rest = after.strip_prefix("} ").ok_or(format!("no end: {after}"))?;
                break;
            }
        }
    }
    let number = rest
        .parse::<f64>()
        .map_err(|_| format!("{rest} is no number"))?;
    if !number.is_finite() || rest.contains(' ') {
        return Err(format!("{rest} is no number"));
    }
    Ok(Series {
        name: name.into(),
        labels,
        value: number,
    })
}

/// The text up to the closing quote, and what follows that.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => value.push(match chars.next() {
                Some((_, 'n')) => '\n',
                Some((_, c @ ('\\' | '"'))) => c,
                other => return Err(format!("escape {other:?}")),
            }),
            c => value.push(c),
        }
    }
    Err("no closing quote".into())
}
