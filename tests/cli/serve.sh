#!/bin/sh
# serve.sh: `stroma serve` lives through any bytes, ends politely, and does not grow.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/cli/script.sh disable=SC2016,SC2317
. "$(dirname -- "$0")/script.sh"
export STROMA_PATH="$SOURCE/models"
cp "$SOURCE/tests/cli/660-serve-json/decay.stroma" "$SOURCE/tests/cli/660-serve-json/study.cfg" .
good='{"id": "good", "arm": "low", "parameters": {"k": 0.5}, "outputs": ["A"]}'

# answers FILE N: waits until FILE has N lines; false if that takes three minutes.
answers()
{
    tries=0
    while [ "$(wc -l <"$1")" -lt "$2" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 1800 ] || return 1
        sleep 0.1
    done
}

# 9 MiB without a newline, then a good line
{
    head -c 9437184 /dev/zero | tr '\0' '['
    echo
    echo "$good"
} | "$STROMA" serve study.cfg -q >huge
expect 'the server lives through a huge line' grep -q '"id":"good","ok":true' huge
expect 'a huge line is answered' grep -q 'a line may have 8 MiB' huge

# deep brackets, and 4 MiB in one batch
{
    head -c 1000000 /dev/zero | tr '\0' '['
    echo
    printf '['
    yes '{"id":1,"parameters":{"kk":1}},' | head -n 100000 | tr -d '\n'
    echo '{"id":2,"outputs":false}]'
} | "$STROMA" serve study.cfg -q >deep
expect 'deep brackets are an answer' test "$(wc -l <deep)" = 2
expect 'a batch of 100001 is one line' sh -c 'tail -n 1 deep | grep -q "\"id\":2,\"ok\":true"'

# noise: each line that is not empty has an answer, and the good one stands at the end
{
    head -c 200000 "$STROMA" | tr '\0' '\1'
    head -c 200000 "$STROMA"
    echo
    echo "$good"
} >noise
"$STROMA" serve study.cfg -q <noise >noisy
expect 'noise ends with exit code 0' test "$?" = 0
expect 'the server lives through noise' sh -c 'tail -n 1 noisy | grep -q "\"id\":\"good\",\"ok\":true"'
expect 'answers are plain text' sh -c '! LC_ALL=C grep -q "[^ -~]" noisy'

# signals: while it waits, and while it integrates
mkfifo requests
for signal in TERM INT HUP; do
    : >answered
    "$STROMA" serve study.cfg -q <requests >answered &
    server=$!
    exec 3>requests
    echo "$good" >&3
    expect "an answer comes at once, the pipe still open ($signal)" answers answered 1
    kill -"$signal" "$server"
    wait "$server"
    code=$?
    exec 3>&-
    case $signal in TERM) number=15 ;; INT) number=2 ;; HUP) number=1 ;; esac
    expect "it ends at $signal ($code)" test "$code" = $((128 + number))
    expect "its last line is whole ($signal)" test "$(wc -l <answered)" = 1
done
sed 's/end = 2.0; at = \[1.0, 2.0\]/end = 1e6; every = 0.01/' study.cfg >long.cfg
echo 'solver = { rtol = 1e-13; atol = 1e-13; max_step = 1e-3; };' >>long.cfg
: >answered
"$STROMA" serve long.cfg -q --set time.end=20000 <requests >answered &
server=$!
exec 3>requests
echo "$good" >&3
sleep 0.5
kill -TERM "$server"
wait "$server"
expect 'it ends in the middle of an integration' test "$?" = 143
exec 3>&-
expect 'and leaves no half answer' test ! -s answered

# memory: after 180 requests of every kind, 1800 more do not make it grow
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1"
most=256
ldd "$STROMA" | grep -q 'asan' && most=8192
i=0
while [ "$i" -lt 60 ]; do
    echo "{\"id\": $i, \"parameters\": {\"k\": 0.$((i + 100)), \"WT\": 80}, \"arm\": \"low\"}"
    echo "[{\"parameters\": {\"k\": 0.$((i + 100))}, \"gradient\": true}, {\"parameters\": {\"k\": -1000}}, {\"id\": 2}]"
    echo "{\"parameters\": {\"kk\": $i"
    i=$((i + 1))
done >some
: >answered
"$STROMA" serve study.cfg -q <requests >answered &
server=$!
exec 3>requests
cat some >&3
expect "180 answers" answers answered 180
before=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$server/status")
for round in 1 2 3 4 5 6 7 8 9 10; do
    cat some >&3
done
expect '1980 answers' answers answered 1980
after=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$server/status")
exec 3>&-
wait "$server"
expect 'it ends with the input' test "$?" = 0
expect "memory does not grow: $before kB, then $after kB (round $round)" test "$after" -le $((before + most))
exit "$wrong"
