"""Reads OpenMetrics text with the parser of Prometheus' own client library.

usage: metrics.py FILE

Prints the samples as JSON: [[metric, labels, value], ...].
"""

import json
import sys
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families

families = text_string_to_metric_families(Path(sys.argv[1]).read_text())
samples = []
for family in families:
    assert family.type == "gauge", f"{family.name} is a {family.type}"
    samples += [[sample.name, sample.labels, sample.value] for sample in family.samples]
json.dump(samples, sys.stdout, allow_nan=False)
