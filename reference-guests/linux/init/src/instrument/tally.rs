//! What an instrument counted, by name, since the start of the stream.

/// A counter of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its name.
    pub name: String,
    /// Unit of its value.
    pub unit: &'static str,
    /// Value at the begin of the present window.
    pub begin: u64,
    /// Value now.
    pub value: u64,
    /// Whether the stream knows its name already.
    pub declared: bool,
}

/// How often values fell between two powers of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// Its name.
    pub name: String,
    /// Number of values v with log2(v) rounded down to the index.
    pub buckets: Vec<u64>,
    /// Id in the stream.
    pub id: u16,
    /// Whether the stream knows its name already.
    pub declared: bool,
}

/// Counters by the order of their first use, which is their id.
#[derive(Default)]
pub struct Tally {
    /// All counters so far.
    pub counters: Vec<Counted>,
    /// All histograms so far, holding what the present window brought.
    pub histograms: Vec<Histogram>,
}

impl Tally {
    /// Adds to the counter of this name.
    pub fn add(&mut self, name: &str, unit: &'static str, amount: u64) {
        match self
            .counters
            .iter_mut()
            .find(|counted| counted.name == name)
        {
            Some(counted) => counted.value += amount,
            None => self.counters.push(Counted {
                name: name.into(),
                unit,
                begin: 0,
                value: amount,
                declared: false,
            }),
        }
    }

    /// Adds to the histogram of this name.
    pub fn add_histogram(&mut self, name: &str, buckets: &[u64]) {
        let found = self.histograms.iter().position(|known| known.name == name);
        let index = found.unwrap_or_else(|| {
            self.histograms.push(Histogram {
                name: name.into(),
                buckets: vec![0; buckets.len()],
                // Id 0 is the context switch.
                id: self.histograms.len() as u16 + 1,
                declared: false,
            });
            self.histograms.len() - 1
        });
        let known = &mut self.histograms[index];
        for (sum, amount) in known.buckets.iter_mut().zip(buckets) {
            *sum += amount;
        }
    }

    /// A new window begins.
    pub fn begin_window(&mut self) {
        for counted in &mut self.counters {
            counted.begin = counted.value;
        }
        for histogram in &mut self.histograms {
            histogram.buckets.fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_keeps_its_value_and_its_place_over_windows() {
        let mut tally = Tally::default();
        tally.add("first", "1", 2);
        tally.begin_window();
        tally.add("second", "ns", 1);
        tally.add("first", "1", 3);
        let edges: Vec<_> = tally.counters.iter().map(|c| (c.begin, c.value)).collect();
        assert_eq!(edges, [(2, 5), (0, 1)]);
    }

    #[test]
    fn a_histogram_belongs_to_its_window() {
        let mut tally = Tally::default();
        tally.add_histogram("latency", &[0, 4]);
        tally.begin_window();
        tally.add_histogram("latency", &[1, 0]);
        assert_eq!(tally.histograms[0].buckets, [1, 0]);
        assert_eq!(tally.histograms[0].id, 1);
    }
}
