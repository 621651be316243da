#!/bin/sh
# Gateways answer 200 with {"error": …} when the server behind them fails. The openai package 3.57.0 returns that as a
# ChatCompletion whose `choices` are None (its type says a list) and raises nothing; LiteLLM 1.110.2 raises for the same reply.
. "$(dirname "$0")/prepare"
python_with openai==3.57.0 litellm==1.110.2
PYTHONPATH=$folder LITELLM_LOCAL_MODEL_COST_MAP=True "$python" - <<'PYTHON'
import litellm
import openai
from loopback import serve

base = serve(lambda path: (200, {"error": {"message": "the server behind is overloaded", "code": 503}}))
messages = [{"role": "user", "content": "Is snow white?"}]
reply = openai.OpenAI(api_key="key", base_url=base, max_retries=0).chat.completions.create(model="m", messages=messages)
print("openai", openai.__version__, "returns", type(reply).__name__, "with choices", reply.choices)
assert reply.choices is None and reply.id is None
try:
    litellm.completion(model="openai/m", api_base=base, api_key="key", messages=messages, num_retries=0)
    raise SystemExit("LiteLLM returned it too")
except litellm.exceptions.ServiceUnavailableError as error:
    print("litellm raises", type(error).__name__)
PYTHON
