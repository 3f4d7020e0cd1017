//! One sample in parts.

use crate::document::{Block, Document, Inlines, Kind as Column, Table};
use crate::number::NONE;
use capbench_frames::flows::{Blocked, Dispatched, Flow, Kind, OutcomeWord, Part, Stitched};

/// Operations of a submission by their opcode, as the capOS ABI has them.
const OPERATIONS: [&str; 10] = [
    "CALL",
    "RETURN",
    "RECV",
    "RELEASE",
    "FINISH",
    "NOP",
    "CANCEL",
    "PARK_BENCH",
    "PARK",
    "UNPARK",
];

/// A submission in words; a trace holds only the number of its method.
fn operation(opcode: u8, interface: Option<&str>, method: u16) -> String {
    let name = OPERATIONS.get(usize::from(opcode));
    let name = name.map_or_else(|| format!("opcode {opcode}"), |name| (*name).to_owned());
    match interface {
        Some(interface) if name == "CALL" => format!("{name} {interface}.{method}"),
        Some(interface) => format!("{name} {interface}"),
        None => name,
    }
}

/// The sample's parts, what they add up to, and its submissions that blocked.
pub(crate) fn document(stitched: &Stitched) -> Document {
    let mut all = super::section("parts", "Parts");
    all.blocks = vec![
        Block::Table(parts(stitched)),
        Block::Text(account(stitched).into()),
    ];
    let mut sums = super::section("sums", "Sums");
    sums.blocks.push(Block::Table(self::sums(stitched)));
    let blocked: Vec<&Flow> = stitched
        .flows
        .iter()
        .filter(|flow| flow.goes_on || flow.begun_before || !flow.blocked.is_empty())
        .collect();
    let mut sections = vec![all, sums];
    if !blocked.is_empty() {
        let mut section = super::section("blocked", "Submissions that blocked");
        let flows = blocked
            .into_iter()
            .flat_map(|flow| self::flow(stitched, flow));
        section.blocks.extend(flows);
        sections.push(section);
    }
    Document {
        title: stitched.benchmark.clone(),
        facts: vec![
            ("sample", sample(stitched).into()),
            ("from", stitched.source.as_str().into()),
            ("unit", stitched.unit.as_str().into()),
        ],
        warnings: super::not_time(stitched.unit).into_iter().collect(),
        sections,
    }
}

fn sample(stitched: &Stitched) -> String {
    let sample = &stitched.sample;
    format!(
        "{} of {}{}{}: {}; ticks as recorded, the probes' own cost among them",
        sample.number,
        sample.of,
        if sample.median {
            ", the median one"
        } else {
            ""
        },
        if sample.unmeasured {
            ", not measured (cold or warm-up)"
        } else {
            ""
        },
        plural(u64::from(sample.operations), "operation"),
    )
}

fn plural(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// A thread as a person knows it: its program and process, and its own id where
/// the process has several here.
fn thread(stitched: &Stitched, id: Option<u32>) -> String {
    let Some(id) = id else {
        return NONE.to_owned();
    };
    let Some((owner, pid)) = stitched
        .threads
        .get(&id)
        .and_then(|owner| Some((owner, owner.pid?)))
    else {
        return format!("thread {id}");
    };
    let siblings = stitched.threads.values().filter(|o| o.pid == owner.pid);
    match siblings.count() {
        0 | 1 => format!("{} ({pid})", owner.program),
        _ => format!("{} ({pid}) thread {id}", owner.program),
    }
}

fn parts(stitched: &Stitched) -> Table {
    use Column::{Number, Words};
    let columns = [
        ("at", Number),
        ("process", Words),
        ("part", Words),
        ("ticks", Number),
        ("self", Number),
    ];
    let mut table = Table::new("Parts in order of time", &columns);
    for part in &stitched.parts {
        table.row(vec![
            part.start.to_string().into(),
            thread(stitched, part.thread).into(),
            what(stitched, part).into(),
            part.ticks.to_string().into(),
            part.self_ticks.to_string().into(),
        ]);
        for inside in &part.inside {
            table.row(vec![
                inside.start.to_string().into(),
                String::new().into(),
                format!("{}{}", "\u{2003}".repeat(inside.depth + 1), inside.segment).into(),
                inside.ticks.to_string().into(),
                inside.self_ticks.to_string().into(),
            ]);
        }
    }
    table
}

fn what(stitched: &Stitched, part: &Part) -> String {
    let mut text = match &part.dispatch {
        Some(dispatch) => dispatched(dispatch),
        None => word(part.kind).to_owned(),
    };
    if let Some((from, to)) = part.switch {
        let [from, to] = [from, to].map(|id| thread(stitched, Some(id)));
        text.push_str(&format!(" {from} → {to}"));
    }
    if let Some(turn) = part.turn {
        text.push_str(&format!(", on {}'s turn", thread(stitched, Some(turn))));
    }
    text
}

fn dispatched(dispatch: &Dispatched) -> String {
    let operation = operation(
        dispatch.opcode,
        dispatch.interface.as_deref(),
        dispatch.method,
    );
    let missing = if dispatch.whole {
        ""
    } else {
        " (spans missing)"
    };
    format!("{operation}: {}{missing}", outcome(dispatch.outcome))
}

fn outcome(outcome: OutcomeWord) -> &'static str {
    match outcome {
        OutcomeWord::Complete => "complete",
        OutcomeWord::Pending => "pending",
        OutcomeWord::Resumed => "resumed",
        OutcomeWord::ResumedPending => "resumed, pending again",
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user",
        Kind::Entry => "entry",
        Kind::Dispatch => "dispatch",
        Kind::Kernel => "kernel, outside of dispatches",
        Kind::Switch => "switch",
        Kind::Handoff => "handoff",
        Kind::Exit => "exit",
        Kind::Idle => "idle",
        Kind::Unattributed => "unattributed",
    }
}

