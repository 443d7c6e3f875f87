#!/bin/sh
# pages.sh: the pages of models/pages are what `stroma report` says today: the same words, numbers within a
# thousandth (they have four digits, and the last may turn with the solver), the same pictures by name. Each
# study with a question has a page, and each page is in the list. models/pages/update.sh writes them again.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh disable=SC2016
. "$(dirname -- "$0")/script.sh"
pages=$SOURCE/models/pages

# agree <page> <found>: line by line, word by word. What the solver did (steps) is left out.
agree()
{
    grep -v '^- Solver: ' "$1" >left
    grep -v '^- Solver: ' "$2" >right
    awk '
    function number(word) { gsub(/^[[(\\]+|[])\\,;%]+$/, "", word); return word }
    function is_number(word) { return word ~ /^[-+]?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$/ }
    function size(value) { return value < 0 ? -value : value }
    FNR == NR { left[FNR] = $0; lines = FNR; next }
    {
        count = split(left[FNR], a, " "); same = count == split($0, b, " ")
        for (i = 1; i <= count && same; i++) {
            if (a[i] == b[i]) continue
            x = number(a[i]); y = number(b[i])
            room = b[i - 1] == "at" ? 5e-2 : 2e-3 # when a curve is highest is less sure than how high
            same = is_number(x) && is_number(y) && size(x - y) <= room * (size(x) + size(y)) / 2
        }
        if (!same && ++wrong <= 5) print "line " FNR ": " left[FNR] "\n   now: " $0
    }
    END { if (FNR != lines) { print lines " lines, now " FNR; wrong = 1 }; exit wrong > 0 }' left right
}

cd "$SOURCE" || exit 2
count=0
for study in params/*.cfg; do
    grep -q '^question *=' "$study" || continue
    name=$(basename "$study" .cfg)
    count=$((count + 1))
    expect "$name has a page" test -f "$pages/$name.md"
    expect "$name makes a page" "$STROMA" report "$study" --format md --no-render --quiet --out "$WORK/$name"
    (cd "$WORK" && agree "$pages/$name.md" "$name/$name.md" >"$WORK/$name.words") || {
        echo "not so: the page of $name is up to date (models/pages/update.sh writes it again)"
        sed 's/^/    /' "$WORK/$name.words"
        wrong=1
    }
    expect "$name is in the list of pages" grep -qF "($name.md)" "$pages/README.md"
    expect "the page of $name says what must be said first" \
        sh -c 'sed -n 3p "$1" | grep -q "no medical advice"' sh "$pages/$name.md"
    sed -n 's/^!\[.*](\(.*\.svg\))$/\1/p' "$pages/$name.md" >"$WORK/pictures"
    while read -r picture; do
        expect "$name: the picture $picture is there" test -s "$pages/$picture"
    done <"$WORK/pictures"
done
expect 'there are pages' test "$count" -ge 19
for page in "$pages"/*.md; do
    name=$(basename "$page" .md)
    [ "$name" = README ] || expect "$name.md belongs to a study" test -f "params/$name.cfg"
done
exit "$wrong"
