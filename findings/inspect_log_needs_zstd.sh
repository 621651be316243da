#!/bin/sh
# Inspect 0.3.285: a log (.eval) is a zip file, but its members are compressed with Zstandard (method 93), which Python's zipfile can list and,
# before 3.14, not read: NotImplementedError, "That compression method is not supported". In a process that has imported inspect_ai the same
# zipfile reads them, because a dependency (zipfile-zstd) changes the standard module for everybody there.
. "$(dirname "$0")/prepare"
python_with inspect_ai==0.3.285
cd "$folder"
cat > reads.py <<'PYTHON'
import glob
import json
import sys
import zipfile

if sys.argv[1] == "with":
    import inspect_ai.log
[path] = glob.glob("logs/*.eval")
with zipfile.ZipFile(path) as log:
    methods = sorted({member.compress_type for member in log.infolist()})
    try:
        found = json.loads(log.read("samples/1_epoch_1.json"))["input"]
    except NotImplementedError as error:
        found = str(error)
print(sys.argv[1], "inspect_ai imported:", methods, found)
PYTHON
"$python" - <<'PYTHON'
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.solver import generate

eval(Task(dataset=[Sample(input="Is snow white?")], solver=generate()), model="mockllm/model", log_dir="logs", display="none")
PYTHON
without=$("$python" reads.py without)
with=$("$python" reads.py with)
echo "inspect_ai 0.3.285, $("$python" --version): $without; $with"
[ "$without" = "without inspect_ai imported: [93] That compression method is not supported" ]
[ "$with" = "with inspect_ai imported: [93] Is snow white?" ]
