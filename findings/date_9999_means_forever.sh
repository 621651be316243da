#!/bin/sh
# The date 9999-12-31, which tables use for "still valid", is valid in a Parquet file, but three readers do not keep it. fastparquet
# 2026.9.0 reads it as a day in 1816. chdb 4.4.0 reads it correctly, and then toStartOfMonth gives 2149-06-06 and toDate 2105-01-05.
# DataFusion 55.0.0 cannot compare the column with now(), and date_bin turns the row into null. pandas 3.1.1 and DuckDB 2.0.0 are right.
# Write null for an open end; in ClickHouse's dialect use date_trunc, and in DataFusion compare with a date and not with a time.
. "$(dirname "$0")/prepare"
python_with fastparquet==2026.9.0 pandas==3.1.1 pyarrow==26.0.1 chdb==4.4.0 datafusion==55.0.0 duckdb==2.0.0
cd "$folder"
"$python" - <<'PYTHON'
import datetime
import chdb
import datafusion
import duckdb
import fastparquet
import pandas
import pyarrow
import pyarrow.parquet

forever = datetime.date(9999, 12, 31)
times = pyarrow.array([datetime.datetime(9999, 12, 31)], pyarrow.timestamp("us"))
pyarrow.parquet.write_table(pyarrow.table({"until": [forever], "time": times}), "valid.parquet")

read = fastparquet.ParquetFile("valid.parquet").to_pandas().until[0]
print("fastparquet", fastparquet.__version__, read)
assert read.year == 1816, read
assert pandas.read_parquet("valid.parquet").until[0] == forever
assert duckdb.sql("SELECT until FROM 'valid.parquet' WHERE until > now()::TIMESTAMP").fetchall() == [(forever,)]

wanted = ("until", "until > now()", "date_trunc('month', until)", "toStartOfMonth(until)", "toStartOfMonth(time)", "toDate(until)")
found = {e: str(chdb.query(f"SELECT {e} FROM file('valid.parquet')", "TSV")).strip() for e in wanted}
print("chdb", found)
assert list(found.values()) == ["9999-12-31", "1", "9999-12-01", "2149-06-06", "2149-06-06", "2105-01-05"], found

context = datafusion.SessionContext()
context.register_parquet("valid", "valid.parquet")
binned = context.sql("SELECT date_bin(INTERVAL '1 day', time) AS d FROM valid").to_pydict()
print("datafusion", datafusion.__version__, "date_bin:", binned)
assert binned == {"d": [None]}, binned
for where, works in (("until > now()", False), ("time > now()", True), ("until > current_date()", True)):
    try:
        assert context.sql(f"SELECT 1 FROM valid WHERE {where}").count() == 1
        assert works, where
    except Exception as error:
        assert not works, where
        print("datafusion", where, "fails:", str(error).splitlines()[0])
PYTHON
