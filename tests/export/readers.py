"""Reads the newest generation of a dataset as its users do, and prints what it found as JSON.

usage: readers.py duckdb|pyarrow|pandas|polars|spark|chdb|datafusion|fastparquet LAKE [summary|rows TABLE|types]
"""
import json
import math
import pathlib
import sys

SUMS = {"checks": ["K", "prob_true_rpl", "pqs", "bootstrap_seed"], "samples": ["tokens_out", "prob_true"],
        "executions": ["attempts", "billed_micro_usd"], "usage": ["checks_used"]}
TIMES = ("created_at", "finished_at", "updated_at")


def newest(lake):
    """Files of the newest generation by table: the pointer first, then the manifest that it names."""
    pointer = json.loads((lake / "current.json").read_text())
    manifest = json.loads((lake / pointer["manifest"]).read_text())
    return {name: [str(lake / file["path"]) for file in table["files"]] for name, table in manifest["tables"].items()}


class Duckdb:
    def __init__(self, files):
        import duckdb
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")
        for table, paths in files.items():
            self.db.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet({paths!r}, hive_partitioning = true, union_by_name = true)")

    def count(self, table):
        return {f"{env}/{month}": n for env, month, n in self.db.execute(f"SELECT env, month, count(*) FROM {table} GROUP BY ALL").fetchall()}

    def sum(self, table, column):
        return self.db.execute(f'SELECT sum("{column}") FROM {table}').fetchone()[0]

    def types(self, table):
        return {row[0]: row[1] for row in self.db.execute(f"DESCRIBE {table}").fetchall()}

    def rows(self, table):
        names = list(self.types(table))
        columns = [f"epoch_us({name})" if name in TIMES else f'"{name}"' for name in names]
        return [dict(zip(names, row, strict=True)) for row in self.db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()]


class Pyarrow:
    def __init__(self, files):
        import pyarrow.dataset as ds
        self.tables = {}
        for name, paths in files.items():
            schema = ds.dataset(paths, format="parquet").schema
            everything = [ds.dataset(path, format="parquet").schema for path in paths]
            import pyarrow as pa
            schema = pa.unify_schemas([s.remove_metadata() for s in everything])
            partitions = ds.partitioning(pa.schema([("env", pa.string()), ("month", pa.string())]), flavor="hive")
            lake = str(pathlib.Path(paths[0]).parent.parent.parent.parent)
            self.tables[name] = ds.dataset(paths, format="parquet", partitioning=partitions, partition_base_dir=f"{lake}/{name}",
                                           schema=pa.schema([*schema, ("env", pa.string()), ("month", pa.string())])).to_table()

    def count(self, table):
        rows = self.tables[table].group_by(["env", "month"]).aggregate([([], "count_all")]).to_pylist()
        return {f"{row['env']}/{row['month']}": row["count_all"] for row in rows}

    def sum(self, table, column):
        import decimal
        if column == "bootstrap_seed":
            return sum(decimal.Decimal(v) for v in self.tables[table][column].to_pylist() if v is not None)
        import pyarrow.compute as pc
        return pc.sum(self.tables[table][column]).as_py()

    def types(self, table):
        return {field.name: str(field.type) for field in self.tables[table].schema}

    def rows(self, table):
        import pyarrow as pa
        columns = {name: self.tables[table][name] for name in self.tables[table].column_names}
        for name in TIMES:
            if name in columns:
                columns[name] = columns[name].cast(pa.int64())
        return pa.table(columns).to_pylist()


