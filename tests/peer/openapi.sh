#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# schemathesis reads what the server says of itself and asks it thousands of things, right and
# wrong ones: no answer is a fault of the server, none is of a status or kind that is not
# documented, what the document forbids is refused, and the examples are answered.
#
# time limit: 200 s
#   SCHEMATHESIS   its program (else `st`); skipped where there is none
#   SECONDS_MAX    60          BIN   directory of the programs
set -u
here=$(cd "$(dirname "$0")" && pwd)
judge=${SCHEMATHESIS:-st}
if ! command -v "$judge" >/dev/null; then
    echo "ok 1 - the server keeps what its own description promises # SKIP schemathesis is not installed"
    echo "1..1"
    exit 0
fi
# shellcheck source=tests/flow/lib.sh
. "$here/../flow/lib.sh"

# shellcheck disable=SC2119
daemon_with_toys || {
    show "$dir/log"
    echo 'Bail out! no daemon'
    exit 1
}
chief=$(key chef VS-NfD --operator)
phases=examples,coverage
[ -z "${FULL-}" ] || phases=examples,coverage,fuzzing
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,negative_data_rejection,unsupported_method
ask() {
    (cd "$dir" && "$judge" --config-file "$here/openapi.toml" run "$url/openapi.json" \
        -H "Authorization: Bearer $1" --phases "$phases" --max-examples 5 --seed 1 \
        --max-time "${SECONDS_MAX:-60}" --request-timeout 10 --continue-on-failure --no-color \
        -c "$checks" >"$dir/judged" 2>&1) && return
    grep -A 25 '^____' "$dir/judged" | head -c 1500
    tail -n 25 "$dir/judged"
    return 1
}
expect 'an operator is answered as the description says' ask "$chief"
expect 'and so is who may do nothing of it' ask "$(key amt offen)"
expect 'nothing of it was a fault of the program' sh -c "! grep -q request.failed '$dir/log'"
sed -n 's/^ *\([0-9]* generated.*\)/# \1/p' "$dir/judged"
done_testing
