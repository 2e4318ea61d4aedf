#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# boto3 judges guardrails, asynchronous calls, jobs and streamed answers from a collection.
#
#   BOTO_PYTHON   a Python that has boto3 (else `python3`); skipped where it has none
#   BIN           directory of the programs
set -u
here=$(cd "$(dirname "$0")" && pwd)
python=${BOTO_PYTHON:-python3}
if ! "$python" -c 'import boto3' 2>/dev/null; then
    echo "ok 1 - boto3 understands the control plane # SKIP boto3 is not installed"
    echo "1..1"
    exit 0
fi
# shellcheck source=tests/flow/lib.sh
. "$here/../flow/lib.sh"

daemon_start >/dev/null && daemon_stop
cat >>"$data/policy.yaml" <<'END'
guardrails:
  - { id: waffen, kind: topic, where: both, then: block, words: [bombe, bauen], title: Waffenbau }
  - { id: konto, kind: identifiers, where: both, then: mask, types: IBAN }
END
# shellcheck disable=SC2119
daemon_with_toys || {
    show "$dir/log"
    echo 'Bail out! no daemon'
    exit 1
}
AWS_ACCESS_KEY_ID=AKIDPEERCHIEF OTHER_ID=AKIDPEEROTHER AWS_SECRET_ACCESS_KEY=peer-secret-peer
pair() { printf '%s\n' "$AWS_SECRET_ACCESS_KEY" | key "$1" intern --import-aws "$2" "$3" "$4" | head -n 1; }
API_KEY=$(pair chef "$AWS_ACCESS_KEY_ID" --operator --quiet)
pair amt "$OTHER_ID" --tenant default >/dev/null
status 200 "$API_KEY" POST /v1/know '{"name":"wissen"}' >/dev/null
status 200 "$API_KEY" POST /v1/know/wissen/documents '{"documents":[{"name":"hund","text":"# Hund\n\nDie Hundesteuer beträgt 96 Euro.\n"}]}' >/dev/null
export BASE_URL="$url" API_KEY AWS_ACCESS_KEY_ID OTHER_ID AWS_SECRET_ACCESS_KEY
"$python" "$here/bedrock.py"
