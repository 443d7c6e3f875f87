#!/bin/sh
# rest.sh: a healthy host without any dose stays as he is for a year, in every state and read-out of every disease model that has a
# healthy state. (Rheumatoid arthritis of Bedathuru 2024 and Kuznetsov's tumour have none with disease in them: of the first nothing is
# healthy, of the second the host without tumour is.) Where numbers are given to a few digits the state is found first (start = steady).
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh disable=SC2016
. "$(dirname -- "$0")/../cli/script.sh"
export STROMA_PATH="$SOURCE/models"
params=$SOURCE/params

# drift FILE: each column against its first value; 1e-6 of it, or of 1e-9 where it is 0
# shellcheck disable=SC2317 # called by expect
drift()
{
    awk -F , 'NR == 1 { for (i = 4; i <= NF; i++) name[i] = $i; columns = NF; next }
        NR == 2 { for (i = 4; i <= NF; i++) first[i] = $i + 0; next }
        { for (i = 4; i <= NF; i++) { d = $i - first[i]; d = d < 0 ? -d : d; worst[i] = d > worst[i] ? d : worst[i] } }
        END { for (i = 4; i <= columns; i++) { s = first[i] < 0 ? -first[i] : first[i]
                  if (worst[i] > 1e-6 * s + 1e-9 * (s < 1e-30)) { print name[i] ": " first[i] " moves by " worst[i]; bad = 1 } }
              exit bad || NR < 50 || columns < 5 }' "$1"
}

# rest NAME MODEL START TEXT: the text goes into the group of parameters, @include lines first
rest()
{
    cat >"$1.cfg" <<END
model = "$2";
parameters = {
$4
};
time = { end = "365 day"; every = "5 day"; };
start = "$3";
solver = { rtol = 1e-9; atol = 1e-15; max_steps = 200000; };
plots = ();
END
    expect "$1 runs" "$STROMA" run "$1.cfg" --quiet --no-render --out "$1"
    expect "$1 stays at rest" drift "$1/$1.csv"
}
msc="  msc = {
    @include \"$params/msc/human.cfg\"
  };"
rest msc msc given "@include \"$params/msc/human.cfg\""
rest mouse msc given "@include \"$params/msc/mouse.cfg\""
rest oa oa steady "@include \"$params/oa/baker.cfg\"
  p_0 = 0.0130824125; a_0 = 0.003082536807; m_0 = 0.0117112023; f_0 = 0.0117112023; placebo = 0.0; wear = 0.0;
$msc"
rest ms ms steady "@include \"$params/ms/healthy.cfg\"
  IL2_0 = 0.0;
$msc"
rest ms_tolerance ms_tolerance given "@include \"$params/ms/tolerance.cfg\"
  A_0 = 0.0; G_0 = 0.0;
$msc"
rest colitis colitis steady "@include \"$params/colitis/anchored.cfg\"
  crp = {
    @include \"$params/il6_crp/healthy.cfg\"
  };
$msc"
rest il6_crp il6_crp steady "@include \"$params/il6_crp/healthy.cfg\""
rest ssc ssc given "@include \"$params/ssc/skin.cfg\"
  E_0 = 0.0;
  skin = {
    @include \"$params/fibrosis/adler.cfg\"
    @include \"$params/fibrosis/hot.cfg\"
    F_0 = 0.0; M_0 = 0.0; C_0 = 0.0; P_0 = 0.0; T_0 = 0.0;
  };
$msc"
rest ipf ipf given "@include \"$params/ipf/lung.cfg\"
  S_0 = 0.0; E_0 = 0.0; W_0 = 0.0;
  tissue = {
    @include \"$params/fibrosis/adler.cfg\"
    @include \"$params/fibrosis/hot.cfg\"
    F_0 = 0.0; M_0 = 0.0; C_0 = 0.0; P_0 = 0.0; T_0 = 0.0;
  };
$msc"
rest copd copd given "@include \"$params/copd/proposed.cfg\"
  smoke = 1.0; k_age = 0.0;
$msc"
rest acute acute given "@include \"$params/acute/reynolds.cfg\"
  P_0 = 0.0;
$msc"
rest acute_resolution acute_resolution given "@include \"$params/acute/dunster.cfg\"
  damage_size = 0.0;
$msc"
rest acute_lps acute_lps given "@include \"$params/acute/lps.cfg\"
  dose = 0.0;
$msc"
rest gvhd gvhd given "@include \"$params/gvhd/alexander.cfg\"
  A_0 = 0.0; G_0 = 0.0;
$msc"
rest tumour_stroma tumour_stroma steady "@include \"$params/tumour_stroma/kuznetsov.cfg\"
  T_0 = 0.0;
$msc"
rest ards_msc ards_msc steady "@include \"$params/ards/msc.cfg\"
  hazard_300 = 0.0;
  lung = {
    @include \"$params/ards/dai.cfg\"
    @include \"$params/ards/rest.cfg\"
  };
$msc"
rest ra_cytokines ra_cytokines given "@include \"$params/ra/cytokines.cfg\""
exit "$wrong"
