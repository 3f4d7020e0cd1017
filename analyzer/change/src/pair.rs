//! The rows of two sides, by name.

use crate::attribution;
use crate::reading::{Identity, Reading, Source, Value};
use crate::verdict;
use capbench_results::RowName;
use capbench_results::Status;
use capbench_results::change::{Change, ChangeOutcome, Differing, Floors, RowChange, WithoutValue};

/// Compares head with base, whose floors may be known. Costs a look at every row of either side for each row.
pub fn compare(base: &Source, head: &Source, floors: Option<&Floors>) -> Change {
    let mut change = Change::new(base.side.clone(), head.side.clone());
    for before in &base.readings {
        match find(head, &before.row) {
            Some(after) => change.rows.push(RowChange {
                row: before.row.clone(),
                outcome: outcome(
                    before,
                    after,
                    floors.and_then(|floors| distance(floors, &before.row)),
                ),
            }),
            None => change.vanished.push(before.row.clone()),
        }
    }
    let appeared = head.readings.iter().map(|reading| &reading.row);
    let appeared = appeared.filter(|row| find(base, row).is_none());
    change.appeared = appeared.cloned().collect();
    change
}

fn distance(floors: &Floors, row: &RowName) -> Option<f64> {
    let floor = floors.rows.iter().find(|floor| floor.row == *row)?;
    Some(floor.distance())
}

fn find<'a>(side: &'a Source, row: &RowName) -> Option<&'a Reading> {
    side.readings.iter().find(|reading| reading.row == *row)
}

fn outcome(base: &Reading, head: &Reading, floor: Option<f64>) -> ChangeOutcome {
    let (before, after) = match (&base.value, &head.value) {
        (Ok(before), Ok(after)) => (before, after),
        (before, after) => return without_value(before, after),
    };
    let differing = differing(base, head, before, after);
    if !differing.is_empty() {
        return ChangeOutcome::Incomparable(differing);
    }
    let mut compared = verdict::judge(before, after, floor);
    if let (Some(before), Some(after)) = (&before.breakdown, &after.breakdown) {
        compared.segments = attribution::moved(before, after);
        compared.traced_difference = after
            .traced_median
            .zip(before.traced_median)
            .map(|(after, before)| after - before);
    }
    ChangeOutcome::Compared(Box::new(compared))
}

type MaybeValue = Result<Value, (Status, String)>;

/// A row that neither guest can have is an answer on both sides; any other is refused.
fn without_value(base: &MaybeValue, head: &MaybeValue) -> ChangeOutcome {
    let sides = [("base", base), ("head", head)];
    let lacking = sides.into_iter().filter_map(|(side, value)| {
        let (status, reason) = value.as_ref().err()?;
        Some(WithoutValue {
            side: side.to_owned(),
            status: *status,
            reason: reason.clone(),
        })
    });
    let lacking: Vec<WithoutValue> = lacking.collect();
    let is_answer =
        |side: &WithoutValue| matches!(side.status, Status::Unsupported | Status::NotApplicable);
    match lacking.len() == sides.len() && lacking.iter().all(is_answer) {
        true => ChangeOutcome::Unmeasured(lacking),
        false => ChangeOutcome::Refused(lacking),
    }
}

fn differing(base: &Reading, head: &Reading, before: &Value, after: &Value) -> Vec<Differing> {
    let (Identity(ours), Identity(theirs)) = (&base.identity, &head.identity);
    let direction = |value: &Value| match value.lower_is_better {
        true => "lower".to_owned(),
        false => "higher".to_owned(),
    };
    let mut facts: Vec<(&str, String, String)> = Vec::new();
    for (what, base) in ours {
        let head = theirs.iter().find(|(name, _)| name == what);
        let head = head.map_or_else(|| "not stated".to_owned(), |(_, head)| head.clone());
        facts.push((what, base.clone(), head));
    }
    let missing = theirs
        .iter()
        .filter(|(name, _)| !ours.iter().any(|(ours, _)| ours == name));
    for (what, head) in missing {
        facts.push((what, "not stated".to_owned(), head.clone()));
    }
    facts.push(("unit", before.unit.to_string(), after.unit.to_string()));
    facts.push(("better", direction(before), direction(after)));
    let differs = facts.into_iter().filter(|(_, base, head)| base != head);
    differs
        .map(|(what, base, head)| Differing {
            what: what.to_owned(),
            base,
            head,
        })
        .collect()
}

#[cfg(test)]
#[path = "pair_tests.rs"]
mod tests;
