"""Suites that others wrote: jevcompat with three kinds of models, and jevbench beside the server that the model has of its own."""
import os
import pathlib
import subprocess
import sys

import jevbench

from systemone_cases import SystemOneTest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "provider"))
from real_servers import decision_model, llama_cpp, places, small_model, started
from test_transport import free_port

ISOLATION = ["batch_solo", "batch_order", "duplicate_question", "batch_content", "batch_size_sweep"]
NEGATION = ["negation_wrapper", "natural_negation"]

# A choice of 255 options in four wordings takes the embedded model long, and a whole suite ten minutes. So its first two blocks of 30 go the same way here, and
# the whole model in a campaign (make campaign).
PATIENT = ("--wordings", "4", "--seconds", "40")
WHOLE = "HERETIX_CAMPAIGN" in os.environ


def embedded(test):
    return small_model() if WHOLE else decision_model(test, "none", blocks=2)


class Conformance(SystemOneTest):
    def conforms(self):
        command = [sys.executable, "-m", "jevcompat.cli", "test", self.url, "--timeout", "60"]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)
        self.assertIn("conformant to spec 0.1: MUST 32/32, SHOULD 13/13", done.stdout)

    def test_the_scripted_model_conforms_in_every_point(self):
        self.serve(self.script())
        self.conforms()

    def test_the_embedded_model_conforms_in_every_point(self):
        self.serve("local" if WHOLE else f"llama:{embedded(self)}", *PATIENT)
        self.conforms()

    def test_a_chat_model_behind_llama_cpp_conforms_in_every_point(self):
        port = free_port()
        command = [places()["server"], "-m", embedded(self), "--host", "127.0.0.1", "--port", str(port), "-np", "2", "-c", "16384", "-t", "1"]
        url = started(self, command, port, "/health", OMP_WAIT_POLICY="passive")
        self.serve("openai-compatible/smollm2", *PATIENT, "--concurrency", "2", OPENAI_COMPATIBLE_BASE_URL=url + "/v1", XDG_CONFIG_HOME=str(self.folder))
        self.conforms()


class Jevbench(SystemOneTest):
    def scores(self, url, suite, relations=None):
        """The score of each relation, from 0 to 100."""
        model = jevbench.systemone(url + "/v1/systemone", model="jev-latest")
        report = jevbench.evaluate(model, suite=suite, relations=relations, cache=None, bootstrap=0)
        return {name.split("/")[0]: 100 * check["score"] for name, check in report.scores["checks"].items() if check["n"]}

    def test_the_examples_run_through_and_isolation_holds(self):
        """With the whole model negation too, beside what llama.cpp's own server of the same weights reaches; each relation has one test here."""
        self.serve("local" if WHOLE else f"llama:{embedded(self)}", *PATIENT)
        ours = self.scores(self.url, "examples")
        self.assertEqual(len(ours), 50)
        wanted = ISOLATION + NEGATION if WHOLE else ISOLATION
        of_its_own = self.scores(llama_cpp(self, decision_model(self, "openjev")), "examples", wanted) if WHOLE else {}
        for relation in wanted:
            print(f"{relation}: {ours[relation]:.0f}, llama.cpp's server {of_its_own.get(relation, 'not asked')}")
            self.assertGreaterEqual(ours[relation], 95, relation)

    def test_isolation_holds_in_the_small_suite(self):
        self.serve(self.script(), "--wordings", "4")
        ours = self.scores(self.url, "jevbench-mini", None if WHOLE else ISOLATION[:2])
        self.assertEqual(len(ours), 50 if WHOLE else 2)
        for relation in ISOLATION if WHOLE else ISOLATION[:2]:
            self.assertEqual(ours[relation], 100, relation)
