"""Tests of `heretix export`: a store, two databases and a dataset of their own."""
import hashlib
import json
import math
import os
import pathlib
import sqlite3
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
for folder in (HERE.parent / "postgres", HERE.parent / "cli", HERE.parent.parent / "tools"):
    sys.path.insert(0, str(folder))
import sample_data  # noqa: E402
from cases import PostgresTest  # noqa: E402
from heretix import PROGRAM, SOURCE, ProgramTest  # noqa: E402, F401 (PROGRAM: test modules take it from here)

KEY = "a key of sixteen characters or more"


def places():
    """Where the readers are, as tools/setup.sh says."""
    told = subprocess.run([SOURCE / "tools/setup.sh", "where"], capture_output=True, text=True, check=True).stdout
    return [line.split(" ", 1) for line in told.splitlines()]


def python_of(reader):
    """The interpreter and PYTHONPATH of a reader: duckdb-VERSION, pyarrow, pandas, polars, spark, chdb, datafusion, fastparquet; of the table formats: lake."""
    everything = os.environ["PYTHONPATH"]
    if reader.startswith("duckdb-"):
        venv = next(path for kind, path in places() if kind == "venv" and path.endswith(reader))
        return f"{venv}/bin/python", ""
    if reader == "spark":
        return sys.executable, next(path for kind, path in places() if kind == "spark") + ":" + everything
    if reader in ("chdb", "datafusion", "fastparquet", "lake"):
        return sys.executable, next(path for kind, path in places() if kind == "lake") + ":" + everything
    return sys.executable, everything


def exact(told):
    """What JSON of JavaScript has no number for (readers.mjs), as readers.py writes it."""
    if told.keys() == {"integer"}:
        return int(told["integer"])
    if told.keys() == {"bits"}:
        value = struct.unpack(">d", int(told["bits"]).to_bytes(8, "big"))[0]
        return "nan" if math.isnan(value) else value.hex()
    return told


def command_of(reader):
    """What starts a reader, before the dataset and what is wanted of it."""
    if reader == "hyparquet":
        found = dict(line for line in places() if line[0] in ("node", "hyparquet"))
        return [found["node"], HERE / "readers.mjs", found["hyparquet"]]
    return [python_of(reader)[0], HERE / "readers.py", reader.split("-")[0]]


class StoreTest(ProgramTest):
    """With a store only."""

    lake_name = "lake"

    @property
    def lake(self):
        return self.folder / self.lake_name

    def fill_store(self, name="runs/heretix.sqlite", seed=1, checks=400):
        sample_data.fill_store(self.folder / name, sample_data.Story(seed, checks).rows["store"])

    def edit(self, sql, *values, name="runs/heretix.sqlite"):
        with sqlite3.connect(self.folder / name) as store:
            store.execute(sql, values)
        store.close()

    def export(self, *arguments, **more):
        return self.json("export", self.lake, *arguments, **more)

    def pointer(self):
        return json.loads((self.lake / "current.json").read_text())

    def manifest(self):
        return json.loads((self.lake / self.pointer()["manifest"]).read_text())

    def files(self):
        """Every file of the dataset with its digest."""
        return {str(path.relative_to(self.lake)): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(self.lake.rglob("*")) if path.is_file()}

    def query(self, sql, *arguments, **more):
        """Rows of a query as dictionaries."""
        told = self.ok("export", self.lake, "--query", sql, "--format", "jsonl", *arguments, **more)
        return [json.loads(line) for line in told.splitlines()]

    def read(self, reader, *what):
        environment = {**os.environ, "PYTHONPATH": python_of(reader)[1], "PYSPARK_PYTHON": sys.executable}
        done = subprocess.run([*command_of(reader), self.lake, *what], capture_output=True, text=True, env=environment, timeout=300, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return json.loads(done.stdout, object_hook=exact)


class LakeTest(PostgresTest, StoreTest):
    """With a store, local and prod."""

    def setUp(self):
        super().setUp()
        self.prod_name = self.new_database()
        self.addresses = {"DATABASE_URL": self.address, "DATABASE_URL_PROD": self.server.address(self.prod_name)}
        self.ok("db", "upgrade", "--all", **self.addresses)

    def fill(self, seed=1, checks=400):
        story = sample_data.Story(seed, checks)
        sample_data.fill_store(self.folder / "runs/heretix.sqlite", story.rows["store"])
        sample_data.fill_database(self.address, story.rows["local"])
        sample_data.fill_database(self.addresses["DATABASE_URL_PROD"], story.rows["prod"])
        return story

    def export_all(self, *arguments, **more):
        return self.export(*arguments, **self.addresses, **more)
