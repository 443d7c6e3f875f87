#!/bin/sh
# install.sh: the installed program works from any folder, finds its models, and may be moved.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh
. "$(dirname -- "$0")/script.sh"

prefix="$WORK/first prefix"
expect 'cmake installs' cmake --install "$BUILD" --prefix "$prefix"
program=$prefix/bin/stroma
expect 'the program is there' test -x "$program"
for page in "$SOURCE"/src/man/*.[1-9]; do
    section=${page##*.}
    expect "man page ${page##*/} is installed" test -f "$prefix/share/man/man$section/${page##*/}"
done
expect 'the page of error codes is installed' test -f "$prefix/share/man/man7/stroma-errors.7"
expect 'models are installed' test -f "$prefix/share/stroma/models/msc.stroma"
expect 'number sets are installed' test -f "$prefix/share/stroma/params/msc/human.cfg"
expect 'the plot template is installed' test -f "$prefix/share/stroma/plots/profile.gp"
expect 'the completion is installed' test -f "$prefix/share/bash-completion/completions/stroma"
expect 'the header is installed' test -f "$prefix/include/stroma.h"

# a folder with blanks and letters beyond ASCII, far from the source tree
elsewhere="$WORK/Étude n° 1 für MSC"
mkdir -p "$elsewhere"
cd "$elsewhere" || exit 2
cat >"Übung eins.cfg" <<'STUDY'
model = "pk/pk1_iv";
parameters = { CL = 5.0; V = 20.0; };
time = { end = "12 h"; every = "1 h"; };
arms = ( { name = "Größe"; doses = ( { route = "iv"; amount = "100 mg"; at = 0.0; } ); } );
STUDY
cp -R "$prefix/share/stroma/params" params
expect 'a study that came along' "$program" check params/msc-iv.cfg
expect 'a run with pictures' "$program" run params/msc-iv.cfg
expect 'the table is there' test -s out/msc-iv/msc-iv.csv
if command -v gnuplot >/dev/null 2>&1; then
    pictures=$(find out/msc-iv -name '*.svg' -size +0 | wc -l)
    expect 'pictures are there' test "$pictures" -gt 0
fi

# moved as a whole, it still finds its models
mv "$prefix" "$WORK/zweiter Ort"
rm -rf out
expect 'it runs after a move' "$WORK/zweiter Ort/bin/stroma" run --no-render params/msc-iv.cfg
expect 'the table is there again' test -s out/msc-iv/msc-iv.csv
expect 'a study of its own, and a name of its own' "$WORK/zweiter Ort/bin/stroma" run --no-render "Übung eins.cfg"
if [ -e "$BUILD/stroma-hdf5.so" ]; then
    echo 'population = { size = 3; vary = { CL = { cv = 0.3; }; }; };' >>"Übung eins.cfg"
    expect 'and its module' "$WORK/zweiter Ort/bin/stroma" run --no-render --individuals=hdf5 "Übung eins.cfg"
    expect 'HDF5 is there' test -s "out/Übung eins/Übung eins.h5"
fi
exit $wrong
