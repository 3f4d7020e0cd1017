"""Asks a store with DuckDB, pyarrow and polars, which read its layout from the paths.

usage: store.py CHAPTER

To be run where `store/` lies. Prints what DuckDB answers to the query of the book,
and the same counts as the other two find them.
"""

import json
import re
import sys
from pathlib import Path

import duckdb
import polars
import pyarrow.dataset

chapter = Path(sys.argv[1]).read_text()
(query,) = re.findall(r"```sql\n(.*?)```", chapter, re.DOTALL)
answer = {"duckdb": duckdb.sql(query).fetchall()}

# Only partitions of the path that was asked for are opened.
plan = duckdb.sql(
    "EXPLAIN ANALYZE SELECT median FROM "
    "read_parquet('store/results/**/*.parquet', hive_partitioning = true) "
    "WHERE guest = 'linux'"
).fetchall()
answer["plan"] = "\n".join(text for row in plan for text in row)

dataset = pyarrow.dataset.dataset("store/results", partitioning="hive")
table = dataset.to_table(columns=["mode", "guest", "status", "median"])
groups = table.group_by(["guest", "status"]).aggregate([([], "count_all"), ("median", "count")])
answer["pyarrow"] = [list(row.values()) for row in groups.to_pylist()]
answer["modes"] = table["mode"].unique().to_pylist()

scan = polars.scan_parquet("store/results/**/*.parquet", hive_partitioning=True)
groups = scan.group_by("guest", "status").agg(polars.len(), n=polars.col("median").count())
answer["polars"] = groups.collect().rows()

for name in ("duckdb", "pyarrow", "polars"):
    answer[name] = sorted(map(list, answer[name]))
json.dump(answer, sys.stdout)
