#!/bin/sh
# fitting.sh: the scripts of params/fitting find again the numbers with which their data were simulated.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh disable=SC2016,SC2317
. "$(dirname -- "$0")/script.sh"
cp -R "$SOURCE/params/fitting" fitting
cd fitting || exit 2
skipped=''

# found FILE: lines "NAME VALUE ..." for the four parameters, each within 10 % of the truth (README.md there).
found()
{
    awk 'BEGIN { truth["CL"] = 5; truth["V"] = 30; truth["k_out"] = 0.25; truth["IC50"] = 1.5 }
         $1 in truth { n++; off = $2 / truth[$1] - 1; if (off < 0) off = -off; if (off > 0.1) { print $0 " is not near " truth[$1]; bad = 1 } }
         END { exit n != 4 || bad }' "$1"
}

# near FILE NAME VALUE SHARE: the value of that name, within a share of it.
near()
{
    awk -v name="$2" -v wanted="$3" -v share="$4" '
        $1 == name { n++; off = $2 / wanted - 1; if (off < 0) off = -off; if (off > share) { print $0 " is not " wanted; bad = 1 } }
        END { exit n != 1 || bad }' "$1"
}

expect 'the study has no mistake' "$STROMA" check --strict pkpd.cfg

sh loop.sh >loop.out 2>loop.err
expect 'loop.sh says nothing on the way' test ! -s loop.err
expect 'loop.sh finds the four' found loop.out
expect 'loop.sh gets to the minimum' near loop.out objective -92.4150 2e-3

# by itself; every other door is to lead there too
"$STROMA" fit pkpd.cfg --out own --no-render >own.out 2>own.err
awk -F, 'NR > 1 { print $1, $4 }' own/parameters.csv >own.table
expect 'stroma fit finds the four' found own.table

# same FILE SHARE: the estimates of stroma fit, within a share of them.
same()
{
    while read -r name value; do
        near "$1" "$name" "$value" "$2" || return 1
    done <own.table
}

# The control file: the values of observed.csv; what PEST reads by the instructions, from the program; phi and -2 ln L.
awk -F, 'NR > 1 { t = $2; sub(/\.0$/, "", t); sub(/\./, "p", t)
                  if ($3 == "Cc") printf "lncc_%s_%s %.9f 20\n", $1, t, log($4); else printf "r_%s_%s %.9f 50\n", $1, t, $4 }' \
    observed.csv >observations
awk '/^\*/ { on = $0 == "* observation data"; next } on { printf "%s %.9f %s\n", $1, $2, $3 }' pest/pkpd.pst >of.pst
expect 'the control file has the values of observed.csv' cmp observations of.pst
cp -R pest try
(cd try && sh drive.sh pkpd.pst >pest.table 2>pest.err)
expect 'pest/drive.sh says nothing on the way' test ! -s try/pest.err
expect 'pest/drive.sh finds the estimates of stroma fit' same try/pest.table 1e-6
awk 'FNR == NR { if ($1 == "phi") sum = $2; next }
     { sum += log(6.283185307179586) - 2 * log($3) + ($1 ~ /^lncc/ ? 2 * $2 : 0) } END { printf "-2LL %.2f \n", sum }' \
    try/pest.table of.pst >phi.out
expect 'phi is the -2 ln L of stroma fit, less its constants' grep -q "^$(cat phi.out)" own.out
sed 's/^4 48 1/5 48 1/' pest/pkpd.pst >try/other.pst
(cd try && sh drive.sh other.pst >other.out 2>other.err)
expect 'drive.sh refuses a control file that contradicts itself' grep -q 'says 5 parameters' try/other.err
(cd try && STROMA=./nowhere sh drive.sh pkpd.pst >none.out 2>none.err)
expect 'a model that does not run is no fit' test "$?:$(wc -c <try/none.out)" = 1:0
# What pestpp-glm 5.2.23 found (README.md there), which stopped where phi no longer fell
for pair in CL:5.001917 V:31.31757 k_out:0.2505175 IC50:1.532589; do
    expect "stroma fit finds what PEST++ found: $pair" near own.table "${pair%:*}" "${pair#*:}" 1e-5
done
if command -v pestpp-glm >/dev/null 2>&1; then
    cp -R pest glm
    (cd glm && timeout 300 pestpp-glm pkpd.pst >glm.out 2>&1)
    expect 'pestpp-glm ends well' test "$?" = 0
    sed 's/ cl / CL /; s/ v / V /; s/ ic50 / IC50 /' glm/pkpd.par >glm.table
    expect 'pestpp-glm finds the estimates of stroma fit' same glm.table 2e-5
else
    skipped="$skipped pest with PEST++ (there is no pestpp-glm)"
fi

python=''
for name in python3 /usr/bin/python3; do
    if [ -z "$python" ] && "$name" -c 'import numpy, scipy.optimize' >/dev/null 2>&1; then python=$name; fi
done
if [ -n "$python" ]; then
    "$python" fit.py fitted.cfg >python.table 2>python.err
    expect 'fit.py says nothing on the way' test ! -s python.err
    expect 'fit.py finds the estimates of stroma fit' same python.table 1e-5
    expect 'the fitted study has no mistake' "$STROMA" check --strict fitted.cfg
    "$STROMA" params get fitted.cfg CL V k_out IC50 | sed 's/^parameters\.//' >fitted.table
    expect 'the fitted study has the estimates' found fitted.table
    expect 'the fitted study keeps its comments' test "$(grep -c '#' fitted.cfg)" = "$(grep -c '#' pkpd.cfg)"
    "$python" simulate.py again.csv
    expect 'the data can be made again' cmp observed.csv again.csv
else
    skipped="$skipped fit.py (there is no scipy)"
fi

if command -v Rscript >/dev/null 2>&1; then
    Rscript --vanilla fit.R >R.table 2>R.err
    expect 'fit.R finds the estimates of stroma fit' same R.table 1e-5
    expect 'fit.R gets to the minimum' near R.table objective -92.4150 1e-6
else
    skipped="$skipped fit.R (there is no R)"
fi

# the intervals of oral.cfg hold the numbers that its head gives
holds()
{
    awk -F, 'BEGIN { truth["ka"] = 1.2; truth["CL"] = 5; truth["V"] = 40; truth["sd(Cc)"] = 0.1 }
             FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
             { gsub(/"/, "", $1) }
             $1 in truth { n++; if ($at["low95"] > truth[$1] || $at["high95"] < truth[$1]) { print $0; bad = 1 } }
             END { exit n != 4 || bad }' "$1"
}
expect 'oral.cfg is fitted' "$STROMA" fit oral.cfg --no-render --quiet --out oral
expect 'the intervals of oral.cfg hold the truth' holds oral/parameters.csv
[ -z "$skipped" ] || echo "skipped:$skipped"
exit "$wrong"
