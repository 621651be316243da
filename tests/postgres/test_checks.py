"""Checks in Postgres: kept beside the store, read, verified, imported; nothing twice, nothing lost."""
import json
import pathlib
import shutil
import sqlite3
import subprocess
import time
import unittest

from breaking_proxy import BreakingProxy
from cases import CLAIM, FOURTH, SIXTH, THIRD, PostgresTest
from heretix import PROGRAM, SOURCE

COMPAT = SOURCE / "tests/compat"
STAYS_IN_A_FILE = {"runs", "heretix_meta", "heretix_server_refusals", "heretix_probes", "heretix_certificates", "heretix_decisions"}  # by docs/storage.md an import leaves these out


class Checks(PostgresTest):
    def setUp(self):
        super().setUp()
        self.db_ok("upgrade")

    def run_claim(self, claim=CLAIM, *arguments, **more):
        return self.json("run", claim, "--mock", "--database", self.address, *arguments, **more)

    def checks(self, columns="run_id"):
        return self.rows(f"SELECT {columns} FROM checks ORDER BY created_at, run_id")

    def imported(self, path=None, code=0, address=None, **more):
        done = self.db("import", path or self.usual_store(), "--json", address=address, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        told = json.loads(done.stdout)
        return {t["table"]: (t["added"], t["already"]) for t in told["tables"]}, told

    def tables(self, path=None):
        """What an import copies, by the file's own catalogue: every table with the columns of its primary key."""
        with sqlite3.connect(self.folder / (path or self.usual_store())) as file:
            names = [n for (n,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
            keys = {n: sorted((row[5], row[1]) for row in file.execute(f"PRAGMA table_info({n})") if row[5]) for n in names if n not in STAYS_IN_A_FILE}
        self.assertLessEqual({"samples", "heretix_executions", "heretix_answers", "heretix_drift_measurements"}, set(keys))
        return {table: ", ".join(column for _, column in key) for table, key in keys.items()}

    def all_rows(self):
        """As a file has them: without the one column that only Postgres has."""
        return {table: [row[:5] if table == "heretix_execution_samples" else row for row in self.rows(f"SELECT * FROM {table} ORDER BY {key}")]
                for table, key in self.tables().items()}

    def file_rows(self, path=None):
        with sqlite3.connect(self.folder / (path or self.usual_store())) as file:
            file.text_factory = bytes
            decoded = lambda table, row: tuple(v.decode() if isinstance(v, bytes) and not (table == "heretix_answers" and i == 3) else v  # noqa: E731
                                               for i, v in enumerate(row))
            return {table: [decoded(table, row) for row in file.execute(f"SELECT * FROM {table} ORDER BY {key}")]
                    for table, key in self.tables(path).items()}

    def test_a_run_is_kept_in_both_stores_with_every_column_right(self):
        record = self.run_claim()
        again = self.run_claim()
        recipe, digits = record["run_id"], record["execution"]["execution_id"].removeprefix("exec-")
        ids = [f"{recipe}-{digits}", f"{recipe}-{again['execution']['execution_id'].removeprefix('exec-')}"]
        self.assertCountEqual(self.checks(), [(i,) for i in ids])
        row = self.rows("SELECT * FROM checks WHERE run_id = %s", ids[0])[0]
        names = [n for (n,) in self.rows("SELECT column_name FROM information_schema.columns WHERE table_name = 'checks' ORDER BY ordinal_position")]
        row = dict(zip(names, row, strict=True))
        file = self.database()
        run = dict(file.execute("SELECT * FROM runs").fetchone())
        apart = {"run_id", "created_at", "cache_hit_rate", "artifact_json_path"}  # of the newest execution, or compared below
        self.assertLessEqual(set(run), set(row))
        self.assertGreater(len(set(run) - apart), 20)
        for column in set(run) - apart:
            self.assertEqual(row[column], run[column], column)
        self.assertEqual((row["env"], row["was_cached"], row["cache_hit_rate"], row["user_id"]), ("local", False, 0.0, None))
        self.assertEqual(len(row["claim_hash"]), 64)
        self.assertEqual(row["max_output_tokens"], 1024)
        self.assertEqual(int(row["created_at"].timestamp()), record["execution"]["created_at"])
        self.assertEqual(int(row["finished_at"].timestamp()), record["execution"]["finished_at"])
        self.assertEqual(self.rows("SELECT cache_hit_rate FROM checks WHERE run_id = %s", ids[1]), [(1.0,)])
        self.assertEqual(file.execute("SELECT count(*) FROM runs").fetchone()[0], 1)

    def test_env_comes_from_app_env(self):
        self.run_claim()
        self.run_claim("Snow is white", APP_ENV="prod")
        self.json("run", "Grass is green", "--mock", "--database", "prod", DATABASE_URL_PROD=self.address)
        self.assertEqual(dict(self.checks("claim, env")), {CLAIM: "local", "Snow is white": "prod", "Grass is green": "prod"})

    def test_list_show_answers_report_and_verify_read_both(self):
        record = self.run_claim()
        for where, run in ((["--db", "runs/mock.sqlite"], record["run_id"]), (["--database", self.address], self.checks()[0][0])):
            listed = self.json("list", *where)
            self.assertEqual([(r["run_id"], r["prob_true_rpl"], r["bootstrap_seed"]) for r in listed],
                             [(run, record["estimate"]["prob_true_rpl"], listed[0]["bootstrap_seed"])])
            shown = self.json("show", run, *where)
            self.assertEqual(shown, {**record, **shown})
            self.assertEqual(len(self.json("answers", run[:30], *where)), 16)
            verified = self.json("verify", record["execution"]["execution_id"], *where)
            self.assertEqual((verified["passed"], verified["run_id"], len(verified["recomputed"])), (True, run, 3))
            self.assertIn("p = ", self.ok("report", run, "--text", *where) + self.ok("show", run, *where))
        self.refused(2, "list", "--db", "runs/mock.sqlite", "--database", self.address, says="one or the other")
        self.refused(3, "show", "nothing", "--database", self.address, says="there is no run")

    def test_verify_names_what_was_changed_in_postgres(self):
        self.run_claim()
        run = self.checks()[0][0]
        changes = ["UPDATE checks SET prob_true_rpl = prob_true_rpl + 1e-16", "UPDATE checks SET claim_hash = 'x'", "UPDATE checks SET claim = 'other'",
                   "UPDATE checks SET bootstrap_seed = bootstrap_seed + 1", 'UPDATE checks SET "K" = 9', "UPDATE checks SET gate_precision_ok = NOT gate_precision_ok",
                   "UPDATE checks SET pqs = pqs + 1", "UPDATE checks SET max_output_tokens = 1", "UPDATE checks SET was_cached = true",
                   "UPDATE checks SET ci_hi = NULL", "UPDATE checks SET config_json = config_json || ' '", "UPDATE checks SET provider_model_id = 'x'",
                   "UPDATE samples SET prob_true = 0.5 WHERE cache_key = (SELECT min(cache_key) FROM samples)",
                   "UPDATE heretix_answers SET raw_text = 'x' WHERE cache_key = (SELECT min(cache_key) FROM samples)",
                   "UPDATE heretix_answers SET raw_sha256 = 'x' WHERE cache_key = (SELECT min(cache_key) FROM samples)",
                   "UPDATE heretix_banks SET bank_json = bank_json || ' '", "UPDATE heretix_executions SET record_json = replace(record_json, '0', '1')",
                   "DELETE FROM heretix_execution_samples WHERE position = 3", "UPDATE heretix_execution_samples SET position = position + 100 WHERE position = 0"]
        for change in changes:
            with self.subTest(change):
                name = "copy_of_" + self.name
                self.admin(f'CREATE DATABASE "{name}" TEMPLATE "{self.name}"')
                try:
                    self.do(change, name=name)
                    done = self.heretix("verify", run, "--database", self.server.address(name))
                    self.assertEqual(done.returncode, 1, done.stdout)
                    self.assertIn("DIFFERENT: ", done.stdout)
                finally:
                    self.admin(f'DROP DATABASE "{name}" WITH (FORCE)')

    def test_import_moves_everything_and_again_nothing(self):
        for claim in (CLAIM, "Snow is white", "Łódź is larger than Kraków"):
            self.ok("run", claim, "--mock")
        self.ok("run", CLAIM, "--mock")
        counts, _ = self.imported()
        self.assertEqual(counts, {"samples": (48, 0), "heretix_banks": (1, 0), "heretix_attempts": (48, 0), "heretix_answers": (48, 0),
                                  "heretix_executions": (4, 0), "heretix_execution_samples": (64, 0), "checks": (4, 0)})
        self.assertEqual(self.all_rows(), self.file_rows())
        before = self.all_rows(), self.checks("*")
        counts, told = self.imported()
        self.assertEqual(sum(added for added, _ in counts.values()), 0)
        self.assertEqual((told["problems"], told["notes"]), ([], []))
        self.assertEqual((self.all_rows(), self.checks("*")), before)
        for (run,) in self.checks():
            self.assertTrue(self.json("verify", run, "--database", self.address)["passed"])
        self.ok("run", "One more", "--mock")
        self.assertEqual(self.imported()[0]["checks"], (1, 4))

    def test_import_after_run_with_a_database_adds_nothing(self):
        self.run_claim()
        before = self.all_rows(), self.checks("*")
        counts, _ = self.imported()
        self.assertEqual(sum(added for added, _ in counts.values()), 0)
        self.assertEqual((self.all_rows(), self.checks("*")), before)

    def test_runs_of_other_programs_come_over(self):
        for name, runs, samples, lost in (("newer_columns.sqlite", 6, 192, 0), ("older_seed_schema.sqlite", 11, 243, 2)):
            path = self.folder / name
            shutil.copy(COMPAT / name, path)
            before = path.read_bytes()
            counts, told = self.imported(path)
            self.assertEqual((counts["checks"], counts["samples"]), ((runs, 0), (samples, 0)))
            self.assertEqual(path.read_bytes(), before)
            self.assertEqual([n.split(" ")[0] for n in told["notes"]], [str(lost)] if lost else [])
            self.assertEqual(sum(a for a, _ in self.imported(path)[0].values()), 0)
        listed = self.json("list", "--database", self.address)
        self.assertEqual(len(listed), 17)
        checked = 0
        for run in listed:
            verified = json.loads(self.heretix("verify", run["run_id"], "--database", self.address, "--json").stdout)
            self.assertEqual(verified["differences"], [], run["run_id"])
            checked += bool(verified["recomputed"])
            self.assertIn(run["claim"], self.ok("show", run["run_id"], "--database", self.address))
        self.assertGreaterEqual(checked, 8)
        seeds = {r["run_id"][:24]: r["bootstrap_seed"] for r in listed}
        for name in ("newer_columns.sqlite", "older_seed_schema.sqlite"):
            for run in self.json("list", "--db", self.folder / name):
                if not run.get("bootstrap_seed_lost"):
                    self.assertIn(run["run_id"], " ".join(seeds))

    def change_answers(self, path):
        """Every answer gets the next one's words, as if another day had answered; then the recipe is run again from them."""
        with sqlite3.connect(self.folder / path) as file:
            answers = file.execute("SELECT cache_key, raw_text, raw_sha256, prob_true FROM heretix_answers ORDER BY 1").fetchall()
            logits = dict(file.execute("SELECT cache_key, logit FROM samples"))
            for (key, *_), (other, raw, sha, p) in zip(answers, answers[1:] + answers[:1], strict=True):
                file.execute("UPDATE heretix_answers SET raw_text = ?, raw_sha256 = ?, prob_true = ? WHERE cache_key = ?", (raw, sha, p, key))
                file.execute("UPDATE samples SET prob_true = ?, logit = ? WHERE cache_key = ?", (p, logits[other], key))
            file.execute("DELETE FROM heretix_executions")
            file.execute("DELETE FROM heretix_execution_samples")
        self.ok("run", CLAIM, "--mock", "--db", path)

    def test_two_machines_that_paid_for_one_question_keep_both_answers(self):
        for path in ("one.sqlite", "two.sqlite"):
            self.ok("run", CLAIM, "--mock", "--db", path)
        self.change_answers("two.sqlite")
        for path in ("one.sqlite", "two.sqlite"):
            counts, told = self.imported(path)
            self.assertEqual((counts["heretix_answers"], counts["checks"]), ((16, 0), (1, 0)))
        self.assertGreater(int(told["notes"][0].removesuffix(" questions were also asked elsewhere: the sample that was already there stays, and the raw "
                                                             "answers of both are kept")), 8)
        self.assertEqual(self.rows("SELECT attempt, count(*) FROM heretix_answers GROUP BY 1 ORDER BY 1"), [(1, 16), (2, 16)])
        self.assertEqual(sum(a for path in ("one.sqlite", "two.sqlite") for a, _ in self.imported(path)[0].values()), 0)
        listed = self.json("list", "--database", self.address)
        self.assertEqual(len({r["prob_true_rpl"] for r in listed}), 2)
        for run in listed:
            verified = json.loads(self.heretix("verify", run["run_id"], "--database", self.address, "--json").stdout)
            self.assertEqual((verified["passed"], len(verified["recomputed"])), (True, 3), verified)

    def test_a_row_that_differs_there_is_told_and_left(self):
        self.ok("run", CLAIM, "--mock")
        self.imported()
        self.do("UPDATE heretix_attempts SET provider = 'x' WHERE cache_key = (SELECT min(cache_key) FROM samples)")
        self.do("UPDATE checks SET pqs = 1")
        _, told = self.imported(code=1)
        self.assertEqual(len(told["problems"]), 2)
        self.assertIn("different in provider; it was left as it is", told["problems"][0])
        self.assertIn("different in pqs", told["problems"][1])
        self.assertEqual(self.rows("SELECT pqs FROM checks"), [(1.0,)])

    def test_what_postgres_cannot_hold_is_told_and_the_rest_comes(self):
        shutil.copy(COMPAT / "newer_columns.sqlite", self.folder / "f.sqlite")
        with sqlite3.connect(self.folder / "f.sqlite") as file:
            keys = [k for (k,) in file.execute("SELECT cache_key FROM samples ORDER BY 1 LIMIT 3")]
            file.execute("UPDATE samples SET response_id = CAST(x'610062' AS TEXT) WHERE cache_key = ?", (keys[0],))
            file.execute("UPDATE samples SET response_id = CAST(x'ff' AS TEXT) WHERE cache_key = ?", (keys[1],))
            file.execute("UPDATE samples SET paraphrase_idx = 'many' WHERE cache_key = ?", (keys[2],))
            file.execute("UPDATE runs SET model = ? WHERE rowid = 1", ("m" * 201,))
        counts, told = self.imported("f.sqlite", code=1)
        self.assertEqual((counts["samples"], counts["checks"]), ((189, 0), (5, 0)))
        self.assertEqual(len(told["problems"]), 4)
        for key in keys:
            self.assertEqual(sum(f"samples {key}: left out" in problem for problem in told["problems"]), 1)
        self.assertIn("value too long", told["problems"][3])

    def test_raw_answers_keep_bytes_that_are_no_utf8(self):
        model = self.script("s.json", model="m", rules=[{"paraphrase_idx": 3, "text": "a\tb Łódź"}])
        self.ok("run", CLAIM, "--model", model)
        with sqlite3.connect(self.folder / "runs/mock.sqlite") as file:
            file.execute("UPDATE heretix_answers SET raw_text = CAST(x'ff00fe' AS TEXT) WHERE rowid = (SELECT min(rowid) FROM heretix_answers WHERE usable = 0)")
        self.imported()
        self.assertEqual(self.all_rows()["heretix_answers"], self.file_rows()["heretix_answers"])
        self.assertIn(b"\xff\x00\xfe", [bytes(r[3]) for r in self.all_rows()["heretix_answers"]])

    def test_a_commit_whose_answer_is_lost_neither_doubles_nor_loses(self):
        self.ok("run", CLAIM, "--mock")
        for fates in (["before"], ["after"], ["pass", "before", "after"], ["after"] * 3, ["before", "after"] * 3):
            with self.subTest(fates):
                name = self.new_database()
                self.db_ok("upgrade", address=self.server.address(name))
                proxy = BreakingProxy(self.server.port, fates)
                self.addCleanup(proxy.close)
                self.imported(address=self.server.address(name, port=proxy.port, host="127.0.0.1", sslmode="disable"))
                self.assertEqual(proxy.plan, [], "every break was met")
                self.assertEqual(self.rows("SELECT (SELECT count(*) FROM checks), (SELECT count(*) FROM samples), (SELECT count(*) FROM heretix_answers)",
                                           name=name), [(1, 16, 16)])

    def test_a_database_that_goes_away_after_the_answers_loses_nothing(self):
        proxy = BreakingProxy(self.server.port, ["before"] * 100)
        self.addCleanup(proxy.close)
        address = self.server.address(self.name, port=proxy.port, host="127.0.0.1", sslmode="disable")
        done = self.heretix("run", CLAIM, "--mock", "--database", address)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("the check is kept in runs/mock.sqlite", done.stderr)
        self.assertIn("heretix db import runs/mock.sqlite", done.stderr)
        self.assertEqual(len(self.json("list")), 1)
        self.assertEqual(self.checks(), [])
        self.assertEqual(self.imported()[0]["checks"], (1, 0))

    def test_a_models_name_of_200_characters_is_whole_in_every_store(self):
        name = "accounts/fireworks/models/" + "x" * 174
        model = self.script("s.json", model=name)
        record = self.json("run", CLAIM, "--model", model, "-K", 4, "-R", 1, "--database", self.address)
        self.assertEqual((len(name), record["config"]["model"]), (200, name))
        self.assertEqual(self.checks("model"), [(name,)])
        self.assertEqual({row["model"] for row in self.database().execute("SELECT model FROM runs")}, {name})
        other = self.server.address(self.new_database())
        self.db_ok("upgrade", address=other)
        self.assertEqual(self.imported(address=other)[0]["checks"], (1, 0))
        for where in (["--db", "runs/mock.sqlite"], ["--database", self.address], ["--database", other]):
            run = self.json("list", *where)[0]
            self.assertEqual((run["model"], self.json("verify", run["run_id"], *where)["passed"]), (name, True))
        self.refused(2, "run", CLAIM, "--model", self.script("t.json", model=name + "x"), says="has 201 characters; at most 200 can be stored")

    def test_the_name_that_the_provider_gives_is_kept_whole_too(self):
        name = "org/" + "y" * 60  # with "-scripted" behind it longer than the column was before
        self.json("run", CLAIM, "--model", self.script("s.json", model=name), "-K", 4, "-R", 1, "--database", self.address)
        self.assertEqual(self.checks("provider_model_id"), [(name + "-scripted",)])

    def test_a_downgrade_refuses_to_cut_a_models_name(self):
        for model in ("m" * 64, "m" * 65):
            self.json("run", CLAIM, "--model", self.script("s.json", model=model), "-K", 4, "-R", 1, "--database", self.address)
        self.do("UPDATE checks SET provider_model_id = NULL")
        self.db_ok("downgrade", "--to", FOURTH)
        done = self.refused(2, "db", "downgrade", "--database", self.address, "--yes-destroy",
                            says="1 checks name a model in more than 64 characters, which the revision before cannot hold")
        self.assertIn("nothing was written", done.stderr)
        self.assertEqual((self.current(), sorted(self.checks("length(model)"))), (FOURTH, [(64,), (65,)]))
        self.do("DELETE FROM checks WHERE length(model) > 64")
        self.db_ok("downgrade", "--yes-destroy")
        self.assertEqual((self.current(), self.differences(), self.checks("length(model)")), (THIRD, {}, [(64,)]))

    def test_a_wrong_database_is_told_before_anything_is_asked(self):
        model = self.script("s.json", model="m")
        self.refused(5, "run", CLAIM, "--model", model, "--database", "host=127.0.0.1 port=1", says="Connection refused")
        self.db_ok("downgrade")
        self.refused(2, "run", CLAIM, "--model", model, "--database", self.address, says=(f"is at revision {SIXTH}", "heretix db upgrade"))
        self.refused(2, "run", CLAIM, "--model", model, "--database", "sqlite:///x", says="is not a Postgres address")
        self.assertFalse((self.folder / "runs").exists())

    def test_batch_keeps_every_claim(self):
        (self.folder / "claims.jsonl").write_text('{"claim": "A is B"}\n{"claim": "C is D"}\n')
        self.ok("batch", "claims.jsonl", "--mock", "--database", self.address)
        self.assertEqual(sorted(self.checks("claim")), [("A is B",), ("C is D",)])

    def test_an_execution_that_still_runs_is_left_for_the_next_time(self):
        model = self.script("slow.json", model="m", delay_ms=400, concurrency=1)
        process = subprocess.Popen([PROGRAM, "run", CLAIM, "--fixed", "--model", model], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        path = pathlib.Path(self.folder / "runs/mock.sqlite")
        for _ in range(100):
            if path.exists() and self.database().execute("SELECT count(*) FROM sqlite_master WHERE name = 'samples'").fetchone()[0] \
                    and self.database().execute("SELECT count(*) FROM samples").fetchone()[0]:
                break
            time.sleep(0.05)
        counts, told = self.imported()
        self.assertEqual(counts["heretix_executions"], (0, 0))
        self.assertIn("1 executions are still running", told["notes"][0])
        self.assertEqual(process.wait(60), 0)
        counts, told = self.imported()
        self.assertEqual((counts["heretix_executions"], counts["checks"], told["problems"]), ((1, 0), (1, 0), []))
        self.assertTrue(self.json("verify", self.checks()[0][0], "--database", self.address)["passed"])


if __name__ == "__main__":
    unittest.main()
