#!/bin/sh
# google-genai 3.6.1 calls /v1 unless it is told otherwise; up to its version 2 it called /v1beta. What is only in the beta (a
# preview model, a new field) is then "not found" or "unknown" although the same code worked a version before.
. "$(dirname "$0")/prepare"
python_with google-genai==3.6.1
PYTHONPATH=$folder "$python" - <<'PYTHON'
from google import genai
from loopback import asked, serve

base = serve(lambda path: (200, {"candidates": [{"content": {"role": "model", "parts": [{"text": "yes"}]}, "finishReason": "STOP"}]}))
for options in ({"base_url": base}, {"base_url": base, "api_version": "v1beta"}):
    client = genai.Client(api_key="key", http_options=options)
    client.models.generate_content(model="m", contents="Is snow white?")
print("google-genai", genai.__version__, "asked", asked)
assert asked == ["/v1/models/m:generateContent", "/v1beta/models/m:generateContent"], asked
PYTHON
