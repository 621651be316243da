#!/bin/sh
# pandas 3.1.1's read_json turns a column of JSON *strings* into numbers where all of them are digits: the response id
# "00012345678901234567" arrives as the integer 12345678901234567. dtype=False keeps the text.
. "$(dirname "$0")/prepare"
python_with pandas==3.1.1
"$python" - <<'PYTHON'
import io
import pandas

lines = '{"response_id":"00012345678901234567"}\n{"response_id":"7"}\n'
ids = pandas.read_json(io.StringIO(lines), lines=True).response_id.tolist()
kept = pandas.read_json(io.StringIO(lines), lines=True, dtype=False).response_id.tolist()
print("pandas", pandas.__version__, ids, kept)
assert ids == [12345678901234567, 7] and kept == ["00012345678901234567", "7"]
PYTHON
