#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What the reference monitor rests on, read off the built archives and the sources: one door to the
# database, one maker of grants, one way into content.
set -u
bin=${BIN:?BIN must name the directory of the programs}
lib=$bin/../lib
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/hoheit-structure.XXXXXX") || exit 2
trap 'rm -rf "$dir"' EXIT
count=0 bad=0

expect() # SENTENCE COMMAND...: nothing printed and success
{
    sentence=$1
    count=$((count + 1))
    shift
    if "$@" >"$dir/out" 2>&1 && [ ! -s "$dir/out" ]; then
        echo "ok $count - $sentence"
    else
        bad=1
        echo "not ok $count - $sentence"
        sed 's/^/# /' "$dir/out" | head -n 20
    fi
}

if [ -z "$(ls "$lib"/libstore.a 2>/dev/null)" ]; then
    echo "ok 1 - the structure holds # SKIP the archives are not beside $bin"
    echo 1..1
    exit 0
fi

# ---- who uses what, by the linker's own eyes: archives and the programs' objects
everything() { ls "$lib"/lib*.a "$bin"/../obj/main/*.o; }
wants() { nm -A "$1" 2>/dev/null | awk -v re="$2" '$(NF-1) == "U" && $NF ~ re { print $1, $NF }'; }

reach_sqlite() # ARCHIVE...: those but the store's that call SQLite
{
    for f; do
        case $f in */libstore.a) ;; *) wants "$f" '^sqlite3_' ;; esac
    done
}

# What the statements' own file offers is for the store alone.
nm -A --defined-only "$lib/libstore.a" | awk '/:query\.c\.o:/ && $(NF-1) == "T" { print $NF }' >"$dir/query"
reach_query()
{
    [ -s "$dir/query" ] || { echo "no symbols of query.c.o"; return 1; }
    everything | while read -r f; do
        case $f in */libstore.a) ;; *) wants "$f" '^query_' ;; esac
    done | grep -Fw -f "$dir/query"
    return 0
}

# shellcheck disable=SC2046 # paths without blanks
expect 'only store/ calls the database' reach_sqlite $(everything)
expect 'only store/ runs statements' reach_query
printf 'int sqlite3_open(void); int f(void); int f(void) { return sqlite3_open(); }\n' >"$dir/bad.c"
finds_reacher() { ${CC:-cc} -c -o "$dir/bad.o" "$dir/bad.c" && [ -n "$(reach_sqlite "$dir/bad.o")" ]; }
expect 'an object that calls the database is found' finds_reacher

# ---- sources
cd "$root" || exit 2
sources() { find src -name '*.[ch]' -o -name '*.cpp' | sort; }
# FILE:LINE of what matches outside the files named.
elsewhere() # PATTERN [FILE...]
{
    pattern=$1
    shift
    sources | xargs grep -nE "$pattern" | while read -r hit; do
        for allowed; do
            case $hit in "$allowed":*) continue 2 ;; esac
        done
        echo "$hit"
    done
}
expect 'the bytes of content are named in policy/content alone' \
    elsewhere '(\.|->)bytes_\b' src/policy/content.c src/policy/content.h
expect 'what a grant is, only policy/grant.c knows' \
    elsewhere 'struct grant \{|\(struct grant\)|\(grant\)|arena_new\([^,]*, grant\)|sizeof\(grant\)' src/policy/grant.c
expect 'nothing is cast to a grant' elsewhere '\((const )?(struct )?grant \*\)'
expect 'content is opened against a grant, never against NULL' elsewhere 'content_open\([^;]*NULL'
# Whoever opens has the grant from its caller or from what its caller filled: none makes one.
expect 'the programs make no decision of their own' elsewhere 'policy_decide\(' \
    src/policy/grant.c src/policy/policy.h src/policy/routing.c src/gate/gate.c src/gate/target.c \
    src/cli/know/offline.c src/policy/expectation.c
# In each function that opens content a grant is in sight: as a parameter, or as a member named so.
opens_without_grant()
{
    # shellcheck disable=SC2016 # awk's dollars
    sources | grep '\.c$' | xargs awk '
        FNR == 1 { body = ""; opens = 0 }
        /^[a-z_0-9]+\(/ { body = ""; opens = 0 }
        { body = body $0 "\n" }
        /content_open\(/ { opens = FNR }
        /^}/ { if (opens && body !~ /grant|->g[,;)]|->own|\.own,|, g\)|, g,|, own,/) print FILENAME ":" opens; body = ""; opens = 0 }'
}
expect 'whoever opens content was handed a grant' opens_without_grant
echo "1..$count"
exit $bad
