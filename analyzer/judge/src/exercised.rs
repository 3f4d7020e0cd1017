//! What programs did with their authority, as their guests counted it: which interfaces
//! they used how often, and which denials they proved.

use capbench_frames::statements::Statements;
use capbench_frames::trace::Trace;
use capbench_results::{Exercised, Use};

/// By boot and process. What cannot be read is an objection elsewhere.
pub(crate) fn of_boots<'a>(traces: impl Iterator<Item = (String, &'a Trace)>) -> Vec<Exercised> {
    traces
        .flat_map(|(boot, trace)| of_boot(&boot, &trace.statements))
        .collect()
}

fn of_boot(boot: &str, statements: &Statements) -> Vec<Exercised> {
    let mut programs: Vec<(u32, &str)> = Vec::new();
    for (pid, program) in statements.threads.values() {
        if !programs.iter().any(|(known, _)| known == pid) {
            programs.push((*pid, program));
        }
    }
    programs.sort_unstable();
    let of_process = programs.into_iter().map(|(pid, program)| {
        let used = statements.exercised.iter();
        let used = used.filter(|used| used.pid == pid && used.calls > 0);
        let denials = statements.denials.iter().filter(|(by, _)| *by == pid);
        Exercised {
            boot: boot.to_owned(),
            pid,
            program: program.to_owned(),
            used: used
                .map(|used| Use {
                    interface: interface_name(statements, used.interface),
                    calls: used.calls,
                })
                .collect(),
            denials_proven: denials.map(|(_, name)| name.clone()).collect(),
        }
    });
    of_process
        .filter(|exercised| !exercised.used.is_empty() || !exercised.denials_proven.is_empty())
        .collect()
}

fn interface_name(statements: &Statements, id: u64) -> String {
    let mut declared = statements.interfaces.values();
    let named = declared.find(|(known, _)| *known == id);
    named.map_or_else(|| format!("{id:#x}"), |(_, name)| name.clone())
}
