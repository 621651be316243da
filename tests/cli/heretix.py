"""Runs the real program in a folder of its own. HERETIX names the binary."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ["HERETIX"]
SOURCE = pathlib.Path(os.environ["HERETIX_SOURCE"])


NAMES_A_PLAN = {"-K", "-R", "-T", "--fixed", "--until-width", "--config"}


class ProgramTest(unittest.TestCase):
    maxDiff = None
    plan = ("--fixed",)  # what run and describe get where a test names no plan: 16 questions, whatever is answered

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="heretix-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def heretix(self, *arguments, stdin=None, program=PROGRAM, **environment):
        arguments = [str(a) for a in arguments]
        if arguments[:1] in (["run"], ["describe"]) and not NAMES_A_PLAN & set(arguments):
            arguments += self.plan
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "RPL_", "NO_COLOR"))}
        return subprocess.run([program, *arguments], cwd=self.folder, input=stdin, capture_output=True, text=True,
                              env={**kept, **environment}, timeout=300, errors="replace")

    def ok(self, *arguments, **more):
        done = self.heretix(*arguments, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def json(self, *arguments, **more):
        return json.loads(self.ok(*arguments, "--json", **more))

    def refused(self, code, *arguments, says=(), **more):
        """Fails with that code, says all of these, and prints no result."""
        done = self.heretix(*arguments, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertTrue(done.stderr.startswith("heretix: "), done.stderr)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.stderr)
        return done

    def usual_store(self):
        """The store that this test's runs went to: mock runs have one of their own."""
        mock = "runs/mock.sqlite"
        return mock if (self.folder / mock).exists() and not (self.folder / "runs/heretix.sqlite").exists() else "runs/heretix.sqlite"

    def database(self, name=None):
        connection = sqlite3.connect(self.folder / (name or self.usual_store()))
        self.addCleanup(connection.close)
        connection.row_factory = sqlite3.Row
        return connection

    def wait_for(self, condition, seconds=60, pause=0.02, told=lambda: ""):
        """What the condition gives once that is something; `told` says more where it never is."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(pause)
        return self.fail(f"waited {seconds} s in vain\n{told()}")

    def script(self, name="script.json", **fields):
        path = self.folder / name
        path.write_text(json.dumps(fields))
        return f"scripted:{path}"
