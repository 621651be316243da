#!/bin/sh
# LiteLLM 1.110.2 turns every finish_reason that it does not know into "stop", and "error" and null as well: a reply that was
# broken off cannot be told from a whole one. ("error" and null are changed without the warning that unknown words get.)
. "$(dirname "$0")/prepare"
python_with litellm==1.110.2
PYTHONPATH=$folder LITELLM_LOCAL_MODEL_COST_MAP=True "$python" - <<'PYTHON'
import importlib.metadata
import litellm
from loopback import serve

said = [None]
base = serve(lambda path: (200, {"id": "a", "object": "chat.completion", "created": 1, "model": "m", "choices": [
    {"index": 0, "message": {"role": "assistant", "content": "It bro"}, "finish_reason": said[0]}]}))
found = {}
for said[0] in ("length", "error", "cancelled", None):
    reply = litellm.completion(model="openai/m", api_base=base, api_key="key", messages=[{"role": "user", "content": "Is snow white?"}])
    found[said[0]] = reply.choices[0].finish_reason
print("litellm", importlib.metadata.version("litellm"), found)
assert found == {"length": "length", "error": "stop", "cancelled": "stop", None: "stop"}, found
PYTHON
