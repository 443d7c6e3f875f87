#!/bin/sh
# update.sh: rewrites the expected texts of tests/cli from what the program says now.
# Usage: tests/update.sh [NNN-name...]; without names: all. Then read `git diff` as you would read code.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck disable=SC2046 # names without blanks
[ $# -gt 0 ] || set -- $(cd "$here/cli" && ls -d [0-9]*)
for name in "$@"; do
    "$here/cli/run.sh" --update "${name##*/}" || echo "$name: exit code $?"
done
