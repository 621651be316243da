#!/bin/sh
# Inspect 0.3.285: its mock model, which answers in process, fetches OpenAI's tokenizer from the network to count tokens that cost nothing. Where that
# cannot be reached (here a proxy refuses), every sample ends in an error; an output that states its usage needs no network.
. "$(dirname "$0")/prepare"
python_with inspect_ai==0.3.285
cd "$folder"
TIKTOKEN_CACHE_DIR=$folder/tokenizers "$python" - <<'PYTHON'
import http.server
import os
import threading

connected = []


class Proxy(http.server.BaseHTTPRequestHandler):
    def do_CONNECT(self):
        connected.append(self.path)
        self.send_error(403)

    def log_message(self, *arguments):
        pass


proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=proxy.serve_forever, daemon=True).start()
for name in ("NO_PROXY", "no_proxy"):
    os.environ.pop(name, None)
os.environ["HTTPS_PROXY"] = os.environ["https_proxy"] = f"http://127.0.0.1:{proxy.server_port}"

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.solver import generate

plain, counted = ModelOutput.from_content("mock", "yes"), ModelOutput.from_content("mock", "yes")
counted.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
found = {}
for name, output in (("plain", plain), ("with its usage", counted)):
    model = get_model("mockllm/model", custom_outputs=[output], memoize=False)
    [log] = eval(Task(dataset=[Sample(input="Is snow white?")], solver=generate()), model=model, log_dir="logs", display="none")
    found[name] = (log.status, sorted(set(connected)))
    connected.clear()
print("inspect_ai 0.3.285", found)
assert found == {"plain": ("error", ["openaipublic.blob.core.windows.net:443"]), "with its usage": ("success", [])}, found
PYTHON
