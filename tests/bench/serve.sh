#!/bin/sh
# serve.sh: calls per second of `stroma serve` through a pipe, on one core: the 4-state study of params/fitting (two
# arms, 12 output times), one request a line and 16 a line, with and without the gradient by four parameters.
#   tests/bench/serve.sh [CALLS]        columns: request, calls, wall calls/s, calls per second of processor time
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
: "${STROMA:=$source/build/stroma}"
calls=${1:-4000}
work=$(mktemp -d "${TMPDIR:-/tmp}/stroma-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT

# requests MEMBER LINE: $calls requests, LINE of them in each line
requests()
{
    awk -v calls="$calls" -v member="$1" -v line="$2" 'BEGIN {
        for (i = 0; i < calls; i++) {
            if (line > 1) printf "%s", i % line == 0 ? "[" : ","
            printf "{\"id\":%d,%s\"parameters\":{\"CL\":%.17g,\"V\":30,\"k_out\":0.25,\"IC50\":1.5}}", i, member, 5 + 1e-4 * i
            if (line == 1 || i % line == line - 1 || i == calls - 1) print (line > 1 ? "]" : "")
        } }'
}


# measure WORDS MEMBER LINE
measure()
{
    requests "$2" "$3" >"$work/requests"
    times >"$work/before"
    began=$(date +%s%N)
    "$STROMA" serve "$source/params/fitting/pkpd.cfg" --quiet <"$work/requests" >"$work/answers"
    ended=$(date +%s%N)
    times >"$work/after"
    grep -q '"ok":false' "$work/answers" && { echo "a call failed" >&2; exit 1; }
    awk -F '[ms ]+' -v words="$1" -v calls="$calls" -v began="$began" -v ended="$ended" '
        FNR == 2 { seconds[FILENAME] = $1 * 60 + $2 + $3 * 60 + $4; last = FILENAME; if (first == "") first = FILENAME }
        END { printf "%-28s %6d %9.0f %9.0f\n", words, calls, calls / (ended - began) * 1e9,
                     calls / (seconds[last] - seconds[first]) }' "$work/before" "$work/after"
}

measure 'objective' '"objective":true,' 1
measure 'objective, 16 a line' '"objective":true,' 16
measure 'objective, gradient' '"objective":true,"gradient":true,' 1
measure 'both, 16 a line' '"objective":true,"gradient":true,' 16
measure 'outputs' '' 1
measure 'outputs, 16 a line' '' 16
