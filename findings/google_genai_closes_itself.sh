#!/bin/sh
# google-genai 3.6.1: genai.Client(…).models.generate_content(…) in one expression fails with "the client has been closed". The client
# closes its connections when it is collected, `models` does not keep it alive, and so it is gone before the request is sent.
. "$(dirname "$0")/prepare"
python_with google-genai==3.6.1
PYTHONPATH=$folder "$python" - <<'PYTHON'
from google import genai
from loopback import asked, serve

base = serve(lambda path: (200, {"candidates": [{"content": {"role": "model", "parts": [{"text": "yes"}]}, "finishReason": "STOP"}]}))
options = {"base_url": base}
try:
    genai.Client(api_key="key", http_options=options).models.generate_content(model="m", contents="Is snow white?")
    raise SystemExit("it was sent")
except RuntimeError as error:
    print("google-genai", genai.__version__, "in one expression:", error)
assert asked == []
client = genai.Client(api_key="key", http_options=options)
assert client.models.generate_content(model="m", contents="Is snow white?").text == "yes"
PYTHON
