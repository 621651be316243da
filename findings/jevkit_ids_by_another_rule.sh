#!/bin/sh
# jevkit-core 0.2.0 names its records by a digest of JSON that its documentation calls canonical by RFC 8785, and writes numbers as Python does: 1.0 and
# 1e-07, where the RFC (and the package rfc8785 0.1.4) writes 1 and 1e-7. A state with such a number has another id in another program, and
# after JavaScript has read and written it: the record's replay is not found.
. "$(dirname "$0")/prepare"
python_with jevkit-core==0.2.0 rfc8785==0.1.4
"$python" - <<'PYTHON'
import importlib.metadata
import json

import rfc8785
from jevkit_core.canonical import canonical_json, request_id

found = {text: (canonical_json(json.loads(text)).decode(), rfc8785.dumps(json.loads(text)).decode()) for text in ("0.7", "1.0", "1e-7", "1e20")}
questions = {"paid": {"type": "noul", "instructions": "Was the invoice paid?"}}
ids = {request_id({"amount": amount}, questions) for amount in (10.0, 10)}
print("jevkit-core", importlib.metadata.version("jevkit-core"), found, len(ids), "ids")
assert "RFC 8785" in canonical_json.__doc__
assert found == {"0.7": ("0.7", "0.7"), "1.0": ("1.0", "1"), "1e-7": ("1e-07", "1e-7"), "1e20": ("1e+20", "100000000000000000000")}, found
assert len(ids) == 2, ids
PYTHON
