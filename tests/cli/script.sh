# script.sh: what the scripts of tests/cli share; sourced, not run.
#
# A script runs with $STROMA (the program) and $BUILD (its build folder), in a folder of its own that
# vanishes afterwards. `expect words command...` is one statement that must hold.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2034 # wrong becomes the exit code of the script
set -u
SOURCE=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
: "${STROMA:=$SOURCE/build/stroma}" "${BUILD:=$SOURCE/build}"
unset STROMA_PATH CDPATH
export LC_ALL=C SOURCE STROMA BUILD
WORK=$(mktemp -d "${TMPDIR:-/tmp}/stroma-script-XXXXXX")
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 2
wrong=0

expect()
{
    what=$1
    shift
    if ! "$@" >"$WORK/.words" 2>&1; then
        echo "not so: $what"
        sed 's/^/    /' "$WORK/.words"
        wrong=1
    fi
}
