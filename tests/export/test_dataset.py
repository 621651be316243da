"""What the dataset holds, and when it is written."""
import hashlib
import json
import os
import sqlite3

from lake import KEY, LakeTest, StoreTest, sample_data


class Dataset(LakeTest):
    def test_the_tables_hold_every_row_of_the_sources_once(self):
        story = self.fill()
        told = self.export_all()
        self.assertEqual(told["tables"]["checks"]["rows"], 400)
        both = self.query("SELECT count(*) AS n FROM all_checks WHERE also_in = 'sqlite' AND source = 'postgres'")[0]["n"]
        executions = {row[0] for row in self.rows("SELECT execution_id FROM heretix_executions")}
        imported = executions & {row[0] for row in story.rows["store"]["heretix_executions"]}
        self.assertEqual(both, len(imported))
        self.assertGreater(both, 10)
        self.assertEqual(self.query("SELECT count(*) - count(DISTINCT check_id) AS n FROM all_checks")[0]["n"], 0)
        self.assertEqual(told["tables"]["usage"]["rows"], 50)
        mock = sum(row[0] for name in (self.name, self.prod_name) for row in self.rows(
            "SELECT count(*) FROM checks WHERE config_json::json->>'mode' = 'MOCK'", name=name))
        self.assertEqual(self.query("SELECT count(*) AS n FROM all_checks WHERE mode = 'MOCK' AND source = 'postgres'")[0]["n"], mock)
        self.assertGreater(mock, 5)

    def test_every_row_names_execution_recipe_mode_and_source(self):
        self.fill()
        self.export_all()
        for table in ("all_checks", "all_samples", "all_executions"):
            wanted = "execution_id IS NOT NULL" + (" OR was_cached" if table == "all_checks" else "")
            self.assertEqual(self.query(f"SELECT count(*) AS n FROM {table} WHERE recipe_run_id NOT LIKE 'heretix-rpl-____________' OR "
                                        f"replace(mode, ';readout=decision', '') NOT IN ('LIVE', 'MOCK') OR mode IS NULL OR source NOT IN ('sqlite', 'postgres') OR NOT ({wanted})")[0]["n"], 0, table)
        self.assertEqual(self.query("SELECT count(*) AS n FROM all_samples s JOIN all_executions e USING (execution_id)")[0]["n"],
                         self.query("SELECT count(*) AS n FROM all_samples")[0]["n"])

    def test_views_leave_the_stand_in_out(self):
        self.fill()
        self.export_all()
        for table in ("checks", "samples", "executions"):
            self.assertEqual(self.query(f"SELECT count(*) AS n FROM {table} WHERE mode = 'MOCK'")[0]["n"], 0)
            self.assertGreater(self.query(f"SELECT count(*) AS n FROM all_{table} WHERE mode = 'MOCK'")[0]["n"], 0)

    def test_a_real_check_is_the_same_row_from_the_store_and_from_postgres(self):
        self.ok("run", "Bees sleep", "--mock", "--db", "runs/heretix.sqlite", "-q", "--database", self.address, "-K", "2", "-T", "2")
        self.ok("run", "Bees sleep", "--mock", "--db", "runs/heretix.sqlite", "-q", "--fresh", "-K", "2", "-T", "2")
        self.ok("export", self.folder / "a", "--from", "store")
        self.ok("export", self.folder / "b", "--from", "local", **self.addresses)
        self.lake_name = "a"
        store = {row["check_id"]: row for row in self.query("all_checks")}
        self.lake_name = "b"
        postgres = {row["check_id"]: row for row in self.query("all_checks")}
        self.assertEqual(len(store), 2, "an execution that `runs` no longer shows has its row")
        (name, row), = postgres.items()
        # What runs has no column for stays null there; the source tells the two apart.
        only_postgres = {"row_id", "stored_env", "max_output_tokens", "provider_model_id", "source"}
        self.assertEqual({k: v for k, v in store[name].items() if k not in only_postgres},
                         {k: v for k, v in row.items() if k not in only_postgres})
        self.lake_name = "c"
        self.export_all("--from", "store,local")
        sources = sorted((row["source"], row["also_in"]) for row in self.query("SELECT source, coalesce(also_in, '') AS also_in FROM all_checks"))
        self.assertEqual(sources, [("postgres", "sqlite"), ("sqlite", "")])

    def test_a_user_appears_only_as_a_keyed_hash_and_no_mail_address_leaves(self):
        story = self.fill()
        self.export_all()
        self.assertEqual(self.query("SELECT count(user_hash) AS n FROM usage")[0]["n"], 0)
        self.export_all(HERETIX_EXPORT_KEY=KEY)
        import hmac
        wanted = {hmac.new(KEY.encode(), str(user).encode(), hashlib.sha256).hexdigest() for user in story.users}
        self.assertEqual({row["user_hash"] for row in self.query("SELECT DISTINCT user_hash FROM usage")}, wanted)
        self.assertEqual({row["user_hash"] for row in self.query("SELECT DISTINCT user_hash FROM all_checks WHERE user_hash IS NOT NULL")}, wanted)
        everything = self.everything()
        self.assertNotIn("example.org", everything)
        for user in story.users:
            self.assertNotIn(str(user), everything)
        self.assertNotIn(KEY, "".join(p.read_text() for p in self.lake.rglob("*.json")))

    def everything(self):
        """All values of the newest generation, as text."""
        views = [table if table == "usage" else f"all_{table}" for table in self.manifest()["tables"]]
        self.assertLessEqual({"all_checks", "all_samples", "all_executions", "usage"}, set(views))
        return "".join(json.dumps(self.query(view)) for view in views)

    def test_no_claims_leaves_no_claim_anywhere(self):
        self.fill()
        self.export_all()
        with_claims = self.everything()
        self.export_all("--no-claims")
        everything = self.everything()
        for claim in sample_data.CLAIMS:
            self.assertIn(claim, with_claims)
            self.assertNotIn(claim, everything)
        self.assertEqual(self.query("SELECT count(DISTINCT claim_hash) AS n FROM all_checks")[0]["n"], 6)

    def test_since_refuses_to_leave_months_with_other_claims_or_users(self):
        self.fill()
        self.export_all()
        self.refused(2, "export", self.lake, "--no-claims", "--since", "2025-08", says="without --since", **self.addresses)
        self.refused(2, "export", self.lake, "--since", "2025-08", says="HERETIX_EXPORT_KEY", HERETIX_EXPORT_KEY=KEY, **self.addresses)
        self.refused(2, "export", self.lake, says=["16", "HERETIX_EXPORT_KEY"], HERETIX_EXPORT_KEY="short", **self.addresses)

    def test_an_unchanged_export_writes_nothing_and_says_so(self):
        self.fill()
        self.export_all()
        before = {path: path.stat().st_mtime_ns for path in self.lake.rglob("*")}
        told = self.export_all()
        self.assertTrue(told["unchanged"])
        self.assertIn("nothing was written", self.ok("export", self.lake, **self.addresses))
        self.assertEqual({path: path.stat().st_mtime_ns for path in self.lake.rglob("*")}, before)

    def test_the_same_state_gives_the_same_bytes_wherever_its_rows_lie(self):
        self.fill()
        self.export_all()
        first = {name: digest for name, digest in self.files().items() if name.endswith(".parquet")}
        for name in (self.name, self.prod_name):  # every row moves
            self.do("UPDATE checks SET id = id WHERE random() < 0.5", name=name)
            self.do("UPDATE samples SET run_id = run_id WHERE random() < 0.5", name=name)
            self.do("UPDATE heretix_executions SET run_id = run_id WHERE random() < 0.5", name=name)
        self.assertTrue(self.export_all()["unchanged"])
        self.lake_name = "other"
        self.export_all()
        self.assertEqual({name: digest for name, digest in self.files().items() if name.endswith(".parquet")}, first)

    def test_rows_that_lie_far_out_of_order_are_sorted_by_their_store(self):
        """More rows than the window that restores order holds, in two databases and a store, newest first."""
        n = 9000
        for name in (self.name, self.prod_name):
            self.do(f"INSERT INTO checks (id, run_id, env, claim, claim_hash, model, prompt_version, \"K\", \"R\", created_at) SELECT gen_random_uuid(), "
                    f"'check-' || i, 'local', 'c', 'h', 'm', 'v', 1, 1, timestamptz '2026-01-01' - i * interval '1 hour' FROM generate_series(1, {n}) i", name=name)
        self.fill_store(checks=1)
        with sqlite3.connect(self.folder / "runs/heretix.sqlite") as store:
            store.executemany("INSERT INTO runs (run_id, created_at) VALUES (?, ?)", ((f"run-{i}", 1767225600 - 3600 * i) for i in range(n)))
        store.close()
        told = self.export_all()
        self.assertEqual(told["tables"]["checks"]["rows"], 3 * n + 1)
        import pyarrow.parquet as pq
        for file in self.manifest()["tables"]["checks"]["files"]:
            rows = pq.read_table(self.lake / file["path"], columns=["created_at", "check_id"], partitioning=None).to_pylist()
            self.assertEqual(rows, sorted(rows, key=lambda row: (row["created_at"], row["check_id"].encode())))
        self.assertTrue(self.export_all()["unchanged"])

    def test_a_file_that_was_taken_away_is_written_again(self):
        self.fill(checks=60)
        self.export_all()
        before = self.files()
        path = self.lake / self.manifest()["tables"]["checks"]["files"][0]["path"]
        path.unlink()
        self.assertEqual(len(self.export_all()["tables"]["checks"]["written"]), 1)
        self.assertEqual({k: v for k, v in self.files().items() if k.endswith(".parquet")}, {k: v for k, v in before.items() if k.endswith(".parquet")})

    def test_a_file_that_was_cut_off_is_written_again_and_told(self):
        self.fill(checks=60)
        self.export_all()
        before = self.files()
        first, second = self.manifest()["tables"]["checks"]["files"][:2]
        (self.lake / first["path"]).write_bytes((self.lake / first["path"]).read_bytes()[:-700])
        whole = (self.lake / second["path"]).read_bytes()
        (self.lake / second["path"]).write_bytes(whole[:-4096] + b"\0" * min(4096, len(whole)))  # as after a power cut: the size, without the end
        months = [f"env={file['env']}/month={file['month']}" for file in (first, second)]

        trial = self.export_all("--dry-run")["tables"]["checks"]
        self.assertEqual(trial["written"], months)
        self.assertIn("would be written again", trial["damaged"][0])
        told = self.export_all("--since", "2025-09")["tables"]["checks"]
        self.assertEqual(told["written"], [])
        self.assertIn("export without --since", told["damaged"][0])

        done = self.heretix("export", self.lake, **self.addresses)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("unchanged", done.stdout)
        self.assertIn(f"{first['path']} has {first['bytes'] - 700} bytes but was published with {first['bytes']}; it was written again", done.stderr)
        self.assertIn(f"{second['path']} does not end as a Parquet file does; it was written again", done.stderr)
        self.assertEqual({k: v for k, v in self.files().items() if k.endswith(".parquet")}, {k: v for k, v in before.items() if k.endswith(".parquet")})
        self.assertTrue(self.export_all()["unchanged"])

    def test_full_writes_a_file_again_whose_bytes_were_changed(self):
        self.fill_store(checks=20)
        self.export()
        path = self.lake / self.manifest()["tables"]["checks"]["files"][0]["path"]
        whole = path.read_bytes()
        path.write_bytes(whole[:1000] + b"XXXX" + whole[1004:])
        self.assertTrue(self.export()["unchanged"])  # as the page says: other bytes in a file of the right size are not noticed
        self.assertIn("the same files were written again", self.ok("export", self.lake, "--full"))
        self.assertEqual(path.read_bytes(), whole)

    def test_the_file_of_a_table_without_rows_is_written_again_too(self):
        self.fill_store(checks=5)
        self.export("--from", "store")
        path = self.lake / self.manifest()["tables"]["usage"]["files"][0]["path"]
        whole = path.read_bytes()
        for damage in (lambda: path.write_bytes(whole[:99]), path.unlink):
            damage()
            told = self.export("--from", "store")["tables"]["usage"]
            self.assertEqual((told["written"], len(told["damaged"])), (["env=none/month=none"], 1))
            self.assertEqual(path.read_bytes(), whole)

    def test_a_month_is_rewritten_when_its_rows_differ_however_old_they_are(self):
        self.fill()
        self.export_all()
        before = self.manifest()
        self.do("UPDATE checks SET pqs = 1 WHERE id = (SELECT id FROM checks WHERE created_at < '2025-07-01' LIMIT 1)")  # committed late, dated early
        told = self.export_all()
        self.assertEqual(told["tables"]["checks"]["written"], ["env=local/month=2025-06"])
        self.assertEqual([t for t in told["tables"] if told["tables"][t]["written"]], ["checks"])
        kept = [f for f in before["tables"]["checks"]["files"] if (f["env"], f["month"]) != ("local", "2025-06")]
        self.assertEqual([f for f in self.manifest()["tables"]["checks"]["files"] if f in kept], kept)
        self.do("DELETE FROM checks WHERE created_at < '2025-07-01'", name=self.prod_name)
        self.assertEqual(self.export_all()["tables"]["checks"]["removed"], ["env=prod/month=2025-06"])

    def test_since_looks_at_no_earlier_month(self):
        self.fill()
        self.export_all()
        self.do("UPDATE checks SET pqs = 1")
        told = self.export_all("--since", "2025-09")
        self.assertEqual(told["tables"]["checks"]["written"], ["env=local/month=2025-09", "env=local/month=2025-10"])
        self.assertEqual(told["tables"]["checks"]["rows"], 400)
        self.assertEqual(len(self.export_all()["tables"]["checks"]["written"]), 3)

    def test_a_dry_run_says_what_would_be_written_and_writes_nothing(self):
        self.fill()
        self.assertEqual(len(self.export_all("--dry-run")["tables"]["checks"]["written"]), 10)
        self.assertFalse(self.lake.exists())
        self.export_all()
        before = self.files()
        self.do("UPDATE checks SET pqs = 2 WHERE created_at < '2025-07-01'")
        self.assertEqual(self.export_all("--dry-run")["tables"]["checks"]["written"], ["env=local/month=2025-06"])
        self.assertEqual(self.files(), before)

    def test_prune_removes_what_older_generations_alone_use(self):
        self.fill()
        for pqs in range(4):
            self.do(f"UPDATE checks SET pqs = {pqs}")
            self.export_all()
        self.assertEqual(len(list((self.lake / "manifests").iterdir())), 4)
        self.ok("export", self.lake, "--prune", **self.addresses)
        self.assertEqual(len(list((self.lake / "manifests").iterdir())), 2)
        self.ok("export", self.lake, "--prune", "--keep", "1", **self.addresses)
        named = {file["path"] for table in self.manifest()["tables"].values() for file in table["files"]}
        self.assertEqual(set(self.files()), named | {"current.json", self.pointer()["manifest"]})
        self.assertEqual(self.query("SELECT min(pqs) AS a, max(pqs) AS b FROM all_checks WHERE source = 'postgres' AND env = 'local'"), [{"a": 3.0, "b": 3.0}])

    def test_the_manifest_says_what_is_there(self):
        self.fill()
        self.export_all()
        manifest, files = self.manifest(), self.files()
        self.assertEqual(self.pointer()["sha256"], files[self.pointer()["manifest"]])
        self.assertEqual([(s["kind"], s["env"], s["revision"]) for s in manifest["sources"]],
                         [("sqlite", "local", "harness schema 1"), ("postgres", "local", "b6e84d02f7a1"), ("postgres", "prod", "b6e84d02f7a1")])
        self.assertRegex(manifest["sources"][1]["snapshot"], r"^\d+:\d+:")
        import pyarrow.parquet as pq
        for name, table in manifest["tables"].items():
            for file in table["files"]:
                self.assertEqual(files[file["path"]], file["sha256"])
                self.assertTrue(file["path"].startswith(f"{name}/env={file['env']}/month={file['month']}/"))
                parquet = pq.ParquetFile(self.lake / file["path"])
                self.assertEqual(parquet.metadata.num_rows, file["rows"])
                self.assertEqual(parquet.schema_arrow.metadata[b"heretix.schema_version"], b"3")
                self.assertNotIn("env", parquet.schema_arrow.names)
                column = parquet.metadata.row_group(0).column(parquet.schema_arrow.names.index("source"))
                self.assertEqual((column.compression, column.has_dictionary_page, column.is_stats_set), ("ZSTD", True, True))
        self.assertEqual(sum(f["rows"] for f in manifest["tables"]["checks"]["files"]), manifest["tables"]["checks"]["rows"])

    def decisions(self, lake, run_id):
        """What a dataset holds of a decision: its check, and its samples by wording."""
        self.lake_name = lake
        [check] = self.query("SELECT claim_p, negation_p, yes_bias_logit, yes_bias_lo, yes_bias_hi, contradicting_share, number_step "
                             f"FROM all_checks WHERE recipe_run_id = '{run_id}'")
        samples = self.query(f"SELECT paraphrase_idx, claim_p, negation_p, number_step FROM all_samples WHERE recipe_run_id = '{run_id}' ORDER BY 1")
        return check, samples

    def test_a_decision_has_both_sides_from_the_store_and_from_postgres(self):
        plan = ("--mock", "--db", "runs/heretix.sqlite", "-q", "--readout", "decision", "-K", "16", "--database", self.address)
        both, alone = self.json("run", "Bees sleep", *plan), self.json("run", "Bees sleep", *plan, "--no-negation")
        written = self.json("run", "Bees sleep", "--mock", "--db", "runs/heretix.sqlite", "-q", "-K", "2", "-T", "2", "--database", self.address)
        self.ok("export", self.folder / "a", "--from", "store")
        self.ok("export", self.folder / "b", "--from", "local", **self.addresses)
        for lake in ("a", "b"):
            facts = both["readout"]
            check, samples = self.decisions(lake, both["run_id"])
            expected = {"claim_p": facts["claim"], "negation_p": facts["negation"], "yes_bias_logit": facts["yes_bias"]["log_odds"],
                        "yes_bias_lo": facts["yes_bias"]["low"], "yes_bias_hi": facts["yes_bias"]["high"],
                        "contradicting_share": facts["contradicting_share"], "number_step": 0.01}
            self.assertEqual({k: round(v, 12) for k, v in check.items()}, {k: round(v, 12) for k, v in expected.items()}, lake)
            told = {a["paraphrase_idx"]: a["sides"] for a in self.json("answers", both["run_id"])}
            self.assertEqual([(s["claim_p"], s["negation_p"], s["number_step"]) for s in samples],
                             [(told[s["paraphrase_idx"]]["claim"], told[s["paraphrase_idx"]]["negation"], 0.01) for s in samples])
            self.assertEqual(len(samples), 16)

            check, samples = self.decisions(lake, alone["run_id"])
            self.assertAlmostEqual(check["claim_p"], alone["readout"]["claim"], 12)
            self.assertEqual([check[k] for k in ("negation_p", "yes_bias_logit", "yes_bias_lo", "contradicting_share")], [None] * 4)
            self.assertTrue(all(s["claim_p"] is not None and s["negation_p"] is None for s in samples))
            check, samples = self.decisions(lake, written["run_id"])
            self.assertEqual({value for row in (check, *samples) for name, value in row.items() if name != "paraphrase_idx"}, {None})

    def test_fewer_stores_than_before_are_refused_unless_full(self):
        self.fill()
        self.export_all()
        before = self.files()
        self.refused(2, "export", self.lake, "--from", "store", says=["also made from local", "--full"])
        self.assertEqual(self.files(), before)
        self.export("--from", "store", "--full")
        self.assertEqual(self.query("SELECT DISTINCT source FROM all_checks"), [{"source": "sqlite"}])

    def test_one_snapshot_a_database_though_rows_come_meanwhile(self):
        """Two tables that a transaction changes together agree in every generation."""
        import threading
        self.fill(checks=120)
        began, stop = threading.Event(), threading.Event()

        def write():
            with self.connect() as connection:
                n = 0
                while not stop.is_set():
                    n += 1
                    connection.execute(f"BEGIN; UPDATE checks SET pqs = {n}; UPDATE usage_ledger SET checks_used = {n}; COMMIT")
                    began.set()
        writer = threading.Thread(target=write)
        writer.start()
        try:
            self.assertTrue(began.wait(60))  # before that each check has a quality of its own
            for _ in range(8):
                self.export("--from", "local", **self.addresses)
                seen = self.query("SELECT DISTINCT pqs::BIGINT AS n FROM all_checks UNION SELECT DISTINCT checks_used FROM usage")
                self.assertEqual(len(seen), 1, seen)
        finally:
            stop.set()
            writer.join()


