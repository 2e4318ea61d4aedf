#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# How often generated letters (triage.py) are sorted as their truth says, as docs/quality.md reports
# it.  BIN: directory of the programs; HALF: test (default) or fit.
set -u
bin=${BIN:?BIN must name the directory of the programs}
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
python3 "$here/triage.py" "${HALF:-test}" "$dir" || exit 1
set -- --dir "$dir/know" --policy "$here/../../etc/policy.yaml" --quiet
"$bin/hoheit" know create --dir "$dir/know" --quiet >/dev/null &&
    "$bin/hoheit" know add "$@" "$dir/docs" >/dev/null &&
    "$bin/hoheit" eval triage "$@" "$dir/letters.jsonl"
