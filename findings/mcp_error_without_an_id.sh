#!/bin/sh
# A line that is no JSON has no id, and the schema of the Model Context Protocol 2026-07-28 lets the error that answers it go without one
# ("id?: RequestId"; null is no RequestId). mcp-types 2.3.0, of the official Python client, has that in its model of the revision, but what reads the
# messages of a server refuses such an error and takes one with "id": null, as JSON-RPC 2.0 has it and the schema does not.
. "$(dirname "$0")/prepare"
python_with mcp-types==2.3.0
"$python" - <<'PYTHON'
import json
from importlib.metadata import version

import mcp_types
from mcp_types._v2026_07_28 import JSONRPCErrorResponse
from pydantic import ValidationError

error = {"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}}
print("mcp-types", version("mcp-types"), "the model of the revision:", repr(JSONRPCErrorResponse.model_validate(error).id))
try:
    mcp_types.jsonrpc_message_adapter.validate_json(json.dumps(error))
    raise SystemExit("an error without an id was taken")
except ValidationError as refused:
    print("the reader of messages, without an id:", refused.error_count(), "errors")
taken = mcp_types.jsonrpc_message_adapter.validate_json(json.dumps({**error, "id": None}))
print("the reader of messages, with null:", type(taken).__name__)
assert type(taken).__name__ == "JSONRPCError" and taken.id is None
PYTHON
