#!/bin/sh
# run.sh: one test of the command line: tests/cli/run.sh [--update] NNN-name
#
# Runs the folder's `cmd` (a sh script) in a private copy of the folder and compares standard output,
# standard error and the exit code with the files `stdout`, `stderr`, `exit` (a file that is not there
# means: nothing, 0). With --update it rewrites these files instead. The script sees
#   $STROMA   the program              $SOURCE  the source tree
#   $HOME, $TMPDIR, . the private folder; PATH; LC_ALL=C; STROMA_PATH=$SOURCE/models; nothing else.
# Of the texts only two places are changed: the private folder becomes TMP, the source tree SOURCE.
# A cmd that exits with 77 is skipped (its last line of output says why).
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
update=no
if [ "$1" = --update ]; then
    update=yes
    shift
fi
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
folder=$source/tests/cli/$1
program=${STROMA:-$source/build/stroma}
case $program in
/*) ;;
*) program=$PWD/$program ;;
esac
[ -f "$folder/cmd" ] || { echo "there is no test $folder/cmd" >&2; exit 2; }
[ -x "$program" ] || { echo "there is no program $program" >&2; exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/stroma-cli-XXXXXX")
found=$(mktemp -d "${TMPDIR:-/tmp}/stroma-cli-XXXXXX")
trap 'rm -rf "$work" "$found"' EXIT
trap 'exit 130' INT TERM
cp -R "$folder/." "$work"
rm -f "$work/stdout" "$work/stderr" "$work/exit"

code=0
(cd "$work" && exec env -i PATH="$PATH" HOME="$work" TMPDIR="$work" LC_ALL=C TERM=dumb \
    STROMA="$program" SOURCE="$source" STROMA_PATH="$source/models" \
    ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} ${UBSAN_OPTIONS:+UBSAN_OPTIONS="$UBSAN_OPTIONS"} \
    ${TSAN_OPTIONS:+TSAN_OPTIONS="$TSAN_OPTIONS"} ${LSAN_OPTIONS:+LSAN_OPTIONS="$LSAN_OPTIONS"} \
    ${GCOV_ERROR_FILE:+GCOV_ERROR_FILE="$GCOV_ERROR_FILE"} \
    sh ./cmd </dev/null >"$found/raw.stdout" 2>"$found/raw.stderr") || code=$?
if [ "$code" = 77 ]; then
    tail -n 1 "$found/raw.stdout"
    exit 77
fi
for stream in stdout stderr; do
    sed "s|$work|TMP|g; s|$source|SOURCE|g" "$found/raw.$stream" >"$found/$stream"
done
echo "$code" >"$found/exit"

wrong=0
for part in stdout stderr exit; do
    expected=$folder/$part
    if [ "$update" = yes ]; then
        rm -f "$expected"
        if [ -s "$found/$part" ] && { [ "$part" != exit ] || [ "$code" != 0 ]; }; then
            cp "$found/$part" "$expected"
        fi
        continue
    fi
    if [ ! -f "$expected" ]; then
        expected=$found/expected
        if [ "$part" = exit ]; then echo 0 >"$expected"; else : >"$expected"; fi
    fi
    if ! cmp -s "$expected" "$found/$part"; then
        echo "$1: $part differs (- expected, + found):"
        diff -u "$expected" "$found/$part" | sed '1,2d'
        wrong=1
    fi
done
exit $wrong
