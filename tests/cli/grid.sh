#!/bin/sh
# grid.sh: more output times change no other value: rows at common times are equal to the last digit.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh
. "$(dirname -- "$0")/script.sh"
export STROMA_PATH="$SOURCE/models"

for study in msc-iv msc-redose; do
    for every in 7 0.5 0.125; do
        expect "$study every $every days" "$STROMA" run "$SOURCE/params/$study.cfg" --no-render --quiet \
            --out "$study-$every" --set "time.every=$every"
    done
    # the rows of the coarse table, looked up in the finer ones
    for every in 0.5 0.125; do
        coarse=$study-7/$study.csv
        fine=$study-$every/$study.csv
        expect "$study has rows" test "$(wc -l <"$coarse")" -gt 20
        sort "$coarse" >coarse.rows
        sort "$fine" >fine.rows
        expect "$study: each row at 7 days is there at $every" test -z "$(comm -23 coarse.rows fine.rows)"
        expect "$study: $every has more rows" test "$(wc -l <"$fine")" -gt "$(wc -l <"$coarse")"
    done
done
exit $wrong
