#!/bin/sh
# Inspect 0.3.285 writes a score that is not a number into its JSON log as NaN, which is no JSON: Python reads it, Node.js 20's JSON.parse refuses the whole
# log. The sample is left out of the mean, and of one sample that is left the standard error is stated as 0.
. "$(dirname "$0")/prepare"
python_with inspect_ai==0.3.285
cd "$folder"
"$python" - <<'PYTHON'
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, mean, scorer, stderr
from inspect_ai.solver import generate


@scorer(metrics=[mean(), stderr()])
def stated():
    async def score(state, target):
        return Score(value=float(state.output.completion))

    return score


outputs = []
for text in ("nan", "0.7"):
    outputs.append(ModelOutput.from_content("mock", text))
    outputs[-1].usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
[log] = eval(Task(dataset=[Sample(input="How likely is it?") for _ in outputs], solver=generate(), scorer=stated()),
             model=get_model("mockllm/model", custom_outputs=outputs), log_dir="logs", log_format="json", display="none")
found = {name: metric.value for name, metric in log.results.scores[0].metrics.items()}
print("inspect_ai 0.3.285", log.status, found)
assert (log.status, found) == ("success", {"mean": 0.7, "stderr": 0.0}), (log.status, found)
PYTHON
"$python" -c 'import glob, json; json.load(open(glob.glob("logs/*.json")[0]))'
refused=$(node -e 'try { JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")); } catch (error) { console.log(error.name); }' logs/*.json)
echo "JSON.parse of $(node --version): $refused"
[ "$refused" = SyntaxError ]
