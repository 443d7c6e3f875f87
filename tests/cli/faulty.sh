#!/bin/sh
# faulty.sh: the first, second, third ... call of open, write, rename, of the allocator fails, until the run
# succeeds. Each time the program must say so, exit as the manual says, and leave under final names only
# files that are complete, and nothing unfinished. SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh
. "$(dirname -- "$0")/script.sh"
: "${FAULTY_LIBRARY:=$BUILD/tests/libfaulty.so}"
[ -f "$FAULTY_LIBRARY" ] || { echo "skipped: there is no $FAULTY_LIBRARY (a build with sanitizers)"; exit 77; }
export STROMA_PATH="$SOURCE/models"

cat >study.cfg <<'STUDY'
model = "pk/pk1_iv";
parameters = { CL = 5.0; V = 20.0; };
time = { end = 12.0; every = 1.0; };
arms = ( { name = "one"; doses = ( { route = "iv"; amount = "100 mg"; at = 0.0; } ); } );
plots = ( { title = "Concentration"; y = ["Cc"]; } );
STUDY
expect 'the run without a fault' "$STROMA" run study.cfg --no-render --out faulty
mv faulty whole

# shellcheck disable=SC2317 # called by expect
# complete: every file of the folder faulty/ is the one of whole/
complete()
{
    [ -d faulty ] || return 0
    find faulty -type f | while read -r file; do
        cmp "$file" "whole/${file#faulty/}" || return 1
    done
}

# run_with function n: one run in which the n-th call fails; its code in $code
run_with()
{
    rm -rf faulty
    code=0
    FAULTY="$1 $2" LD_PRELOAD=$FAULTY_LIBRARY "$STROMA" run study.cfg --no-render --out faulty \
        >said.stdout 2>said.stderr || code=$?
}

for function in open write rename aligned_alloc; do
    count=1
    while run_with "$function" "$count" && [ "$code" != 0 ]; do
        case $function in
        aligned_alloc) expect "memory call $count: the code is that of a fault of ours ($code)" test "$code" = 70 ;;
        *) expect "$function $count: the code is 74 ($code)" test "$code" = 74 ;;
        esac
        expect "$function $count: it says why" grep -q '^stroma: ' said.stderr
        expect "$function $count: only complete files remain" complete
        count=$((count + 1))
        [ "$count" -le 200 ] || break
    done
    expect "$function: it failed at least once" test "$count" -gt 1
    expect "$function: at last it succeeds" test "$code" = 0
    expect "$function: the files are all there" test "$(ls faulty)" = "$(ls whole)"
done
exit $wrong
