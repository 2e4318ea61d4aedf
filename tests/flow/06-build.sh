#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# What an earlier version of the sources left in the build directory is not taken for made: a file
# that went away leaves its archive, and other flags compile anew.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
count=0
failed=0

expect()
{
    sentence=$1; shift
    count=$((count + 1))
    if "$@" >"$dir/shown" 2>&1; then
        echo "ok $count - $sentence"
    else
        failed=1
        echo "not ok $count - $sentence"
        sed 's/^/# /' "$dir/shown"
    fi
}

archive=$dir/out/debug-gcc/lib/libcrypt.a
build() { make -s -C "$dir" OUT="$dir/out" CC=gcc ENGINES=toy "$@" "$archive"; }
holds() { ar t "$archive" | grep -qx "$1.c.o"; }
lacks() { ! holds "$1"; }
is_made() { find "$dir/out" -name toy.c.o -newer "$dir/mark" | grep -q .; }
is_kept() { ! is_made; }

mkdir -p "$dir/src/crypt"
cp -r "$root/Makefile" "$root/flags.mk" "$root/LAYERS" "$root/deps" "$dir/"
echo 'extern int toy; int toy;' >"$dir/src/crypt/toy.c"
echo 'extern int other; int other;' >"$dir/src/crypt/other.c"
expect 'an archive is built' build
expect 'of all that is there' holds other
: >"$dir/mark"
expect 'a second build' build
expect 'makes nothing' is_kept
rm "$dir/src/crypt/other.c"
expect 'one source less' build
expect 'is one member less' lacks other
expect 'and the rest stays' holds toy
expect 'which is not compiled again' is_kept
expect 'other flags' build 'WARN=-Wall'
expect 'compile it again' is_made
echo "1..$count"
exit $failed
