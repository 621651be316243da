"""Suites that others wrote: jevcompat with three kinds of models, and jevbench."""
import glob
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

import jevbench

from cases import SystemOneTest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "provider"))
from real_servers import places, small_model, started
from test_transport import free_port

ISOLATION = ["batch_solo", "batch_order", "duplicate_question", "batch_content", "batch_size_sweep"]
NEGATION = ["negation_wrapper", "natural_negation"]


class Conformance(SystemOneTest):
    def conforms(self):
        report = self.folder / "report.json"
        done = subprocess.run([sys.executable, "-m", "jevcompat.cli", "test", self.url, "--timeout", "60", "--json", report], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)
        self.assertIn("conformant to spec 0.1: MUST 32/32, SHOULD 13/13", done.stdout)

    def test_the_scripted_model_conforms_in_every_point(self):
        self.serve(self.script())
        self.conforms()

    def test_the_embedded_model_conforms_in_every_point(self):
        self.serve("local", "--wordings", "4")
        self.conforms()

    def test_a_chat_model_behind_llama_cpp_conforms_in_every_point(self):
        port = free_port()
        url = started(self, [places()["server"], "-m", small_model(), "--host", "127.0.0.1", "--port", str(port), "-np", "2", "-c", "16384"], port, "/health")
        self.serve("openai-compatible/smollm2", "--wordings", "4", "--concurrency", "2", OPENAI_COMPATIBLE_BASE_URL=url + "/v1", XDG_CONFIG_HOME=str(self.folder))
        self.conforms()


class Jevbench(SystemOneTest):
    def scores(self, url, suite, relations=None):
        model = jevbench.systemone(url + "/v1/systemone", model="jev-latest")
        report = jevbench.evaluate(model, suite=suite, relations=relations, cache=None)
        return report

    def test_the_examples_run_through(self):
        self.serve("local", "--wordings", "4")
