#!/bin/sh
# coverage.sh: the part of the lines of src/ (without cli/) that the tests reached, after a run of ctest in
# a build with STROMA_COVERAGE. Usage: tests/coverage.sh build/cover 95; exits 1 below that.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
build=${1:?build folder} least=${2:?percent}
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$(CDPATH='' cd -- "$build" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
# the counts of one source file are in one .gcda of its floor's object library
find "$build/src" -name '*.gcda' ! -path '*/cli/*' | sort | while read -r counts; do
    gcov --no-output "$counts" 2>/dev/null
done | awk -v top="$top/src/" -v least="$least" '
/^File / { file = substr($2, 2, length($2) - 2) }
/^Lines executed:/ && index(file, top) == 1 && file ~ /\.c$/ {
    split($2, part, /[:%]/); lines = $4; reached += part[2] * lines / 100; all += lines
    printf "%6.1f %% of %4d  %s\n", part[2], lines, substr(file, length(top) + 1)
    file = ""
}
END {
    if (!all) { print "no counts were found"; exit 1 }
    printf "%6.1f %% of %d lines\n", 100 * reached / all, all
    exit 100 * reached / all < least
}'
