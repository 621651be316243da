"""DuckDB 1.5.5 and 2.0.0, pyarrow, pandas, Polars, Spark, chdb, DataFusion, fastparquet and hyparquet read one dataset and agree with SQL on the sources."""
import json
import math
import sqlite3

from lake import LakeTest
from readers import SUMS

READERS = ("duckdb-1.5.5", "duckdb-2.0.0", "pyarrow", "pandas", "polars", "spark", "chdb", "datafusion", "fastparquet", "hyparquet")
EXACT_READERS = tuple(reader for reader in READERS if reader != "fastparquet")  # it makes one of NaN and null
SCHEMA_VERSION = 3
LONG = "Zäh & \"quoted\" 'single' \\ \t\n 🌍 " + "x" * 70_000
# In each column's own type: the ends, what is easily lost, and null.
INTEGERS = (2**63 - 1, -2**63, 0, None)
REALS = (math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, 0.1, None)
TEXTS = (LONG, "", "'; DROP TABLE checks; --", "{\"a\": [1e400, null]}", "\u0001\u007f\u2028", None)


class Readers(LakeTest):
    def expected(self):
        """Counts and sums by SQL on the three sources, without what `also_in` tells apart."""
        store = sqlite3.connect(self.folder / "runs/heretix.sqlite")
        both = {row[0] for row in self.rows("SELECT execution_id FROM heretix_executions")}
        there = {row[0] for row in self.rows("SELECT cache_key FROM samples")}
        runs = store.execute("SELECT DISTINCT e.execution_id, e.record_json, e.created_at FROM heretix_executions e").fetchall()
        mine = [(json.loads(record), created) for execution, record, created in runs if execution not in both]
        checks = [(r["config"]["K"], r["estimate"]["prob_true_rpl"], r["pqs"], int(r["estimate"]["bootstrap_seed"])) for r, _ in mine]
        samples = [row[1:] for row in store.execute("SELECT cache_key, tokens_out, prob_true FROM samples") if row[0] not in there]
        executions = [row[1:] for row in store.execute(
            "SELECT execution_id, count(*), sum(billed_micro_usd) FROM heretix_attempts GROUP BY 1") if row[0] not in both]
        store.close()
        usage = []
        for name in (self.name, self.prod_name):
            checks += self.rows('SELECT "K", prob_true_rpl, pqs, mod(bootstrap_seed::numeric + 18446744073709551616, 18446744073709551616) FROM checks', name=name)
            samples += self.rows("SELECT tokens_out, prob_true FROM samples", name=name)
            executions += self.rows("SELECT count(*), sum(billed_micro_usd) FROM heretix_attempts GROUP BY execution_id", name=name)
            usage += self.rows("SELECT checks_used FROM usage_ledger", name=name)
        return {"checks": checks, "samples": samples, "executions": executions, "usage": usage}

    def assert_agrees(self, reader, told, expected):
        for table, rows in expected.items():
            self.assertEqual(sum(told[table]["count"].values()), len(rows), f"{reader}, {table}")
            for i, column in enumerate(SUMS[table]):
                total = float(sum(row[i] for row in rows if row[i] is not None))
                self.assertAlmostEqual(told[table][column] / total, 1, 9, f"{reader}, {table}.{column}")

    def test_every_reader_gives_the_counts_and_sums_of_sql_on_the_sources(self):
        self.fill()
        self.export_all()
        expected = self.expected()
        by_folder = None
        for reader in READERS:
            told = self.read(reader)
            self.assert_agrees(reader, told, expected)
            counts = {table: {place: n for place, n in sums["count"].items() if n} for table, sums in told.items()}
            by_folder = by_folder or counts
            self.assertEqual(counts, by_folder, reader)
        self.assertEqual(set(by_folder["checks"]), {f"{env}/2025-{month:02}" for env in ("local", "prod") for month in range(6, 11)})

    def insert_extremes(self):
        """Rows of `checks` whose every column goes through its extreme values; what was inserted, by run_id."""
        types = dict(self.rows("SELECT column_name, data_type || coalesce(character_maximum_length::text, '') FROM information_schema.columns "
                               "WHERE table_name = 'checks'"))
        needed = {row[0] for row in self.rows("SELECT column_name FROM information_schema.columns WHERE table_name = 'checks' AND is_nullable = 'NO'")}
        inserted = {}
        for n in range(8):
            row = {"id": f"00000000-0000-0000-0000-00000000000{n}", "run_id": f"extreme-{n}", "env": "local", "K": INTEGERS[n % 3], "R": 1,
                   "created_at": f"000{1 + n}-01-01 00:00:00.000001+00" if n % 2 else "9999-12-31 23:59:59.999999+00", "was_cached": n % 2 == 0}
            for column, kind in types.items():
                if column in row or column == "user_id":
                    continue
                if kind in ("bigint", "integer"):
                    value = INTEGERS[n % 4]
                    row[column] = value if kind == "bigint" or value is None else max(-2**31, min(2**31 - 1, value))
                elif kind == "double precision":
                    row[column] = REALS[n]
                elif kind == "boolean":
                    row[column] = (True, False, None)[n % 3]
                elif kind.startswith("timestamp"):
                    row[column] = "0001-01-01 00:00:00+00" if n % 2 else None
                else:
                    width = int(kind.removeprefix("character varying") or 0) if kind.startswith("character varying") else None
                    value = TEXTS[n % 6]
                    row[column] = value if width is None or value is None else value[:width]
            row.update({column: 0 if types[column] == "bigint" else "" for column in needed if row.get(column) is None})
            inserted[row["run_id"]] = row
            with self.connect() as connection:
                names = ", ".join(f'"{name}"' for name in row)
                connection.execute(f"INSERT INTO checks ({names}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values()))
        return inserted

    def test_every_column_comes_back_with_its_extreme_values(self):
        inserted = self.insert_extremes()
        self.export("--from", "local", **self.addresses)
        times = dict((name, (created, finished)) for name, created, finished in self.rows(
            "SELECT run_id, (extract(epoch FROM created_at) * 1000000)::bigint, (extract(epoch FROM finished_at) * 1000000)::bigint FROM checks"))
        for reader in EXACT_READERS:
            rows = {row["check_id"]: row for row in self.read(reader, "rows", "checks")}
            self.assertEqual(set(rows), set(inserted), reader)
            for name, row in inserted.items():
                for column, value in row.items():
                    found = rows[name][{"run_id": "check_id", "id": "row_id", "env": "stored_env"}.get(column, column)]
                    if column in ("created_at", "finished_at"):
                        wanted = times[name][column == "finished_at"]
                    elif column == "bootstrap_seed" and value is not None:
                        wanted = value % 2**64
                    elif column == "claim_hash" and value is None:
                        continue  # filled from the claim
                    elif isinstance(value, float):
                        wanted = "nan" if math.isnan(value) else value.hex()
                    else:
                        wanted = value
                    self.assertEqual(found, wanted, f"{reader}, {name}.{column}")

    def test_a_seed_takes_all_64_bits_in_every_spelling_of_a_store(self):
        self.fill_store(checks=3)
        for n, seed in enumerate((-1, -2**63, 2**63 - 1, "18446744073709551615", 1.5e19)):
            self.edit("INSERT INTO runs (run_id, created_at, bootstrap_seed) VALUES (?, 0, ?)", f"seed-{n}", seed)
        self.export()
        rows = {row["recipe_run_id"]: row["bootstrap_seed"] for row in self.read("pyarrow", "rows", "checks")}
        # SQLite itself makes a number of the text, which has 53 bits then: told apart by its kind.
        self.assertEqual([rows[f"seed-{n}"] for n in (0, 1, 2)], [2**64 - 1, 2**63, 2**63 - 1])
        self.assertIsNone(rows["seed-4"])
        twins = {row["recipe_run_id"]: row["bootstrap_seed_signed"] for row in self.read("pyarrow", "rows", "checks")}
        self.assertEqual([twins[f"seed-{n}"] for n in (0, 1, 2)], [-1, -2**63, 2**63 - 1])
        self.assertEqual([twins[name] for name in rows if name.startswith("heretix-rpl-")],
                         [seed - 2**64 * (seed >= 2**63) for name, seed in rows.items() if name.startswith("heretix-rpl-")])
        self.assertIsNone(twins["seed-4"])

    def as_older(self):
        """Makes the files of the first month such as a program of schema version 0 wrote: without the newest columns."""
        import hashlib

        import pyarrow.parquet as pq
        manifest = self.manifest()
        for table in ("checks", "executions"):
            for file in [f for f in manifest["tables"][table]["files"] if f["month"] == "2025-06"]:
                path = self.lake / file["path"]
                old = pq.ParquetFile(path).read()
                old = old.drop_columns(["finished_at", *(["stored_env", "gate_precision_ok"] if table == "checks" else ["tokens_in"])])
                pq.write_table(old.replace_schema_metadata({"heretix.table": table, "heretix.schema_version": "0"}), path)
                file.update(schema_version=0, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), bytes=path.stat().st_size)
        text = json.dumps(manifest)
        (self.lake / "manifests/000001-older.json").write_text(text)
        pointer = {**self.pointer(), "manifest": "manifests/000001-older.json", "sha256": hashlib.sha256(text.encode()).hexdigest()}
        (self.lake / "current.json").write_text(json.dumps(pointer))

    def test_files_of_an_older_schema_are_read_together_with_new_ones(self):
        self.fill()
        self.export_all()
        types = {reader: self.read(reader, "types") for reader in READERS if reader != "fastparquet"}
        self.as_older()
        self.edit("UPDATE runs SET pqs = 99")
        told = self.export_all("--since", "2025-07")
        self.assertGreater(len(told["tables"]["checks"]["written"]), 0)
        versions = {file["schema_version"] for file in self.manifest()["tables"]["checks"]["files"]}
        self.assertEqual(versions, {0, SCHEMA_VERSION})
        for reader in READERS:
            if reader != "fastparquet":  # its types follow the values: a boolean column with a null is one of objects
                self.assertEqual({t: dict(sorted(c.items())) for t, c in self.read(reader, "types").items()},
                                 {t: dict(sorted(c.items())) for t, c in types[reader].items()}, reader)
            self.assertEqual(sum(self.read(reader)["checks"]["count"].values()), 400, reader)
        self.assertEqual(self.query("SELECT count(*) AS n FROM all_checks WHERE stored_env IS NULL AND env = 'prod' AND month = '2025-06'")[0]["n"],
                         self.query("SELECT count(*) AS n FROM all_checks WHERE env = 'prod' AND month = '2025-06'")[0]["n"])
        self.export_all("--full")
        self.assertEqual({file["schema_version"] for file in self.manifest()["tables"]["checks"]["files"]}, {SCHEMA_VERSION})


del LakeTest
