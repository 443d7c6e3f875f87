#!/bin/sh
# ra_vpop.sh: the 300 published virtual patients of the rheumatoid arthritis model (Bedathuru 2024, Vpop1), read
# from ../shared, which a clone does not have. Each patient has the DAS28 of an independent re-implementation on
# every day of its table in four arms, and the groups have the published response rates: methotrexate on day 284
# ACR20/50/70 33.7/17.7/2.3 %, 243 without ACR50 the day after; of these with tocilizumab from day 285 on day 600
# 49.0/25.1/14.8 % and on day 700 44.9/23.5/14.0 % with 28.4 % in remission; adalimumab on day 368
# 30.7/23.7/14.7 %; with the death of plasma cells as meant (plasma_rate_per_volume 1) 35.3/18.0/2.3 %.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh disable=SC2016
. "$(dirname -- "$0")/../cli/script.sh"
data=$SOURCE/../shared/science/joint-cns/data
if [ ! -f "$data/ra_vpop1.csv" ] || [ ! -f "$data/ra_vpop1_das28.csv" ]; then
    echo 'skipped: no shared data'
    exit 77
fi
grep -v '^#' "$data/ra_vpop1.csv" >patients.csv
grep -v '^#' "$data/ra_vpop1_das28.csv" >wanted.csv

cat >vpop.cfg <<END
model = "$SOURCE/models/ra.stroma";
title = "The 300 published virtual patients";
parameters = {
  @include "$SOURCE/params/ra/nominal.cfg"
};
time = { end = "700 day"; at = ["199 day", "284 day", "284.999 day", "368 day", "453 day", "600 day", "700 day"]; };
population = { file = "patients.csv"; };
arms = (
  { name = "none"; },
  { name = "MTX"; doses = ( { route = "methotrexate"; amount = "15 mg"; first = "200 day"; every = "7 day"; count = 13; } ); },
  { name = "ADA"; doses = ( { route = "adalimumab"; amount = "40 mg"; first = "200 day"; every = "14 day"; count = 28; } ); },
  { name = "MTXTCZ"; doses = (
      { route = "methotrexate"; amount = "15 mg"; first = "200 day"; every = "7 day"; count = 13; },
      { route = "tocilizumab"; amount = "600 mg"; first = "285 day"; every = "28 day"; count = 15; } ); }
);
solver = { rtol = 1e-6; atol = { default = 1e-9; TNFa_Ada = 1e-20; }; };
outputs = ["DAS28_CRP", "acr_surrogate", "remission"];
plots = ();
END
expect 'the patients run' "$STROMA" run vpop.cfg --no-render --quiet --individuals=csv --out out
expect 'none of them fails' test "$(wc -l <out/outcomes.csv)" = 1

# --- each patient
awk -F , 'NR == FNR { if (FNR > 1) das[$1 "," $2 "," $3 + 0] = $4; next }
    FNR == 1 { for (i = 2; i <= NF; i++) head[i] = $i; next }
    { for (i = 2; i <= NF; i++) {
          arm = head[i]; day = head[i]; sub(/_d.*/, "", arm); sub(/.*_d/, "", day)
          if (arm == "das28") arm = "none"
          if (!((arm "," $1 "," day + 0) in das)) { missing++; continue }
          error = das[arm "," $1 "," day + 0] - $i; error = error < 0 ? -error : error
          seen++; if (error > 2e-4) { wrong++; print "patient " $1 ", " head[i] ": " error }
          largest = error > largest ? error : largest
      } }
    END { print seen " values, largest difference " largest; exit !(seen == 6300 && !wrong && !missing) }' \
    out/vpop.csv wanted.csv >compared
expect 'each patient has the DAS28 of the independent program within 2e-4 (it has five decimals)' \
    sh -c 'tail -n 5 compared; grep -q "^6300 values" compared && ! grep -q ^patient compared'

# --- the groups: ARM DAY [of those without ACR50 under MTX on day 284.999] -> "20 50 70 remission n" in percent
group()
{
    awk -F , -v arm="$2" -v day="$3" -v of="$4" '$1 == "MTX" && $3 == 284.999 && $5 < 50 { out[$2] = 1 }
        $1 == arm && $3 == day { acr[$2] = $5; low[$2] = $6 }
        END { for (id in acr) if (of == "all" || id in out) {
                  n++; a += acr[id] >= 20; b += acr[id] >= 50; c += acr[id] >= 70; d += low[id] }
              printf "%.1f %.1f %.1f %.1f %d\n", 100 * a / n, 100 * b / n, 100 * c / n, 100 * d / n, n }' "$1/vpop.csv"
}
check()
{
    found=$(group "$1" "$2" "$3" "$4" | cut -d ' ' -f "$5")
    expect "$2 on day $3 of $4: $6 (found $found)" test "$found" = "$6"
}
check out MTX 284 all 1-3,5 '33.7 17.7 2.3 300'
check out MTX 284.999 'non-responders' 5 243
check out MTXTCZ 600 'non-responders' 1-3 '49.0 25.1 14.8'
check out MTXTCZ 700 'non-responders' 1-4 '44.9 23.5 14.0 28.4'
check out ADA 368 all 1-3 '30.7 23.7 14.7'

# --- the switch
sed -e '/name = "none"/d' -e '/name = "ADA"/d' -e '/name = "MTXTCZ"/,/^      { route = "toc/d' \
    -e 's/count = 13; } ); },$/count = 13; } ); }/' -e 's/, "368 day".*\];/];/' -e 's/end = "700 day"/end = "285 day"/' vpop.cfg >meant.cfg
expect 'the patients run with plasma cells as meant' "$STROMA" run meant.cfg --no-render --quiet --individuals=csv \
    --set parameters.plasma_rate_per_volume=1 --out meant
mv meant/meant.csv meant/vpop.csv
check meant MTX 284 all 1-3 '35.3 18.0 2.3'
exit "$wrong"
