#!/bin/sh
# library.sh: the models, studies and sets of numbers that come with stroma: every one passes check --strict
# (units everywhere, a source for every number), and the table of models/README.md says what the files say.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh disable=SC2016
. "$(dirname -- "$0")/script.sh"
export STROMA_PATH="$SOURCE/models"

# --- check --strict
cd "$SOURCE" || exit 2
count=0
for file in models/*.stroma models/*/*.stroma params/*.cfg params/*/*.cfg; do
    count=$((count + 1))
    expect "$file is pure" sh -c '"$STROMA" check --strict "$1" >/dev/null' sh "$file"
done
expect 'there are models, studies and sets' test "$count" -ge 100
cd "$WORK" || exit 2

# --- the table: model, states, tests, studies
awk -F ' [|] ' '/^## The models/ { table = 1 } table && /^[|] `/ { print }' "$SOURCE/models/README.md" >rows
sed 's/^| `\([^`]*\)` |[^|]*| \([0-9]*\) |.*/\1 \2/' rows | LC_ALL=C sort >told
"$STROMA" list --models "$SOURCE/models" | sed -n 's/^  \([^ ]*\) .* \([0-9][0-9]*\) states* .*/\1 \2/p' | LC_ALL=C sort >there
expect 'stroma list finds models' test "$(wc -l <there)" -ge 30
expect 'the table of models/README.md has the models and states of stroma list' diff there told
grep -o '`reference\.[a-z0-9_]*`' rows | tr -d '`' | sed 's/reference\.//' | sort -u >tests
while read -r test; do
    expect "the test reference.$test exists" test -d "$SOURCE/tests/reference/$test"
done <tests
sed 's/.*| \(.*\) |$/\1/' rows | grep -o '`[^`]*`' | tr -d '`' | LC_ALL=C sort -u >told
(cd "$SOURCE/params" && grep -l '^model ' ./*.cfg ./*/*.cfg) | while read -r study; do
    model=$(sed -n 's/^model *= *"\([^"]*\)".*/\1/p' "$SOURCE/params/$study")
    [ -f "$(dirname "$SOURCE/params/$study")/$model.stroma" ] || echo "$study" # a model of its own is no library's
done | sed 's|^\./||; s|\.cfg$||' | LC_ALL=C sort >there
expect 'the table names every study of its models' diff there told
exit "$wrong"
