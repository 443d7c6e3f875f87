#!/bin/sh
# population.sh: the files of a population are the same bytes on any number of threads, from shards, after
# SIGKILL or SIGINT and --resume; one subject has the bits of the whole run; MPI ranks do the same.
# Environment: STROMA (the program), STROMA_MPI (stroma-mpi, if it was built).
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2015 # complain is meant for either
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${STROMA:-$source/build/stroma}
work=$(mktemp -d "${TMPDIR:-/tmp}/stroma-population-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
wrong=0

complain()
{
    echo "$*"
    wrong=1
}

cat >one.stroma <<'END'
model one "one compartment and a burst"
time h
param k [1/h] "rate of loss"
param c [1/h] "strength of the burst" = 0
covariate WT [kg] "body weight"
state A [mg] "amount" = 0
state x [1] "burst" = 1
d/dt(A) = -k * A
d/dt(x) = c * x * x - x * 1 [1/h]
route iv -> A
observe conc [mg/kg] "amount per weight" = A / WT
END

# study NAME SIZE EVERY
study()
{
    cat >"$1.cfg" <<END
model = "one";
title = "A population of $2";
parameters = { k = 0.1; c = 0.6; };
covariates = { WT = 70.0; };
time = { end = 24.0; every = $3; };
arms = ( { name = "once"; doses = ( { route = "iv"; amount = "2 mg/kg"; at = 0.0; } ); },
         { name = "fast"; like = "once"; parameters = { k = 0.2; }; },
         { name = "twice"; like = "once"; doses = ( { route = "iv"; amount = "1 mg/kg"; at = (0.0, 12.0); } ); } );
outputs = ["A", "conc", "x"];
plots = ( { title = "Amount"; y = ["A"]; band = [10, 90]; } );
population = { size = $2; seed = 20261121;
  vary = { k = { cv = 0.3; }; c = { cv = 0.4; };
           WT = { mean = 70.0; sd = 12.0; distribution = "normal"; min = 35.0; }; };
  correlate = ( { between = ["k", "WT"]; rho = 0.4; } );
  accept = ( "conc < 5", "k > 0.05" ); };
END
}

# One hash of every file in a folder, hidden ones too.
hash_of()
{
    (cd "$1" && find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum)
}

# expect NAME: out/NAME holds what the first run left.
expect()
{
    found=$(hash_of "out/$study")
    [ "$found" = "$wanted" ] || {
        complain "$1: other bytes than one thread"
        (cd "out/$study" && find . -type f | LC_ALL=C sort | xargs sha256sum) | diff reference.txt - || :
    }
    rm -rf out
}

run()
{
    "$program" run "$study.cfg" --quiet --no-render "$@" 2>words >table || [ $? -le 1 ] || complain "run $*: $(cat words)"
}

study=small
study small 211 0.5
run --jobs=1
wanted=$(hash_of out/small)
(cd out/small && find . -type f | LC_ALL=C sort | xargs sha256sum) >reference.txt
grep -q '^once,.*,not finite\|^once,.*,step limit\|^once,.*,no convergence' out/small/outcomes.csv ||
    complain 'nobody failed: the failures are not tested'
[ "$(wc -l <out/small/subjects.csv)" -eq 634 ] ||
    complain 'subjects.csv has not one row for each subject of an arm (their k differs)'
awk -F, 'FNR == 1 { next } $4 < 211 && $3 == "x" { found = 1 } END { exit !found }' out/small/summary.csv ||
    complain 'no row of summary.csv counts fewer than all'
cp out/small/small.csv whole.csv
"$program" run small.cfg --cohort-only --out cohort 2>words || complain "--cohort-only: $(cat words)"
grep -q "^'accept' kept 211 of [0-9]* draws ([0-9.]* %)" words || complain "--cohort-only says no rate: $(cat words)"
cmp out/small/subjects.csv cohort/subjects.csv || complain '--cohort-only draws other subjects than the run'
[ "$(ls cohort)" = subjects.csv ] || complain "--cohort-only wrote more: $(ls cohort)"
expect '--jobs=1'

for jobs in 2 3 5; do
    run --jobs=$jobs
    expect "--jobs=$jobs"
done
# a subject depends on nobody beside it: packs of any width leave the same tables
for lanes in 1 4 16; do
    run --jobs=2 --lanes=$lanes
    (cd out/small && grep '\.csv$' ../../reference.txt | sha256sum -c --quiet) >said 2>&1 || complain "--lanes=$lanes: $(cat said)"
    rm -rf out
done
# the script for Slurm as stroma-merge(1) prints it, by tasks out of order
sed -n '/^#!\/bin\/sh/,/^\.Ed/p' "$source/src/man/stroma-merge.1" |
    sed '$d; s/\\e$/\\/; s|stroma run params/msc-population.cfg|"$STROMA" run small.cfg --no-render|' >array.sh
grep -q '^#SBATCH --array' array.sh || complain 'stroma-merge(1) has no script for sbatch'
for shard in 3 1 2; do
    STROMA=$program SLURM_CPUS_PER_TASK=1 SLURM_ARRAY_TASK_ID=$shard SLURM_ARRAY_TASK_COUNT=3 sh array.sh 2>words ||
        complain "shard $shard: $(cat words)"
done
"$program" merge out/small --quiet 2>words || [ $? -eq 1 ] || complain "merge: $(cat words)"
expect '3 shards merged'

# one subject, in every arm
"$program" run small.cfg --quiet --subject=117 || [ $? -eq 1 ] || complain '--subject failed'
awk -F, 'FNR == 1 || $2 == 117' whole.csv | cmp -s - out/small/subject-117.csv ||
    complain 'subject 117 by itself has other rows than in the whole run'
rm -rf out

# killed, and stopped by Ctrl-C, in the middle
study=long
study long 2000 0.04
run --jobs=2 --individuals=none
wanted=$(hash_of out/long)
(cd out/long && find . -type f | LC_ALL=C sort | xargs sha256sum) >reference.txt
rm -rf out
"$program" run long.cfg --quiet --no-render --individuals=none --jobs=1 2>/dev/null &
child=$!
while [ ! -s out/long/.long.journal ] || [ "$(wc -c <out/long/.long.journal)" -lt 4000 ]; do
    kill -0 $child 2>/dev/null || break
done
kill -9 $child 2>/dev/null || complain 'it was over before it could be killed'
wait $child || :
[ ! -e out/long/manifest.json ] || complain 'a killed run left a manifest'
run --individuals=none --resume
expect 'killed and resumed'

"$program" run long.cfg --no-render --individuals=none --jobs=1 2>words >/dev/null &
child=$!
while [ ! -s out/long/.long.journal ] || [ "$(wc -c <out/long/.long.journal)" -lt 4000 ]; do
    kill -0 $child 2>/dev/null || break
done
kill -INT $child
kill -INT $child 2>/dev/null || : # an echo, as timeout(1) sends it
code=0
wait $child || code=$?
[ $code -eq 75 ] || complain "after SIGINT the exit code is $code: $(cat words)"
grep -q 'go on with: stroma run long.cfg --no-render --individuals=none --resume' words || complain "$(cat words)"
sed -i 's/k = 0.2;/k = 0.21;/' long.cfg
code=0
"$program" run long.cfg --quiet --no-render --individuals=none --resume 2>words || code=$?
[ $code -eq 65 ] && grep -q 'has changed' words || complain "a changed study was resumed ($code): $(cat words)"
sed -i 's/k = 0.21;/k = 0.2;/' long.cfg
run --individuals=none --resume --jobs=2
expect 'stopped and resumed'

# a bar with rate and time left on a terminal, without a trace at the end; elsewhere nothing in the first minute
cat >call.sh <<END
"$program" run \$1.cfg --no-render --individuals=none --jobs=1 --out shown >table
END
sed -i 's/size = 2000/size = 4000/' long.cfg
if command -v script >/dev/null 2>&1; then
    TERM=xterm script -qec 'sh call.sh long' /dev/null </dev/null >shown.txt 2>&1 || :
    tr '\r' '\n' <shown.txt >lines
    grep -q '^\[#* *\] *[0-9]* %  [0-9.]* subjects/s  [0-9:]* left' lines ||
        complain "no bar on a terminal: $(head -c 400 shown.txt)"
    tail -n 1 lines | grep -q 'subjects/s' && complain 'the bar is still there at the end'
    awk '/subjects\/s/ { sub(/^[^]]*\] */, ""); if ($1 + 0 < last) exit 1; last = $1 + 0 }' lines ||
        complain 'the bar runs backwards'
fi
sh call.sh small 2>words || [ $? -eq 1 ] || complain "run: $(cat words)"
grep -q "$(printf '[\r\033]')" words && complain 'control characters where there is no terminal'
rm -rf shown

# what cannot be merged
code=0
mkdir -p out/long
"$program" merge out/long 2>words || code=$?
[ $code -eq 74 ] && grep -q 'no first shard' words || complain "merge of nothing: $code $(cat words)"

if [ -n "${STROMA_MPI:-}" ] && command -v mpirun >/dev/null 2>&1; then
    study=small
    run --jobs=1
    wanted=$(hash_of out/small)
    rm -rf out
    root=
    [ "$(id -u)" -ne 0 ] || root=--allow-run-as-root
    mpirun $root --oversubscribe -n 2 "$STROMA_MPI" run small.cfg --quiet --no-render 2>words || [ $? -eq 1 ] ||
        complain "mpirun: $(cat words)"
    expect 'two MPI ranks'
else
    echo 'stroma-mpi was not built: not tested'
fi
exit $wrong
