#!/usr/bin/env bash
# The first minute: how long heretix demo takes, in a new folder each time.
#
# usage: demo.sh HERETIX [TIMES]
set -euo pipefail
heretix=$(realpath "$1")
times=${2:-15}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for ((i = 0; i < times; i++)); do
  begin=$(date +%s%N)
  "$heretix" demo --folder "demo$i" >/dev/null
  echo $(((($(date +%s%N)) - begin) / 1000000))
done | sort -n | awk '{ms[NR] = $1} END {printf "heretix demo: median %d ms, least %d, most %d of %d\n", ms[int((NR + 1) / 2)], ms[1], ms[NR], NR}'
