"""How well a question fits its negation in jevbench's small suite: System One by Heretix, all 16 wordings, beside llama.cpp's own server of the same weights.

usage: jevbench_negation.py BUILD      BUILD: build/release, with the target make_decision_gguf
PYTHONPATH names the tests' packages of System One and of models (tools/setup.sh where, "servers" and "python").

A relation scores from 0 to 100: the share of its tests in which the two probabilities add up to 1 within 0.05. Every answer is waited for until it rests on
all wordings, which takes the embedded model some 10 seconds a question.
"""
import os
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(sys.argv[1]).resolve()
os.environ.update(HERETIX_SOURCE=str(ROOT), HERETIX_BUILD=str(BUILD), HERETIX=str(BUILD / "bin/heretix"))
sys.path[:0] = [str(ROOT / "tests/systemone"), str(ROOT / "tests/provider"), str(ROOT / "tests/cli")]

from test_conformance import NEGATION, Jevbench, decision_model, llama_cpp  # noqa: E402  (found by the path above)


class Negation(Jevbench):
    def runTest(self):
        its_own = self.scores(llama_cpp(self, decision_model(self, "openjev")), "jevbench-mini", NEGATION)
        print("llama.cpp's server:", its_own, flush=True)

        self.serve("local", "--wordings", "16", "--seconds", "200")
        print("Heretix:", self.scores(self.url, "jevbench-mini", NEGATION), flush=True)


if __name__ == "__main__":
    sys.exit(not unittest.TextTestRunner().run(Negation()).wasSuccessful())
