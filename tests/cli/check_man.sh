#!/bin/sh
# check_man.sh: the man pages say what the program does: every command has a page whose list of options
# is the option table (short name, long name, value), stroma.1 lists every command with the program's own
# words, the examples of --help stand in the page, the exit codes are those of cli.h; no page has an error.
# Environment: STROMA (the program), BUILD (build folder, for the generated stroma-errors.7).
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${STROMA:-$source/build/stroma}
build=${BUILD:-$source/build}
man=$source/src/man
work=$(mktemp -d "${TMPDIR:-/tmp}/stroma-man-XXXXXX")
trap 'rm -rf "$work"' EXIT
wrong=0

# compare WHAT EXPECTED FOUND: two files that must be equal.
compare()
{
    if ! diff -u "$2" "$3" >"$work/diff"; then
        echo "$1 (- program, + man page):"
        sed 1,2d "$work/diff"
        wrong=1
    fi
}

# Options of a page as `long TAB short TAB value`, from its lines such as
#   .It Fl o , Fl -out Ns = Ns Ar DIR      .It Fl -tape Ns Oo = Ns Ar PROGRAM Oc
page_options()
{
    sed -n '/^\.Sh OPTIONS/,/^\.Sh [^O]/s/^\.It Fl //p' "$1" | awk '{
        short = ""; long = ""; value = ""
        if ($0 !~ /^-/) short = "-" $1
        match($0, /-[a-z][-a-z]*/); long = "-" substr($0, RSTART, RLENGTH)
        if (match($0, /Ar [A-Z=]+/)) value = substr($0, RSTART + 3, RLENGTH - 3)
        if ($0 ~ / Oo /) value = "[" value "]"
        else if (value == "") value = ""
        printf "%s\t%s\t%s\n", long, short, value }'
}

"$program" help --options >"$work/commands"
[ "$(wc -l <"$work/commands")" -ge 6 ] || { echo "fewer than 6 commands"; exit 1; }
sed -n '/^The commands:/,/^\.El/p' "$man/stroma.1" |
    awk '/^\.It Xr stroma-/ { name = $3; sub("stroma-", "", name); getline; print name "\t" $0 }' >"$work/listed"
compare "commands in stroma.1" "$work/commands" "$work/listed"

cut -f 1 "$work/commands" >"$work/names"
while read -r command; do
    page=$man/stroma-$command.1
    if [ ! -f "$page" ]; then
        echo "there is no $page"
        wrong=1
        continue
    fi
    "$program" help --options "$command" | cut -f 1-3 >"$work/options"
    page_options "$page" >"$work/found"
    compare "options of 'stroma $command'" "$work/options" "$work/found"
    # the command part of each example: up to two blanks, where the words begin
    "$program" "$command" --help | sed -n '/^Examples:/,/^$/s/^  \(stroma.*\)/\1/p' | sed 's/   *.*//' >"$work/examples"
    sed -n '/^\.Bd -literal/,/^\.Ed/p' "$page" | grep '^stroma' >"$work/found"
    compare "examples of 'stroma $command'" "$work/examples" "$work/found"
    summary=$(awk -v name="$command" -F '\t' '$1 == name { print $2 }' "$work/commands")
    grep -qxF ".Nd $summary" "$page" || { echo "$page: its .Nd is not '$summary'"; wrong=1; }
done <"$work/names"

sed -n 's/^    CLI_[A-Z]* = \([0-9]*\).*/\1/p' "$source/src/cli/cli.h" >"$work/codes"
sed -n '/^\.Sh EXIT STATUS/,/^\.El/s/^\.It \([0-9]*\)$/\1/p' "$man/stroma.1" >"$work/found"
[ -s "$work/codes" ] || { echo "no exit codes in cli.h"; wrong=1; }
compare "exit codes in stroma.1" "$work/codes" "$work/found"

# Every code that `stroma explain` knows stands in the generated page.
errors=$build/man/stroma-errors.7
if [ -f "$errors" ]; then
    "$program" explain | sed -n 's/^  \([MPDTR][0-9]*\) .*/\1/p' >"$work/codes"
    sed -n 's/^\.It Sy \([A-Z][0-9]*\).*/\1/p' "$errors" >"$work/found"
    LC_ALL=C sort -o "$work/codes" "$work/codes"
    LC_ALL=C sort -o "$work/found" "$work/found"
    compare "codes in stroma-errors.7" "$work/codes" "$work/found"
else
    echo "there is no $errors"
    wrong=1
fi

if command -v mandoc >/dev/null 2>&1; then
    for page in "$man"/*.[1-9] "$errors"; do
        mandoc -T lint -W warning "$page" || wrong=1
    done
else
    echo "mandoc is not installed: the pages were not checked for errors of form"
fi
exit $wrong
