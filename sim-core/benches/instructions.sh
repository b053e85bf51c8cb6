#!/usr/bin/env bash
# Counts the instructions that the engine spends on a message (W1 to W3) and on a simulation (W4) of the
# runner's example `peer`, and fails if there are more than the budget allows. Instructions do not depend
# on what else the machine does. Needs valgrind; where there is none it says so, and nothing fails.
#
#     sim-core/benches/instructions.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v valgrind > /dev/null; then
    echo "instructions: valgrind is not installed, so nothing was counted"
    exit 0
fi
cargo build --quiet --release --example peer
peer=${CARGO_TARGET_DIR:-target}/release/examples/peer

# Instructions and delivered messages of one run.
count() {
    local log result
    log=$(mktemp)
    result=$(valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null \
        --log-file="$log" "$peer" "$1" "$2" 1)
    sed -n 's/.*I *refs: *\([0-9,]*\).*/\1/p' "$log" | tr -d ,
    sed -n 's/.*"delivered":\([0-9]*\).*/\1/p' <<< "$result"
    rm -f "$log"
}

# The difference of a short run and a long one, so that what every run begins with cancels out.
failed=0
check() {
    local work=$1 short=$2 long=$3 budget=$4 unit=$5 less more units each verdict
    mapfile -t less < <(count "$work" "$short")
    mapfile -t more < <(count "$work" "$long")
    units=$((more[1] - less[1]))
    [ "$unit" = simulation ] && units=$((long - short))
    each=$(((more[0] - less[0]) / units))
    verdict=ok
    if [ "$each" -gt "$budget" ]; then
        verdict="more than the budget"
        failed=1
    fi
    printf '%s  %8d instructions a %s, budget %8d: %s\n' "$work" "$each" "$unit" "$budget" "$verdict"
}

check w1 20000 60000 450 message
check w2 20000 60000 730 message
check w3 100 300 740 message
check w4 50 150 127000 simulation
exit "$failed"
