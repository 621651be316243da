"""Replays the examples of docs/examples: every command of a page, in the page's order, in one folder; what it prints is compared with what the page shows.

Hosted models, a model hub and Postgres are on loopback and stand behind the usual variables. Ports, times, ids and sizes may differ; a line `…` stands for any
lines. `python3 replay.py --write [PAGE]` writes what is printed into the pages (it needs what a test needs; see test_examples.py).
"""
import contextlib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

for folder in ("cli", "postgres", "provider", "tracing"):
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / folder))
import psycopg  # noqa: E402

from cases import ADDRESSES, DECISION_ADDRESSES, KEY  # noqa: E402
from fault_server import PRICE, FaultServer  # noqa: E402
from hub_server import HubServer, Repository  # noqa: E402
from receiver import Receiver  # noqa: E402
from server import Server, free_port  # noqa: E402
from test_batches import Desk  # noqa: E402

SOURCE, PROGRAM = pathlib.Path(os.environ["HERETIX_SOURCE"]), pathlib.Path(os.environ["HERETIX"])
PAGES = SOURCE / "docs/examples"
MOST_LINES = 16  # of what a command prints, as far as the page shows it
PORTS = ("8080", "9464", "8765", "8000", "4318")  # in the pages; free ones stand for them
READY = "serving at|working, metrics|System One at"
BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
DIFFER = "<!-- The numbers differ from run to run. -->"  # above a block, where the stand-in answers a fresh execution or a real model answers

# What may differ from one day and one machine to the next.
VARIES = [(r"\bhx_[\w-]{43}", "hx_#"),
          (r"/sign-in/[\w:-]+", "/sign-in/#"), (r"exec-[0-9a-f]{12}", "exec-#"), (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "#"), (r"\b[0-9a-f]{12,}\b", "#"),
          (r"\bmonth=\d{4}-\d\d\b", "month=#"), (r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z| UTC)?)?", "DAY"), (r"\b\d\d:\d\d(?::\d\d)?\b", "TIME"),
          (r"\b[\d.,]+ (?:ms|s|min|h|seconds|bytes|kB|MB|KiB|MiB)\b", "#"), (r"[─-◿·]+", "-"), (r"[ \t]+", " ")]


class Example:
    """A command of a page: its words, and the lines that the page shows below it."""

    def __init__(self, command, numbers_differ):
        self.command, self.shown, self.numbers_differ = command, [], numbers_differ


def examples_in(text):
    """The blocks of a page, each as its examples."""
    blocks = []
    for found in BLOCK.finditer(text):
        examples, numbers_differ = [], text[:found.start()].rstrip().endswith(DIFFER)
        for line in found[1].splitlines():
            if line.startswith("$ "):
                examples.append(Example(line[2:], numbers_differ))
            elif line.startswith("> ") and examples and not examples[-1].shown:
                examples[-1].command += "\n" + line[2:]
            else:
                examples[-1].shown.append(line)
        blocks.append(examples)
    return blocks


