#!/bin/sh
# fit_resume.sh: a fit that is killed at any moment, then resumed, leaves the same bytes as one that was not; SIGINT
# writes the best so far and leaves a journal to go on with. What trace.csv.part holds at that moment is part of trace.csv.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${STROMA:-$source/build/stroma}
work=$(mktemp -d "${TMPDIR:-/tmp}/stroma-resume-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
study=$source/params/fitting/oral.cfg

# A fit that takes long enough to be killed in.
fit()
{
    exec "$program" fit "$study" --no-render --quiet --starts 150 --jobs 1 "$@"
}

# What a fit leaves, but for the command line.
digest()
{
    (cd "$1" && for file in *.csv *.json *.cfg *.gp; do
        printf '%s ' "$file"
        grep -v '"command"\|^# Made by' "$file" | cksum
    done)
}

(fit --out whole)
digest whole >expected
[ ! -f whole/fit.journal ] || { echo "the journal of a whole fit stays"; exit 1; }
[ ! -f whole/trace.csv.part ] || { echo "the running trace of a whole fit stays"; exit 1; }

# followed FOLDER: whole lines of the trace to come, under its columns
followed()
{
    lines=$(wc -l <"$1/trace.csv.part")
    [ "$lines" -gt 0 ] || { echo "a killed fit has no trace"; return 1; }
    [ "$(head -n 1 "$1/trace.csv.part")" = "$(head -n 1 whole/trace.csv)" ] || { echo "other columns"; return 1; }
    if grep -vxFf whole/trace.csv "$1/trace.csv.part"; then
        echo "these lines are not in trace.csv"
        return 1
    fi
    traced=$((traced + lines - 1))
}

killed=0
traced=0
for wait in 0.05 0.12 0.2 0.3 0.45; do
    rm -rf part
    fit --out part &
    running=$!
    sleep "$wait"
    if kill -9 "$running" 2>/dev/null && ! wait "$running" 2>/dev/null; then
        if [ -f part/fit.journal ]; then
            killed=$((killed + 1))
            if [ -f part/trace.csv.part ]; then
                followed part
            elif [ "$(wc -c <part/fit.journal)" -gt 77 ]; then # it has a head, and rounds
                echo "a killed fit that has begun has no trace"
                exit 1
            fi
            (fit --out part --resume)
            digest part | diff expected - || { echo "killed after $wait s: other bytes"; exit 1; }
            [ ! -f part/trace.csv.part ] || { echo "the running trace stays"; exit 1; }
        fi
    fi
done
[ "$killed" -gt 0 ] || { echo "no fit was slow enough to be killed"; exit 77; }
[ "$traced" -gt 0 ] || { echo "no fit had written an iteration when it was killed"; exit 77; }
echo "$killed fits killed and resumed: the same bytes; $traced lines of their traces were there"

rm -rf part
fit --out part 2>words &
running=$!
sleep 0.15
kill -INT "$running" 2>/dev/null || true
code=0
wait "$running" || code=$?
if [ "$code" = 130 ]; then
    grep -q 'best so far\|nothing is known\|results were written' words || { cat words; exit 1; }
    [ -f part/fit.journal ] || { echo "no journal after SIGINT"; exit 1; }
    [ ! -f part/trace.csv.part ] || { echo "the running trace stays after SIGINT"; exit 1; }
    (fit --out part --resume)
    digest part | diff expected - || { echo "after SIGINT: other bytes"; exit 1; }
    echo "interrupted and resumed: the same bytes"
fi
