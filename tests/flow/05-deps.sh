#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# The fetcher and the lists of third parties, without a network: pip is pointed at a directory of
# archives made here, through a lock file made here.  The toy source archive carries build scripts
# that leave a mark when they run; the toy weights come in two wheels, as the real ones do.
#
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export HOHEIT_CACHE="$dir/cache" PIP_NO_INDEX=1 PIP_FIND_LINKS="$dir/archives" PIP_CONFIG_FILE=/dev/null
real=$root/deps/lock.txt
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
        sed 's/^/# /' "$dir/shown" "$dir/out" 2>/dev/null
    fi
}

# The command fails and says something that matches the pattern.
refuses()
{
    pattern=$1; shift
    ! "$@" >"$dir/out" 2>&1 && grep -q "$pattern" "$dir/out"
}

sum() { sha256sum | cut -d ' ' -f 1; }

sdist()
{
    mkdir -p "$dir/toy_pack-1.0/inner/src" "$dir/archives"
    printf 'Metadata-Version: 2.1\nName: toy-pack\nVersion: 1.0\n' >"$dir/toy_pack-1.0/PKG-INFO"
    printf 'open("%s/ran", "w")\n' "$dir" >"$dir/toy_pack-1.0/setup.py"
    printf 'int toy;\n' >"$dir/toy_pack-1.0/inner/src/toy.c"
    printf 'int ballast;\n' >"$dir/toy_pack-1.0/inner/src/ballast.c"
    tar -C "$dir" -czf "$dir/archives/toy_pack-1.0.tar.gz" toy_pack-1.0
}

wheel()
{
    name=toy_part$1
    mkdir -p "$dir/$name/$name/data" "$dir/$name/$name-1.0.dist-info"
    printf '%s' "$2" >"$dir/$name/$name/data/part.bin"
    printf 'Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n' "$name" >"$dir/$name/$name-1.0.dist-info/METADATA"
    printf 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n' >"$dir/$name/$name-1.0.dist-info/WHEEL"
    : >"$dir/$name/$name-1.0.dist-info/RECORD"
    (cd "$dir/$name" && python3 -m zipfile -c "$dir/archives/$name-1.0-py3-none-any.whl" "$name" "$name-1.0.dist-info")
}

pin() { echo "$1==1.0 --hash=sha256:$(sum <"$dir/archives/$2")"; }

block()
{
    printf '# component: %s\n# version: 1.0\n# licence: MIT\n# copyright: us\n# home: none\n# purl: pkg:generic/toy\n' "$1"
    printf '# group: %s\n# bytes: 1000\n# sha256: %s\n# files: %s\n' "$2" "$3" "$4"
}

toy_lock()
{
    tree=$(cd "$dir/toy_pack-1.0/inner" && sha256sum ./src/toy.c | sum)
    echo '--no-binary toy-pack'
    echo
    block toy build "$tree" 'src !src/ballast.c'
    printf '# root: inner\n%s\n\n' "$(pin toy-pack toy_pack-1.0.tar.gz)"
    block weights model-chat "$(printf onetwo | sum)" 'toy_part1/data/part.bin toy_part2/data/part.bin'
    printf '# suffix: gguf\n%s\n%s\n' "$(pin toy-part1 toy_part1-1.0-py3-none-any.whl)" \
        "$(pin toy-part2 toy_part2-1.0-py3-none-any.whl)"
}

# The toy lock with every match of a sed expression changed.
altered() { sed "$1" "$dir/lock" >"$dir/altered"; }

components() { sed -n 's/^# component: //p' "$real"; }

lock_is_complete()
{
    n=$(components | wc -l)
    [ "$n" -gt 0 ] &&
        [ "$(grep -c '^# licence: [A-Z]' "$real")" -eq "$n" ] &&
        [ "$(grep -cE '^# sha256: [0-9a-f]{64}$' "$real")" -eq "$n" ] &&
        ! grep -E '^[a-z0-9-]+==' "$real" | grep -vE ' --hash=sha256:[0-9a-f]{64}$'
}

packages_parse()
{
    ! grep -vE '^(#.*|[a-z0-9.+-]+ +# (run [A-Za-z].*|(build|check|fresh)(,[a-z]+)*))?$' "$root/deps/packages.txt" &&
        "$root/deps/packages" --all run build | grep -qx libuv1-dev &&
        [ -z "$("$root/deps/packages" --all run build check fresh | sort | uniq -d)" ]
}

sbom_lists_all()
{
    for name in $(components) $("$root/deps/packages" --all run); do
        grep -qF "\"name\": \"$name\"" "$dir/sbom" || { echo "$name is absent"; return 1; }
    done
}

expect 'every entry of the lock has a licence and digests' lock_is_complete
expect 'the list of packages parses, names none twice and knows its groups' packages_parse
expect 'an unknown group of packages is refused' refuses "has no group 'nix'" "$root/deps/packages" nix
expect 'the path of an absent component is refused and says how to fetch it' \
    refuses 'run deps/fetch llhttp' "$root/deps/path" llhttp
expect 'an unknown component is refused' refuses "no component 'nix'" "$root/deps/path" nix

