#!/bin/sh
# update.sh: writes the pages of this folder again: one for each study of params that has a question.
#
#   models/pages/update.sh            all, with build/stroma; STROMA=/path/to/stroma for another one
#   models/pages/update.sh ms oa      only these two
#   models/pages/update.sh --words    all, but the pictures stay as they are (numbers changed a little)
#
# A page is what `stroma report --format md` says; its pictures are made small: points of a curve that lie on
# the line between their neighbours, to a tenth of a pixel, are left out. tests/cli/pages.sh fails when a page
# is not what its study says.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${STROMA:-$source/build/stroma}
pages=$source/models/pages
work=$(mktemp -d "${TMPDIR:-/tmp}/stroma-pages-XXXXXX")
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
unset STROMA_PATH
cd "$source"

# shrink <in.svg >out.svg: a path or polygon "x,y x,y ..." keeps the points it needs.
shrink()
{
    awk '
    # Is every point between a and b within 0.1 pixels of the line from a to b?
    function straight(a, b,    k, dx, dy, length2, far) {
        dx = x[b] - x[a]; dy = y[b] - y[a]; length2 = dx * dx + dy * dy
        for (k = a + 1; k < b; k++) {
            far = (x[k] - x[a]) * dy - (y[k] - y[a]) * dx
            if (length2 == 0 ? (x[k] - x[a]) ^ 2 + (y[k] - y[a]) ^ 2 > 0.01 : far * far > 0.01 * length2) return 0
            if ((x[k] - x[a]) * dx + (y[k] - y[a]) * dy < 0 || (x[k] - x[b]) * dx + (y[k] - y[b]) * dy > 0) return 0
        }
        return 1
    }
    function flush_run(    a, b, words) { # x[1..n], y[1..n] are one stroke
        if (n == 0) return ""
        words = sprintf("%s%.4g,%.4g", letter, x[1], y[1])
        for (a = 1; a < n; a = b) {
            b = a + 1
            while (b < n && b - a < 200 && straight(a, b + 1)) b++
            words = words sprintf(" %s%.4g,%.4g", follow, x[b], y[b])
        }
        n = 0
        return words
    }
    function simple(text, first, next_,    count, i, part, xy, out) {
        count = split(text, part, /[ \t\n]+/); out = ""; n = 0; letter = first; follow = next_
        for (i = 1; i <= count; i++) {
            if (part[i] == "") continue
            if (part[i] ~ /^M/ && n > 0) out = out flush_run() " "
            if (part[i] !~ /^[ML]?-?[0-9.]+,-?[0-9.]+$/) return text # something else: as it is
            sub(/^[ML]/, "", part[i]); split(part[i], xy, ",")
            n++; x[n] = xy[1] + 0; y[n] = xy[2] + 0
        }
        return out flush_run()
    }
    { all = all $0 "\n" }
    END {
        quote = sprintf("%c", 39)
        while (match(all, "( d=| points = )" quote "[^" quote "]*" quote)) {
            head = substr(all, 1, RSTART - 1); found = substr(all, RSTART, RLENGTH); all = substr(all, RSTART + RLENGTH)
            open = index(found, quote); inner = substr(found, open + 1, length(found) - open - 1)
            path = found ~ /^ d=/
            printf "%s%s%s%s", head, substr(found, 1, open), simple(inner, path ? "M" : "", path ? "L" : ""), quote
        }
        printf "%s", all
    }'
}

pictures=yes
if [ "${1-}" = --words ]; then
    pictures=no
    shift
fi
if [ $# = 0 ]; then
    grep -l '^question *=' params/*.cfg | sed 's|.*/||; s|\.cfg$||' >"$work/names"
    rm -f "$pages"/*.md
    [ "$pictures" = no ] || rm -f "$pages"/*.svg
else
    printf '%s\n' "$@" >"$work/names"
fi
while read -r name; do
    if [ "$pictures" = no ]; then
        "$program" report "params/$name.cfg" --format md --quiet --no-render --out "$work/$name" >/dev/null
        cp "$work/$name/$name.md" "$pages/"
        continue
    fi
    "$program" report "params/$name.cfg" --format md --quiet --out "$work/$name" >/dev/null
    rm -f "$pages/$name.md" "$pages/$name"-[0-9]*.svg
    cp "$work/$name/$name.md" "$pages/"
    for picture in "$work/$name"/*.svg; do
        shrink <"$picture" >"$work/small.svg"
        mv "$work/small.svg" "$pages/$(basename "$picture")"
    done
done <"$work/names"

{
    cat <<'WORDS'
# A page for each study

What was asked, what was given, what came out, on which numbers it rests, and what it does not say. Experimental therapies;
no medical advice.

WORDS
    for page in "$pages"/*.md; do
        name=$(basename "$page" .md)
        [ "$name" = README ] || printf -- '- [%s](%s.md)\n' "$(sed -n '1s/^# //p' "$page")" "$name"
    done
    cat <<'WORDS'

The pages are made by `stroma report` from the studies in `../../params`; `./update.sh` writes them again.
WORDS
} >"$work/index"
cp "$work/index" "$pages/README.md"
