#!/bin/sh
# model.sh: the model command for PEST and its like: pkpd.csv, made from pkpd.tpl, to pkpd.out, read by pkpd.ins.
#
# pkpd.out has one line for each arm and time: arm, time, Cc, R, with blanks between. A run that fails leaves no
# pkpd.out and another exit code than 0: the caller must not take it for a fit.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
: "${STROMA:=stroma}" "${STUDY:=$(dirname -- "$0")/../pkpd.cfg}"
rm -f pkpd.out
"$STROMA" run "$STUDY" --batch=pkpd.csv --out batch --quiet
awk -F, 'NR > 1 { print $2, $4, $5, $6 }' batch/pkpd-batch.csv >pkpd.out
