#!/bin/sh
# stripe 16.1.0: an Event has event["type"] but no event.get("type") and is no dict, which it was for years. The error comes as an
# AttributeError in the webhook's handler, after the signature was verified, so Stripe sends the event again and again.
. "$(dirname "$0")/prepare"
python_with stripe==16.1.0
"$python" - <<'PYTHON'
import hashlib
import hmac
import json
import time
import stripe

body = json.dumps({"id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1764000000, "data": {"object": {}}})
at = str(int(time.time()))
signature = hmac.new(b"whsec_test", f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
event = stripe.Webhook.construct_event(body, f"t={at},v1={signature}", "whsec_test")
print("stripe", stripe.VERSION, event["type"], "is a dict:", isinstance(event, dict))
assert event["type"] == "invoice.paid" and not isinstance(event, dict)
try:
    event.get("type")
    raise SystemExit("event.get works")
except AttributeError as error:
    print(error)
PYTHON
