#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""otlp.py RECORD - OpenTelemetry's own messages judge what a collector was sent (collector.py --record): each
body must parse as the request of its path, with nothing unknown in it, and say the same when it is written
again."""
import base64
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KINDS = {"traces": ExportTraceServiceRequest, "metrics": ExportMetricsServiceRequest}
IDS = {"traceId", "spanId", "parentSpanId"}


def with_base64(v):
    """OTLP's JSON has ids in hexadecimal where protobuf's has base64."""
    if isinstance(v, list):
        return [with_base64(x) for x in v]
    if isinstance(v, dict):
        return {k: base64.b64encode(bytes.fromhex(x)).decode() if k in IDS else with_base64(x) for k, x in v.items()}
    return v


def same(ours, theirs):
    """All that we said is in what they understood."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(same(v, theirs.get(k)) for k, v in ours.items() if v not in ([], {}, "", 0, "0"))
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return abs(ours - theirs) <= 1e-9 * abs(ours)
    return ours == theirs or str(theirs) == str(ours)


seen = {}
for number, line in enumerate(open(sys.argv[1], encoding="utf-8"), 1):
    m = json.loads(line)
    what = m["path"].rsplit("/", 1)[1]
    body = with_base64(json.loads(m["body"]))
    parsed = json_format.Parse(json.dumps(body), KINDS[what](), ignore_unknown_fields=False)
    again = json_format.MessageToDict(parsed, use_integers_for_enums=True)
    if not same(body, again):
        sys.exit(f"message {number}, {what}: {json.dumps(body)[:400]}\nis understood as {json.dumps(again)[:400]}")
    if what == "traces":
        seen[what] = seen.get(what, 0) + sum(len(c.spans) for r in parsed.resource_spans for c in r.scope_spans)
    else:
        seen[what] = seen.get(what, 0) + sum(len(c.metrics) for r in parsed.resource_metrics for c in r.scope_metrics)
print(seen)
sys.exit(0 if all(seen.get(k) for k in KINDS) else "spans or measures never came")