class Stores(StoreTest):
    def test_a_file_of_another_program_is_read_by_its_two_tables(self):
        for name in ("newer_columns", "older_seed_schema"):
            path = os.path.join(os.environ["HERETIX_SOURCE"], "tests/compat", name + ".sqlite")
            self.lake_name = name
            told = self.export("--db", path)
            with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as store:
                self.assertEqual(told["tables"]["checks"]["rows"], store.execute("SELECT count(*) FROM runs").fetchone()[0])
                self.assertEqual(told["tables"]["samples"]["rows"], store.execute("SELECT count(*) FROM samples").fetchone()[0])
            store.close()

    def test_several_stores_make_one_dataset_and_a_row_in_two_of_them_counts_once(self):
        self.fill_store("a.sqlite", seed=1)
        self.fill_store("b.sqlite", seed=2)
        self.fill_store("c.sqlite", seed=1)
        a = self.json("export", self.folder / "one", "--db", "a.sqlite")["tables"]["checks"]["rows"]
        b = self.json("export", self.folder / "two", "--db", "b.sqlite")["tables"]["checks"]["rows"]
        told = self.export("--db", "a.sqlite", "--db", "b.sqlite", "--db", "c.sqlite")
        self.assertEqual(told["tables"]["checks"]["rows"], a + b)

    def test_rows_without_a_time_have_a_month_of_their_own(self):
        self.fill_store(checks=5)
        self.edit("INSERT INTO samples (cache_key, prob_true) VALUES ('no time', 0.5)")
        self.assertIn("env=local/month=unknown", self.export()["tables"]["samples"]["written"])
        self.assertEqual(self.query("SELECT created_at, month FROM all_samples WHERE cache_key = 'no time'"), [{"created_at": None, "month": "unknown"}])

    def test_a_table_without_rows_has_a_file_that_says_its_columns(self):
        self.fill_store(checks=5)
        self.export()
        self.assertEqual(self.query("SELECT count(*) AS n, sum(checks_used) AS used FROM usage"), [{"n": 0, "used": None}])
        self.assertIn("checks_allowed", self.read("polars", "types")["usage"])

    def test_a_value_that_no_column_can_hold_is_named(self):
        self.fill_store(checks=5)
        self.edit("UPDATE runs SET K = 'eight' WHERE rowid = 1")
        self.refused(2, "export", self.lake, says=["checks 'heretix-rpl-", "K is 'eight'", "whole number"])
        self.edit("UPDATE runs SET K = 8.0")
        self.edit("UPDATE samples SET created_at = 99999999999999 WHERE rowid = 1")
        self.refused(2, "export", self.lake, says=["samples", "created_at is 99999999999999", "9999"])
        self.assertFalse((self.lake / "current.json").exists())

    def test_a_column_with_a_nan_has_no_statistics_and_the_others_have(self):
        self.fill_store(checks=40)
        self.edit("DELETE FROM heretix_executions")  # runs alone
        self.edit("UPDATE runs SET created_at = 1748736000, stability_score = 'nan', ci_lo = -1.5")
        self.edit("UPDATE runs SET prob_true_rpl = 'nan' WHERE rowid = (SELECT max(rowid) FROM runs)")
        self.export("--no-claims")
        first = {name: digest for name, digest in self.files().items() if name.endswith(".parquet")}
        import pyarrow.parquet as pq
        file, = self.manifest()["tables"]["checks"]["files"]
        metadata = pq.ParquetFile(self.lake / file["path"]).metadata
        statistics = {metadata.schema.names[i]: metadata.row_group(0).column(i).statistics for i in range(metadata.num_columns)}
        for column in ("prob_true_rpl", "stability_score"):
            self.assertTrue(statistics[column] is None or not statistics[column].has_min_max, column)
        self.assertEqual((statistics["ci_lo"].min, statistics["ci_lo"].max), (-1.5, -1.5))
        self.assertTrue(statistics["K"].has_min_max)
        self.assertEqual((metadata.num_rows, hashlib.sha256((self.lake / file["path"]).read_bytes()).hexdigest()), (file["rows"], file["sha256"]))
        self.assertEqual([p.name for p in self.lake.rglob("*.again")], [])
        self.lake_name = "again"
        self.export("--no-claims")
        self.assertEqual({name: digest for name, digest in self.files().items() if name.endswith(".parquet")}, first)

    def test_a_row_with_a_nan_is_found_by_every_duckdb(self):
        self.fill_store(checks=40)
        self.edit("UPDATE runs SET prob_true_rpl = 'nan' WHERE rowid = (SELECT max(rowid) FROM runs)")
        self.export()
        import subprocess

        from lake import python_of
        paths = [str(self.lake / file["path"]) for file in self.manifest()["tables"]["checks"]["files"]]
        for reader in ("duckdb-1.5.5", "duckdb-2.0.0"):
            for wanted in ("isnan(prob_true_rpl)", "prob_true_rpl > 1", "prob_true_rpl = 'nan'::DOUBLE", "prob_true_rpl NOT BETWEEN 0 AND 1"):
                script = f"import duckdb; print(duckdb.sql({f'SELECT count(*) FROM read_parquet({paths}) WHERE {wanted}'!r}).fetchall()[0][0])"
                done = subprocess.run([python_of(reader)[0], "-c", script], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
                self.assertEqual(done.stdout, "1\n", f"{reader}: {wanted} {done.stderr}")

    def test_a_row_with_a_nan_is_found_by_other_readers_that_skip_by_statistics(self):
        self.fill_store(checks=40)
        self.edit("UPDATE runs SET prob_true_rpl = 'nan' WHERE rowid = (SELECT max(rowid) FROM runs)")
        self.export()
        import subprocess

        from lake import python_of
        python, path = python_of("lake")
        script = ("import chdb, datafusion, pyarrow.dataset as ds\n"
                  "context = datafusion.SessionContext(); context.register_parquet('checks', 'lake/checks')\n"
                  "for wanted in ('prob_true_rpl > 1', \"prob_true_rpl = 'NaN'::double\", 'NOT (prob_true_rpl <= 1)'):\n"
                  "    print(context.sql(f'SELECT count(*) AS n FROM checks WHERE {wanted}').to_pylist()[0]['n'])\n"
                  "print(str(chdb.query(\"SELECT count() FROM file('lake/checks/*/*/*.parquet') WHERE NOT (prob_true_rpl <= 1)\")).strip())\n"
                  "print(ds.dataset('lake/checks').to_table(filter=~(ds.field('prob_true_rpl') <= 1)).num_rows)\n")
        done = subprocess.run([python, "-c", script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, cwd=self.folder)
        self.assertEqual(done.stdout.split(), ["1"] * 5, done.stderr)

    def test_bytes_that_are_no_text_are_replaced_and_told(self):
        self.fill_store(checks=5)
        self.edit("UPDATE runs SET claim = CAST(x'61ff62' AS TEXT) WHERE rowid = 1")
        self.assertIn("is not UTF-8", self.export()["notes"][0])
        self.assertEqual(self.query("SELECT claim FROM all_checks WHERE claim LIKE 'a%b'"), [{"claim": "a\ufffdb"}])

    def test_one_query_comes_as_csv_or_json_lines_to_a_file_or_the_terminal(self):
        self.fill_store()
        self.export()
        sql = "SELECT model, count(*) AS checks FROM all_checks GROUP BY model ORDER BY model"
        csv = self.ok("export", self.lake, "--query", sql)
        self.assertEqual(csv.splitlines()[0], "model,checks")
        self.assertEqual([line.split(",")[1] for line in csv.splitlines()[1:]], [str(row["checks"]) for row in self.query(sql)])
        self.ok("export", self.lake, "--query", sql, "-o", self.folder / "out.csv")
        self.assertEqual((self.folder / "out.csv").read_text(), csv)
        self.refused(2, "export", self.lake, "--query", "SELECT nothing FROM nowhere", "-o", self.folder / "none.csv", says="nowhere")
        self.refused(2, "export", self.lake, "--query", "SELECT 1; DROP VIEW checks", says="DuckDB refused")
        self.assertEqual([p.name for p in self.folder.glob("none*")], [])
        self.refused(3, "export", self.folder / "nothing", "--query", "checks", says="no dataset")

    def test_the_views_are_a_duckdb_file_over_the_dataset(self):
        self.fill_store()
        self.export("--views")
        for reader in ("duckdb-1.5.5", "duckdb-2.0.0"):
            import subprocess

            from lake import python_of
            python, _ = python_of(reader)
            script = (f"import duckdb; db = duckdb.connect({str(self.lake / 'heretix.duckdb')!r}, read_only=True); "
                      "print([(v, db.execute(f'SELECT count(*) FROM {v}').fetchone()[0]) for v, in db.execute(\"SELECT view_name FROM duckdb_views() WHERE NOT internal\").fetchall()])")
            done = subprocess.run([python, "-c", script], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
            self.assertEqual(done.returncode, 0, done.stderr)
            views = dict(eval(done.stdout))
            self.assertLessEqual({"checks", "all_checks", "belief_over_time", "compliance_by_model", "width_by_plan", "cost_by_day", "cache_hit_rate",
                                  "local_against_prod"}, set(views))
            self.assertGreater(views["belief_over_time"], 100)

    def test_bad_input_is_named(self):
        self.refused(3, "export", self.lake, says="nothing to export")
        self.fill_store(checks=3)
        (self.folder / "file").write_text("")
        self.refused(2, "export", self.folder / "file", says="is a file")
        self.refused(2, "export", "ftp://somewhere", says="ftp://")
        self.refused(2, "export", self.lake, "--since", "2025", says="--since is '2025'")
        self.refused(2, "export", self.lake, "--from", "moon", says="--from is 'moon'")
        self.refused(2, "export", self.lake, "--keep", "0")
        self.refused(2, "export", self.lake, "--from", "prod", says="DATABASE_URL_PROD")
        self.refused(2, "export", self.lake, "--query", "checks", "--format", "xml")
        self.assertFalse(self.lake.exists())


del LakeTest, StoreTest
