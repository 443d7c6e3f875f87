#!/bin/sh
# fit_methods.sh: every method of `stroma fit` finds the same estimates, with one thread and with two; an exponential
# through six values, whose best is where least squares found it (NIST's sets judge that one).
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${STROMA:-$source/build/stroma}
work=$(mktemp -d "${TMPDIR:-/tmp}/stroma-methods-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >decay.stroma <<'END'
model decay "one exponential"
time h
param A [1]
param k [1/h]
observe y [1] "amount" = A * exp(-k * t)
END
printf 'time,value\n0,101\n1,69.8\n2,50.3\n4,24.1\n6,13.4\n8,5.9\n' >drug.csv
write()
{
    cat >"$1.cfg" <<END
model = "decay"; parameters = { A = 60.0; k = 0.2; }; time = { end = 8.0; every = 4.0; }; plots = ();
fit = { data = "drug.csv"; method = "$1"; iterations = $2; tolerance = 1e-9;
  parameters = { A = { low = 10.0; high = 500.0; scale = "log"; }; k = { low = 0.01; high = 2.0; scale = "log"; }; };
  observe = { y = { error = "additive"; sd = 1.0; }; }; };
END
}
estimates() { awk -F, '$1 == "A" || $1 == "k" { printf "%s %.9g ", $1, $4 }' "$1/parameters.csv"; }

write least-squares 1000
"$program" fit least-squares.cfg --no-render --quiet --out least-squares
for method in scoring lbfgs slsqp mma bobyqa subplex simplex crs isres direct; do
    write "$method" 4000
    "$program" fit "$method.cfg" --no-render --quiet --out "$method" >words 2>&1 ||
        { echo "$method does not say that it is there"; cat words; exit 1; }
    echo "$(estimates least-squares) $(estimates "$method")" | awk -v method="$method" '
        function miss(a, b) { a = a / b - 1; return a < 0 ? -a : a }
        { m = miss($2, $6); n = miss($4, $8); m = m > n ? m : n
          printf "%-8s within %.0e\n", method, m; exit m > 1e-6 }'
done
for jobs in 1 2 3; do
    "$program" fit least-squares.cfg --starts 9 --jobs "$jobs" --no-render --quiet --out "jobs$jobs"
    for file in trace.csv starts.csv parameters.csv; do cmp "jobs1/$file" "jobs$jobs/$file"; done
done
echo "nine starts: the same bytes with one, two and three threads"
