#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Detection of personal data from the command line, without a daemon.
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"

detect() { printf '%s\n' "$1" | "$bin/hoheit" detect --jsonl; }
finds() { detect "$1" | grep -qF "$2"; }
exact() { [ "$(detect "$1")" = "$2" ]; }

expect 'a name and a number are found, counted in code points' \
    finds '{"id":"ö","text":"Für Frau Quöbb: IBAN DE89370400440532013000"}' '{"start":9,"end":14,"type":"PERSON"'
expect 'a text without anything has no spans' exact '{"id":"a","text":"Die Frist beträgt einen Monat."}' '{"id":"a","spans":[]}'
expect 'an empty text has none' exact '{"id":"a","text":""}' '{"id":"a","spans":[]}'
expect 'a wrong check digit beside its label is marked as damaged' \
    finds '{"id":"a","text":"Steuer-ID: 86095742718"}' '"damaged":true'
expect 'many lines give as many answers' sh -c "python3 tests/detect/generate.py 41 | '$bin/hoheit' detect --jsonl | wc -l | grep -qx 41"
refuse 'a line that is no JSON ends the run' detect 'nonsense'
refuse 'a line without text is refused' detect '{"id":"a"}'
refuse 'without --jsonl it says how to be used' sh -c "echo x | '$bin/hoheit' detect"
expect 'and the status is that of wrong usage' sh -c "echo x | '$bin/hoheit' detect 2>/dev/null; [ \$? -eq 2 ]"
done_testing
