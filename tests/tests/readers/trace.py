"""Holds a trace against the schema of the Trace Event Format.

usage: trace.py SCHEMA FILE

Status 1 and the first violation on standard error where it breaks it. Prints how
many events of each phase there are, as JSON.
"""

import collections
import json
import sys
from pathlib import Path

import fastjsonschema

schema, trace = (json.loads(Path(path).read_text()) for path in sys.argv[1:])
try:
    fastjsonschema.compile(schema)(trace)
except fastjsonschema.JsonSchemaException as violation:
    sys.exit(f"{violation.message}: {json.dumps(violation.value)[:300]}")
json.dump(collections.Counter(event["ph"] for event in trace["traceEvents"]), sys.stdout)
