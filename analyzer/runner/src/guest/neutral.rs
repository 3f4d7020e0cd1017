//! Variants of a guest that mean the same: what their values differ by is layout and
//! phase, and not work.
//!
//! A variant is a number, and what it varies follows from the number alone, so that it
//! can be repeated. Most cost a boot image; every fourth moves the kernel's code and
//! costs a compilation of the kernel.

use std::collections::BTreeMap;

use crate::plan::Overrides;

/// Most bytes that the boot image's parameters grow by.
const MOST_PADDING: u64 = 512;
/// Stack pointers keep their alignment, within a page.
const STACK_STEP: u64 = 16;
const STACK_STEPS: u64 = 256;
/// Ids of first processes.
const MOST_FIRST_PROCESS: u64 = 1000;
/// The phase goes over two turns of a thread.
const MOST_START_NS: u64 = 20_000_000;
/// Every so many variants the kernel's code lies elsewhere, and every second of those
/// has its sections in another order.
const IMAGE_EVERY: u32 = 4;
/// Code moves by whole lines of a cache, within a page.
const TEXT_STEP: u64 = 64;
const TEXT_STEPS: u64 = 64;

/// What the command line of this variant changes, over `of`. Variant 0 is the guest as
/// it is.
pub fn neutral(of: &Overrides, number: u32) -> Overrides {
    let mut varied = of.clone();
    if number == 0 {
        return varied;
    }
    let mut numbers = Numbers(number.into());
    let mut next = |below: u64| numbers.next() % below;
    let padding = usize::try_from(1 + next(MOST_PADDING)).unwrap_or(1);
    let parameters = [
        ("padding", "x".repeat(padding)),
        (
            "stack_offset",
            (STACK_STEP * (1 + next(STACK_STEPS))).to_string(),
        ),
        ("first_process", (2 + next(MOST_FIRST_PROCESS)).to_string()),
        ("start_ns", (1 + next(MOST_START_NS)).to_string()),
    ];
    add(&mut varied.parameters, &parameters);
    if number.is_multiple_of(IMAGE_EVERY) {
        let offset = (TEXT_STEP * (1 + next(TEXT_STEPS))).to_string();
        let environment = &mut varied.extra.environment;
        add(environment, &[("CAPBENCH_TEXT_OFFSET", offset)]);
        if number.is_multiple_of(2 * IMAGE_EVERY) {
            add(
                environment,
                &[("CAPBENCH_SECTION_ORDER", "name".to_owned())],
            );
        }
    }
    varied
}

fn add(to: &mut BTreeMap<String, String>, values: &[(&str, String)]) {
    let values = values.iter();
    to.extend(values.map(|(name, value)| ((*name).to_owned(), value.clone())));
}

/// SplitMix64 (Steele and others 2014): few bits in, well-mixed numbers out.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_number_says_all_and_no_two_say_the_same() {
        let plain = Overrides::default();
        assert_eq!(neutral(&plain, 0), plain);
        assert_eq!(neutral(&plain, 7), neutral(&plain, 7));
        let variants = (0..200).map(|number| neutral(&plain, number).options().join(" "));
        assert_eq!(variants.collect::<BTreeSet<_>>().len(), 200);
    }

    #[test]
    fn few_variants_compile_the_kernel_again() {
        let images = (1..=8).map(|number| neutral(&Overrides::default(), number).extra.environment);
        let images: Vec<usize> = images.map(|environment| environment.len()).collect();
        assert_eq!(images, [0, 0, 0, 1, 0, 0, 0, 2]);
    }

    #[test]
    fn values_are_those_that_the_kernel_takes() {
        for number in 1..2000 {
            let parameters = neutral(&Overrides::default(), number).parameters;
            let of = |name: &str| parameters[name].parse::<u64>().unwrap();
            let offset = of("stack_offset");
            assert!(offset.is_multiple_of(16) && (16..=4096).contains(&offset));
            assert!((2..1 << 16).contains(&of("first_process")));
        }
    }

    #[test]
    fn what_the_command_line_asked_for_stays() {
        let of = Overrides {
            no_audit: true,
            parameters: BTreeMap::from([("motd".to_owned(), "hello".to_owned())]),
            ..Overrides::default()
        };
        let varied = neutral(&of, 3);
        assert!(varied.no_audit);
        assert_eq!(varied.parameters["motd"], "hello");
    }
}