def normal(lines, numbers_differ=False):
    text = "\n".join(lines)
    for pattern, instead in [*VARIES, *([(r"[+-]?\d[\d.,]*", "#")] if numbers_differ else [])]:
        text = re.sub(pattern, instead, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def fits(printed, example):
    """Whether what was printed is what the page shows."""
    pieces = [normal(piece.splitlines(), example.numbers_differ) for piece in re.split(r"(?m)^…$", "\n".join(example.shown))]
    lines = normal(printed, example.numbers_differ)
    if len(pieces) == 1:
        return lines == pieces[0]
    return lines[:len(pieces[0])] == pieces[0] and (not pieces[-1] or lines[-len(pieces[-1]):] == pieces[-1])


class Place:
    """A folder with a program on the path and everything that a page's commands speak to."""

    def __init__(self, uses_postgres=False):
        self.end = contextlib.ExitStack()
        self.folder = pathlib.Path(self.end.enter_context(tempfile.TemporaryDirectory(prefix="heretix-examples-")))
        self.home, self.running = self.folder / "home", []
        self.home.mkdir()
        (self.folder / "bin").mkdir()
        (self.folder / "bin/heretix").symlink_to(PROGRAM)
        desk = Desk()
        desk.open = False  # batches end at once
        hosted = FaultServer(lambda asked, server: desk(asked, server)).start()
        self.end.callback(hosted.stop)
        hub = HubServer({"OWNER/REPO": Repository({"Tiny-Q4_K_M.gguf": b"GGUF" + bytes(1000)})})
        self.end.callback(hub.stop)
        self.hub, collector = hub, Receiver()
        self.end.callback(collector.stop)
        self.ports = {port: str(free_port()) for port in PORTS} | {"8000": str(hosted.port), "4318": str(collector.server.server_port)}
        models = [{"model": f"{provider}/{name}", **PRICE, "batch_percent": 50} for provider in ADDRESSES for name in ("gpt-5", "gpt-m")]
        (self.home / "prices.json").write_text(json.dumps({"date": "2026-01-02", "models": models}))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "RPL_", "NO_COLOR", "OTEL_"))}
        self.environment = {**kept, "PATH": f"{self.folder / 'bin'}:{kept['PATH']}", "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config"), "NO_PROXY": "127.0.0.1",
                            "HF_ENDPOINT": hub.url, "HERETIX_MODEL_CACHE": str(self.home / "models"),
                            "HERETIX_SECRET": "5b" * 32, "LC_ALL": "C.UTF-8"}
        for key, base, path in {**ADDRESSES, **DECISION_ADDRESSES}.values():
            self.environment |= {key: KEY, base: hosted.url + path}
        if uses_postgres:
            self.environment |= {"DATABASE_URL": self.new_database(), "DATABASE_URL_PROD": self.new_database()}

    def new_database(self):
        told = json.loads((pathlib.Path(os.environ["HERETIX_TEST_SERVER"]) / "server.json").read_text())
        server, name = Server(told["folder"], told["port"]), f"examples_{os.urandom(6).hex()}"
        admin = server.conninfo("postgres")

        def told_to(sql):
            with psycopg.connect(**admin, autocommit=True) as connection:
                connection.execute(sql)
        told_to(f'CREATE DATABASE "{name}"')
        self.end.callback(told_to, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        return server.address(name)

    def close(self):
        for process in self.running:
            process.kill()
            process.wait()
        self.end.close()

    def here(self, command):
        for port, own in self.ports.items():
            command = re.sub(rf"\b{port}\b", own, command)
        return command.replace("/usr/local/share/heretix", str(SOURCE))

    def as_shown(self, text):
        for port, own in self.ports.items():
            text = text.replace(f":{own}", f":{port}")
        for path, shown in ((self.hub.url, "https://huggingface.co"), (str(self.home), "~"), (str(SOURCE), "/usr/local/share/heretix")):
            text = text.replace(path, shown)
        text = re.sub(r"examples_[0-9a-f]{12}", "heretix", re.sub(r"localhost:\d+(?=/examples_)", "localhost", re.sub(r"\bport=\d+", "port=5433", text)))
        return [line for line in text.rstrip().splitlines() if not line.startswith('{"time":')]  # the service's log

    def run(self, command):
        """What it prints, as the page shows it."""
        if command.endswith(" &"):
            return self.begin(self.here(command[:-2]))
        if command == "kill %1":
            return self.stop()
        # In a pipe, what a program says beside its result comes before or after what the next one prints, as it happens.
        done = subprocess.run(["bash", "-c", self.here(command)], cwd=self.home, env=self.environment, stdout=subprocess.PIPE, text=True, timeout=240, stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE if " | " in command else subprocess.STDOUT, check=False)
        lines = self.as_shown(done.stdout + (done.stderr or ""))
        return lines + ([f"[exit code {done.returncode}]"] if done.returncode else [])

    def begin(self, command):
        said = self.folder / f"said{len(self.running)}"
        with open(said, "w") as told:
            process = subprocess.Popen(["bash", "-c", "exec " + command], cwd=self.home, env=self.environment, stdout=told, stderr=told)
        self.running.append(process)
        end = time.monotonic() + 90
        while not re.search(READY, text := said.read_text()):
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{command} is not ready:\n{text}")
            time.sleep(0.05)
        time.sleep(0.3)  # for what it says right after
        return self.as_shown(said.read_text())

    def stop(self):
        process = self.running.pop(0)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        return [f"[exit code {process.returncode}]"] if process.returncode else []


def written(text, place):
    """The page with what its commands print."""
    blocks = iter(examples_in(text))

    def replaced(_):
        lines = []
        for example in next(blocks):
            lines.append("$ " + example.command.replace("\n", "\n> "))
            printed = place.run(example.command)
            while printed and not printed[0].strip():
                printed.pop(0)
            lines += printed if len(printed) <= MOST_LINES else [*printed[:MOST_LINES - 2], "…"]
        return "```console\n" + "\n".join(lines) + "\n```"
    return BLOCK.sub(replaced, text)


def uses_postgres(page):
    return any("--database local" in example.command for examples in examples_in(page.read_text()) for example in examples)


def options_of(command):
    """Of each `heretix` in a command line: the words of the command, and all its words behind them."""
    words = shlex.split(command.replace("\n", " ").removesuffix(" &"), posix=True)
    found = []
    for at, word in enumerate(words):
        if word == "heretix":
            end = next((i for i in range(at + 1, len(words)) if words[i] in ("|", "||", "&&", ";", ">", "<", "2>", "2>&1") or words[i] == "heretix"), len(words))
            found.append(words[at + 1:end])
    return found


if __name__ == "__main__":
    chosen = [PAGES / f"{name}.md" for name in sys.argv[2:]] or sorted(PAGES.glob("*.md"))
    for path in chosen:
        place = Place(uses_postgres(path))
        try:
            path.write_text(written(path.read_text(), place))
        finally:
            place.close()
        print(path.name)
