#!/bin/sh
# native.sh: solver.native changes the time and nothing else: the same bytes with machine code and without, at every
# width and on every way to the rates; what is kept is used again; without a compiler or with a useless one the
# run goes on.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2317 # functions are called by expect
# shellcheck source=tests/cli/script.sh
. "$(dirname -- "$0")/script.sh"
export STROMA_PATH="$SOURCE/models"

command -v cc >/dev/null || { echo 'skipped: no C compiler'; exit 77; }
export STROMA_NATIVE_CACHE="$PWD/kept"

same_tables()
{
    (cd "$1" && sha256sum ./*.csv) >one.sums
    (cd "$2" && sha256sum ./*.csv) >two.sums
    cmp one.sums two.sums
}

# run NAME ARGUMENT...: into NAME
run()
{
    into=$1
    shift
    expect "run $into" "$STROMA" run "$@" --quiet --no-render --individuals=csv --out "$into"
}

# compare NAME STUDY OPTION...
compare()
{
    name=$1
    study=$2
    shift 2
    run "$name-off" "$study" "$@"
    run "$name-on" "$study" "$@" --set solver.native=true
    expect "$name: the same bytes" same_tables "$name-off" "$name-on"
}

count() { find kept -name '*.so' | wc -l; }

small="$SOURCE/params/msc-population.cfg --set population.size=40 --set time.every=28"
# shellcheck disable=SC2086 # words
for lanes in 4 16; do
    compare "msc$lanes" $small --lanes "$lanes"
done
compare ra "$SOURCE/params/ra-auto-allo.cfg" --set population.size=16 --set time.end=28

# lanes with clocks of their own, rates that ask for the time, switches, pivoting, rates that are not finite, explicit steps
cat >all.stroma <<'END'
model all "a dose, a switch, a burst, logarithms and powers"
time h
param k [1/h] "loss"
param c [1/h] "strength of the burst" = 0
param tau [h] "time of the switch" = 5
state A [mg] "amount" = 0
state x [1] "burst" = 1
state w [1] "slow" = 1
route dose -> A
d/dt(A) = -k * A * (if t < tau then 1 else 2)
d/dt(x) = c * x * x - x * 1 [1/h]
d/dt(w) = 0.01 [1/h] * (hill(A, 3 [mg], 1.5) + exp(-x) + ln(1 + w) - max(w, 0.2)^1.3 + 0.3 * sin(t / 1 [h]))
END
cat >all.cfg <<'END'
model = "all";
parameters = { k = 0.1; c = 0.6; };
time = { end = 24.0; every = 1.0; };
plots = ();
arms = ( { name = "one"; doses = ( { route = "dose"; amount = "10 mg"; at = 1.0; } ); } );
population = { size = 70; seed = 3; vary = { k = { cv = 0.3; }; c = { cv = 0.4; };
  tau = { distribution = "uniform"; min = 3.0; max = 8.0; }; }; };
END
for options in '' '--set solver.method=bdf' '--set solver.dense=true'; do
    # shellcheck disable=SC2086 # words
    {
        "$STROMA" run all.cfg $options --quiet --no-render --individuals=csv --out off >said 2>&1
        "$STROMA" run all.cfg $options --quiet --no-render --individuals=csv --out on --set solver.native=true >said 2>&1
    }
    cat said
    expect "all.cfg $options: there are numbers" test "$(cat off/*.csv | wc -l)" -gt 500
    expect "all.cfg $options: the same bytes" same_tables off on
    rm -rf off on
done

# a fit, whose subjects carry derivatives
cat >fit.cfg <<'END'
model = "all";
parameters = { k = 0.1; c = 0.0; };
time = { end = 12.0; every = 1.0; };
plots = ();
arms = ( { name = "one"; doses = ( { route = "dose"; amount = "10 mg"; at = 1.0; } ); },
         { name = "two"; doses = ( { route = "dose"; amount = "20 mg"; at = 1.0; } ); },
         { name = "three"; doses = ( { route = "dose"; amount = "30 mg"; at = 1.0; } ); } );
fit = { data = "seen.csv"; parameters = { k = { scale = "log"; }; c = { low = -1.0; high = 0.9; }; };
  observe = { A = { error = "proportional"; }; x = { error = "additive"; }; }; };
END
awk 'BEGIN { print "arm,time,name,value"
    for (i = 1; i <= 3; i++) for (t = 2; t <= 12; t += 2) {
        arm = i == 1 ? "one" : i == 2 ? "two" : "three"
        printf "%s,%d,A,%.4f\n%s,%d,x,%.5f\n", arm, t, 10 * i * exp(-0.2 * (t - 1)) * (1 + 0.05 * sin(7 * t * i)), arm, t, exp(-t) * (1 + 0.1 * sin(5 * t * i)) } }' >seen.csv
for way in off on; do
    expect "fit $way" "$STROMA" fit fit.cfg --quiet --no-render --out "fit-$way" --set solver.native="$([ $way = on ] && echo true || echo false)"
done
expect 'a fit: the same bytes' same_tables fit-off fit-on

# steps of just the length at which a pivot vanishes: those are taken by the interpreter, with pivots
cat >turning.stroma <<'END'
model turning "a pivot that vanishes"
time h
param a [1/h] "rate"
param x_0 "start"
state x = x_0
state y = 1
d/dt(x) = a * x - 3 * a * y
d/dt(y) = 3 * a * x + a * y
END
cat >turning.cfg <<'END'
model = "turning";
parameters = { a = 0.2; x_0 = 1.0; };
time = { end = 236.0; every = 23.6; };
solver = { rtol = 0.1; atol = 1e300; max_step = 23.591853773539594; };
plots = ();
arms = ( { name = "one"; } );
population = { size = 16; seed = 3; vary = { x_0 = { cv = 0.3; }; }; };
END
compare turning turning.cfg
pivoted() { grep -q '"dense_fallbacks": [1-9]' "$1"; }
expect 'there were pivots' pivoted turning-off/manifest.json
expect 'and the interpreter took those steps' pivoted turning-on/manifest.json

# what is kept is used: no compiler is called
expect 'objects are kept' test "$(count)" -ge 3
kept=$(count)
cat >tell <<'END'
#!/bin/sh
echo called >>"$CALLED"
exit 1
END
chmod +x tell
export STROMA_CC="$PWD/tell" CALLED="$PWD/called"
# shellcheck disable=SC2086 # words
run again $small --lanes 16 --set solver.native=true
expect 'kept code gives the same bytes' same_tables msc16-off again
expect 'kept code is not made again' test ! -e called
expect 'and nothing is left beside it' test "$(find kept -type f | wc -l)" -eq "$kept"

# what is kept and no good is not used: an empty file, and code of something else
echo 'int nothing;' >nothing.c
cc -shared -fPIC -o nothing.so nothing.c
for useless in /dev/null nothing.so; do
    mkdir -p useless-kept
    for object in kept/*.so; do cp "$useless" "useless-kept/${object##*/}"; done
    # shellcheck disable=SC2086 # words
    STROMA_NATIVE_CACHE="$PWD/useless-kept" run useless-code $small --lanes 16 --set solver.native=true
    expect "$useless instead of code: the same bytes" same_tables msc16-off useless-code
    rm -rf useless-kept useless-code
done

# the code does run: spoilt on its way to the compiler, it shows
cat >spoil <<'END'
#!/bin/sh
for word; do
    case $word in
    *.c) sed -i -e 's/wide_set(p->factor)/wide_set(0.999 * p->factor)/' -e 's/(p->next + at, next)/(p->next + at, next * 0.999)/' "$word" ;;
    esac
