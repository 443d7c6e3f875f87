#!/bin/sh
# recovery.sh: do the 95 % intervals hold the truth? Data sets are simulated from the RA model with a proportional error of
# 10 % (six cytokines at 15 times), six parameters and the six errors are fitted to each, and it is counted how often an
# interval of `stroma fit` holds the value that made the data.
# Usage: tests/bench/recovery.sh [SETS]   (default 50). Passes if 90 to 99 % of the intervals do.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${STROMA:-$top/build/stroma}
sets=${1:-50}
work=$(mktemp -d "${TMPDIR:-/tmp}/stroma-recovery-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
export STROMA_PATH="$top/models"
sed "s|../../params|$top/params|" "$top/tests/bench/recovery.cfg" >study.cfg
sed '/^fit = {/,/^};/d' study.cfg >truth.cfg
"$program" run truth.cfg --no-render --quiet --out truth
set=0
while [ "$set" -lt "$sets" ]; do
    set=$((set + 1))
    awk -F, -v seed="$set" '
        function uniform() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
        BEGIN { seed = seed * 7919; for (i = 0; i < 20; i++) uniform() }
        NR == 1 { for (i = 4; i <= NF; i++) name[i] = $i; print "time,name,value"; next }
        $3 > -200 { for (i = 4; i <= NF; i++)
            printf "%s,%s,%.8g\n", $3, name[i], $i * (1 + 0.1 * sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform())) }
        ' truth/truth.csv >DATA.csv
    "$program" fit study.cfg --no-render --quiet --out "fit$set" || echo "set $set did not converge" >&2
    awk -F, '/^F_/ { print $1, $4, $7, $8 }' "fit$set/parameters.csv"
done | awk '{ n++; hold += $3 <= 1 && 1 <= $4; own[$1] += $3 <= 1 && 1 <= $4; seen[$1]++ }
    END {
        for (name in own) printf "%-8s %d of %d\n", name, own[name], seen[name]
        printf "%d of %d intervals hold the truth: %.1f %%\n", hold, n, 100 * hold / n
        exit !(n > 0 && hold >= 0.9 * n && hold <= 0.99 * n)
    }'
