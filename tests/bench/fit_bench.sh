#!/bin/sh
# fit_bench.sh: a fit of eight parameters of a stiff model of 20 states from 20 starts, against the same work in R: deSolve
# with a compiled right-hand side, optim's L-BFGS-B with finite differences, from the same starts.
# Usage: tests/bench/fit_bench.sh [STARTS-IN-R]   (default 20; fewer are scaled up, and said so)
# CPU time of the searches (all threads). Also the calls of objective and gradient together a second, and where the
# searches ended. Needs R with deSolve. SPDX-License-Identifier: GPL-3.0-or-later
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${STROMA:-$top/build/stroma}
starts=${1:-20}
command -v Rscript >/dev/null || { echo "R is not there"; exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/stroma-fit-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
sed "s|../../params|$top/params|" "$top/tests/bench/fit_msc.cfg" >"$work/study.cfg"
cp "$top/tests/bench/msc_iv.c" "$work/"
sed -n '/^p <- c(/,/^y0 <- /p' "$top/tests/bench/msc_iv.R" >"$work/numbers.R"
cd "$work"
R CMD SHLIB msc_iv.c >/dev/null 2>&1
export STROMA_PATH="$top/models"

# The data: the truth with an error of 5 %, the same each time.
sed '/^fit = {/,/^};/d' study.cfg >truth.cfg
"$program" run truth.cfg --no-render --quiet --out truth
awk -F, 'NR == 1 { for (i = 4; i <= NF; i++) name[i] = $i; print "time,name,value"; next }
    $3 > 0 { for (i = 4; i <= NF; i++) {
        u = 0; for (k = 0; k < 12; k++) { seed = (seed * 16807 + 11) % 2147483647; u += seed / 2147483647 }
        printf "%s,%s,%.6g\n", $3, name[i], $i * exp(0.05 * (u - 6)) } }' truth/truth.csv >fit_msc_data.csv

cpu() # command...: CPU seconds of it
{
    ( TIMEFORMAT='%U'; export TIMEFORMAT; bash -c 'TIMEFORMAT="%U %S"; time "$@" >words 2>&1' sh "$@" 2>&1 ) | awk '{ print $1 + $2 }'
}
ours=$(cpu "$program" fit study.cfg --no-render --quiet --out fit || true)
[ -f fit/fit.json ] || { cat words; exit 1; }
theirs=$(Rscript --vanilla "$top/tests/bench/fit_msc.R" msc_iv.so fit_msc_data.csv fit/trace.csv "$starts" numbers.R | tee searches | tail -n 1)
calls=$(sed -n 's/^  "evaluations": \([0-9]*\).*/\1/p' fit/fit.json)
best=$(awk -F, 'NR > 1 && $4 != "NA" && (!n++ || $4 < m) { m = $4 } END { print m }' fit/starts.csv)
good=$(awk -F, -v best="$best" 'NR > 1 && $4 != "NA" && $4 - best < 0.01 { n++ } END { print n + 0 }' fit/starts.csv)
sed '$d; s/^/R: /' searches
awk -v ours="$ours" -v theirs="$theirs" -v starts="$starts" -v calls="$calls" -v good="$good" 'BEGIN {
    whole = theirs * 20 / starts
    printf "stroma: 20 starts in %.2f s of CPU, %d at the best; %d calls of objective and gradient, %.0f a second\n", ours, good, calls, calls / ours
    printf "R: %d starts in %.1f s of CPU%s\n", starts, theirs, starts < 20 ? sprintf(", 20 would take %.0f s", whole) : ""
    printf "ratio %.0f (aim: 50)\n", whole / ours }'
