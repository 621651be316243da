#!/bin/sh
# A NaN in a Parquet column can be lost, or counted where it does not belong. pyarrow 26.0.1 leaves NaN out of a column's minimum and
# maximum, and four readers skip or keep row groups by these: DuckDB 2.0.0 finds no NaN even with isnan(x), and counts it in x <= 0.5;
# DataFusion 55.0.0, chdb 4.4.0 and pyarrow's own datasets lose it from NOT (x <= 0.5). The same queries on the same rows in memory
# are right. Write undefined values as null, or write the column without statistics (write_statistics=False).
. "$(dirname "$0")/prepare"
python_with pyarrow==26.0.1 duckdb==2.0.0 datafusion==55.0.0 chdb==4.4.0 deltalake==1.6.6
cd "$folder"
"$python" - <<'PYTHON'
import math
import chdb
import datafusion
import deltalake
import duckdb
import pyarrow
import pyarrow.dataset
import pyarrow.parquet

rows = pyarrow.table({"x": [0.1, math.nan, 0.5]})
pyarrow.parquet.write_table(rows, "with.parquet")
pyarrow.parquet.write_table(rows, "without.parquet", write_statistics=False)
delta = "delta"
deltalake.write_deltalake(delta, rows)
x = pyarrow.dataset.field("x")


def of_duckdb(what, where):
    return duckdb.sql(f"SELECT {what} FROM {where}").fetchall()[0][0]


def of_datafusion(what, where):
    context = datafusion.SessionContext()
    for name in ("with", "without"):
        context.register_parquet(f"from_{name}", f"{name}.parquet")
    context.register_record_batches("rows", [rows.to_batches()])
    return context.sql(f"SELECT {what} FROM {where}").to_pydict().popitem()[1][0]


def of_chdb(where):
    return int(str(chdb.query(f"SELECT count() FROM {where}")))


# Each list holds the answer from memory, from the file with statistics and from the file without them.
duckdb_tables = ("rows", "'with.parquet'", "'without.parquet'")
datafusion_tables = ("rows", "from_with", "from_without")
chdb_tables = ("(SELECT arrayJoin([0.1, nan, 0.5]) AS x)", "file('with.parquet')", "file('without.parquet')")
datasets = [pyarrow.dataset.dataset(source) for source in (rows, "with.parquet", "without.parquet")]
found = {
    "duckdb isnan": [of_duckdb("count(*)", f"{t} WHERE isnan(x)") for t in duckdb_tables],
    "duckdb x > 0.9": [of_duckdb("count(*)", f"{t} WHERE x > 0.9") for t in duckdb_tables],
    "duckdb x <= 0.5": [of_duckdb("count(*)", f"{t} WHERE x <= 0.5") for t in duckdb_tables],
    "duckdb max": [str(of_duckdb("max(x)", t)) for t in duckdb_tables],
    "datafusion x > 0.9": [of_datafusion("count(*)", f"{t} WHERE x > 0.9") for t in datafusion_tables],
    "datafusion max": [str(of_datafusion("max(x)", t)) for t in datafusion_tables],
    "chdb not x <= 0.5": [of_chdb(f"{t} WHERE NOT (x <= 0.5)") for t in chdb_tables],
    "pyarrow not x <= 0.6": [d.count_rows(filter=~(x <= 0.6)) for d in datasets],
}
for query, answers in found.items():
    print(f"{query:22}", answers)
assert found == {
    "duckdb isnan": [1, 0, 1],
    "duckdb x > 0.9": [1, 0, 1],
    "duckdb x <= 0.5": [2, 3, 2],
    "duckdb max": ["nan", "0.5", "nan"],
    "datafusion x > 0.9": [1, 0, 1],
    "datafusion max": ["nan", "0.5", "nan"],
    "chdb not x <= 0.5": [1, 0, 1],
    "pyarrow not x <= 0.6": [1, 0, 1],
}, found

# A Delta table repeats these statistics in its log, and a dataset of it goes by them.
dataset = deltalake.DeltaTable(delta).to_pyarrow_dataset()
found = [dataset.to_table(filter=x <= 0.6).num_rows, dataset.to_table(filter=~(x <= 0.6)).num_rows]
print("delta: x <= 0.6 and not x <= 0.6:", found)
assert found == [3, 0], found
PYTHON
