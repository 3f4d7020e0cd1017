//! What programs did with their authority, as their guests counted it: which interfaces
//! they used how often, and which denials they proved.

use capbench_frames::statements::Statements;
use capbench_frames::trace::read_file;
use capbench_runner::run::CapturedRun;
use serde::{Deserialize, Serialize};

/// One program's authority in one boot, as stored beside the results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exercised {
    /// The boot, as its files are named.
    pub boot: String,
    /// The process.
    pub pid: u32,
    /// Its program, where the stream told it.
    pub program: String,
    /// What it used.
    pub used: Vec<Use>,
    /// Denials that it proved.
    pub denials_proven: Vec<String>,
}

/// An interface and how often it was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Use {
    /// Its name, or its id where the guest declared no name.
    pub interface: String,
    /// Calls and operations that reached it.
    pub calls: u64,
}

/// By boot and process. What cannot be read is judged elsewhere.
pub fn exercised(run: &CapturedRun) -> Vec<Exercised> {
    let boots = run.record.counted_boots();
    let told = boots.filter_map(|boot| {
        let file = run.locate(&boot.stream()?.file);
        let trace = read_file(&file, &boot.id.stem()).ok()?;
        Some(of_boot(&boot.id.stem(), &trace.statements))
    });
    told.flatten().collect()
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