"$root/tools/sbom" >"$dir/sbom"
"$root/tools/sbom" >"$dir/sbom2"
expect 'the bill of materials is JSON' python3 -m json.tool "$dir/sbom"
expect 'the bill of materials is the same twice' cmp "$dir/sbom" "$dir/sbom2"
expect 'the bill of materials lists every component and package' sbom_lists_all
expect 'an engine without a compiler is refused with the packages to install' \
    refuses 'apt-get install .*ninja-build' env CXX=no-such-compiler "$root/deps/build-engine"

if ! python3 -m pip --version >/dev/null 2>&1; then
    for sentence in 'archives are fetched and unpacked' 'a wrong digest stops the fetch'; do
        count=$((count + 1))
        echo "ok $count - $sentence # SKIP pip is not installed"
    done
    echo "1..$count"
    exit $failed
fi

sdist
wheel 1 one
wheel 2 two
toy_lock >"$dir/lock"
export HOHEIT_LOCK="$dir/lock"

fetches() { "$root/deps/fetch" "$@" && for name; do "$root/deps/path" "$name" || return; done; }
toy_is_right() { [ "$(cd "$("$root/deps/path" toy)" && find . -name '*.c')" = ./src/toy.c ]; }
weights_are_right() { [ "$(cat "$("$root/deps/path" weights)")" = onetwo ]; }
nothing_left() { [ -z "$(find "$HOHEIT_CACHE/tmp" -mindepth 1 ! -name '*.lock')" ]; }
nothing_kept() { nothing_left && [ ! -e "$HOHEIT_CACHE/src" ] && [ ! -e "$HOHEIT_CACHE/models" ]; }

wrong()
{
    altered "$1"
    refuses "wrong digest: expected sha256 .*, got [0-9a-f]\{64\}.*Nothing was kept" \
        env HOHEIT_LOCK="$dir/altered" "$root/deps/fetch" "$2" && nothing_kept
}

half_finished()
{
    place=$HOHEIT_CACHE/$(cd "$HOHEIT_CACHE" && echo src/toy-*)
    rm "$place/.verified"
    mkdir -p "$HOHEIT_CACHE/tmp/toy/result"
    : >"$place/src/half.c"
    : >"$HOHEIT_CACHE/tmp/toy/result/half.c"
    fetches toy && toy_is_right && nothing_left
}

twice_at_once()
{
    rm -rf "$HOHEIT_CACHE"
    "$root/deps/fetch" toy weights & first=$!
    "$root/deps/fetch" weights toy && wait "$first" && toy_is_right && weights_are_right && nothing_left
}

absent_archive() { refuses 'does not have toy-pack==1.0' env PIP_FIND_LINKS="$dir/none" "$root/deps/fetch" toy; }

unreachable()
{
    refuses 'index cannot be reached' env PIP_NO_INDEX=0 PIP_FIND_LINKS= \
        PIP_INDEX_URL=http://127.0.0.1:9/simple no_proxy='*' "$root/deps/fetch" toy
}

expect 'a wrong digest of a source archive stops the fetch' wrong '/^toy-pack/s/sha256:..../sha256:0000/' toy
expect 'a wrong digest of one part of the weights stops the fetch' wrong '/^toy-part2/s/sha256:..../sha256:0000/' weights
expect 'a wrong digest of what was unpacked stops the fetch' wrong '/^# sha256/s/: ..../: 0000/' toy
expect 'wrong joined weights stop the fetch' wrong '/^# files/s/part1.*/part1\/data\/part.bin/' weights
altered '/^# licence/d'
expect 'a component without a licence is refused' \
    refuses 'no valid licence' env HOHEIT_LOCK="$dir/altered" "$root/deps/path" toy
expect 'an archive that the index does not have is named' absent_archive
expect 'an index that cannot be reached is said in a sentence' unreachable
expect 'a source archive is fetched' fetches toy
expect 'only the files that the lock names are kept' toy_is_right
expect 'no code of the archive has run' [ ! -e "$dir/ran" ]
expect 'weights in two parts are fetched by their group' "$root/deps/fetch" --group model-chat
expect 'the parts of the weights are joined in order' weights_are_right
expect 'an unknown group of components is refused' refuses "group 'nix'" "$root/deps/fetch" --group nix
expect 'half-finished work is cleared and done again' half_finished
expect 'two fetches at once both end with the right files' twice_at_once

# A checkout whose engine is a list of nothing, and a ninja that stops as if it were interrupted.
checkout()
{
    mkdir -p "$dir/$1/engine"
    find "$root/deps" -maxdepth 1 -type f -exec cp {} "$dir/$1/" ";"
    printf 'cmake_minimum_required(VERSION 3.18)\nproject(nothing NONE)\n' >"$dir/$1/engine/CMakeLists.txt"
}

interrupted()
{
    altered 's/^# component: toy/# component: llama.cpp/'
    refuses 'interrupted here' env HOHEIT_LOCK="$dir/altered" PATH="$dir/tools:$PATH" "$dir/$1/build-engine"
}

mkdir "$dir/tools"
printf '#!/bin/sh\ncase $* in *llama*) echo interrupted here; exit 1 ;; esac\nexec %s "$@"\n' \
    "$(command -v ninja || echo false)" >"$dir/tools/ninja"
chmod +x "$dir/tools/ninja"
checkout one
checkout two
expect 'a compile of the engine is interrupted' interrupted one
rm -rf "$dir/one"
expect 'and goes on from another checkout' interrupted two
rm -rf "$dir/archives"
expect 'what is there is not fetched again' "$root/deps/fetch" toy weights
echo "1..$count"
exit $failed
