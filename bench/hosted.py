"""Calls to a hosted model: a loopback server that answers in 50 ms, 100 connections, every answer durable as it arrives.

usage: hosted.py HERETIX [CALLS]
"""
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

HERETIX = os.path.abspath(sys.argv[1])
SERVER = pathlib.Path(__file__).parent / "hosted_server.py"
CALLS = int(sys.argv[2]) if len(sys.argv) > 2 else 8_000
LATENCY_MS, CONNECTIONS = 50, 100
CONCURRENCY = 125  # a fifth of it is on disk ahead of the wire: 100 connections


def start_and_watch(command, folder, environment):
    """Wall seconds, processor seconds and the largest resident size in MB of one run."""
    began = time.perf_counter()
    running = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    size = 0
    while True:
        try:
            running.wait(timeout=0.05)
            break
        except subprocess.TimeoutExpired:
            found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{running.pid}/status").read_text())
            size = max(size, int(found[1]) / 1024 if found else 0)  # not there once it has ended
    wall = time.perf_counter() - began
    if running.returncode != 0:
        sys.exit(f"the run ended with {running.returncode}")
    return wall, size


def steady_rate(folder):
    """By the times at which the store had the answers; the first are left out, because the limit starts at 20."""
    store = sqlite3.connect(pathlib.Path(folder) / "runs/heretix.sqlite")
    times = [row[0] / 1e6 for row in store.execute("SELECT finished_at FROM heretix_attempts ORDER BY 1")][1000:]
    store.close()
    return (len(times) - 1) / (times[-1] - times[0])


def main():
    server = subprocess.Popen([sys.executable, SERVER, str(LATENCY_MS)], stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        environment = {**os.environ, "OPENAI_COMPATIBLE_BASE_URL": url}
        for _ in range(3):
            with tempfile.TemporaryDirectory(dir=os.environ.get("HERETIX_BENCH_FOLDER")) as folder:
                before = os.times()
                slots = min(CALLS, 4000)
                wall, size = start_and_watch([HERETIX, "run", "Tariffs cause inflation", "--model", "openai-compatible/m", "-K", str(slots), "-R",
                                              str(CALLS // slots), "-B", "10", "--concurrency", str(CONCURRENCY), "-q"], folder, environment)
                after = os.times()
                cpu = after.children_user + after.children_system - before.children_user - before.children_system
                ideal = CONNECTIONS * 1000 / LATENCY_MS
                print(f"{CALLS} calls  {steady_rate(folder):6.0f} calls/s of {ideal:.0f}, the first 1,000 aside  {wall:6.2f} s for the whole process  "
                      f"{cpu / CALLS * 1000:.3f} ms of processor time a call  {size:.0f} MB resident")
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


main()
