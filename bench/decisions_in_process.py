"""One claim, 16 statements and their negations, judged three ways with the weights of the embedded model: in process, by llama.cpp's own
server, and by typed-gguf. All run side by side, in turns; the shortest of the rounds counts.

usage: decisions_in_process.py BUILD [ROUNDS] [CLAIM…]      BUILD: build/release, with the targets judge_statements and make_decision_gguf
PYTHONPATH names the tests' packages (tools/setup.sh where, "python").

Every way is warm: the model is loaded, and what all claims share may stay evaluated. A round asks for another claim than the one before.
The server is asked with one thread, as its own authors advise for small machines, and again with as many threads as the machine has
cores; each time with all 32 questions in one request and one after the other, of which the faster counts. Beside the time that passes
stands the time of the processor, which another load on the machine does not change.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(sys.argv[1]).resolve()
os.environ.update(HERETIX_SOURCE=str(ROOT), HERETIX_BUILD=str(BUILD), HERETIX=str(BUILD / "bin/heretix"))
sys.path[:0] = [str(ROOT / "tests/provider"), str(ROOT / "tests/cli")]

import yaml  # noqa: E402

from real_servers import decision_model, llama_cpp, small_model, typed_gguf  # noqa: E402

CLAIMS = ["Copper conducts electricity better than iron", "Tariffs cause inflation", "The Sun orbits the Earth once a day"]
BANK = yaml.safe_load((ROOT / "prompts/heretix_decisions_v1.yaml").read_text(encoding="utf-8"))


def statements(claim):
    return [pair[side].replace("{CLAIM}", claim) for side in ("claim", "negation") for pair in BANK["statements"]]


def marked(name):
    """What is started from now on carries this name in its environment, and so does whatever it starts itself."""
    os.environ["HERETIX_BENCH_WAY"] = name.replace(" ", "_")
    return name


def processor_seconds(name):
    mark, total = f"HERETIX_BENCH_WAY={name.replace(' ', '_')}".encode(), 0.0
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if folder.name == str(os.getpid()) or mark not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


class InProcess:
    def __init__(self, threads):
        self.name = marked(f"in process, {threads} thread{'s' * (threads > 1)}")
        self.running = subprocess.Popen([BUILD / "bin/judge_statements", small_model(), str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def judge(self, claim):
        self.running.stdin.write(json.dumps({"state": BANK["state"], "claim": claim, "statements": statements(claim)}) + "\n")
        self.running.stdin.flush()
        return json.loads(self.running.stdout.readline())["nouls"]


class Asked:
    def __init__(self, name, start, at_once):
        self.name = marked(name)
        self.url = start() + "/v1/systemone"
        self.at_once = at_once

    def judge(self, claim):
        questions = {f"q{i}": {"type": "noul", "instructions": s} for i, s in enumerate(statements(claim))}
        parts = [questions] if self.at_once else [{name: question} for name, question in questions.items()]
        return [number for part in parts for number in self.stated(part)]

    def stated(self, questions):
        body = json.dumps({"model": "smollm2", "state": BANK["state"], "questions": questions}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url, body, {"content-type": "application/json"}), timeout=3600) as reply:
            answers = json.load(reply)["answers"]
        return [answers[name]["noul"] for name in questions]


class Started(unittest.TestCase):
    """Gives the tests' helpers a folder, and ends what they start."""

    def __init__(self):
        super().__init__("ends")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="heretix-bench-"))

    def ends(self):
        pass


def ways(test):
    cores = os.cpu_count() or 1
    model = decision_model(test, "openjev")
    yield InProcess(cores)
    yield InProcess(1)
    for threads in sorted({1, cores}):
        for at_once in (True, False):
            name = f"llama.cpp's server, {threads} thread{'s' * (threads > 1)}, {'one request' if at_once else '32 requests'}"
            yield Asked(name, lambda threads=threads: llama_cpp(test, model, threads), at_once)
    yield Asked("typed-gguf, one request", lambda: typed_gguf(test), True)


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    test = Started()
    try:
        asked = list(ways(test))
        best = {}
        for turn in range(rounds + 1):
            claim = (sys.argv[3:] or CLAIMS)[turn % len(sys.argv[3:] or CLAIMS)]
            for way in asked:
                processor, start = processor_seconds(way.name), time.monotonic()
                assert len(way.judge(claim)) == 32
                taken = time.monotonic() - start, processor_seconds(way.name) - processor
                if turn > 0:  # the first warms up
                    best[way.name] = tuple(map(min, best.get(way.name, taken), taken))
        ours = best[asked[0].name]
        print("| way | seconds a claim | processor seconds | as long as in process |\n|---|---|---|---|")
        for name, (passed, processor) in best.items():
            print(f"| {name} | {passed:.2f} | {processor:.2f} | {passed / ours[0]:.1f} × |")
    finally:
        test.doCleanups()


if __name__ == "__main__":
    main()
