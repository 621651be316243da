"""docs/analytics.md shows what its queries give, and its examples run as they stand."""
import os
import re
import subprocess
import sys

from lake import PROGRAM, SOURCE, LakeTest, StoreTest, python_of

PAGE = (SOURCE / "docs/analytics.md").read_text()
# How a reader of the page's first example says its rows; Spark's line is in readers.py and the page alike.
READ = {"duckdb-1.5.5": ("duckdb", "read.count('*').fetchall()[0][0]"), "duckdb-2.0.0": ("duckdb", "read.count('*').fetchall()[0][0]"),
        "polars": ("polars", "read.collect().height"), "pyarrow": ("pyarrow.dataset", "read.to_table().num_rows"), "pandas": ("pandas", "len(read)")}
SEEDS = {"seed-0": (2**63 - 1, 2**64 - 1), "seed-1": (-2**63, 2**53 + 1), "seed-2": (None, None)}


class Docs(LakeTest):
    def test_the_page_shows_the_results_and_the_schema(self):
        self.fill()
        self.export_all()
        done = subprocess.run([sys.executable, SOURCE / "tools/analytics_docs.py", PROGRAM, self.lake], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| bootstrap_seed | uint64 |", PAGE)


class Examples(StoreTest):
    def setUp(self):
        super().setUp()
        self.fill_store(checks=30)
        for name, (seed, bootstrap_seed) in SEEDS.items():
            stored = bootstrap_seed and bootstrap_seed - 2**64 * (bootstrap_seed >= 2**63)  # as SQLite's signed numbers
            self.edit("INSERT INTO runs (run_id, created_at, seed, bootstrap_seed) VALUES (?, 1750000000, ?, ?)", name, seed, stored)
        self.rows = self.export()["tables"]["checks"]["rows"]
        self.reading, self.formats = re.findall(r"```python\n(.*?)```", PAGE, re.S)
        self.finding, self.lines = self.reading.split("\n\n")

    def run_script(self, reader, *parts):
        python, path = python_of(reader)
        done = subprocess.run([python, "-c", "\n".join(parts)], capture_output=True, text=True, cwd=self.folder, env={**os.environ, "PYTHONPATH": path})
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return done.stdout.strip()

    def line_of(self, module):
        return next(line for line in self.lines.splitlines() if line.startswith(module.split(".")[0] + "."))

    def test_every_reader_reads_the_dataset_as_the_page_says(self):
        for reader, (module, count) in READ.items():
            told = self.run_script(reader, f"import {module}", self.finding, f"read = {self.line_of(module)}", f"print({count})")
            self.assertEqual(told, str(self.rows), reader)

    def test_pandas_keeps_every_bit_of_a_seed_and_loses_them_by_the_plain_call(self):
        show = ("named = read[read.recipe_run_id.str.startswith('seed-')].sort_values('recipe_run_id')",
                "print([[None if value is pandas.NA else int(value) for value in named[column].astype(object)] for column in ('seed', 'bootstrap_seed')])")
        told = self.run_script("pandas", "import pandas", self.finding, f"read = {self.line_of('pandas')}", *show)
        self.assertEqual(eval(told), [[seeds[i] for seeds in SEEDS.values()] for i in (0, 1)])
        plain = self.run_script("pandas", "import pandas", self.finding, "print(dict(pandas.read_parquet(checks).dtypes[['seed', 'bootstrap_seed']].astype(str)))")
        self.assertEqual(eval(plain), {"seed": "float64", "bootstrap_seed": "float64"})

    def test_deltalake_and_pyiceberg_read_the_dataset_as_the_page_says(self):
        told = self.run_script("lake", "import deltalake, pyarrow.dataset, pyiceberg.catalog", self.finding, self.formats, self.formats,
                               "for read in (by_delta, by_iceberg):",
                               "    seeds = {row['recipe_run_id']: row['bootstrap_seed_signed'] for row in read.to_pylist()}",
                               "    print([read.num_rows, [seeds[f'seed-{n}'] for n in range(3)], str(read.schema.field('created_at').type)])")
        for read in told.splitlines():
            self.assertEqual(eval(read), [self.rows, [-1, 2**53 + 1, None], "timestamp[us, tz=UTC]"])
        self.assertTrue(self.export()["unchanged"])


del LakeTest, StoreTest
