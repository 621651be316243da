#!/bin/sh
# jev-eval 1.2.0 gives a perfectly calibrated choice an expected calibration error of 0.25: it bins the `confidence` of an answer, which is 0 where the
# options are equally likely (the formula that jevcompat 0.1.1 checks), against how often the answer is right, which is then a half. The
# probabilities stand in the same answer, and binned by the largest of them the error is 0.
. "$(dirname "$0")/prepare"
python_with jev-eval==1.2.0 jevcompat==0.1.1
"$python" - <<'PYTHON'
import dataclasses
import importlib.metadata

from jev_eval.metrics import accuracy, bin_by_confidence, ece
from jev_eval.score import score_answer
from jevcompat.validate import choice_confidence

question = {"type": "choice", "instructions": "Is it so?", "criteria": {"yes": None, "no": None}}
by_confidence, by_probability = [], []
for stated in (0.65, 0.75, 0.85):
    for i in range(100):
        answer = {"type": "choice", "choice": "yes", "probabilities": {"yes": stated, "no": 1 - stated}, "confidence": choice_confidence([stated, 1 - stated])}
        scored = score_answer(len(by_confidence), question, answer, "yes" if i < 100 * stated else "no")
        by_confidence.append(scored)
        by_probability.append(dataclasses.replace(scored, prob=stated))
found = [round(value, 6) for value in (accuracy(by_confidence), ece(bin_by_confidence(by_confidence)), ece(bin_by_confidence(by_probability)))]
print("jev-eval", importlib.metadata.version("jev-eval"), "accuracy, its error, the error by probability:", found)
assert choice_confidence([0.5, 0.5]) == 0
assert found == [0.75, 0.25, 0.0], found
PYTHON
