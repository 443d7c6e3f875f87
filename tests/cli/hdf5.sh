#!/bin/sh
# hdf5.sh: --individuals=hdf5 writes the numbers of --individuals=csv, chunked and compressed, the same bytes on
# any number of threads; the program itself does not know the library, and says so where the module is absent.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2016,SC2317 # ends is called by expect; expanded by an inner shell
# shellcheck source=tests/cli/script.sh
. "$(dirname -- "$0")/script.sh"

cat >one.stroma <<'END'
model one "one compartment and a burst"
time h
param k [1/h] "rate of loss"
param c [1/h] "strength of the burst" = 0
state A [mg] "amount" = 140
state x [1] "burst" = 1
d/dt(A) = -k * A
d/dt(x) = c * x * x - x * 1 [1/h]
END
cat >one.cfg <<'END'
model = "one";
parameters = { k = 0.1; c = 0.6; };
time = { end = 24.0; every = 1.0; };
plots = ();
arms = ( { name = "slow"; }, { name = "fast/2"; parameters = { k = 0.2; }; } );
population = { size = 101; seed = 3; vary = { k = { cv = 0.3; }; c = { cv = 0.4; }; }; };
END

# ends CODE command...: it ends with that exit code (some subjects explode: 1)
ends()
{
    wanted=$1
    shift
    code=0
    "$@" >said 2>&1 || code=$?
    [ "$code" -eq "$wanted" ]
}

# the library is not looked up unless it is asked for
expect 'the program is not linked with HDF5' sh -c '! ldd "$STROMA" | grep -i hdf5'

# a program without its module says what to do
mkdir -p alone/bin
cp "$STROMA" alone/bin/stroma
expect 'without the module: a complaint' ends 2 alone/bin/stroma run one.cfg --no-render --individuals=hdf5
expect 'it names the module' grep -q "needs the module 'stroma-hdf5.so'.*libhdf5-dev.*--individuals=csv" said
# one that is broken
echo nonsense >alone/bin/stroma-hdf5.so
expect 'a broken module: a complaint' ends 2 alone/bin/stroma run one.cfg --no-render --individuals=hdf5
expect 'the words of the linker' grep -q 'HDF5 cannot be loaded: .*stroma-hdf5.so' said

if [ ! -e "$BUILD/stroma-hdf5.so" ]; then
    echo 'the module was not built: its files are not tested'
    exit $wrong
fi
mkdir -p alone/lib/stroma
rm alone/bin/stroma-hdf5.so
cp "$BUILD/stroma-hdf5.so" alone/lib/stroma/
expect 'an installed program finds it' ends 1 alone/bin/stroma run one.cfg --no-render --individuals=hdf5 --out away
expect 'a run with HDF5' ends 1 "$STROMA" run one.cfg --no-render --individuals=hdf5 --jobs=1
expect 'one on three threads' ends 1 "$STROMA" run one.cfg --no-render --individuals=hdf5 --jobs=3 --out three
expect 'the same bytes' cmp out/one/one.h5 three/one.h5
expect 'from the installed program too' cmp out/one/one.h5 away/one.h5
expect 'nothing else is left' test "$(find three -name '.*' -type f)" = ''
expect 'the manifest follows' grep -q 'individuals=hdf5' three/manifest.json
expect 'a run with CSV' ends 1 "$STROMA" run one.cfg --no-render --individuals=csv --out text
if ! command -v h5dump >/dev/null 2>&1; then
    echo 'h5dump is absent: the numbers are not compared'
    exit $wrong
fi

# values SET: one number a line
values()
{
    h5dump -d "$1" -m %.17g -y -w 1 out/one/one.h5 | sed -n '/DATA {/,/}/{p;/}/q;}' | grep -o '[0-9na][-+.0-9ena]*'
}

# Rows of the table that a failed subject does not have are NaN in the matrix.
for arm in slow 'fast/2'; do
    for column in 4 5; do
        name=$([ $column = 4 ] && echo A || echo x)
        set="/arms/$(echo "$arm" | tr / '|')/$name"
        awk -F, -v arm="$arm" -v column=$column '
            $1 == arm { value[$2 "," $3] = $column }
            END { for (i = 1; i <= 101; i++) for (t = 0; t <= 24; t++)
                      print ((i "," t) in value ? value[i "," t] : "nan") }' text/one.csv >wanted
        values "$set" >found
        expect "$set: 2525 numbers" test "$(wc -l <found)" -eq 2525
        expect "$set: those of the table" awk '
            NR == FNR { wanted[FNR] = $1; next }
            { same = (wanted[FNR] == "nan" || $1 == "nan") ? wanted[FNR] == $1 : wanted[FNR] + 0 == $1 + 0 }
            !same { print FNR ": " $1 " instead of " wanted[FNR]; wrong = 1 }
            END { exit wrong }' wanted found
    done
done
expect 'some subject failed, so that NaN was tested' grep -q nan found
h5dump -H -p out/one/one.h5 >structure
expect 'chunks of whole packs' grep -q 'CHUNKED ( [0-9]*, 25 )' structure
expect 'deflated' grep -q 'COMPRESSION DEFLATE' structure
expect 'shuffled' grep -q 'PREPROCESSING SHUFFLE' structure
expect 'units' sh -c 'h5dump -a /arms/slow/A/unit out/one/one.h5 | grep -q "\"mg\""'
expect 'times' sh -c 'h5dump -d /time -y -w 200 out/one/one.h5 | grep -q "0, 1, 2, 3"'
exit $wrong
