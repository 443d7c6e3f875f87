#!/bin/sh
# fit_censored.sh: `stroma fit` of values beyond a limit (M2, M3, M4, between two limits, off the scale) against estimates,
# likelihoods and standard errors from the closed form with 40 digits (tests/reference/make/censored.py). Here the curve
# is integrated, and standard errors are those of the observed information.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh disable=SC2016,SC2317
. "$(dirname -- "$0")/script.sh"
truth=$SOURCE/tests/reference/censored
cp "$truth/seen.csv" "$truth/limits.csv" .
cat >one.stroma <<'END'
model one "one compartment, a bolus"
time h
param CL [L/h]
param V [L]
state A [mg] = 0
flow elimination : A -> : CL / V * A
route iv -> A
observe C [mg/L] "concentration" = A / V
END

# study DATA ERROR BLQ [more of the fit]
study()
{
    cat <<END
model = "one";
parameters = { CL = { value = 3.0; unit = "L/h"; }; V = { value = 30.0; unit = "L"; }; };
time = { end = 24.0; every = 1.0; };
arms = ( { name = "low"; doses = ( { route = "iv"; amount = 30.0; at = 0.0; } ); },
         { name = "high"; doses = ( { route = "iv"; amount = 100.0; at = 0.0; } ); } );
solver = { rtol = $rtol; atol = $atol; };
plots = ();
fit = {
  data = "$1.csv";
  parameters = { CL = { low = 0.1; high = 100.0; scale = "log"; }; V = { low = 1.0; high = 500.0; scale = "lin"; }; };
  observe = { C = { error = "$2"; blq = "$3"; }; };
  ${4:-}
};
END
}

