#!/bin/sh
# ci.sh: every check of the project, in legs; the workflow file and ./setup test only call this.
#
#   tests/ci.sh test      (./setup test) tidy, all tests, the same under ASan/UBSan, valgrind
#   tests/ci.sh quick     before a commit: format, tidy, dev build with -Werror, unit + cases + cli
#   tests/ci.sh full      test + format, clang-tidy, clang, width 1, threads, coverage
#   tests/ci.sh nightly   full + ten minutes of fuzzing a target
#   tests/ci.sh LEG...    only these legs (the leg_ functions below)
#
# Each leg works in a folder of its own under build/. A leg that needs an absent tool says so and counts
# nothing. The last line is "N passed, N failed"; the exit code is 0 only if nothing failed.
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$top" || exit 2
jobs=${SETUP_JOBS:-$(nproc)}
passed=0
failed=0
log=$top/build/ci.log
unset STROMA_PATH CDPATH
export LC_ALL=C
export ASAN_OPTIONS='detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1'
export UBSAN_OPTIONS='print_stacktrace=1:halt_on_error=1'

say()
{
    printf 'tests: %s\n' "$*"
}

# count passed failed: adds to the sums.
count()
{
    passed=$((passed + $1))
    failed=$((failed + $2))
}

# check name command...: one check; its words are shown if it fails.
check()
{
    name=$1
    shift
    if "$@" >"$log" 2>&1; then
        count 1 0
    else
        count 0 1
        say "FAILED: $name"
        cat "$log"
    fi
}

has()
{
    command -v "$1" >/dev/null 2>&1
}

# skip leg tool: says that a leg is left out.
skip()
{
    say "$1: left out, there is no $2"
}

# build_in folder options...: configures and builds ($targets, or all); a failure counts as one failed
# check.
build_in()
{
    folder=$top/build/$1
    shift
    [ "$folder" != "$top/build/." ] || folder=$top/build
    # shellcheck disable=SC2086 # a list of targets
    if cmake -S "$top" -B "$folder" -G Ninja -DSTROMA_TESTS=ON "$@" >"$log" 2>&1 &&
        cmake --build "$folder" --parallel "$jobs" --target ${targets:-all} >"$log" 2>&1; then
        return 0
    fi
    count 0 1
    say "FAILED: build in $folder"
    grep -v "^\[[0-9]*/[0-9]*\] " "$log" | tail -n 60
    return 1
}

