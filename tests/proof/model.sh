#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# time limit: 1800 s
# Labels, decision, routing and downgrading held against a model in another language, on random
# steps: 300,000, and 10,000,000 with FULL=1.  SEED repeats a run; seeds are printed.
set -u
bin=${BIN:?BIN must name the directory of the programs}
here=$(dirname "$0")
dir=$(mktemp -d "${TMPDIR:-/tmp}/hoheit-model.XXXXXX") || exit 2
trap 'rm -rf "$dir"' EXIT
steps=300000
[ "${FULL:-0}" != 1 ] || steps=10000000
bad=0

result() # STATUS NUMBER SENTENCE
{
    [ "$1" -eq 0 ] && echo "ok $2 - $3" && return
    bad=1
    echo "not ok $2 - $3"
    head -c 4000 "$dir/out"
}

# The program under another name, with its second argument, or an input line, changed.
mutant() { printf '#!/bin/sh\n%s\n' "$1" >"$dir/mutant"; chmod +x "$dir/mutant"; }
finds() { ! python3 "$here/model.py" "$dir/mutant" 200000 1 >"$dir/out" 2>&1 && grep -q '^# model: ' "$dir/out"; }

if ! command -v python3 >/dev/null; then
    echo "ok 1 - the program and its model agree # SKIP there is no python3"
    echo 1..1
    exit 0
fi
# shellcheck disable=SC2086 # no seed is no argument
python3 "$here/model.py" "$bin/policy_steps" $steps ${SEED-} >"$dir/out" 2>&1
result $? 1 "$steps random steps end as the model says"
sed -n '/^# /p' "$dir/out"

sed -n 's/^RULE([A-Z_]*, "\([a-z.]*\)".*/\1/p' "$here/../../src/policy/rules.def" >"$dir/rules"
# With a seed beside it: which worlds chance makes is no reason to fail.
python3 "$here/model.py" "$bin/policy_steps" 100000 1 | grep '^rules:' >>"$dir/out"
missing=$(while read -r rule; do grep -q "^rules:.* $rule\( \|\$\)" "$dir/out" || echo "$rule"; done <"$dir/rules")
echo "# not reached: ${missing:-none}" >>"$dir/out"
[ -s "$dir/rules" ] && [ -z "$missing" ]
result $? 2 'each rule of rules.def denied something on the way'

mutant "exec '$bin/policy_steps' \"\$1\" offen"
finds
result $? 3 'a program with another ceiling is found out'
mutant "sed 's/^d \\([0-9]*\\)/o \\1 0/' | '$bin/policy_steps' \"\$@\""
finds
result $? 4 'a program that downgrades without asking policy is found out'
mutant "'$bin/policy_steps' \"\$@\" | sed 's/^no target\\..*/ok/'"
finds
result $? 5 'a program that lets write down is found out'
mutant "sed 's/^\(a .*\) z[0-3]$/\1 -/' | '$bin/policy_steps' \"\$@\""
finds
result $? 6 'a program that does not ask what a request is for is found out'
mutant "sed 's/, hours: true//' \"\$1\" >'$dir/open.yaml' && '$bin/policy_steps' '$dir/open.yaml' \"\$2\""
finds
result $? 7 'a program that knows no office hours is found out'
mutant "sed 's,zone: Europe/Berlin,zone: UTC,' \"\$1\" >'$dir/utc.yaml' && '$bin/policy_steps' '$dir/utc.yaml' \"\$2\""
finds
result $? 8 'a program that is in another zone is found out'
mutant "sed 's/^\(s .*\) [^ ]*\$/\1 */' | '$bin/policy_steps' \"\$@\""
finds
result $? 9 'a program that does not ask what a person may act for is found out'
mutant "sed '/^  holidays:/d' \"\$1\" >'$dir/work.yaml' && '$bin/policy_steps' '$dir/work.yaml' \"\$2\""
finds
result $? 10 'a program that knows no holidays is found out'
echo 1..10
exit $bad
