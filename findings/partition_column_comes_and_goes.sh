#!/bin/sh
# One file in a hive folder, model=a/x.parquet, has the column "model" or not by the way its path is spelled. pandas 3.1.1 reads it without
# for "model=a/x.parquet" and with it for ["model=a/x.parquet"]. DuckDB 2.0.0 adds it in SQL and leaves it out in its Python function
# read_parquet, for the same path. DataFusion 55.0.0 takes the columns one declares, and then fails for a single file at the first query.
# Name the top folder, or say hive_partitioning=True.
. "$(dirname "$0")/prepare"
python_with pandas==3.1.1 pyarrow==26.0.1 duckdb==2.0.0 datafusion==55.0.0
cd "$folder"
"$python" - <<'PYTHON'
import os
import datafusion
import duckdb
import pandas
import pyarrow
import pyarrow.parquet

os.makedirs("runs/model=a")
path = "runs/model=a/x.parquet"
pyarrow.parquet.write_table(pyarrow.table({"p": [0.5]}), path)

found = {
    "pandas, the path": list(pandas.read_parquet(path)),
    "pandas, a list of it": list(pandas.read_parquet([path])),
    "pandas, the top folder": list(pandas.read_parquet("runs")),
    "duckdb, SQL": duckdb.sql(f"FROM read_parquet('{path}')").columns,
    "duckdb, Python": duckdb.read_parquet(path).columns,
    "duckdb, Python, hive_partitioning": duckdb.read_parquet(path, hive_partitioning=True).columns,
}
for how, columns in found.items():
    print(f"{how:35}", columns)
assert [len(columns) for columns in found.values()] == [1, 2, 2, 2, 1, 2], found

context = datafusion.SessionContext()
for name, place in (("folder", "runs/"), ("file", path)):
    context.register_parquet(name, place, table_partition_cols=[("model", pyarrow.string())])
assert context.sql("SELECT * FROM folder").to_pydict() == {"p": [0.5], "model": ["a"]}
try:
    context.sql("SELECT * FROM file").to_pydict()
    raise SystemExit("DataFusion read the file")
except Exception as error:
    print("datafusion, the path:", error)
    assert "Unable to get field named" in str(error)
PYTHON