# agrees PARAMETERS DATA ERROR BLQ SHARE: coordinates within a thousandth of a standard error, these within a share
agrees()
{
    awk -F, -v data="$2" -v error="$3" -v blq="$4" -v share="$5" '
        function size(x) { return x < 0 ? -x : x }
        FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        NR == FNR { if ($1 == data && $2 == error && $3 == blq) { value[$4] = $5; se[$4] = $6; wanted++ } next }
        { gsub(/"/, "", $1) }
        $1 in se {
            found++
            off = size($at["coordinate"] - value[$1]) / se[$1]; wide = size($at["coordinate_se"] / se[$1] - 1)
            if (off > 1e-3 || wide > share) { print $1, $at["coordinate"], $at["coordinate_se"], "not", value[$1], se[$1]; bad = 1 }
            most = wide > most ? wide : most
        }
        END { print data, error, blq ": within", most; exit bad || found != wanted || wanted < 3 }' "$truth/expected.csv" "$1"
}

# likely FIT.JSON DATA ERROR BLQ: -2 ln L
likely()
{
    awk -F, -v case="$2,$3,$4," '
        NR == FNR { if (index($0, case) == 1) wanted = $7; next }
        /"minus_two_log_likelihood"/ { sub(/.*: /, ""); off = $1 - wanted; off = off < 0 ? -off : off; known = 1 }
        END { print "off by", off; exit !known || wanted == "" || off > 1e-6 }' "$truth/expected.csv" "$1"
}

# check DATA ERROR BLQ SHARE
check()
{
    study "$1" "$2" "$3" >"$1-$2-$3.cfg"
    expect "$1 $2 $3 is fitted" "$STROMA" fit "$1-$2-$3.cfg" --no-render --quiet --out "$1-$2-$3"
    expect "$1 $2 $3: the likelihood" likely "$1-$2-$3/fit.json" "$1" "$2" "$3"
    agrees "$1-$2-$3/parameters.csv" "$1" "$2" "$3" "$4" >>found
    expect "$1 $2 $3: estimates and standard errors" agrees "$1-$2-$3/parameters.csv" "$1" "$2" "$3" "$4"
    expect "$1 $2 $3: the observed information" grep -q '"information": "observed"' "$1-$2-$3/fit.json"
}

# warns STUDY WORDS: the fit ends with that warning, and says which information its standard errors are of
warns()
{
    code=0
    "$STROMA" fit "$1.cfg" --no-render --out "$1" >"$1.out" 2>"$1.err" || code=$?
    cat "$1.out" "$1.err"
    [ "$code" = 1 ] && grep -q "^stroma: warning: .*$2.*expected information.*\\[R042\\]" "$1.err" &&
        grep -q '^standard errors by the expected information' "$1.out" && grep -q '"information": "expected"' "$1/fit.json"
}

rtol=1e-8 atol=1e-10
for error in additive combined; do
    check seen "$error" M3 1e-4
    check seen "$error" M4 1e-4
done
check seen proportional M3 1e-4
check seen lognormal M3 1e-4
check limits additive M3 1e-4
check limits combined M4 1e-4
# M4 says of values that were seen, too, that they are above 0: also where none is censored.
awk -F, 'NR == 1 || $4 == 0' seen.csv >above.csv
check above additive M4 1e-4
check above proportional M4 1e-4
cat found

# Above 0 lies all that a lognormal error can give: M4 with a limit of 0 is M3.
awk -F, 'NR > 1 && $4 == 1 { print $0 ",0"; next } { print $0 (NR == 1 ? ",limit" : ",") }' seen.csv >zero.csv
study zero lognormal M4 >zero.cfg
expect 'a limit of 0 is taken' "$STROMA" fit zero.cfg --no-render --quiet --out zero
expect 'a limit of 0 says nothing about a lognormal value' agrees zero/parameters.csv seen lognormal M3 1e-4
study seen lognormal M4 >lognormal.cfg
expect 'a lognormal error by M4' "$STROMA" fit lognormal.cfg --no-render --quiet --out lognormal
expect 'M4 of a lognormal error is M3' cmp lognormal/parameters.csv seen-lognormal-M3/parameters.csv

# A loose solver: most of its error cancels between the ends of a step.
rtol=1e-5 atol=1e-7
study seen combined M4 >loose.cfg
expect 'a loose solver will do' "$STROMA" fit loose.cfg --no-render --quiet --out loose
expect 'standard errors bear a loose solver' agrees loose/parameters.csv seen combined M4 1e-3
rtol=1e-8 atol=1e-10

# Threads do not change a bit.
for jobs in 1 3; do
    expect "$jobs threads" "$STROMA" fit limits-combined-M4.cfg --jobs "$jobs" --no-render --quiet --out "jobs$jobs"
    for file in parameters.csv predictions.csv; do
        expect "$jobs threads: the same $file" cmp "jobs$jobs/$file" "limits-combined-M4/$file"
    done
done

# Where all values were seen it is the expected information.
awk -F, '$4 != 1' seen.csv >plain.csv
study plain combined M3 >plain.cfg
expect 'values that were seen are fitted' "$STROMA" fit plain.cfg --no-render --quiet --out plain
expect 'they bring the expected information' grep -q '"information": "expected"' plain/fit.json
expect 'a profile looks, too' "$STROMA" profile seen-additive-M3.cfg -p CL --no-render --quiet --out profile
expect 'a profile begins with the observed information' grep -q '"information": "observed"' profile/fit.json

# Far from the minimum the curve bends away from the data: the Hessian is not positive definite.
study seen additive M3 'method = "simplex"; iterations = 1;' |
    sed 's/error = "additive";/& sd = 0.12;/; s/value = 30.0; unit = "L"/value = 300.0; unit = "L"/' >bent.cfg
expect 'a Hessian that is not positive definite' warns bent 'not positive definite'
# At a kink of the model there is no Hessian.
cat >kink.stroma <<'END'
model kink "a slope that is never positive"
time h
param a [1]
param b [1]
observe y [1] "amount" = a - abs(b - 2) * t / 1 [h]
END
printf 'time,value,cens\n1,1.4,0\n2,2.1,0\n3,2.4,0\n4,3.1,0\n5,3.3,1\n' >kink.csv
cat >kink.cfg <<'END'
model = "kink"; parameters = { a = 2.3; b = 2.0; }; time = { end = 8.0; every = 4.0; }; plots = ();
fit = { data = "kink.csv"; method = "simplex"; iterations = 1;
  parameters = { a = { scale = "lin"; }; b = { scale = "lin"; }; };
  observe = { y = { error = "additive"; sd = 0.5; }; }; };
END
expect 'a kink has no Hessian' warns kink 'do not agree'
exit "$wrong"
