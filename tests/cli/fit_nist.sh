#!/bin/sh
# fit_nist.sh: `stroma fit` against the certified values of NIST's nonlinear regression sets, from both
# starts of each: estimates to 6 digits, standard deviations to 3 (Lanczos1 to 2: its residuals are 1e-13 of the
# values, where a double has three digits left).
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${STROMA:-$source/build/stroma}
data=$source/tests/reference/nist
work=$(mktemp -d "${TMPDIR:-/tmp}/stroma-nist-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

# shellcheck disable=SC2013 # names without blanks
for name in $(awk -F, 'NR > 1 { print $1 }' "$data/certified.csv" | sort -u); do
    # A model without states: x is the time.
    awk -F, -v name="$name" '
        $1 == name { if (!rhs) rhs = $3; list = list "param " $7 " [1]\n" }
        END {
            gsub(/\*\*/, "^", rhs); gsub(/pi/, "3.14159265358979323846", rhs)
            printf "model %s \"NIST StRD\"\ntime day\n%sx = t / 1 [day]\nobserve y [1] \"response\" = %s\n", name, list, rhs
        }' "$data/certified.csv" >"$name.stroma"
    awk -F, 'NR == 1 { print "time,value"; next } { print $2 "," $1 }' "$data/$name.csv" >"$name.csv"
    for start in 1 2; do
        awk -F, -v name="$name" -v column=$((7 + start)) '
            FNR == 1 { file++; next }
            file == 1 && $1 == name { values = values " " $7 " = " $column + 0 ";"; free = free " " $7 " = { };" }
            file == 2 { low = $2 < low ? $2 : low; high = $2 > high ? $2 : high }
            END {
                printf "model = \"%s\"; plots = ();\ntime = { start = %g; end = %g; every = %g; };\n", name, low, high, high - low
                printf "parameters = {%s };\n", values
                printf "fit = { data = \"%s.csv\"; parameters = {%s }; observe = { y = { }; }; };\n", name, free
            }' "$data/certified.csv" "$data/$name.csv" >"$name$start.cfg"
        "$program" fit "$name$start.cfg" --no-render --quiet --out "$name$start" ||
            { echo "$name from start $start: the fit failed" >&2; exit 1; }
        awk -F, -v name="$name" -v start=$start '
            function digits(value, known) { return value == known ? 11 : -log(((value - known) < 0 ? known - value : value - known) / (known < 0 ? -known : known)) / log(10) }
            FNR == 1 { file++; next }
            file == 1 && $1 == name { estimate[$7] = $10; sd[$7] = $11 }
            file == 2 && ($1 in estimate) {
                seen++
                one = digits($4, estimate[$1]); other = digits($5, sd[$1])
                if (least == "" || one < least) least = one
                if (rough == "" || other < rough) rough = other
            }
            END {
                printf "%-12s start %d: estimates to %.1f digits, standard deviations to %.1f\n", name, start, least, rough
                exit !(seen > 0 && least >= 6 && rough >= (name == "Lanczos1" ? 2 : 3))
            }' "$data/certified.csv" "$name$start/parameters.csv" || { echo "not good enough" >&2; exit 1; }
    done
done
