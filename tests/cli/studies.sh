#!/bin/sh
# studies.sh: every study of params runs without a complaint, has a pure check, and leaves scripts that
# gnuplot can draw.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh disable=SC2016
. "$(dirname -- "$0")/script.sh"
export STROMA_PATH="$SOURCE/models"

count=0
for study in "$SOURCE"/params/*.cfg "$SOURCE"/params/*/*.cfg; do
    grep -q '^model ' "$study" || continue # a number set, to be included
    grep -q '^population' "$study" && continue
    name=$(basename "$study" .cfg)
    count=$((count + 1))
    expect "$name is without complaint" sh -c '"$STROMA" check "$1" 2>&1 | grep -E "error|warning"; test $? = 1' sh "$study"
    expect "$name runs" "$STROMA" run "$study" --no-render --quiet --out "$name"
    expect "$name says nothing on the way" test ! -s .words
    expect "gnuplot can tell the arms of $name apart" sh -c '! grep -l "gnuplot reads the arms" "$1"/*.gp' sh "$name"
done
sed -n 's|.*points *= *{ *file *= *"\([^"]*\)".*|\1|p' "$SOURCE"/params/*.cfg | sort -u >tables
while read -r table; do
    expect "$table says of each value whether it was read or is recalled" \
        sh -c 'head -n 1 "$1" | grep -q ",evidence," && ! grep -q ",,\"" "$1"' sh "$SOURCE/params/$table"
done <tables
expect 'there are tables of measured values' test -s tables
expect 'there are studies' test "$count" -ge 20
exit "$wrong"
