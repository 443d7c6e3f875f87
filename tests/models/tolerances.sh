#!/bin/sh
# tolerances.sh: every study gives the same at rtol 1e-6 and at 1e-9 (absolute tolerances a thousandth as well): each output agrees
# within 1e-4 of its scale, the largest value of that output in the study. Of a population the first subjects are compared.
# What is 0 or 1 may change its mind one output time earlier or later; it is said when it does so.
# Arguments: studies (paths from the source tree), instead of all of params.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh disable=SC2016
. "$(dirname -- "$0")/../cli/script.sh"
export STROMA_PATH="$SOURCE/models"
[ $# -gt 0 ] || set -- "$SOURCE"/params/*.cfg "$SOURCE"/params/*/*.cfg

# compare COARSE FINE ATOL: complains of columns that differ
# shellcheck disable=SC2317 # called by expect
compare()
{
    awk -F , -v atol="$3" '
    function size(x) { return x < 0 ? -x : x }
    FNR == 1 { file++; for (i = 1; i <= NF; i++) name[i] = $i; first = name[2] == "id" ? 4 : 3; next }
    file == 1 { for (i = first; i <= NF; i++) coarse[FNR, i] = $i == "NA" ? $i : $i + 0; # a denormal number is text to some awks
         rows = FNR; next }
    { for (i = first; i <= NF; i++) {
          if (!((FNR, i) in coarse)) { lost++; continue }
          if ($i == "NA" || coarse[FNR, i] == "NA") { lost += $i != coarse[FNR, i]; continue }
          fine_value = $i + 0
          scale[i] = size(fine_value) > scale[i] ? size(fine_value) : scale[i]
          whole[i] = (fine_value == 0 || fine_value == 1) && (i in whole ? whole[i] : 1)
          error = size(fine_value - coarse[FNR, i]); flips[i] += error == 1
          worst[i] = error > worst[i] ? error : worst[i] }
      fine++ }
    END { if (fine != rows - 1 || lost || fine == 0) { print "rows are missing"; exit 1 }
          for (i = first; i in name; i++) {
              if (whole[i] && flips[i] <= 0.01 * fine) { if (flips[i]) print "note: " name[i] " changes at another output time " flips[i] " times"; continue }
              if (scale[i] < 1e-3 * atol && worst[i] < atol) continue # nothing but rounding
              if (worst[i] > 1e-4 * scale[i]) { printf "%s differs by %.2g of its scale\n", name[i], worst[i] / scale[i]; bad = 1 } }
          exit bad }' "$1" "$2"
}

count=0
for study; do
    case $study in /*) ;; *) study=$SOURCE/$study ;; esac
    grep -q '^model ' "$study" || continue # a number set, to be included
    name=$(basename "$study" .cfg)
    count=$((count + 1))
    atol=$(sed -n 's/^solver.* atol = \([0-9.e-]*\);.*/\1/p' "$study")
    key=solver.atol
    if [ -z "$atol" ]; then
        atol=$(sed -n 's/^solver.* default = \([0-9.e-]*\);.*/\1/p' "$study")
        key=solver.atol.default
    fi
    [ -n "$atol" ] || key=solver.atol
    fine=$(echo "${atol:-1e-9}" | awk '{ printf "%.3g", $1 / 1000 }')
    more=
    ! grep -q '^population' "$study" || more='--set population.size=6 --individuals=csv --jobs=1'
    # shellcheck disable=SC2086 # a list of options
    expect "$name runs at rtol 1e-6" "$STROMA" run "$study" --no-render --quiet --out coarse --set solver.rtol=1e-6 $more
    # shellcheck disable=SC2086 # a list of options
    expect "$name runs at rtol 1e-9" "$STROMA" run "$study" --no-render --quiet --out fine --set solver.rtol=1e-9 \
        --set "$key=$fine" --set solver.max_steps=2000000 $more
    expect "$name is the same at both tolerances" compare "coarse/$name.csv" "fine/$name.csv" "${atol:-1e-9}"
    grep '^note' "$WORK/.words" | sed "s/^/$name: /"
    rm -rf coarse fine
done
[ $# -lt 20 ] || expect 'there are studies' test "$count" -ge 20
exit "$wrong"
