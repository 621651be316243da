"""Every command in the table of README.md runs as it is printed there, on the README's own claim.

The rows are read from README.md itself. Words in capitals stand for something of the reader's own and are replaced by it (STANDS_FOR); nothing else
of a command is changed. Hosted models are played by a server on loopback, which the providers' own variables name. A command that nothing here can
run fails the test: give it what it needs below.
"""
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "postgres"))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "provider"))
import psycopg

from cases import HostedTest
from heretix import PROGRAM, SOURCE
from hub_server import HubServer, Repository
from server import Server
from test_batches import Desk

README = (SOURCE / "README.md").read_text()
CLAIM = re.search(r'make run CLAIM="([^"]+)"', README)[1]
HOSTED = ("openai/gpt-5", "anthropic/claude-m")
SECONDS = 300  # that any one command may take

# These would ask thousands of questions of the embedded model.
ASKS_MUCH = ("heretix batch", "heretix drift", "heretix calibrate", "heretix coherence", "heretix readouts")
STAYS = {"heretix serve": "listening at|opens|sign", "heretix worker": "working", "heretix systemone": "System One at"}  # and the words that say it is ready
SAYS = {"heretix mcp": '{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n'}  # what a program says to one that listens on its standard input
SUBMITS = "--batch"  # questions now, answers later by the same command


def table_of(text):
    """The commands of each row of the README's table, in its order."""
    table = re.search(r"^## What you can do\n\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)[1]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    return [re.findall(r"`([^`]+)`", re.split(r"(?<!\\)\|", row)[1]) for row in rows]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Readme(HostedTest):
    def setUp(self):
        super().setUp()
        desk = Desk()
        desk.open = False  # batches end at once
        self.hosted = self.serve(lambda asked, server: desk(asked, server))
        hub = HubServer({"OWNER/REPO": Repository({"Tiny-Q4_K_M.gguf": b"GGUF" + bytes(1000)})})
        self.addCleanup(hub.stop)
        told = json.loads((pathlib.Path(os.environ["HERETIX_TEST_SERVER"]) / "server.json").read_text())
        server = Server(told["folder"], told["port"])
        local, prod = self.new_database(server), self.new_database(server)
        (self.folder / "claims.csv").write_text(f"claim\n{CLAIM}\nSnow is white\n")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "RPL_", "NO_COLOR"))}
        self.variables = {**kept, **self.environment(self.hosted.url), "DATABASE_URL": local, "DATABASE_URL_PROD": prod, "HERETIX_DB": "runs/heretix.sqlite",
                          "HERETIX_PRICES": "prices.json", "HF_ENDPOINT": hub.url, "HERETIX_MODEL_CACHE": str(self.folder / "models"),
                          "HERETIX_PORT": str(free_port()), "HERETIX_METRICS_PORT": str(free_port())}
        self.staying = []
        self.run_to_its_end("db upgrade", ["heretix", "db", "upgrade", "--database", "prod"])  # somebody did that long ago

    def new_database(self, server):
        name = f"test_readme_{os.urandom(6).hex()}"
        with psycopg.connect(**server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        self.addCleanup(self.drop, server, name)
        return server.address(name)

    @staticmethod
    def drop(server, name):
        with psycopg.connect(**server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stands_for(self, row, command):
        """What the reader puts in place of the words in capitals."""
        if command.startswith("heretix compare"):
            return {side: "model=" + model.split("/")[1] for side, model in zip("AB", HOSTED, strict=True)}
        artifact = next((self.folder / "runs/artifacts").glob("exec-*.json"), "")
        # The public key of the one that the first command of its row makes.
        public = subprocess.run([PROGRAM, "sign", "--key", "key.pem"], cwd=self.folder, capture_output=True, text=True).stdout.strip()
        return {"KEY": "key.pem", "SIGNED": "signed.json", "PUBLIC": public or "no key yet",
                "CLAIM": CLAIM, "ARTIFACT": str(artifact), "A": HOSTED[0], "B": HOSTED[1], "RUN": "last", "RUN…": "last", "MODEL": "local", "FILE": "runs/heretix.sqlite",
                "STUDY": "coherence", "SQL": "SELECT count(*) FROM checks"}

    def words_of(self, row, command):
        known = self.stands_for(row, command)
        words = [known.get(word, word) for word in shlex.split(command)]
        left = [word for word in words[1:] if re.fullmatch(r"[A-Z][A-Z0-9_]*…?", word)]
        self.assertEqual(left, [], f"`{command}` has a word in capitals that nothing here stands for")
        return words

    def run_to_its_end(self, command, words):
        mock = {"HERETIX_MOCK": "1", "HERETIX_DB": "runs/mock.sqlite"} if command.startswith(ASKS_MUCH) or "MODEL" in command else {}
        done = subprocess.run([PROGRAM, *words[1:]], cwd=self.folder, env={**self.variables, **mock}, input=SAYS.get(command, ""), capture_output=True, text=True,
                              timeout=SECONDS)
        if SUBMITS in words and done.returncode == 7:
            done = subprocess.run([PROGRAM, *words[1:]], cwd=self.folder, env=self.variables, capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        self.assertTrue((done.stdout + done.stderr).strip(), f"`{command}` says nothing")

    def run_until_stopped(self, command, words):
        """A service is ready, and ends well when it is asked to; what stands beside it in its row finds it running."""
        said = self.folder / "said.txt"
        with open(said, "w") as told:
            running = subprocess.Popen([PROGRAM, *words[1:]], cwd=self.folder, env=self.variables, stdout=told, stderr=told)
        self.addCleanup(running.kill)
        self.staying.append((command, running, said))
        ready = next(pattern for name, pattern in STAYS.items() if command.startswith(name))
        end = time.monotonic() + 60
        while not re.search(ready, said.read_text()):
            self.assertIsNone(running.poll(), said.read_text())
            self.assertLess(time.monotonic(), end, said.read_text())
            time.sleep(0.05)

    def stop_all(self):
        for command, running, said in self.staying:
            running.send_signal(signal.SIGTERM)
            self.assertEqual(running.wait(60), 0, f"{command}\n{said.read_text()}")
        self.staying = []

    def test_every_command_of_the_table_runs_as_it_is_printed(self):
        rows = table_of(README)
        self.assertGreater(len(rows), 20)
        for row in rows:
            for command in row:
                with self.subTest(command=command):
                    self.assertTrue(command.startswith("heretix "), f"`{command}` is no command that can be run as it is printed")
                    words = self.words_of(row, command)
                    stays = command.startswith(tuple(STAYS))
                    if stays:
                        self.stop_all()  # two of them would want the same ports
                    (self.run_until_stopped if stays else self.run_to_its_end)(command, words)
            self.stop_all()

class Table(unittest.TestCase):
    def test_it_is_read_row_by_row(self):
        rows = table_of('x\n\n## What you can do\n\n| | |\n|---|---|\n| `heretix a "CLAIM"`, `heretix b \\| c` | does `this` |\n| `heretix d` | e |\n\n## More\n')
        self.assertEqual(rows, [['heretix a "CLAIM"', "heretix b \\| c"], ["heretix d"]])
