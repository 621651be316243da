"""Decision models at a loopback server that answers in 50 ms over 100 connections: the engine of a chat API and of a decisions API side by side, then
whole measurements by `heretix batch`, each statement alone and sixteen in one request.

usage: decisions.py HERETIX BENCH_DECISIONS [CLAIMS]
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERETIX, ENGINE = map(os.path.abspath, sys.argv[1:3])
SERVER = pathlib.Path(__file__).parent / "decision_server.py"
CLAIMS = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
WORDINGS, LATENCY_MS, CONCURRENCY = 16, 50, 125
PLAN = ["-K", str(WORDINGS), "-R", "1", "--concurrency", str(CONCURRENCY), "-q"]


def measure(name, folder, environment, *arguments):
    before, began = os.times(), time.perf_counter()
    subprocess.run([HERETIX, *arguments], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    answers = CLAIMS * WORDINGS
    print(f"{name:<38} {answers / wall:>6.0f} answers/s  {CLAIMS / wall:>6.1f} claims/s  {cpu / answers * 1000:.3f} ms of processor time an answer")


def main():
    server = subprocess.Popen([sys.executable, SERVER, str(LATENCY_MS)], stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        print("the engine, without a store")
        subprocess.run([ENGINE, url, str(CLAIMS)], check=True)

        print(f"heretix batch, {CLAIMS} claims of {WORDINGS} wordings, every answer durable")
        environment = {**os.environ, "OPENAI_COMPATIBLE_BASE_URL": url + "/v1", "SYSTEMONE_BASE_URL": url}
        with tempfile.TemporaryDirectory(dir=os.environ.get("HERETIX_BENCH_FOLDER")) as folder:
            claims = "".join(json.dumps({"claim": f"Claim number {i} is true"}) + "\n" for i in range(CLAIMS))
            (pathlib.Path(folder) / "claims.jsonl").write_text(claims)
            decision = ["--model", "systemone/m", "--readout", "decision", "--no-negation"]
            measure("chat API", folder, environment, "batch", "claims.jsonl", "--model", "openai-compatible/m", "--db", "chat.sqlite", *PLAN)
            measure("decisions API, one question a request", folder, environment, "batch", "claims.jsonl", "--db", "alone.sqlite", *decision, "--alone", *PLAN)
            subprocess.run([HERETIX, "probe", "systemone/m", "--db", "together.sqlite", "-q"], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
            measure("decisions API, 16 questions a request", folder, environment, "batch", "claims.jsonl", "--db", "together.sqlite", *decision, *PLAN)
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


main()
