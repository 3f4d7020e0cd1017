//! Where a value moves, by halving: a pure search over places in order.

use std::collections::BTreeMap;

/// What a place came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Probe {
    /// It has a value.
    Value(f64),
    /// It cannot have one, for this reason.
    Skipped(String),
}

/// How much is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One move of the first end's value.
    One,
    /// Every move that halving comes upon. One that a later one undoes, both between
    /// places of equal value, is not come upon.
    Every,
}

/// Two places, as near as can be, between which the value moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// The last place before it.
    pub before: usize,
    /// The first place after it. Further than the next where those between were skipped.
    pub after: usize,
    /// The value before.
    pub from: f64,
    /// The value after.
    pub to: f64,
}

/// An end has no value, so that nothing can be searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoEnd {
    /// The place.
    pub place: usize,
    /// Why.
    pub reason: String,
}

/// Finds moves among `places` places; each is probed once at most.
///
/// # Errors
///
/// The first or the last place has no value.
pub fn search(
    places: usize,
    extent: Extent,
    mut probe: impl FnMut(usize) -> Probe,
) -> Result<Vec<Move>, NoEnd> {
    let mut known: BTreeMap<usize, Probe> = BTreeMap::new();
    let mut probe = |place: usize| {
        let probed = known.entry(place).or_insert_with(|| probe(place));
        probed.clone()
    };
    let mut end = |place: usize| match probe(place) {
        Probe::Value(value) => Ok((place, value)),
        Probe::Skipped(reason) => Err(NoEnd { place, reason }),
    };
    let last = places.saturating_sub(1);
    let ends = match last {
        0 => return Ok(Vec::new()),
        last => (end(0)?, end(last)?),
    };
    let mut moves = Vec::new();
    // Parts still to be searched, the earliest last.
    let mut parts = vec![ends];
    while let Some((low, high)) = parts.pop() {
        if low.1 == high.1 {
            continue;
        }
        match middle(low.0, high.0, &mut probe) {
            None => moves.push(Move {
                before: low.0,
                after: high.0,
                from: low.1,
                to: high.1,
            }),
            Some(middle) => match extent {
                Extent::Every => parts.extend([(middle, high), (low, middle)]),
                Extent::One if middle.1 == low.1 => parts.push((middle, high)),
                Extent::One => parts.push((low, middle)),
            },
        }
    }
    Ok(moves)
}

/// The place nearest to the middle that has a value, if there is one in between.
fn middle(low: usize, high: usize, probe: &mut impl FnMut(usize) -> Probe) -> Option<(usize, f64)> {
    let center = low.midpoint(high);
    let mut between: Vec<usize> = (low + 1..high).collect();
    between.sort_by_key(|place| place.abs_diff(center));
    between.into_iter().find_map(|place| match probe(place) {
        Probe::Value(value) => Some((place, value)),
        Probe::Skipped(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    /// Values, and none where a place is skipped.
    fn found(values: &[Option<f64>], extent: Extent) -> Result<Vec<Move>, NoEnd> {
        search(values.len(), extent, |place| match values[place] {
            Some(value) => Probe::Value(value),
            None => Probe::Skipped(format!("place {place}")),
        })
    }

    fn ends(moves: &[Move]) -> Vec<(usize, usize)> {
        moves.iter().map(|of| (of.before, of.after)).collect()
    }

    #[test]
    fn the_one_move_is_found_wherever_it_is() {
        for step in 1..40 {
            let values = (0..40).map(|at| Some(if at < step { 315.0 } else { 363.0 }));
            let moves = found(&values.collect::<Vec<_>>(), Extent::One).unwrap();
            assert_eq!(ends(&moves), [(step - 1, step)]);
            assert_eq!((moves[0].from, moves[0].to), (315.0, 363.0));
        }
    }

    #[test]
    fn every_move_is_found_in_order_where_values_only_grow() {
        let values = [1.0, 1.0, 2.0, 2.0, 2.0, 5.0, 5.0, 9.0].map(Some);
        let moves = found(&values, Extent::Every).unwrap();
        assert_eq!(ends(&moves), [(1, 2), (4, 5), (6, 7)]);
    }

    #[test]
    fn places_that_are_skipped_widen_what_is_found_and_hide_nothing() {
        let values = [Some(1.0), Some(1.0), None, None, Some(2.0), Some(2.0)];
        assert_eq!(ends(&found(&values, Extent::One).unwrap()), [(1, 4)]);
    }

    #[test]
    fn equal_ends_have_nothing_to_find_and_an_end_without_value_is_named() {
        assert!(
            found(&[Some(1.0), None, Some(1.0)], Extent::One)
                .unwrap()
                .is_empty()
        );
        assert!(found(&[Some(1.0)], Extent::One).unwrap().is_empty());
        assert!(found(&[], Extent::One).unwrap().is_empty());
        let error = found(&[Some(1.0), None], Extent::One).unwrap_err();
        assert_eq!((error.place, error.reason.as_str()), (1, "place 1"));
    }

    proptest! {
        #[test]
        fn each_place_is_probed_once_and_a_move_is_one(
            values in proptest::collection::vec(
                proptest::option::weighted(0.8, 0u8..4), 2..60
            )
        ) {
            let probed = RefCell::new(BTreeMap::new());
            let result = search(values.len(), Extent::Every, |place| {
                *probed.borrow_mut().entry(place).or_insert(0) += 1;
                match values[place] {
                    Some(value) => Probe::Value(value.into()),
                    None => Probe::Skipped(String::new()),
                }
            });
            prop_assert!(probed.borrow().values().all(|times| *times == 1));
            let at = |place: usize| values[place].map(f64::from);
            match result {
                Err(error) => prop_assert!(at(error.place).is_none()),
                Ok(moves) => for of in &moves {
                    prop_assert_ne!(of.from, of.to);
                    prop_assert_eq!(at(of.before), Some(of.from));
                    prop_assert_eq!(at(of.after), Some(of.to));
                    let mut between = of.before + 1..of.after;
                    prop_assert!(between.all(|place| at(place).is_none()));
                },
            }
        }
    }
}
