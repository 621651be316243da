"""Many claims: a batch against a loopback server that answers in 50 ms, at 100 connections, and one of mock answers.

usage: batch.py HERETIX [EARLIER] [--claims N] [--mock N] [--long N] [--sync-ms N]

With EARLIER, another build, both are measured in this run: the earlier one with a tenth of the claims where it asks one
claim after the other, because it would take minutes. --long N also streams a file of N claims,
for the resident size. --sync-ms N measures the mock claims alone, on a disk whose every sync takes so much longer.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SERVER = pathlib.Path(__file__).parent / "hosted_server.py"
SLOW_SYNC = pathlib.Path(__file__).parent / "slow_sync.c"
LATENCY_MS, CONNECTIONS, QUESTIONS = 50, 100, 16
CONCURRENCY = 125  # a fifth of it is on disk ahead of the wire: 100 connections


def measured(command, folder, environment):
    """Wall seconds, processor seconds and the largest resident size in MB of one command."""
    began = time.perf_counter()
    with open(folder / "said", "w") as said:
        running = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode != 0:
        sys.exit(f"{command} ended with {running.returncode}: {(folder / 'said').read_text()}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def write_claims(path, number):
    with open(path, "w") as file:
        for i in range(number):
            file.write(json.dumps({"claim": f"Claim number {i} is true"}) + "\n")


def batch(program, claims, arguments, environment):
    with tempfile.TemporaryDirectory(dir=os.environ.get("HERETIX_BENCH_FOLDER")) as name:
        folder = pathlib.Path(name)
        write_claims(folder / "c.jsonl", claims)
        return measured([program, "batch", "c.jsonl", "--fixed", "-q", *arguments], folder, environment)


def single_run(program, arguments, environment, slots=4000):
    with tempfile.TemporaryDirectory(dir=os.environ.get("HERETIX_BENCH_FOLDER")) as name:
        return slots, measured([program, "run", "Tariffs cause inflation", "-K", str(slots), "-R", "1", "-B", "10", "-q", *arguments], pathlib.Path(name),
                               environment)


def mock_claims(program, earlier, number, environment):
    wall, cpu, size = batch(program, number, ["--mock"], environment)
    speed = number / wall
    print(f"mock, {number} claims: {speed:.0f} claims/s, {wall:.1f} s, {cpu:.1f} s of processor time, {size:.0f} MB resident")
    if earlier:
        claims = max(20, number // 20)
        wall, cpu, size = batch(earlier, claims, ["--mock"], environment)
        print(f"  the earlier build, {claims} claims: {claims / wall:.1f} claims/s; {speed / (claims / wall):.1f} times as fast now")


def mock_claims_with_slow_syncs(program, earlier, number, milliseconds):
    with tempfile.TemporaryDirectory() as folder:
        library = f"{folder}/slow_sync.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, SLOW_SYNC, "-ldl"], check=True)
        print(f"each sync takes {milliseconds} ms longer")
        mock_claims(program, earlier, number, {**os.environ, "LD_PRELOAD": library, "HERETIX_SYNC_MS": str(milliseconds)})


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("program")
    asked.add_argument("earlier", nargs="?")
    asked.add_argument("--claims", type=int, default=1000)
    asked.add_argument("--mock", type=int, default=3000)
    asked.add_argument("--long", type=int, default=0)
    asked.add_argument("--sync-ms", type=int, default=0)
    given = asked.parse_args()
    program, earlier = os.path.abspath(given.program), given.earlier and os.path.abspath(given.earlier)
    if given.sync_ms:
        return mock_claims_with_slow_syncs(program, earlier, given.mock, given.sync_ms)

    server = subprocess.Popen([sys.executable, SERVER, str(LATENCY_MS)], stdout=subprocess.PIPE, text=True)
    try:
        environment = {**os.environ, "OPENAI_COMPATIBLE_BASE_URL": f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"}
        hosted = ["--model", "openai-compatible/m", "--concurrency", str(CONCURRENCY)]
        ideal = CONNECTIONS * 1000 / LATENCY_MS

        wall, cpu, size = batch(program, given.claims, hosted, environment)
        rate = given.claims * QUESTIONS / wall
        print(f"batch, {given.claims} claims of {QUESTIONS} questions: {rate:.0f} answers/s of {ideal:.0f}, "
              f"{cpu / given.claims / QUESTIONS * 1000:.3f} ms of processor time an answer, {size:.0f} MB resident, {wall:.1f} s")
        each = cpu / given.claims / QUESTIONS
        if earlier:
            claims = max(20, given.claims // 10)
            wall, cpu, size = batch(earlier, claims, hosted, environment)
            before = claims * QUESTIONS / wall
            print(f"  the earlier build, {claims} claims: {before:.0f} answers/s, {cpu / claims / QUESTIONS * 1000:.3f} ms; {rate / before:.1f} times as fast now")
        count, (wall, cpu, size) = single_run(earlier or program, hosted, environment)
        print(f"  one run of {count} questions{' of the earlier build' if earlier else ''}: {cpu / count * 1000:.3f} ms of processor time an answer; "
              f"a batch takes {each / (cpu / count):.2f} of it")

        mock_claims(program, earlier, given.mock, environment)
        if given.long:
            wall, cpu, size = batch(program, given.long, hosted + ["--order", "finished"], environment)
            print(f"a file of {given.long} claims: {wall:.0f} s, {size:.0f} MB resident")
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


main()
