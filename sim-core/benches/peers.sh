#!/usr/bin/env bash
# Compares this engine with others on four workloads. The programs for the others, what the workloads
# are and how they are measured (`bench.py`) come with a folder of their own, given as PEERS.
#
#     sim-core/benches/peers.sh PEERS [ROUNDS] [CORE]
#
# Builds them and the runner's example `peer`, runs all in turns, each pinned to one core, and prints a
# table. TARGET says where the others are built, RESULTS where the single measurements go.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
peers=$(realpath "$1")
rounds=${2:-7}
core=${3:-1}
cd "$(dirname "$0")/../.."
target=$(realpath -m "${TARGET:-target/peers}")
results=$(realpath -m "${RESULTS:-target/peers.jsonl}")

# Cargo reads the flags that some of them need from the folder in which it is called.
(cd "$peers" && CARGO_TARGET_DIR="$target" cargo build --release)
cargo build --release --example peer
export OURS=${CARGO_TARGET_DIR:-target}/release/examples/peer
python3 "$peers/bench.py" run --rounds "$rounds" --cpu "$core" --bin "$target/release" \
    --only '^(ours|simcore|nexosim|madsim|moonpool|bach|turmoil|stateright|ns3.*)$' > "$results"
python3 "$peers/bench.py" table "$results" --keep "$rounds"