# tests_in leg folder options...: runs ctest and adds up its tests.
tests_in()
{
    leg=$1
    folder=$top/build/$2
    shift 2
    started=$(date +%s)
    ctest --test-dir "$folder" --parallel "$jobs" --timeout 300 --no-tests=error --output-on-failure \
        "$@" >"$log" 2>&1
    status=$?
    summary=$(sed -n 's/^[0-9]*% tests passed, \([0-9]*\) tests failed out of \([0-9]*\)$/\1 \2/p' "$log")
    if [ -z "$summary" ]; then
        count 0 1
        say "FAILED: $leg: ctest did not finish (exit code $status)"
        tail -n 40 "$log"
        return
    fi
    wrong=${summary% *}
    # ctest counts a skipped test as passed; we do not count it at all
    skipped=$(grep -c '\*\*\*Skipped' "$log")
    right=$((${summary#* } - wrong - skipped))
    count "$right" "$wrong"
    [ "$wrong" = 0 ] || sed -n '/\*\*\*\(Failed\|Timeout\|Exception\|Not Run\)/,/^ *[0-9]*\/[0-9]* Test/p; /FAILED:$/,$p' "$log"
    [ "$skipped" = 0 ] || grep '\*\*\*Skipped' "$log" | sed 's/^.*: *\([^ ]*\) \.*.*/tests: skipped: \1/'
    say "$leg: $right passed, $wrong failed ($(($(date +%s) - started)) s)"
}

leg_tidy()
{
    check 'tidy: floors, doors, banned calls, lengths' "$top/tests/tidy.sh" src
    if has shellcheck; then
        check 'shellcheck' shellcheck -x -s sh setup tests/*.sh tests/cli/*.sh tests/models/*.sh
    fi
}

leg_format()
{
    formatter=$(command -v clang-format-14 || command -v clang-format) || { skip format clang-format; return; }
    # shellcheck disable=SC2046 # our file names have no blanks
    check 'clang-format' "$formatter" --dry-run -Werror $(find src tests -name '*.[ch]')
}

# The build that users get, with all that is optional.
leg_release()
{
    mpi=ON
    has mpicc || { mpi=OFF; skip 'stroma-mpi' mpicc; }
    build_in . -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSTROMA_HDF5=ON -DSTROMA_MPI=$mpi && tests_in release .
}

leg_dev()
{
    build_in dev -DCMAKE_BUILD_TYPE=Debug -DSTROMA_WERROR=ON &&
        tests_in dev dev --tests-regex '^(unit|case|cli)'
}

leg_asan()
{
    build_in asan -DCMAKE_BUILD_TYPE=Debug -DSTROMA_WERROR=ON -DSTROMA_SANITIZE=address,undefined &&
        tests_in asan asan --label-exclude slow
}

leg_tsan()
{
    build_in tsan -DCMAKE_BUILD_TYPE=Debug -DSTROMA_SANITIZE=thread || return
    # gcc 12's runtime cannot live with the wide address randomisation of new kernels
    setarch -R true 2>/dev/null || { skip tsan 'setarch -R'; return; }
    TSAN_OPTIONS=halt_on_error=1
    export TSAN_OPTIONS
    # shellcheck disable=SC2016 # expanded by the inner shell
    tests_in tsan tsan --label-exclude slow --tests-regex '^(unit|property|cli)'
}

leg_scalar()
{
    build_in scalar -DCMAKE_BUILD_TYPE=Debug -DSTROMA_WERROR=ON -DSTROMA_LANES=1 &&
        tests_in scalar scalar --label-exclude slow
}

leg_clang()
{
    has clang || { skip clang clang; return; }
    build_in clang -DCMAKE_BUILD_TYPE=Debug -DSTROMA_WERROR=ON -DCMAKE_C_COMPILER=clang &&
        tests_in clang clang --label-exclude slow
}

leg_clangtidy()
{
    has clang-tidy || { skip clangtidy clang-tidy; return; }
    build_in dev -DCMAKE_BUILD_TYPE=Debug -DSTROMA_WERROR=ON || return
    for file in $(find src -name '*.c' | sort); do
        check "clang-tidy $file" clang-tidy --quiet -p build/dev "$file"
    done
}

# Memory errors and leaks that the sanitizers' runtime might hide (code of libraries included).
leg_valgrind()
{
    has valgrind || { skip valgrind valgrind; return; }
    scratch=$(mktemp -d) || return
    while read -r words; do
        # shellcheck disable=SC2086 # several words
        check "valgrind: stroma $words" valgrind -q --error-exitcode=99 --leak-check=full \
            --errors-for-leak-kinds=definite,indirect build/stroma $words
    done <<RUNS
--version
check models/msc.stroma
show --jacobian models/pk/pk1_oral.stroma
show --tape models/msc.stroma
run --no-render --out $scratch/msc params/msc-iv.cfg
explain M001
RUNS
    rm -rf "$scratch"
}

# Lines that the tests reach, outside cli/; at least 95 of 100.
leg_cover()
{
    has gcov || { skip cover gcov; return; }
    build_in cover -DCMAKE_BUILD_TYPE=Debug -DSTROMA_COVERAGE=ON || return
    export GCOV_ERROR_FILE=/dev/null # counts that a test of a full disk keeps from being written
    tests_in cover cover
    check 'coverage of 95 % of the lines' "$top/tests/coverage.sh" build/cover 95
}

leg_fuzz()
{
    has clang || { skip fuzz clang; return; }
    targets='fuzz_model fuzz_params fuzz_csv fuzz_data fuzz_schedule fuzz_serve'
    build_in fuzz -DCMAKE_C_COMPILER=clang -DSTROMA_FUZZ=ON || return
    targets=
    for target in model params csv data schedule serve; do
        mkdir -p "build/fuzz/found/$target"
        check "fuzz $target for ${FUZZ_SECONDS:-600} s" "build/fuzz/tests/fuzz_$target" -rss_limit_mb=1024 \
            -timeout=20 -max_len=16384 -max_total_time="${FUZZ_SECONDS:-600}" "build/fuzz/found/$target" \
            "tests/fuzz/corpus/$target"
    done
}

mkdir -p build
case ${1:-test} in
test) legs='tidy release asan valgrind' ;;
quick) legs='format tidy dev' ;;
full) legs='format tidy release asan valgrind clangtidy clang scalar tsan cover' ;;
nightly) legs='format tidy release asan valgrind clangtidy clang scalar tsan cover fuzz' ;;
*) legs=$* ;;
esac
for name in $legs; do
    if ! grep -q "^leg_$name()" "$top/tests/ci.sh"; then
        say "there is no leg '$name'; the legs are: $(sed -n 's/^leg_\(.*\)()$/\1/p' "$top/tests/ci.sh" | tr '\n' ' ')" >&2
        exit 2
    fi
    "leg_$name"
done
[ $((passed + failed)) -gt 0 ] || failed=1
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
