#!/bin/sh
# jevbench 0.1.0, asked for one relation of its small suite, compares 24 pairs of answers and sends 264 requests for them: each of the 240 cases is
# asked whole, with all of its ten or so questions, though the other 216 are compared with nothing. jevbench.estimate says so beforehand.
. "$(dirname "$0")/prepare"
python_with jevbench==0.1.0
"$python" - <<'PYTHON'
import jevbench

model = jevbench.fake("coherent")
asked = []


def answer(state, questions):
    asked.append((state, tuple(questions)))
    return model.ask(state, questions)


report = jevbench.evaluate(answer, relations=["natural_negation"], cache=":memory:", bootstrap=0)
compared = report.result["outcomes"]
found = {"tests": len(compared), "cases compared": len({outcome["case_id"] for outcome in compared}), "cases asked": len({state for state, _ in asked}),
         "requests": len(asked), "questions": sum(len(questions) for _, questions in asked)}
print("jevbench", jevbench.__version__, found)
assert found == {"tests": 24, "cases compared": 24, "cases asked": 240, "requests": 264, "questions": 2488}, found
assert jevbench.estimate(relations=["natural_negation"])["requests"] == 264
PYTHON
