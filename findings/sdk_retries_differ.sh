#!/bin/sh
# How often one call is sent, with every option at its default: openai 3.57.0 and anthropic 2.14.0 three times, for 409 as well as
# for 503; google-genai 3.6.1 once; LiteLLM 1.110.2 three times, though its own num_retries is not set (the client below it
# retries). A bill or a rate limit that is computed from calls is off by up to three.
. "$(dirname "$0")/prepare"
python_with openai==3.57.0 anthropic==2.14.0 google-genai==3.6.1 litellm==1.110.2
PYTHONPATH=$folder LITELLM_LOCAL_MODEL_COST_MAP=True "$python" - <<'PYTHON'
import anthropic
import litellm
import openai
from google import genai
from loopback import asked, serve

status = [0]
base = serve(lambda path: (status[0], {"error": {"message": "busy", "type": "x"}}))
messages = [{"role": "user", "content": "Is snow white?"}]
gemini = genai.Client(api_key="key", http_options={"base_url": base})
calls = {
    "openai": lambda: openai.OpenAI(api_key="key", base_url=base).chat.completions.create(model="m", messages=messages),
    "anthropic": lambda: anthropic.Anthropic(api_key="key", base_url=base).messages.create(model="m", max_tokens=5, messages=messages),
    "google-genai": lambda: gemini.models.generate_content(model="m", contents="Is snow white?"),
    "litellm": lambda: litellm.completion(model="openai/m", api_base=base, api_key="key", messages=messages),
}
found = {}
for status[0] in (409, 503):
    for name, call in calls.items():
        asked.clear()
        try:
            call()
        except Exception:
            pass
        found[name, status[0]] = len(asked)
print(found)
assert found == {("openai", 409): 3, ("anthropic", 409): 3, ("google-genai", 409): 1, ("litellm", 409): 3,
                 ("openai", 503): 3, ("anthropic", 503): 3, ("google-genai", 503): 1, ("litellm", 503): 3}, found
PYTHON
