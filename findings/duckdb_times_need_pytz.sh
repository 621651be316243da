#!/bin/sh
# duckdb 2.0.0 cannot hand a TIMESTAMPTZ to Python unless pytz is installed, which it does not declare and no longer comes with pandas. Queries over
# a table run until the first fetch that selects such a column. Install pytz beside it, or select the column AT TIME ZONE 'UTC' or ::VARCHAR.
. "$(dirname "$0")/prepare"
python_with duckdb==2.0.0 pandas==3.1.1
"$python" - <<'PYTHON'
import importlib.metadata
import duckdb

assert not any("pytz" in need for need in importlib.metadata.requires("duckdb"))
moment = "TIMESTAMPTZ '2026-01-01 00:00:00+00'"
assert duckdb.sql(f"SELECT count(*) FROM (SELECT {moment} AS t) WHERE t < now()").fetchall() == [(1,)]
try:
    print(duckdb.sql(f"SELECT {moment}").fetchall())
    raise SystemExit("it was fetched")
except duckdb.InvalidInputException as error:
    print("duckdb", duckdb.__version__, str(error).splitlines()[0])
    assert "pytz" in str(error)
print(duckdb.sql(f"SELECT {moment} AT TIME ZONE 'UTC'").fetchall())
PYTHON
