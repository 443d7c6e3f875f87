#!/bin/sh
# check_completion.sh: drives the bash completion as a user with the Tab key would.
# Environment: STROMA (the program). SPDX-License-Identifier: GPL-3.0-or-later
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${STROMA:-$source/build/stroma}
command -v bash >/dev/null 2>&1 || { echo 'skipped: there is no bash'; exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/stroma-completion-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir params
touch params/one.cfg 'params/two words.cfg' params/three.txt params/four.stroma
wrong=0

# expect WANTED WORD...: the completions of the last word, sorted, with "|" between.
expect()
{
    wanted=$1
    shift
    found=$(COMPLETION="$source/src/man/stroma.bash" bash --norc -c '
        source "$COMPLETION"
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _stroma 2>/dev/null
        printf "%s\n" "${COMPREPLY[@]}" | LC_ALL=C sort | paste -s -d "|"' bash "$program" "$@")
    if [ "$found" != "$wanted" ]; then
        echo "stroma $*: expected '$wanted', found '$found'"
        wrong=1
    fi
}

expect 'report|run' r
expect '--help|--version' --
expect 'explain' help ex
expect '--out' run --o
expect '--set|--shard|--subject' run study.cfg --s
expect '-h' explain -h
expect '--strict' check --st
expect 'params/one.cfg|params/two words.cfg' run params/
expect 'params/four.stroma|params/one.cfg|params/two words.cfg' check params/
expect 'params' run --out par
expect 'get' params g
expect 'params/one.cfg|params/two words.cfg' params get params/
expect '' run --set par
expect 'html|md' report --format ''
expect 'P001' explain P001
exit $wrong
