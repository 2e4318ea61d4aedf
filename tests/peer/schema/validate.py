# SPDX-License-Identifier: EUPL-1.2
"""validate.py FILE - lines of {"schema", "text"}: every text is JSON and a value of its schema.

The judge is python-jsonschema (draft 2020-12, formats checked).  Exit status: 0 all valid, 1 not,
77 the package is missing."""
import datetime
import ipaddress
import json
import sys
import uuid

try:
    import jsonschema
except ImportError:
    sys.exit(77)

judge = jsonschema.Draft202012Validator
formats = jsonschema.FormatChecker(["email"])


def check(name, read):
    @formats.checks(name, raises=ValueError)
    def _(value):
        if isinstance(value, str):
            read(value)
        return True


def zoned(value):
    if datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo is None:
        raise ValueError(value)


check("date", datetime.date.fromisoformat)
check("date-time", zoned)
check("time", lambda value: zoned("2000-01-01T" + value))
check("uuid", uuid.UUID)
check("ipv4", ipaddress.IPv4Address)

bad = count = 0
for line in open(sys.argv[1], encoding="utf-8"):
    pair = json.loads(line)
    count += 1
    try:
        judge.check_schema(pair["schema"])
        judge(pair["schema"], format_checker=formats).validate(json.loads(pair["text"]))
    except (ValueError, jsonschema.ValidationError, jsonschema.SchemaError) as e:
        bad += 1
        if bad <= 5:
            print(f"# {str(e)[:300]}\n# text {pair['text'][:300]}\n# in {json.dumps(pair['schema'])[:600]}")
print(f"# {count - bad} of {count} valid")
sys.exit(bad > 0 or count == 0)