class Pandas:
    def __init__(self, files):
        import pandas
        self.frames = {}
        from pyarrow.parquet import read_schema
        for name, paths in files.items():  # env and month are found in the folders' names; the first file says the columns
            newest_first = sorted(paths, key=lambda path: -len(read_schema(path)))
            self.frames[name] = pandas.read_parquet(newest_first, dtype_backend="pyarrow").astype({"env": str, "month": str})

    def count(self, table):
        return {f"{env}/{month}": int(n) for (env, month), n in self.frames[table].groupby(["env", "month"]).size().items()}

    def sum(self, table, column):
        values = self.frames[table][column].dropna()
        return sum(int(v) for v in values) if column == "bootstrap_seed" else float(values.sum())

    def types(self, table):
        return {name: str(kind) for name, kind in self.frames[table].dtypes.items()}

    def rows(self, table):
        import pyarrow as pa
        columns = {name: pa.array(self.frames[table][name]) for name in self.frames[table].columns}
        return pa.table({name: values.cast(pa.int64()) if name in TIMES else values for name, values in columns.items()}).to_pylist()


class Polars:
    def __init__(self, files):
        import polars
        self.pl = polars
        self.frames = {name: polars.scan_parquet(paths, hive_partitioning=True, hive_schema={"env": polars.String, "month": polars.String},
                                                 missing_columns="insert", extra_columns="ignore").collect()
                       for name, paths in ((n, sorted(p, key=lambda x: -len(polars.read_parquet_schema(x)))) for n, p in files.items())}

    def count(self, table):
        return {f"{env}/{month}": n for env, month, n in self.frames[table].group_by("env", "month").len().rows()}

    def sum(self, table, column):
        values = self.frames[table][column]
        return sum(values.drop_nulls().to_list()) if column == "bootstrap_seed" else values.sum()

    def types(self, table):
        return {name: str(kind) for name, kind in self.frames[table].schema.items()}

    def rows(self, table):
        times = [name for name in TIMES if name in self.frames[table].columns]
        return self.frames[table].with_columns(self.pl.col(times).dt.epoch("us")).to_dicts()


class Spark:
    def __init__(self, files):
        from pyspark.sql import SparkSession
        self.spark = (SparkSession.builder.master("local[1]").appName("readers").config("spark.ui.enabled", "false")
                      .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
                      .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "1").getOrCreate())
        self.spark.sparkContext.setLogLevel("ERROR")
        self.frames = {}
        for name, paths in files.items():
            base = str(pathlib.Path(paths[0]).parent.parent.parent)
            self.frames[name] = self.spark.read.option("basePath", base).option("mergeSchema", "true").parquet(*paths)

    def count(self, table):
        return {f"{row['env']}/{row['month']}": row["count"] for row in self.frames[table].groupBy("env", "month").count().collect()}

    def sum(self, table, column):
        return self.frames[table].agg({column: "sum"}).collect()[0][0]

    def types(self, table):
        return dict(self.frames[table].dtypes)

    def rows(self, table):
        from pyspark.sql import functions as f
        frame = self.frames[table]
        columns = [f.unix_micros(name).alias(name) if name in TIMES else f.col(name) for name in frame.columns]
        return [row.asDict() for row in frame.select(*columns).collect()]


def partition_of(path):
    """env and month, as the folders say."""
    return dict(folder.split("=", 1) for folder in pathlib.Path(path).parts if folder.startswith(("env=", "month=")))


class Chdb:
    """ClickHouse in the process. Nothing but a union of the files' columns knows what older files lack."""

    SETTINGS = "SETTINGS schema_inference_mode = 'union', schema_inference_make_columns_nullable = 'auto', use_hive_partitioning = 1"

    def __init__(self, files):
        from chdb.session import Session
        self.session = Session()
        self.files = {}
        for table, paths in files.items():  # braces may hold relative paths only
            base = pathlib.Path(paths[0]).parent.parent.parent
            self.files[table] = f"file('{base}/{{{','.join(str(pathlib.Path(path).relative_to(base)) for path in paths)}}}', Parquet)"

    def query(self, columns, table, more=""):
        return self.session.query(f"SELECT {columns} FROM {self.files[table]} {more} {self.SETTINGS}", "ArrowTable").to_pylist()

    def count(self, table):
        return {f"{row['env']}/{row['month']}": row["n"] for row in self.query("env, month, count(*) AS n", table, "GROUP BY env, month")}

    def sum(self, table, column):
        # sum() of whole numbers wraps around at 64 bits.
        what = f"toUInt256(`{column}`)" if column == "bootstrap_seed" else f"`{column}`"
        return float(self.query(f"toFloat64(sum({what})) AS total", table)[0]["total"] or 0)

    def types(self, table):
        told = self.session.query(f"DESCRIBE {self.files[table]} {self.SETTINGS}", "JSONEachRow")
        return {row["name"]: row["type"] for row in map(json.loads, str(told).splitlines())}

    def rows(self, table):
        columns = [f"toUnixTimestamp64Micro(`{name}`) AS `{name}`" if name in TIMES else f"`{name}`" for name in self.types(table)]
        return self.query(", ".join(columns), table)


