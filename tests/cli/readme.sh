#!/bin/sh
# readme.sh: what README.md says is so: its model and study pass, its commands work, its files exist.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh
. "$(dirname -- "$0")/script.sh"

# block word: the text of the first fenced block marked with that word
block()
{
    awk -v fence="\`\`\`$1" '$0 == "```" { inside = 0 } inside { print } $0 == fence && !seen { inside = seen = 1 }' "$SOURCE/README.md"
}

cp -R "$SOURCE/models" "$SOURCE/params" "$SOURCE/plots" .
block stroma >models/readme.stroma
block cfg >params/readme.cfg
expect 'README.md shows a model' test -s models/readme.stroma
expect 'README.md shows a study' test -s params/readme.cfg
name=$(sed -n 's/^model  *\([a-z_0-9]*\).*/\1/p' models/readme.stroma)
mv models/readme.stroma "models/$name.stroma"
expect 'the model of README.md passes' "$STROMA" check --strict "models/$name.stroma"
expect 'the study of README.md passes' "$STROMA" check params/readme.cfg
study=$(sed -n 's/^# params\/\([^ :]*\.cfg\).*/\1/p' params/readme.cfg)
expect 'the study of README.md names its file' test -n "$study"
mv params/readme.cfg "params/${study:-readme.cfg}"

mkdir build
ln -s "$STROMA" build/stroma
count=0
awk '$0 == "```" { inside = 0 } inside { print } $0 == "```sh" { inside = 1 }' "$SOURCE/README.md" |
    sed 's/ *#.*//; /^$/d' >commands
while read -r line; do
    case $line in
    build/stroma*)
        count=$((count + 1))
        expect "README.md: $line" sh -c "$line"
        ;;
    './setup '*) expect "README.md: $line" grep -q "^${line#./setup }*)\$" "$SOURCE/setup" ;;
    esac
done <commands
expect 'README.md shows commands' test "$count" -ge 3

# links to files of the project
sed -n 's/.*](\([^)#:]*\)).*/\1/p' "$SOURCE/README.md" "$SOURCE/CONTRIBUTING.md" | sort -u >links
while read -r link; do
    expect "the linked file $link exists" test -e "$SOURCE/$link"
done <links
exit $wrong
