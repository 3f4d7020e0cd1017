//! Why a store could not be used, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use polars_core::prelude::PolarsError;

/// Why a store could not be used.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum StoreError {
    /// Nothing is there.
    #[error("there is no store at {}", path.display())]
    #[diagnostic(
        code(capbench::store::missing),
        help("make one by adding a run: `capbench store add RUN --store DIR`")
    )]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// Something else is there.
    #[error("{} is not a store: it has no capbench-store.json", path.display())]
    #[diagnostic(
        code(capbench::store::not_a_store),
        help("name a store, or an empty directory to make one in: `--store DIR`")
    )]
    NotAStore {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// Its layout is not this version's.
    #[error("{} is of the layout `{found}`, this capbench reads `{expected}`", path.display())]
    #[diagnostic(
        code(capbench::store::version),
        help("use the capbench that wrote it, or add its runs to a new store: `--store DIR`")
    )]
    Version {
        /// The store.
        path: PathBuf,
        /// What it says it is.
        found: String,
        /// What this version reads.
        expected: &'static str,
    },
    /// A file is none of ours; other readers of the dataset would read it too.
    #[error("{} does not belong in a store", path.display())]
    #[diagnostic(
        code(capbench::store::foreign),
        help("move it elsewhere: other readers of the dataset would take it for results")
    )]
    Foreign {
        /// The file or directory.
        path: PathBuf,
    },
    /// A Parquet file cannot be read or has other columns.
    #[error("{}: {reason}", path.display())]
    #[diagnostic(
        code(capbench::store::file),
        help(
            "it was damaged or written by another version; remove the files of this run id from the store and add the run again"
        )
    )]
    File {
        /// The file.
        path: PathBuf,
        /// The fault.
        reason: String,
    },
    /// The run is there with other content.
    #[error("run {run_id} is in the store with other content")]
    #[diagnostic(
        code(capbench::store::conflict),
        help(
            "one of the two was changed after it was sealed: `capbench verify RUN` reports which; a store never replaces a run"
        )
    )]
    Conflict {
        /// The run.
        run_id: String,
    },
    /// A name cannot be part of a path.
    #[error("the {what} `{name}` cannot name a file of a store")]
    #[diagnostic(
        code(capbench::store::name),
        help(
            "names are 1 to 128 letters, digits, `-`, `_` and `.`; guests begin with a letter, so that no reader takes them for a number"
        )
    )]
    Name {
        /// What it names.
        what: &'static str,
        /// As it is.
        name: String,
    },
    /// The results contradict themselves.
    #[error(transparent)]
    #[diagnostic(
        code(capbench::store::results),
        help("the results were changed after they were written")
    )]
    Results(#[from] capbench_results::Contradiction),
    /// The system refused.
    #[error("{}: {source}", path.display())]
    #[diagnostic(
        code(capbench::store::io),
        help(
            "check space and permissions, and that no file is where a directory has to be, or name another place: `--store DIR`; a run that is not whole is not in the store"
        )
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's message.
        source: io::Error,
    },
    /// A table could not be put together or printed.
    #[error("{0}")]
    #[diagnostic(code(capbench::store::table))]
    Table(PolarsError),
    /// The query is wrong.
    #[error("the query was not understood: {0}")]
    #[diagnostic(
        code(capbench::store::sql),
        help(
            "the tables are runs, results, samples, segments and comparisons; docs/src/store.md lists their columns"
        )
    )]
    Sql(String),
    /// The tables of the query would not fit.
    #[error("the query reads {bytes} bytes of columns, more than {limit}")]
    #[diagnostic(
        code(capbench::store::too_large),
        help(
            "tables are held in memory; ask DuckDB or Spark, which read the same directory (docs/src/store.md)"
        )
    )]
    TooLarge {
        /// Size of the tables, uncompressed.
        bytes: u64,
        /// Most that is read.
        limit: u64,
    },
    /// This build has no SQL.
    #[error("this capbench was built without SQL")]
    #[diagnostic(
        code(capbench::store::no_sql),
        help(
            "`cargo run -p capbench --features sql -- store query SQL`, or ask DuckDB, which reads the same directory (docs/src/store.md)"
        )
    )]
    NoSql,
}

impl StoreError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn file(path: &Path) -> impl FnOnce(PolarsError) -> Self {
        let path = path.to_owned();
        move |error| Self::File {
            path,
            reason: error.to_string(),
        }
    }
}
