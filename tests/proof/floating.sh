#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The floating mark and the *-property, all states, by SPIN; two mutants must be found.
set -u
# SPIN runs in a directory of its own: it leaves files.
here=$(cd "$(dirname "$0")" && pwd)
if ! command -v spin >/dev/null; then
    echo "ok 1 - no state leaks # SKIP spin is not installed"
    echo 1..1
    exit 0
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/hoheit-spin.XXXXXX") || exit 2
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
bad=0

# verdict NUMBER SENTENCE WANTED [OPTION]: "errors: 0" or "errors: 1" is wanted.
verdict()
{
    # shellcheck disable=SC2086 # an option or none
    spin ${4-} -a "$here/floating.pml" >"$dir/out" 2>&1 &&
        ${CC:-cc} -O1 -w -DSAFETY -DCOLLAPSE -o "$dir/pan" pan.c >>"$dir/out" 2>&1 &&
        ./pan -m100000 >>"$dir/out" 2>&1
    if grep -q "errors: $3" "$dir/out" && ! grep -q 'max search depth too small' "$dir/out"; then
        echo "ok $1 - $2"
    else
        bad=1
        echo "not ok $1 - $2"
        sed 's/^/# /' "$dir/out" | tail -n 30
    fi
    sed -n 's/^ *\([0-9]*\) states, stored.*/# \1 states/p' "$dir/out"
}

verdict 1 'with the float and the write check no state leaks' 0
verdict 2 'without the write check SPIN finds the leak' 1 -DNO_WRITE_CHECK
verdict 3 'without the float SPIN finds the leak' 1 -DNO_FLOAT
echo 1..3
exit $bad
