#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# detect.sh - scores `hoheit detect` with a scorer of labelled letters, and Presidio beside it if it
# is installed.
#
#   HOHEIT_DATA_PII  directory of score.py, dev.jsonl and baseline_presidio.py (default ../shared/data/pii)
#   BIN              directory of the programs (default build/release-gcc/bin)
# Also scores letters of tests/detect/generate.py, whose names and streets no word list knows.
set -u
data=${HOHEIT_DATA_PII:-../shared/data/pii}
bin=${BIN:-build/release-gcc/bin}
if [ ! -f "$data/score.py" ] || [ ! -x "$bin/hoheit" ]; then
    echo '# no scorer or no hoheit here: scores are left out'
    exit 0
fi
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
# measure NAME FILE PREDICTIONS
measure()
{
    python3 "$data/score.py" "$2" "$3" --json "$dir/score.json" >"$dir/report" || return 1
    python3 - "$1" "$dir/score.json" <<'PY'
import json, sys
s = json.load(open(sys.argv[2]))
for name, value, unit, sign, goal in (("score", s["score"], "points", ">=", 85),
                                      ("alarms", 100 * s["hard_negative"], "%", "<=", 3),
                                      ("clean", 100 * s["clean"], "%", ">=", 40),
                                      ("person", 100 * s["types"]["PERSON"]["char_any"], "%", ">=", 95),
                                      ("street", 100 * s["types"]["STRASSE"]["char_any"], "%", ">=", 97)):
    good = value >= goal if sign == ">=" else value <= goal
    print(f"bench detect.{sys.argv[1]}{name} {value:.2f} {unit} goal {sign} {goal} {'ok' if good else 'short'}")
PY
}
"$bin/hoheit" detect --jsonl <"$data/dev.jsonl" >"$dir/found.jsonl" || exit 1
measure '' "$data/dev.jsonl" "$dir/found.jsonl" || exit 1
python3 tests/detect/generate.py 820 >"$dir/own.jsonl" || exit 1
"$bin/hoheit" detect --jsonl <"$dir/own.jsonl" >"$dir/found.jsonl" || exit 1
measure own. "$dir/own.jsonl" "$dir/found.jsonl" || exit 1
if python3 -c 'import presidio_analyzer' 2>/dev/null; then
    python3 "$data/baseline_presidio.py" "$data/dev.jsonl" "$dir/presidio.jsonl" >/dev/null 2>&1 &&
        python3 "$data/score.py" "$data/dev.jsonl" "$dir/presidio.jsonl" | sed -n 's/^SCORE/# Presidio, rules only:/p'
else
    echo '# Presidio is not installed: nothing to compare with'
fi
