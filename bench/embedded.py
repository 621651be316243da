"""The embedded model by two builds of the program, in turns: what `make run` measures, and the readout `expected`.

usage: embedded.py EARLIER_HERETIX HERETIX [ROUNDS]

The measuring part is a run's time less that of the same command again, which loads the model and asks nothing.
`tokens` are those that the answers say they evaluated after the prompt.
"""
import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

CLAIM = "Tariffs cause inflation"
COMMANDS = {"heretix run CLAIM": [], "heretix run CLAIM --readout expected": ["--readout", "expected"]}


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(program, options, folder):
    began, cpu = time.perf_counter(), cpu_seconds()
    done = subprocess.run([program, "run", CLAIM, *options, "--json", "-q"], cwd=folder, check=True, capture_output=True)
    return json.loads(done.stdout), time.perf_counter() - began, cpu_seconds() - cpu


def measure(program, options):
    with tempfile.TemporaryDirectory() as folder:
        record, wall, cpu = run(program, options, folder)
        _, wall_stored, cpu_stored = run(program, options, folder)
        store = sqlite3.connect(os.path.join(folder, "runs/heretix.sqlite"))
        tokens = store.execute("SELECT sum(tokens_out) FROM heretix_answers").fetchone()[0]
        store.close()
    return {"wall": wall - wall_stored, "cpu": cpu - cpu_stored, "tokens": tokens, "p": record["belief_v2"]["p"], "facts": record.get("readout", {})}


def main():
    programs = {"earlier": os.path.abspath(sys.argv[1]), "now": os.path.abspath(sys.argv[2])}
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    for name, options in COMMANDS.items():
        found = {which: [] for which in programs}
        for _ in range(rounds):
            for which, program in programs.items():
                found[which].append(measure(program, options))

        print(name)
        for which, all_of_it in found.items():
            middle = {key: statistics.median(one[key] for one in all_of_it) for key in ("wall", "cpu", "tokens")}
            last = all_of_it[-1]
            reach = f", bounds at most {last['facts']['reach_most']:.4f} apart" if "reach_most" in last["facts"] else ""
            print(f"  {which:8} {middle['wall']:7.2f} s, {middle['cpu']:7.2f} s of CPU, {middle['tokens']:5.0f} tokens; p = {last['p']:.4f}{reach}")
        for key, what in (("wall", "time"), ("cpu", "CPU")):
            ratio = statistics.median(a[key] / b[key] for a, b in zip(found["earlier"], found["now"], strict=True))
            print(f"  {ratio:.1f} times less {what}")


if __name__ == "__main__":
    main()