done
exec cc "$@"
END
chmod +x spoil
# shellcheck disable=SC2086 # words
STROMA_CC="$PWD/spoil" STROMA_NATIVE_CACHE="$PWD/spoilt" run spoilt-run $small --lanes 16 --set solver.native=true
differ() { ! same_tables "$1" "$2"; }
expect 'spoilt code gives other bytes' differ msc16-off spoilt-run
"$STROMA" run all.cfg --quiet --no-render --individuals=csv --out timed >said 2>&1
STROMA_CC="$PWD/spoil" STROMA_NATIVE_CACHE="$PWD/spoilt" "$STROMA" run all.cfg --quiet --no-render --individuals=csv \
    --out spoilt-timed --set solver.native=true >said 2>&1
expect 'and so it does where the rates ask for the time' differ timed spoilt-timed
# shellcheck disable=SC2086 # words
run shared-run $small --lanes 16 --set solver.method=bdf
# shellcheck disable=SC2086 # words
STROMA_CC="$PWD/spoil" STROMA_NATIVE_CACHE="$PWD/spoilt" run spoilt-shared $small --lanes 16 --set solver.native=true --set solver.method=bdf
expect 'and so it does where lanes share their steps' differ shared-run spoilt-shared

STROMA_CC="$PWD/spoil" STROMA_NATIVE_CACHE="$PWD/spoilt" "$STROMA" fit fit.cfg --quiet --no-render --out spoilt-fit --set solver.native=true >said 2>&1
expect 'and so it does in a fit' differ fit-off spoilt-fit

# a useless compiler; no compiler; a folder that others may write to
export STROMA_NATIVE_CACHE="$PWD/none"
# shellcheck disable=SC2086 # words
run useless $small --lanes 16 --set solver.native=true
expect 'a useless compiler: the same bytes' same_tables msc16-off useless
expect 'it was called' test -s called
expect 'a useless compiler leaves nothing' test "$(find none -type f | wc -l)" -eq 0
warns()
{
    "$@" --set solver.native=true --no-render --out warned >said 2>&1
    grep -q P511 said
}
STROMA_CC=/nowhere/cc
expect 'no compiler: a warning' warns "$STROMA" run all.cfg
unset STROMA_CC
expect 'neither population nor fit: a warning' warns "$STROMA" run "$SOURCE/params/msc-iv.cfg"
mkdir open
chmod 777 open
expect 'a folder of everybody: a warning' warns env STROMA_NATIVE_CACHE="$PWD/open" "$STROMA" run all.cfg
expect 'and nothing in it' test "$(find open -type f | wc -l)" -eq 0

# without a folder of its own: where others cache, too, if that is said as it should be
unset STROMA_NATIVE_CACHE
has_code() { find "$1" -name '*.so' | grep -q . ; }
for cache in "$PWD/caches" here; do
    env XDG_CACHE_HOME="$cache" HOME="$PWD" "$STROMA" run turning.cfg --set solver.native=true --quiet --no-render --out cached >said 2>&1
    rm -rf cached
done
expect 'XDG_CACHE_HOME: code in stroma' has_code caches/stroma
expect 'a relative one does not count: code in HOME' has_code .cache/stroma
expect 'and nowhere else' test ! -e here
exit $wrong
