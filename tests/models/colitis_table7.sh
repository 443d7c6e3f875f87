#!/bin/sh
# colitis_table7.sh: Lo 2016 anchored, against the published Table 7 itself: the changes of nine cells and cytokines in four types of
# Crohn's disease, 36 numbers: every sign is right and the mean distance is at most 4.6 points. The printed numbers of the paper, which do not
# have their own healthy state, miss signs. With TNF blocked (page 14 of the paper) Th1 and Th17 fall in all types.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh disable=SC2016
. "$(dirname -- "$0")/../cli/script.sh"
export STROMA_PATH="$SOURCE/models"

# study NAME SET: the steady states of the healthy gut and of the four types, with and without TNF
study()
{
    {
        cat <<END
model = "colitis";
parameters = {
  @include "$SOURCE/params/colitis/$2.cfg"
  crp = {
    @include "$SOURCE/params/il6_crp/healthy.cfg"
  };
  msc = {
    @include "$SOURCE/params/msc/human.cfg"
  };
};
time = { end = "400 week"; at = ["400 week"]; };
arms = (
  { name = "healthy"; },
END
        for type in 1 2 3 4; do
            cat <<END
  { name = "$type"; parameters = {
      @include "$SOURCE/params/colitis/type$type.cfg"
    }; },
  { name = "$type blocked"; like = "$type"; parameters = { TNF_block = 1.0; }; }$([ "$type" = 4 ] || echo ,)
END
        done
        cat <<END
);
solver = { rtol = 1e-8; atol = 1e-18; };
outputs = ["I6", "I10", "Ia", "T1", "T2", "T17", "Tr", "Ib", "Ig"];
plots = ();
END
    } >"$1.cfg"
    expect "$1 runs" "$STROMA" run "$1.cfg" --quiet --no-render --out "$1"
}
study anchored anchored
study printed printed

# Table 7 of the paper, percent
cat >table7 <<'END'
1 -93 -51 -31 50 -22 50 -71 -56 -99
2 -74 -15 -31 -29 50 -27 1 -6 -92
3 35 44 47 110 75 -14 70 19 481
4 -83 -34 -45 -46 -40 -11 -42 -20 -95
END

# agreement NAME: "signs right, mean distance, largest distance"
agreement()
{
    awk 'NR == FNR { for (i = 2; i <= NF; i++) want[$1, i + 2] = $i; next }
        FNR == 1 { next }
        { split($0, cell, ",") }
        cell[1] == "healthy" { for (i = 4; i <= 12; i++) base[i] = cell[i] }
        (cell[1], 4) in want { for (i = 4; i <= 12; i++) { change = 100 * (cell[i] / base[i] - 1); w = want[cell[1], i]
              right += change * w > 0; d = change - w; d = d < 0 ? -d : d; sum += d; if (d > most) most = d; n++ } }
        END { printf "%d %.2f %.1f %d\n", right, sum / n, most, n }' table7 "$1/$1.csv"
}
found=$(agreement anchored)
echo "anchored: signs, mean and largest distance in points, numbers: $found"
expect "36 of 36 signs, a mean distance of 4.6 points or less, 31.8 at most (found $found)" \
    awk -v f="$found" 'BEGIN { split(f, x, " "); exit !(x[1] == 36 && x[2] <= 4.6 && x[3] <= 31.9 && x[4] == 36) }'
found=$(agreement printed)
echo "printed: $found"
expect "the printed numbers miss signs (21 of 36) and are 129 points off (found $found)" \
    awk -v f="$found" 'BEGIN { split(f, x, " "); exit !(x[1] == 21 && x[2] > 128.5 && x[2] < 129.5) }'

# complete block of TNF, in points of healthy: page 14 has type 1 Th1 -93, Th17 -40; type 3 Th1 -105, Treg +108; types 2 and 4 Th1 -35, -34,
# Th17 -19, -21; the anchored numbers -82, -41; -118, +110; -34, -22; -20, -20 (dossier)
expect 'TNF blocked: changes of Th1, Th17 and Treg to a point' awk -F , '
    $1 == "healthy" { for (i = 4; i <= 12; i++) base[i] = $i }
    NR > 1 { for (i = 4; i <= 12; i++) value[$1, i] = $i }
    function points(type, i) { return 100 * (value[type " blocked", i] - value[type, i]) / base[i] }
    function near(x, y) { if (x - y < -1 || x - y > 1) { print x " instead of " y; bad = 1 } }
    END { near(points(1, 7), -82); near(points(1, 9), -41); near(points(3, 7), -118); near(points(3, 10), 110)
          near(points(2, 7), -34); near(points(4, 7), -22); near(points(2, 9), -20); near(points(4, 9), -20); exit bad }' \
    anchored/anchored.csv
exit "$wrong"
