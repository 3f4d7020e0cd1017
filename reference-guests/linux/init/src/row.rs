//! Rows: which primitive to measure, under which name, how often.
//!
//! One line each: `benchmark:primitive:batch:warmup:samples`. Empty lines and
//! lines that begin with `#` are skipped.

/// Most batches of a row: their samples are held in memory.
const BATCHES_MAX: u64 = 1 << 20;

/// One benchmark window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Result name, such as `linux/null-syscall/1`.
    pub benchmark: String,
    /// Name in the table of [`crate::primitive`].
    pub primitive: String,
    /// Operations per sample.
    pub batch: u32,
    /// Batches before the measured ones.
    pub warmup: u32,
    /// Measured batches.
    pub samples: u32,
}

impl Row {
    /// Samples the stream may hold for it: warm-up, measured, the loop.
    pub fn record_bound(&self) -> u32 {
        self.warmup + self.samples + 1
    }

    /// Operations of one unguarded loop over all measured batches.
    pub fn loop_operations(&self) -> u32 {
        self.samples * self.batch
    }

    /// Operations in all: warm-up, samples, the loop.
    pub fn operations(&self) -> u64 {
        let batches = u64::from(self.warmup) + 2 * u64::from(self.samples);
        batches * u64::from(self.batch)
    }

    /// Whether the numbers above and a sample's number of operations can hold
    /// what the row asks for.
    fn is_measurable(&self) -> bool {
        let batches = u64::from(self.warmup) + u64::from(self.samples);
        let operations = u64::from(self.samples) * u64::from(self.batch);
        let asks_for_something = self.batch > 0 && self.samples > 0;
        asks_for_something && batches <= BATCHES_MAX && operations <= u64::from(u32::MAX)
    }
}

/// Reads a file of rows.
pub fn read_rows(path: &str) -> Result<Vec<Row>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let rows = parse(&text).map_err(|error| format!("{path}: {error}"))?;
    if rows.is_empty() {
        return Err(format!("{path}: there are no rows in it"));
    }
    Ok(rows)
}

fn parse(text: &str) -> Result<Vec<Row>, String> {
    text.lines()
        .map(str::trim)
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(index, line)| {
            parse_line(line).ok_or_else(|| {
                let number = index + 1;
                format!(
                    "line {number} is not benchmark:primitive:batch:warmup:samples \
                     with a batch and samples of 1 or more, and not too many: {line}"
                )
            })
        })
        .collect()
}

fn parse_line(line: &str) -> Option<Row> {
    let mut fields = line.split(':');
    let row = Row {
        benchmark: fields.next().filter(|name| !name.is_empty())?.into(),
        primitive: fields.next()?.into(),
        batch: fields.next()?.parse().ok()?,
        warmup: fields.next()?.parse().ok()?,
        samples: fields.next()?.parse().ok()?,
    };
    (fields.next().is_none() && row.is_measurable()).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_row_and_comments_are_not() {
        let rows = parse("# name:…\n\nlinux/pipe/16:pipe-round-trip:16:2:64\n").unwrap();
        let [row] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!(row.benchmark, "linux/pipe/16");
        assert_eq!(row.primitive, "pipe-round-trip");
        assert_eq!((row.batch, row.warmup, row.samples), (16, 2, 64));
        assert_eq!(row.operations(), 2 * 16 + 2 * 64 * 16);
    }

    #[test]
    fn a_malformed_line_is_named_by_its_number() {
        for line in [
            "a:b:1:1",
            "a:b:1:1:1:1",
            "a:b:0:1:1",
            "a:b:1:1:0",
            ":b:1:1:1",
            "a:b:x:1:1",
            "a:b:1:1:4000000000",
            "a:b:1000000:1:1000000",
        ] {
            let message = parse(&format!("a:b:1:1:1\n{line}")).unwrap_err();
            assert!(message.contains("line 2"), "{message}");
        }
    }
}