fn sums(stitched: &Stitched) -> Table {
    use Column::{Number, Words};
    let columns = [
        ("process", Words),
        ("kind", Words),
        ("parts", Number),
        ("ticks", Number),
    ];
    let mut table = Table::new("Ticks by process and kind of part", &columns);
    let mut processes: Vec<Option<u32>> = Vec::new();
    for sum in &stitched.sums {
        if !processes.contains(&sum.pid) {
            processes.push(sum.pid);
        }
    }
    // What is no process's comes last.
    processes.sort_by_key(Option::is_none);
    for pid in processes {
        let own = || stitched.sums.iter().filter(|sum| sum.pid == pid);
        for (index, sum) in own().enumerate() {
            let name = match (index, pid) {
                (0, Some(pid)) => format!("{} ({pid})", sum.program),
                (0, None) => NONE.to_owned(),
                _ => String::new(),
            };
            table.row(vec![
                name.into(),
                word(sum.kind).into(),
                sum.parts.to_string().into(),
                sum.ticks.to_string().into(),
            ]);
        }
        let parts: u64 = own().map(|sum| sum.parts).sum();
        let ticks: u64 = own().map(|sum| sum.ticks).sum();
        if own().count() > 1 {
            table.row(vec![
                String::new().into(),
                "all".into(),
                parts.to_string().into(),
                ticks.to_string().into(),
            ]);
        }
    }
    table
}

fn account(stitched: &Stitched) -> String {
    let mut text = format!(
        "The sample adds up to {} of {} ticks by the program's own clock; {} unattributed; {} in the kernel \
         under no segment's name",
        stitched.total, stitched.sample.ticks, stitched.unattributed, stitched.unnamed
    );
    if stitched.incomplete_dispatches > 0 {
        text.push_str(&format!(
            "; spans are missing in {}, whose self times are too long",
            plural(stitched.incomplete_dispatches, "dispatch root")
        ));
    }
    text
}

fn flow(stitched: &Stitched, flow: &Flow) -> [Block; 2] {
    let title = format!(
        "{} of {}, flow {:#x}",
        operation(flow.opcode, flow.interface.as_deref(), flow.method),
        thread(stitched, Some(flow.thread)),
        flow.flow
    );
    let mut lines: Vec<Inlines> = Vec::new();
    if flow.begun_before {
        lines.push("blocked since before the sample".into());
    }
    let mut blocked = flow.blocked.iter();
    for stretch in &flow.stretches {
        let turn = stretch.turn.map_or_else(String::new, |turn| {
            format!(", on {}'s turn", thread(stitched, Some(turn)))
        });
        let line = format!(
            "on the processor: {} at {}, {}{turn}",
            stretch.ticks,
            stretch.start,
            outcome(stretch.outcome)
        );
        lines.push(line.into());
        if stretch.outcome.blocks()
            && let Some(blocked) = blocked.next()
        {
            lines.push(meanwhile(stitched, blocked).into());
        }
    }
    if flow.goes_on {
        lines.push("blocked when the sample ends".into());
    }
    [Block::Heading(title.into()), Block::List(lines)]
}

fn meanwhile(stitched: &Stitched, blocked: &Blocked) -> String {
    let shares: Vec<String> = blocked
        .meanwhile
        .iter()
        .map(|share| {
            let kind = match share.kind {
                Kind::Kernel => "kernel",
                kind => word(kind),
            };
            match share.thread {
                Some(_) => format!("{} {kind} {}", thread(stitched, share.thread), share.ticks),
                None => format!("{kind} {}", share.ticks),
            }
        })
        .collect();
    format!(
        "blocked: {} at {}, meanwhile {}",
        blocked.ticks,
        blocked.start,
        shares.join(", ")
    )
}
