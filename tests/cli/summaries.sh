#!/bin/sh
# summaries.sh: summary.csv and contrast.csv of a population against awk over the curves of its subjects: number,
# mean, standard deviation, quantiles of type 7 (Hyndman and Fan), paired differences, area and peak; what failed is
# left out and counted; subjects of a file by their weights.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2016 # the programs are awk's
# shellcheck source=tests/cli/script.sh
. "$(dirname -- "$0")/script.sh"

cat >two.stroma <<'END'
model two
time h
param k [1/h]
param c [1/h]
state A [mg] = 100
state x [1] = 1
d/dt(A) = -k * A
d/dt(x) = c * x * x - x * 1 [1/h]
END
cat >two.cfg <<'END'
model = "two";
parameters = { k = 0.1; c = 0.6; };
time = { end = 12.0; at = [0.0, 0.5, 2.0, 6.0, 12.0]; };
plots = ();
arms = ( { name = "slow"; }, { name = "fast"; parameters = { k = 0.2; }; } );
population = { size = 157; seed = 5; quantiles = [0.0, 0.025, 0.3, 1.0];
  vary = { k = { cv = 0.5; }; c = { cv = 0.5; }; }; };
END
"$STROMA" run two.cfg -q --no-render 2>words
expect 'some subjects fail' test $? -eq 1
expect 'how many of how many' grep -q "arm 'slow': [0-9]* of 157 subjects failed" words

# The same numbers in another way; a relative difference of 1e-12 of the size of the values is rounding.
cat >sums.awk <<'AWK'
BEGIN { FS = "," }
function near(a, b, scale, d) { d = a - b; return (d < 0 ? -d : d) <= 1e-12 * scale }
function sort(v, n, i, j, x) { for (i = 2; i <= n; i++) { x = v[i]; for (j = i - 1; j >= 1 && v[j] > x; j--) v[j + 1] = v[j]; v[j + 1] = x } }
function type7(v, n, p, h, lo) { h = (n - 1) * p + 1; lo = int(h); return v[lo] + (lo < n ? (h - lo) * (v[lo + 1] - v[lo]) : 0) }
FILENAME == "out/two/two.csv" && FNR > 1 { value[$1, $3, "A", $2] = $4; value[$1, $3, "x", $2] = $5; next }
FILENAME == "out/two/summary.csv" && FNR > 1 {
    n = 0; sum = 0; most = 0
    for (i = 1; i <= 157; i++)
        if (($1, $2, $3, i) in value) { v[++n] = value[$1, $2, $3, i]; sum += v[n]; if (v[n] * v[n] > most * most) most = v[n] }
    mean = sum / n; squares = 0
    for (i = 1; i <= n; i++) squares += (v[i] - mean) ^ 2
    sort(v, n); lines++
    split("0 0.025 0.3 0.5 1", level, " ")
    good = $4 == n && near($5, mean, most) && near($6, sqrt(squares / (n - 1)), most)
    for (q = 1; q <= 5; q++) good = good && near($(6 + q), type7(v, n, level[q]), most)
    if (!good) { print "summary: " $0 "; found n = " n ", mean = " mean; bad++ }
}
FILENAME == "out/two/contrast.csv" && FNR > 1 && $4 ~ /^[Ax]$/ {
    n = 0; sum = 0; above = 0
    for (i = 1; i <= 157; i++)
        if (($1, $3, $4, i) in value && ($2, $3, $4, i) in value) {
            v[++n] = value[$1, $3, $4, i] - value[$2, $3, $4, i]; sum += v[n]; above += v[n] > 0 }
    mean = sum / n; squares = 0
    for (i = 1; i <= n; i++) squares += (v[i] - mean) ^ 2
    sd = sqrt(squares / (n - 1)); sort(v, n); lines++
    # Cornish and Fisher (1937): Student's 0.975 quantile to 1e-6 for more than 60 degrees of freedom
    z = 1.959963984540054; f = n - 1
    t = z + (z ^ 3 + z) / (4 * f) + (5 * z ^ 5 + 16 * z ^ 3 + 3 * z) / (96 * f ^ 2) + (3 * z ^ 7 + 19 * z ^ 5 + 17 * z ^ 3 - 15 * z) / (384 * f ^ 3)
    half = t * sd / sqrt(n); tiny = 1e-6 * half + 1e-10
    if ($5 != n || !near($6, mean, 100) || !near($7, sd, 100) || ($8 - mean + half) ^ 2 > tiny ^ 2 || ($9 - mean - half) ^ 2 > tiny ^ 2 ||
        !near($10, type7(v, n, 0.5), 100) || !near($11, above / n, 1)) { print "contrast: " $0 "; found n = " n ", mean = " mean; bad++ }
}
END { if (lines != 30) { print lines " lines"; bad++ } exit bad > 0 }
AWK
expect 'summary.csv and contrast.csv are those of the curves' awk -f sums.awk out/two/two.csv out/two/summary.csv out/two/contrast.csv
expect 'those who failed are not counted late' awk -F, '$1 == "slow" && $2 == 0 && $4 != 157 { exit 1 } $2 == 12 && $4 < 157 { less = 1 } END { exit !less }' out/two/summary.csv
expect 'each row of outcomes.csv says when, why, which state, which line' awk -F, '
    FNR == 1 { if ($0 != "arm,id,outcome,time,reason,state,line") exit 1; next }
    $3 == "" || $4 !~ /^[0-9.]+$/ || $(NF - 1) != "x" || $NF !~ /two.stroma:[0-9]+$/ { print; exit 1 }' out/two/outcomes.csv

# Area by trapezoids and peak, of the subjects that are whole in both arms.
expect 'area and peak' awk -F, '
    FNR == NR { if (FNR > 1) { t[$1, $2, ++n[$1, $2]] = $3; v[$1, $2, n[$1, $2]] = $4 } next }
    $4 == "AUC(A)" || $4 == "peak(A)" {
        count = sum = 0
        for (i = 1; i <= 157; i++) if (n["slow", i] == 5 && n["fast", i] == 5) {
            count++
            for (arm = 1; arm <= 2; arm++) { name = arm == 1 ? "fast" : "slow"; area = 0; peak = v[name, i, 1]
                for (k = 2; k <= 5; k++) { area += (t[name, i, k] - t[name, i, k - 1]) * (v[name, i, k] + v[name, i, k - 1]) / 2
                    if (v[name, i, k] > peak) peak = v[name, i, k] }
                sum += (arm == 1 ? 1 : -1) * ($4 == "AUC(A)" ? area : peak) } }
        off = $6 - sum / count; seen++
        if ($5 != count || off * off > 1e-18) { print $0 " " count " " sum / count; bad = 1 } }
    END { exit bad || seen != 2 }' out/two/two.csv out/two/contrast.csv

# Whole weights are copies of a subject for the mean, whatever the order of the rows.
printf 'id,k,w\n7,0.1,2\n3,0.3,0\n5,0.2,1\n' >w.csv
sed '/^population/,$d; /^arms/d' two.cfg >w.cfg
sed -i 's/c = 0.6/c = 0.0/' w.cfg
echo 'population = { file = "w.csv"; weight = "w"; };' >>w.cfg
expect 'a run with weights' "$STROMA" run w.cfg -q --no-render
expect 'the weighted mean' awk -F, '$2 == 2 && $3 == "A" { seen = 1; wanted = (2 * 100 * exp(-0.2) + 100 * exp(-0.4)) / 3
    off = $5 / wanted - 1; if (off * off > 1e-12 || $4 != 3) exit 1 } END { exit !seen }' out/w/summary.csv
exit $wrong
