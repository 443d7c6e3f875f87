#!/bin/sh
# fit_published.sh: `stroma fit` against estimates of R's nls that lie in ../shared/conformance/fitting (other
# people's data: skipped where that folder is absent): theophylline after an oral dose, each of six subjects and all
# twelve together, as closed form and by the solver; the rate of an enzyme treated with puromycin.
# Estimates and standard errors to 1e-6 relative, which is what the conformance kit asks for.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
program=${STROMA:-$source/build/stroma}
data=$source/../shared/conformance/fitting
[ -f "$data/theoph.csv" ] || { echo "../shared/conformance/fitting is not there"; exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/stroma-published-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >closed.stroma <<'END'
model closed "one compartment, oral dose, closed form"
time h
covariate dose [mg/kg]
param lKe [1]
param lKa [1]
param lCl [1]
ke = exp(lKe)
ka = exp(lKa)
x = t / 1 [h]
observe conc [mg/L] = 1 [kg/L] * dose * ke * ka / exp(lCl) / (ka - ke) * (exp(-ke * x) - exp(-ka * x))
END
cat >solved.stroma <<'END'
model solved "one compartment, oral dose, integrated"
time h
covariate dose [mg/kg]
param lKe [1]
param lKa [1]
param lCl [1]
state depot [mg/kg] = dose
state central [mg/kg] = 0
flow absorption : depot -> central : 1 [1/h] * exp(lKa) * depot
flow elimination : central -> : 1 [1/h] * exp(lKe) * central
observe conc [mg/L] = 1 [kg/L] * central * exp(lKe) / exp(lCl)
END
cat >puromycin.stroma <<'END'
model puromycin "Michaelis and Menten"
time day
param Vm [1]
param K [1]
x = t / 1 [day]
observe rate [1] = Vm * x / (K + x)
END

# study model name subjects...: the data and the study of these subjects.
study()
{
    model=$1 name=$2
    shift 2
    awk -F, -v list=" $* " 'NR == 1 { print "arm,time,value"; next }
        index(list, " " $1 " ") { print "s" $1 "," $4 "," $5 }' "$data/theoph.csv" >"$name.csv"
    awk -F, -v list=" $* " -v model="$model" -v name="$name" '
        NR > 1 && index(list, " " $1 " ") && !($1 in seen) {
            seen[$1] = 1
            arms = arms (arms ? ", " : "") sprintf("{ name = \"s%s\"; covariates = { dose = \"%s mg/kg\"; }; }", $1, $3)
        }
        END {
            printf "model = \"%s\"; plots = (); time = { end = 25.0; every = 5.0; };\n", model
            printf "solver = { rtol = 1e-12; atol = 1e-14; };\n"
            printf "parameters = { lKe = -2.5; lKa = 0.5; lCl = -3.0; };\narms = ( %s );\n", arms
            printf "fit = { data = \"%s.csv\"; parameters = { lKe = { }; lKa = { }; lCl = { }; };\n", name
            printf "  observe = { conc = { }; }; };\n"
        }' "$data/theoph.csv" >"$name.cfg"
}

# compare name dataset subject: parameters.csv against the table of estimates.
compare()
{
    "$program" fit "$1.cfg" --no-render --quiet --out "$1"
    awk -F, -v name="$1" -v set="$2" -v subject="$3" '
        function miss(value, known) { value = value / known - 1; return value < 0 ? -value : value }
        FNR == 1 { file++; next }
        file == 1 && $1 == set && $2 == subject { estimate[$3] = $4; se[$3] = $5 }
        file == 2 && ($1 in estimate) {
            seen++
            one = miss($4, estimate[$1]); other = miss($5, se[$1])
            if (one > worst) worst = one
            if (other > rough) rough = other
        }
        END {
            printf "%-12s estimates within %.1e, standard errors within %.1e\n", name, worst, rough
            exit !(seen >= 2 && worst <= 1e-6 && rough <= 1e-6)
        }' "$data/pk_nls_estimates.csv" "$1/parameters.csv" || { echo "not good enough" >&2; exit 1; }
}

for subject in 1 3 5 7 9 11; do
    study closed "closed$subject" "$subject"
    compare "closed$subject" Theoph "$subject"
    study solved "solved$subject" "$subject"
    compare "solved$subject" Theoph "$subject"
done
study closed pooled 1 2 3 4 5 6 7 8 9 10 11 12
compare pooled Theoph 0

awk -F, 'NR == 1 { print "time,value"; next } $3 == "treated" { print $1 "," $2 }' "$data/puromycin.csv" >puromycin.csv
cat >puromycin.cfg <<'END'
model = "puromycin"; plots = (); time = { end = 1.1; every = 0.5; };
parameters = { Vm = 200.0; K = 0.05; };
fit = { data = "puromycin.csv"; parameters = { Vm = { }; K = { }; }; observe = { rate = { }; }; };
END
compare puromycin Puromycin-treated 0
