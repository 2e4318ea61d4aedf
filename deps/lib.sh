# shellcheck shell=sh
# SPDX-License-Identifier: EUPL-1.2
#
# What the scripts of deps/ share: where things lie, the reader of the lock file, and how far a
# long step has got.  The caller sets `here` to the directory of this file.
#
# Everything fetched or compiled lives in one cache outside the source tree (HOHEIT_CACHE), under
# names that contain digests.  So a fresh clone starts warm, two versions never collide, a stale
# result cannot be taken for a current one, and deleting the cache is always safe.
#
# shellcheck disable=SC2034 # the callers use the variables

lock=${HOHEIT_LOCK:-$here/lock.txt}
cache=${HOHEIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hoheit}
quiet=
child=
log=
began=$(date +%s)
shown=$began
if [ -t 2 ]; then terminal=yes; else terminal=; fi

say()
{
    [ -n "$quiet" ] && return
    [ -z "$terminal" ] || printf '\r\033[K' >&2
    printf '%s\n' "$*" >&2
}

die()
{
    quiet=
    say "deps: $*"
    exit 1
}

# Prints the fields named, separated by "|", for the component NAME or, if NAME is empty, for all.
# Beside the fields of the file there are `pins` (the requirements, a space between two) and
# `place` (where below the cache the result lies).  Fails if a block lacks a field it must have.
lock_fields()
{
    [ -r "$lock" ] || die "the lock file $lock cannot be read"
    name=$1; shift
    awk -v only="$name" -v fields="$*" '
        function missing(key) {
            printf "deps: %s: component %s has no valid %s\n", FILENAME, v["component"], key > "/dev/stderr"
            failed = 1
        }
        function check(    i) {
            for (i = 1; i <= must_n; i++) if (v[must[i]] == "") missing(must[i])
            if (length(v["sha256"]) != 64 || v["sha256"] ~ /[^0-9a-f]/) missing("sha256")
            if (v["pins"] !~ /sha256:/) missing("pins")
        }
        function place() {
            if (v["suffix"] != "") return "models/" v["sha256"] "." v["suffix"]
            return "src/" v["component"] "-" substr(v["sha256"], 1, 12)
        }
        function block_end(    i, row) {
            if (v["component"] != "") check()
            if (v["component"] != "" && (only == "" || only == v["component"])) {
                v["place"] = place()
                for (i = 1; i <= n; i++) row = row (i > 1 ? "|" : "") v[f[i]]
                print row
            }
            split("", v)
        }
        BEGIN {
            n = split(fields, f, " ")
            must_n = split("version licence copyright home purl group bytes files", must, " ")
        }
        /^# [a-z0-9]+: / {
            key = substr($2, 1, length($2) - 1)
            text = substr($0, index($0, ": ") + 2)
            v[key] = v[key] (v[key] == "" ? "" : " ") text
        }
        /^[a-z0-9].*==/ { v["pins"] = v["pins"] (v["pins"] == "" ? "" : " ") $1 " " $2 }
        /^$/ { block_end() }
        END { block_end(); exit failed }' "$lock"
}

# Seconds since the script began, as 7s or 1m20s.
elapsed()
{
    seconds=$(($(date +%s) - began))
    if [ "$seconds" -lt 60 ]; then echo "${seconds}s"; else echo "$((seconds / 60))m$((seconds % 60))s"; fi
}

# How far LABEL has got: on a terminal one line with a bar that redraws itself, elsewhere a new
# line every ten seconds, so that a log stays short.
meter()
{
    label=$1 at=$2 total=$3 unit=$4
    [ -z "$quiet" ] || return 0
    [ "$at" -le "$total" ] || at=$total
    percent=$((100 * at / total))
    if [ -n "$terminal" ]; then
        printf '\r\033[K%s [%-20s] ' "$label" "$(printf '%.*s' $((percent / 5)) '####################')" >&2
        printf '%s/%s%s (%s %%) %s' "$at" "$total" "$unit" "$percent" "$(elapsed)" >&2
    elif [ $(($(date +%s) - shown)) -ge 10 ]; then
        shown=$(date +%s)
        say "$label $at/$total$unit ($percent %) $(elapsed)"
    fi
}

# Runs a command in the background, its output going to the end of $log, and calls TICK until it
# ends; the status is the command's.
watch()
{
    tick=$1; shift
    "$@" >>"$log" 2>&1 </dev/null &
    child=$!
    while kill -0 "$child" 2>/dev/null; do
        "$tick"
        sleep 0.2
    done
    status=0
    wait "$child" || status=$?
    child=
    return "$status"
}

# Holds the lock FILE until the script ends or takes another one.
hold()
{
    mkdir -p "$(dirname "$1")"
    exec 9>"$1"
    flock -n 9 && return
    say "waiting for another run that holds $1"
    flock 9
}

# The digest of a file, or of a directory: that of the sorted list of its files' digests.
digest()
{
    if [ -d "$1" ]; then
        (cd "$1" && find . -type f ! -name .verified -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum
    else
        sha256sum <"$1"
    fi | cut -d ' ' -f 1
}
