#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The laws of the label lattice over all 256 bits, by Z3.
set -u
here=$(dirname "$0")
if ! command -v z3 >/dev/null; then
    echo "ok 1 - the lattice laws hold for all 256 bits # SKIP z3 is not installed"
    echo 1..1
    exit 0
fi
# A sentence, then what became of its negation; "FALSE ..." is no law and must have a counterexample.
z3 -T:60 "$here/lattice.smt2" 2>&1 | awk '
    /^(sat|unsat|unknown|timeout)$/ || /error/ {
        ok = law ~ /^FALSE / ? $0 == "sat" : $0 == "unsat"
        sub(/^FALSE /, "it is refuted that ", law)
        printf "%s %d - %s\n", ok ? "ok" : "not ok", ++n, law
        if (!ok) { print "# z3: " $0; bad = 1 }
        law = ""
        next
    }
    { law = law $0 }
    END { print "1.." n; if (law != "") print "not ok - z3 ended early"; exit bad || n != 14 }'
