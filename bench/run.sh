#!/usr/bin/env bash
# Every benchmark beside its peer, in one run. `make bench` sets up and builds first.
set -euo pipefail
cd "$(dirname "$0")/.."
where=$(tools/setup.sh where)
model=$(echo "$where" | sed -n 's/^model //p')
model=$(ls "$model"/*.gguf)
server=$(echo "$where" | sed -n 's/^server //p')

echo "== frozen estimator, T=8, n=16, B=5000"
build/release/bench/bench_estimate --benchmark_min_time=1 2>/dev/null
build/release/bench/bench_answers --benchmark_min_time=0.5 2>/dev/null
/usr/bin/python3 bench/numpy_peer.py

echo "== the demo, in a new folder each time"
bench/demo.sh build/release/bin/heretix

echo "== embedded model, 16 questions (K=8, R=2), $(nproc) cores"
build/release/bench/bench_llama "$model" prompts
# Two builds in turns: HERETIX_EARLIER=/path/to/an/earlier/heretix make bench
[ -z "${HERETIX_EARLIER:-}" ] || python3 bench/embedded.py "$HERETIX_EARLIER" build/release/bin/heretix
python3 bench/server_peer.py "$server" "$model" build/release/bin/heretix

echo "== hosted model: loopback server that answers in 50 ms, 100 connections, every answer durable"
python3 bench/hosted.py build/release/bin/heretix

echo "== many claims: the same server, and mock answers"
python3 bench/batch.py build/release/bin/heretix ${HERETIX_EARLIER:+"$HERETIX_EARLIER"}

echo "== decision models: loopback server that answers in 50 ms, 100 connections"
python3 bench/decisions.py build/release/bin/heretix build/release/bench/bench_decisions

echo "== export of 1,000,000 rows, to Parquet"
duckdb=$(echo "$where" | sed -n 's/^venv \(.*duckdb-1.5.5\)$/\1/p')
PYTHONPATH=$(echo "$where" | sed -n 's/^python //p') python3 bench/export_peer.py build/release/bin/heretix "$duckdb/bin/python" \
  "$(echo "$where" | sed -n 's/^scanners //p')"

echo "== service on Postgres: wrk, jobs, event streams"
PYTHONPATH=$(echo "$where" | sed -n 's/^python //p') python3 bench/service.py build/release/bin/heretix build/release/bench/bench_queue

echo "== the page with 10,000 checks in the history, in Chromium"
HERETIX=$PWD/build/release/bin/heretix HERETIX_SOURCE=$PWD PYTHONPATH=$(echo "$where" | sed -n 's/^python //p') python3 bench/page.py
