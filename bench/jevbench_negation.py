"""How well a question fits its negation in jevbench's small suite: System One by Heretix, all 16 wordings, beside llama.cpp's own server of the same weights.

usage: jevbench_negation.py BUILD      BUILD: build/release, with the target make_decision_gguf
PYTHONPATH names the tests' packages (tools/setup.sh where, "python").

The score is jevbench's: the share of its tests, in percent, in which the two probabilities add up to 1 within 0.05. A test compares one question of a case with
its negation, and jevbench asks them in company of some ten others. Company changes no answer (the suite's relations of isolation, tests/systemone), so
only the two, and those of the same name in other tests, are asked here: 247 questions in place of 2,753. The others get any answer, which no test looks at.
"""
import os
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(sys.argv[1]).resolve()
os.environ.update(HERETIX_SOURCE=str(ROOT), HERETIX_BUILD=str(BUILD), HERETIX=str(BUILD / "bin/heretix"))
sys.path[:0] = [str(ROOT / "tests/systemone"), str(ROOT / "tests/provider"), str(ROOT / "tests/cli")]

import jevbench  # noqa: E402  (jevbench and the tests' modules are found by the path above)

from systemone_cases import SystemOneTest  # noqa: E402  (likewise)
from test_conformance import NEGATION, decision_model, llama_cpp  # noqa: E402  (likewise)


def any_answer(question):
    if question["type"] == "noul":
        return {"type": "noul", "noul": 0.5}
    names = list(question["criteria"]) if question["type"] == "choice" else [str(i) for i in range(len(question["criteria"]))]
    probabilities = dict.fromkeys(names, 1 / len(names))
    if question["type"] == "choice":
        return {"type": "choice", "choice": names[0], "probabilities": probabilities, "confidence": 0.0}
    legend = dict(zip(names, question["criteria"], strict=True))
    return {"type": "score", "score": (len(names) - 1) / 2, "probabilities": probabilities, "legend": legend, "confidence": 0.0}


def evaluated(answer):
    return jevbench.evaluate(answer, suite="jevbench-mini", relations=NEGATION, cache=None, bootstrap=0)


class Negation(SystemOneTest):
    def pairs(self):
        """What the suite's tests are about: the questions of each case, the names of those that are compared, and the cases that have a negation.
        It is found by a run in which nothing is asked."""
        asked = []

        def note(state, questions):
            asked.append((state, set(questions)))
            return {name: any_answer(question) for name, question in questions.items()}

        targets = {name for outcome in evaluated(note).result["outcomes"] for name in outcome["targets"]}
        own = {}  # the questions of a case, by its state: those of its first request
        for state, names in asked:
            own.setdefault(state, names)
        negated = {state for state, names in asked if names != own[state]}
        return own, targets, negated

    def scores(self, url, pairs):
        own, targets, negated = pairs
        backend = jevbench.systemone(url + "/v1/systemone", model="jev-latest", timeout=300)

        def answer(state, questions):
            wanted = {name: q for name, q in questions.items() if name not in own[state] or (state in negated and name in targets and q["type"] == "noul")}
            said = backend.ask(state, wanted) if wanted else {}
            return {name: said[name] if name in said else any_answer(question) for name, question in questions.items()}

        report = evaluated(answer)
        return {name.split("/")[0]: round(100 * check["score"]) for name, check in report.scores["checks"].items() if check["n"]}

    def runTest(self):
        pairs = self.pairs()
        print("llama.cpp's server:", self.scores(llama_cpp(self, decision_model(self, "openjev")), pairs), flush=True)

        self.serve("local", "--wordings", "16", "--seconds", "200")
        print("Heretix:", self.scores(self.url, pairs), flush=True)


if __name__ == "__main__":
    sys.exit(not unittest.TextTestRunner().run(Negation()).wasSuccessful())
