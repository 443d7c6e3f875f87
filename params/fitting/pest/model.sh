#!/bin/sh
# model.sh: the model command of pkpd.pst: pkpd.csv, which PEST makes from pkpd.tpl, to pkpd.out, which it reads by pkpd.ins.
#
# pkpd.out has one line for each arm and time: arm, time, ln Cc, R, with blanks between. A run that fails leaves no
# pkpd.out, and another exit code than 0: the caller must not take it for a fit. Sixteen digits, because differences of
# two runs are to become derivatives (awk's print would write six).
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
: "${STROMA:=stroma}" "${STUDY:=$(dirname -- "$0")/../pkpd.cfg}"
rm -f pkpd.out
"$STROMA" run "$STUDY" --batch=pkpd.csv --out batch --quiet
awk -F, 'NR > 1 { if (!($5 > 0)) exit 1; printf "%s %s %.16g %s\n", $2, $4, log($5), $6 }' batch/pkpd-batch.csv >pkpd.new
mv pkpd.new pkpd.out
