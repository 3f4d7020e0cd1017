"""Reads every table of an export with pyarrow, pandas and DuckDB, which share no
code with its writer, and holds them against each other cell by cell.

Column names, their order and their types are taken from the book: what it documents
must be enough to read the files.

usage: tables.py EXPORTS CHAPTER

Prints the tables of results as JSON, {table: [row, ...]}, and of each boot's spans
how many there are.
"""

import json
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.ipc
import pyarrow.parquet

ARROW = {
    "text": pa.large_string(),
    "count": pa.uint64(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
}
PANDAS = {
    "text": "string",
    "count": "UInt64",
    "integer": "Int64",
    "number": "float64",
    "flag": "boolean",
}
DUCKDB = {
    "text": "VARCHAR",
    "count": "UBIGINT",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "flag": "BOOLEAN",
}


def documented(chapter):
    """Columns of each table: {table: {column: type}}."""
    tables, table = {}, None
    for line in chapter.read_text().splitlines():
        if line.startswith("#"):
            table = line[4:] if line.startswith("### ") else None
        elif table and line.startswith("| "):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if cells[:2] != ["column", "type"]:
                tables.setdefault(table, {})[cells[0]] = cells[1]
    return tables


def readers(path, columns):
    """How each reader gets at a file's rows: {name: Arrow table}."""
    schema = pa.schema([(name, ARROW[kind]) for name, kind in columns.items()])
    pandas_types = {name: PANDAS[kind] for name, kind in columns.items()}
    duckdb_types = {name: DUCKDB[kind] for name, kind in columns.items()}

    def of_pandas(frame):
        if frame.empty:
            frame = pd.DataFrame({name: [] for name in columns})
        assert list(frame.columns) == list(columns), f"{path}: {list(frame.columns)}"
        frame = frame.astype(pandas_types)
        return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)

    def of_duckdb(relation):
        table = relation.to_arrow_table()
        assert table.column_names == list(columns), f"{path}: {table.column_names}"
        return table.cast(schema)

    def own_schema(table):
        # A string may be small, large or a view; nothing else may differ.
        for field, (name, kind) in zip(table.schema, columns.items(), strict=True):
            text = kind == "text" and str(field.type) in ("string", "large_string", "string_view")
            assert field.name == name, f"{path}: {field.name} is not {name}"
            assert text or field.type == ARROW[kind], f"{path}: {name} is {field.type}"
        return table.cast(schema)

    file = str(path)
    match path.suffix:
        case ".parquet":
            yield "pyarrow", own_schema(pyarrow.parquet.ParquetFile(path).read())
            yield "duckdb", of_duckdb(duckdb.read_parquet(file))
        case ".arrow":
            yield "pyarrow", own_schema(pyarrow.ipc.open_file(path).read_all())
        case ".csv":
            yield "pandas", of_pandas(
                pd.read_csv(path, dtype=pandas_types, keep_default_na=False, na_values=[""])
            )
            yield "duckdb", of_duckdb(
                duckdb.sql(
                    "SELECT * FROM read_csv($1, header = true, delim = ',', quote = '\"', "
                    "escape = '\"', nullstr = '', columns = $2)",
                    params=[file, duckdb_types],
                )
            )
        case ".json":
            yield "pandas", of_pandas(
                pd.read_json(path, dtype=pandas_types, precise_float=True)
            )
            yield "duckdb", of_duckdb(
                duckdb.sql(
                    "SELECT * FROM read_json($1, format = 'array', columns = $2)",
                    params=[file, duckdb_types],
                )
            )


def without_empty_text(table):
    """CSV readers need not tell an empty text from none."""
    none = pa.scalar(None, pa.large_string())
    columns = [
        pa.compute.if_else(pa.compute.equal(column, ""), none, column)
        if pa.types.is_large_string(column.type)
        else column
        for column in table.combine_chunks().columns
    ]
    return pa.table(columns, schema=table.schema)


def same(one, other):
    return one.combine_chunks().equals(other.combine_chunks())


def read(exports, name, columns):
    """The table as pyarrow reads its Parquet file; all other readings equal it."""
    base = None
    for suffix in (".parquet", ".arrow", ".json", ".csv"):
        path = exports / (name + suffix)
        for reader, table in readers(path, columns):
            if base is None:
                base = table
                continue
            expected = base
            if suffix == ".csv":
                expected, table = without_empty_text(base), without_empty_text(table)
            assert same(expected, table), f"{reader} reads {path.name} differently"
            print(f"{path.name}: {table.num_rows} rows, the same to {reader}", file=sys.stderr)
    return base


def main():
    exports, chapter = map(Path, sys.argv[1:])
    tables = documented(chapter)
    spans = tables.pop("spans")
    answer = {name: read(exports, name, columns).to_pylist() for name, columns in tables.items()}
    for path in sorted(exports.glob("spans-*.parquet")):
        answer[path.stem] = read(exports, path.stem, spans).num_rows
    json.dump(answer, sys.stdout, allow_nan=False)


main()
