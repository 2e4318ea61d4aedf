#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The citizens' page in a real browser: axe-core, the keyboard alone, no JavaScript, 320 pixels,
# dark, and the script tag on another page.
#
# time limit: 120 s
#   PAGE_JUDGE     folder of node_modules with playwright-core and axe-core; skipped where there is none
#   CHROMIUM       the browser (else `chromium`)
#   SHOTS          folder for pictures of what was seen
#   BIN            directory of the programs
set -u
here=$(cd "$(dirname "$0")" && pwd)
CHROMIUM=${CHROMIUM:-$(command -v chromium)}
if [ ! -d "${PAGE_JUDGE:-}/playwright-core" ] || [ ! -x "$CHROMIUM" ]; then
    echo "ok 1 - the citizens' page can be used by everybody # SKIP playwright-core, axe-core or chromium are not installed"
    echo "1..1"
    exit 0
fi
# shellcheck source=tests/flow/lib.sh
. "$here/../flow/lib.sh"

daemon_with_toys --set citizen.know=wissen --set 'citizen.contact=Bürgerbüro, Telefon 115' || {
    show "$dir/log"
    echo 'Bail out! no daemon'
    exit 1
}
operator=$(key chef intern --operator)
status 200 "$operator" POST /v1/know '{"name":"wissen"}' >/dev/null
hoheit know add --know wissen --label offen "$here/../../examples/wissen" >/dev/null
export CHROMIUM NODE_PATH="$PAGE_JUDGE"
node "$here/page.cjs" "$url" "${SHOTS:-}"