class Datafusion:
    """The columns of all files are told beforehand; env and month are added, which no list of files brings."""

    def __init__(self, files):
        import datafusion
        import pyarrow as pa
        import pyarrow.parquet as pq
        context = datafusion.SessionContext()
        self.frames = {}
        for table, paths in files.items():
            schema = pa.unify_schemas([pq.read_schema(path).remove_metadata() for path in paths])
            for path in paths:
                frame = context.read_parquet(path, schema=schema)
                for name, value in partition_of(path).items():
                    frame = frame.with_column(name, datafusion.lit(value))
                self.frames[table] = self.frames[table].union(frame) if table in self.frames else frame

    def count(self, table):
        from datafusion import col, functions, lit
        rows = self.frames[table].aggregate([col("env"), col("month")], [functions.count(lit(1)).alias("n")]).to_pylist()
        return {f"{row['env']}/{row['month']}": row["n"] for row in rows}

    def sum(self, table, column):
        import pyarrow as pa
        from datafusion import col, functions
        values = col(f'"{column}"')
        if column == "bootstrap_seed":
            values = values.cast(pa.decimal128(38, 0))  # a sum of whole numbers wraps around at 64 bits
        return self.frames[table].aggregate([], [functions.sum(values).alias("total")]).to_pylist()[0]["total"]

    def types(self, table):
        return {field.name: str(field.type) for field in self.frames[table].schema()}

    def rows(self, table):
        import pyarrow as pa
        read = self.frames[table].to_arrow_table()
        return pa.table({name: read[name].cast(pa.int64()) if name in TIMES else read[name] for name in read.column_names}).to_pylist()


class Fastparquet:
    def __init__(self, files):
        import fastparquet
        import pandas
        self.frames = {}
        for table, paths in files.items():
            # A file at a time: of a list, it takes months for dates and leaves out an env that all files share.
            frames = [fastparquet.ParquetFile(path).to_pandas().assign(**partition_of(path)) for path in paths]
            self.frames[table] = pandas.concat(frames, ignore_index=True)

    def count(self, table):
        return {f"{env}/{month}": int(n) for (env, month), n in self.frames[table].groupby(["env", "month"]).size().items()}

    def sum(self, table, column):
        values = self.frames[table][column].dropna()
        return sum(int(v) for v in values) if column == "bootstrap_seed" else float(values.sum())

    def types(self, table):
        return {name: str(kind) for name, kind in self.frames[table].dtypes.items()}


def plain(value):
    """A cell as text that says every bit of it."""
    import datetime
    import decimal
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value.hex()
    if isinstance(value, (int, decimal.Decimal)):
        return int(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(type(value))


def main():
    reader = {"duckdb": Duckdb, "pyarrow": Pyarrow, "pandas": Pandas, "polars": Polars, "spark": Spark, "chdb": Chdb, "datafusion": Datafusion,
              "fastparquet": Fastparquet}[sys.argv[1]]
    files = newest(pathlib.Path(sys.argv[2]))
    what = sys.argv[3] if len(sys.argv) > 3 else "summary"
    opened = reader(files)
    if what == "rows":
        told = [{name: plain(value) for name, value in row.items()} for row in opened.rows(sys.argv[4])]
    elif what == "types":
        told = {table: opened.types(table) for table in files}
    else:
        told = {table: {"count": opened.count(table), **{column: float(opened.sum(table, column) or 0) for column in SUMS[table]}} for table in files}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
