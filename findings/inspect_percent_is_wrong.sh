#!/bin/sh
# Inspect 0.3.285: match(numeric=True) scores the answer 70% as wrong where the target is 70. With a currency, in bold or with a space before
# the sign (70 %) it is right, and with the target 70% both 70 and 70% are.
. "$(dirname "$0")/prepare"
python_with inspect_ai==0.3.285
cd "$folder"
"$python" - <<'PYTHON'
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import match
from inspect_ai.solver import generate

answers = [("70", "70%"), ("70", "I say 70%."), ("70", "70 %"), ("70", "$70"), ("70", "**70**"), ("70%", "70"), ("70%", "70%")]
outputs = []
for _, text in answers:
    outputs.append(ModelOutput.from_content("mock", text))
    outputs[-1].usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
[log] = eval(Task(dataset=[Sample(input="How likely is it?", target=target) for target, _ in answers], solver=generate(), scorer=match(numeric=True)),
             model=get_model("mockllm/model", custom_outputs=outputs), log_dir="logs", display="none", max_samples=1)
found = {(sample.target, sample.output.completion): sample.scores["match"].value for sample in log.samples}
print("inspect_ai 0.3.285", found)
assert found == {("70", "70%"): "I", ("70", "I say 70%."): "I", ("70", "70 %"): "C", ("70", "$70"): "C", ("70", "**70**"): "C", ("70%", "70"): "C", ("70%", "70%"): "C"}, found
PYTHON
