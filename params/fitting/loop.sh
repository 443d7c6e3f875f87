#!/bin/sh
# loop.sh: a fit in sh and awk. Each round asks `stroma serve` for the objective at the best point and one
# step to both sides of it in each parameter (a factor), and takes the best; where nothing is better, the
# step becomes smaller. Slow but without derivatives, and each line can be looked at.
#   sh loop.sh            prints the four, a line each, and the objective, -ln L
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
cd "$(dirname -- "$0")"
: "${STROMA:=stroma}"
names='CL V k_out IC50'

best=''
for name in $names; do # start at the study's values
    best="$best $("$STROMA" params get pkpd.cfg "$name" --bare --model-units)"
done
step=1.5
round=0
while [ "$round" -lt 200 ]; do
    round=$((round + 1))
    answer=$(echo "$best" | awk -v step="$step" -v names="$names" '
        { count = split(names, name, " "); line = name[1]; for (i = 2; i <= count; i++) line = line "," name[i]; print line
          for (k = 0; k <= 2 * count; k++) {
              line = ""
              for (i = 1; i <= count; i++) {
                  value = $i * (k == 2 * i - 1 ? step : k == 2 * i ? 1 / step : 1)
                  line = line (i > 1 ? "," : "") sprintf("%.17g", value)
              }
              print line
          } }' >.points.csv
        "$STROMA" serve pkpd.cfg --quiet --objective <.points.csv |
            awk -F, 'NR > 1 && $2 == "done" && (least == "" || $3 + 0 < least + 0) { least = $3; row = $1 } END { print row, least }')
    row=${answer% *}
    value=${answer#* }
    best=$(sed -n "$((row + 1))p" .points.csv | tr ',' ' ')
    if [ "$row" = 1 ]; then # nothing is better than the middle
        step=$(awk -v step="$step" 'BEGIN { print sqrt(step) }')
        case $step in 1.000*) break ;; esac
    fi
done
rm -f .points.csv
for name in $names; do
    echo "$name ${best%% *}"
    best=${best#* }
done
echo "objective $value"
