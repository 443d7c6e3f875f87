#!/bin/sh
# fitting.sh: the scripts of params/fitting find again the numbers with which their data were simulated.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh disable=SC2016,SC2317
. "$(dirname -- "$0")/script.sh"
export STROMA_PATH="$SOURCE/models"
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
awk '{ print "CL", $1; print "V", $2; print "k_out", $3; print "IC50", $4; print "objective", $5 }' loop.out >loop.table
expect 'loop.sh finds the four' found loop.table
expect 'loop.sh gets to the minimum' near loop.table objective -93.5427 2e-3

mkdir try
(cd try && sh ../pest/drive.sh >pest.table 2>pest.err)
expect 'pest/drive.sh says nothing on the way' test ! -s try/pest.err
expect 'pest/drive.sh finds the four' found try/pest.table

python=''
for name in python3 /usr/bin/python3; do
    if [ -z "$python" ] && "$name" -c 'import numpy, scipy.optimize' >/dev/null 2>&1; then python=$name; fi
done
if [ -n "$python" ]; then
    "$python" fit.py fitted.cfg >python.table 2>python.err
    expect 'fit.py says nothing on the way' test ! -s python.err
    expect 'fit.py finds the four' found python.table
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
    expect 'fit.R finds the four' found R.table
    expect 'fit.R gets to the minimum' near R.table objective -93.5427 1e-6
else
    skipped="$skipped fit.R (there is no R)"
fi

# by itself, the same minimum: -2 ln L of both
"$STROMA" fit pkpd.cfg --out own --no-render >own.out 2>own.err
expect 'stroma fit finds the same minimum' grep -q '^-2LL -187.085 ' own.out

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
