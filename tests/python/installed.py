"""The Python module as install_module.py put it into a virtual environment below the build, and a folder to use it in."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import textwrap
import unittest

PROGRAM = os.environ["HERETIX"]
BUILD = pathlib.Path(os.environ["HERETIX_BUILD"])
SOURCE = pathlib.Path(os.environ["HERETIX_SOURCE"])
PYTHON = BUILD / "python/venv/bin/python"


def places():
    said = subprocess.run([SOURCE / "tools/setup.sh", "where"], capture_output=True, text=True, check=True).stdout
    return dict(line.split(" ", 1) for line in said.splitlines())


class ModuleTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="heretix-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def environment(self, packages=None, **more):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "RPL_", "PYTHONPATH"))}
        return {**kept, "HERETIX_PROGRAM": PROGRAM, "PYTHONPATH": packages or os.environ["PYTHONPATH"], **more}

    def python(self, script, packages=None, **more):
        """What the script prints as JSON."""
        done = subprocess.run([PYTHON, "-c", textwrap.dedent(script)], cwd=self.folder, env=self.environment(packages, **more), capture_output=True, text=True,
                              timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def script_model(self, **more):
        """A scripted model of ten answers a second, of which one is refused."""
        rules = [{"paraphrase_idx": 3, "text": "I cannot say"}, {"prob_true": 0.7}]
        (self.folder / "m.json").write_text(json.dumps({"model": "m", "rules": rules, **more}))
        return "scripted:m.json"

    def program(self, *arguments, **environment):
        """What the program itself says, as JSON."""
        done = subprocess.run([PROGRAM, *arguments, "--json"], cwd=self.folder, env=self.environment(**environment), capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)
