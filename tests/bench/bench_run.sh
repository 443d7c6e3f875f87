#!/bin/bash
# bench_run.sh: whole-process time of the flagship study against the same study in R deSolve (lsoda) with a
# right-hand side compiled beforehand.
#
#   tests/bench/bench_run.sh [stroma-binary] [runs]      default: build/stroma, 11
#
# Both sides start a fresh process, read, integrate three arms and write one CSV; neither draws. Compiling the C for R is
# left out; R's own start-up and loading of deSolve are part of its whole process, so the time inside R is given
# too: the ratio against that one is the fair one for a session that is already open. stroma's time includes
# start-up, parsing, compiling the model, manifest and hashes. Runs are interleaved, medians are printed.
# Results are compared (largest relative difference at the end points of both tables' common columns).
# Last line: pass or fail of the two targets, 30 ms and 1/20. Writes tests/bench/msc_iv.csv.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
stroma=${1:-$top/build/stroma}
runs=${2:-11}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
command -v Rscript >/dev/null || { echo "bench: there is no R"; exit 77; }
Rscript --vanilla -e 'library(deSolve)' >/dev/null 2>&1 || { echo "bench: there is no deSolve"; exit 77; }
cp "$top/tests/bench/msc_iv.c" "$work/"
(cd "$work" && R CMD SHLIB msc_iv.c >/dev/null 2>&1)
cd "$top"

# The shell's own clock: starting `date` twice costs 3 ms, a fifth of what is measured.

# once NAME COMMAND...: appends the milliseconds of one fresh process to $work/NAME
once()
{
    name=$1
    shift
    from=$EPOCHREALTIME
    "$@" >"$work/stdout" 2>"$work/stderr" || { cat "$work/stderr"; exit 1; }
    echo "$EPOCHREALTIME $from" | awk '{ printf "%.3f\n", ($1 - $2) * 1e3 }' >>"$work/$name"
}

median() { sort -g "$work/$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

i=0
while [ "$i" -lt "$runs" ]; do
    once stroma "$stroma" run params/msc-iv.cfg --no-render --out "$work/out"
    once r Rscript --vanilla tests/bench/msc_iv.R "$work/msc_iv.so" "$work/r.csv"
    tail -n 1 "$work/stderr" | awk '{ print 1000 * $1 }' >>"$work/inside"
    i=$((i + 1))
done

a=$(median stroma) b=$(median r) c=$(median inside)
difference=$(awk -F, '
    FNR == 1 { for (k = 1; k <= NF; k++) at[FILENAME, $k] = k; files[++n] = FILENAME; next }
    { key = $1 SUBSEP ($(at[FILENAME, "time"]) + 0)
      split("Teff Treg plasma_TNF plasma_TGFb CD3", names, " ")
      for (k in names) { x = $(at[FILENAME, names[k]])
        if (n == 1) first[key, k] = x
        else if ((key, k) in first) { d = first[key, k] / x - 1; d = d < 0 ? -d : d; count++; if (d > worst) worst = d } } }
    END { printf "%.1e (%d values)", worst, count }' "$work/out/msc-iv.csv" "$work/r.csv")
{
    echo "what,milliseconds"
    echo "stroma run params/msc-iv.cfg --no-render (whole process),$a"
    echo "R deSolve lsoda compiled right-hand side (whole process),$b"
    echo "R deSolve lsoda compiled right-hand side (inside R),$c"
} >"$top/tests/bench/msc_iv.csv"
echo "medians of $runs: stroma $a ms; R whole process $b ms; inside R $c ms"
echo "largest relative difference of Teff, Treg, TNF, TGF-beta, CD3 between the two: $difference"
echo "$a $b $c" | awk '{ printf "ratio: 1/%.1f of the whole process, 1/%.1f of the time inside R\n", $2 / $1, $3 / $1
    ok = $1 <= 30 && $2 / $1 >= 20; print ok ? "pass: <= 30 ms and <= 1/20" : "fail: wanted <= 30 ms and <= 1/20"; exit !ok }'
