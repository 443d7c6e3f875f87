#!/bin/sh
# reproducible.sh: the same study leaves the same bytes: in another folder, at another time, under another
# clock and language, however many processors there are. Tables, scripts, pictures and manifest alike.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh
. "$(dirname -- "$0")/script.sh"

# shellcheck disable=SC2317 # called by expect
# run_in folder: the flagship study, with pictures, in a folder of its own
run_in()
{
    mkdir -p "$WORK/$1"
    cp -R "$SOURCE/params" "$WORK/$1/params"
    (cd "$WORK/$1" && STROMA_PATH=$SOURCE/models "$STROMA" run params/msc-iv.cfg --quiet >table.txt)
}

expect 'a first run' run_in one
(
    export TZ=Pacific/Kiritimati LC_ALL=C.UTF-8 LANG=de_DE.UTF-8 HOME=/nonexistent TERM=xterm
    taskset -c 0 true 2>/dev/null && set -- taskset -c 0
    sleep 1.1 # a second later, should a time of day be written anywhere
    expect 'a second run' run_in two
    exit $wrong
) || wrong=1
sums()
{
    (cd "$WORK/$1" && find . -type f | sort | xargs sha256sum)
}
sums one >one.sums
sums two >two.sums
expect 'both runs left files' test "$(wc -l <one.sums)" -gt 5
expect 'the same bytes' diff one.sums two.sums
exit $wrong
