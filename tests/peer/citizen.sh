#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Citizens' questions to a folder of statutes, as docs/quality.md reports them.
#
#   HOHEIT_DATA_LAWS       folder of Markdown statutes, one document each
#   HOHEIT_DATA_QUESTIONS  folder with questions.jsonl; beside it eval.py and parse_laws.py, if the
#                          scores are to be counted a second time by somebody else's program
#   PIECES, QUESTIONS      vectors of the pieces (hoheit know pieces, and with --words) and of the
#                          questions (hoheit eval pieces): files of {"id", "embedding"} lines, blanks
#                          between them; without them words alone are looked up
#   BIN                    directory of the programs
set -u
bin=${BIN:?BIN must name the directory of the programs}
laws=${HOHEIT_DATA_LAWS:-} questions=${HOHEIT_DATA_QUESTIONS:-}
policy="$(cd "$(dirname "$0")/../.." && pwd)/etc/policy.yaml"
if [ ! -d "$laws" ] || [ ! -f "$questions/questions.jsonl" ]; then
    echo "ok 1 - citizens' questions # SKIP HOHEIT_DATA_LAWS and HOHEIT_DATA_QUESTIONS are not set"
    echo "1..1"
    exit 0
fi
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
"$bin/hoheit" know create --dir "$dir/know" >/dev/null || exit 1
"$bin/hoheit" know add --dir "$dir/know" --policy "$policy" --quiet "$laws" >/dev/null || exit 1
set -- --dir "$dir/know" --policy "$policy"
# shellcheck disable=SC2086 # several files
[ -z "${PIECES:-}" ] || "$bin/hoheit" know vectors "$@" $PIECES || exit 1
[ -z "${QUESTIONS:-}" ] || set -- "$@" --vectors "$QUESTIONS"
for only in de all; do
    "$bin/hoheit" eval retrieval "$@" --only $only --name $only "$questions/questions.jsonl" || exit 1
    "$bin/hoheit" eval citizen "$@" --only $only --name citizen.$only --answers "$dir/answers" \
        "$questions/questions.jsonl" || exit 1
done
if [ -f "$questions/../eval.py" ]; then
    python3 "$questions/../parse_laws.py" "$laws" "$dir/sections" >/dev/null &&
        python3 "$questions/../eval.py" "$questions" "$dir/answers" --answers --sections "$dir/sections"
fi
