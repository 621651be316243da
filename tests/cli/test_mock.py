"""Mock numbers never pass as a model's: their own store, the mark, and what leaves them out."""
import hashlib
import json
import sqlite3

from heretix import ProgramTest

CLAIM = "Bees dance"
NOTICE = "MOCK NUMBERS: a script answered in the model's place; no model was asked."
USUAL, MOCK = "runs/heretix.sqlite", "runs/mock.sqlite"


class MockTest(ProgramTest):
    plan = ("-K", "8", "-R", "1")

    def mock(self, claim=CLAIM, *arguments, **more):
        return self.json("run", claim, "--mock", "--model", "openai/gpt-5", *arguments, **more)

    def as_measured(self, path, run_id=None):
        """Makes the runs of that store those of a model, as far as lists and comparisons look at them."""
        with sqlite3.connect(self.folder / path) as file:
            for table, columns in (("runs", ("config_json",)), ("heretix_executions", ("mode", "config_json"))):
                for column in columns:
                    file.execute(f"UPDATE {table} SET {column} = replace({column}, 'MOCK', 'LIVE')" + (" WHERE run_id = ?" if run_id else ""),
                                 (run_id,) if run_id else ())
        file.close()

    def both_kinds(self):
        """A store that holds one run of a model and two mock runs; the ids of the first and of the others."""
        path = "both.sqlite"
        measured = self.mock("Snow is white", "--db", path)["run_id"]
        self.as_measured(path)
        mock = [self.mock(claim, "--db", path)["run_id"] for claim in ("Grass is green", "Water is wet")]
        return path, measured, mock


class Store(MockTest):
    def test_mock_runs_go_to_a_store_of_their_own(self):
        done = self.heretix("run", CLAIM, "--mock")
        self.assertIn(f"stored in {MOCK} as", done.stderr)
        self.assertIn("next: heretix report --mock heretix-rpl-", done.stderr)
        self.assertTrue((self.folder / MOCK).exists())
        self.assertFalse((self.folder / USUAL).exists())

    def test_a_scripted_model_and_every_way_to_ask_for_mock_goes_there(self):
        (self.folder / "c.yaml").write_text(f"claim: {CLAIM}\nmock: true\nK: 8\nR: 1\n")
        (self.folder / "s.yaml").write_text(f"claim: {CLAIM}\nmodel: {self.script()}\nK: 8\nR: 1\n")
        (self.folder / "claims.jsonl").write_text('{"claim": "A is B", "mock": true, "K": 8, "R": 1}\n')
        for arguments, more in ((["run", CLAIM, "--model", self.script()], {}), (["run", CLAIM], {"HERETIX_MOCK": "1"}), (["run", "--config", "c.yaml"], {}),
                                (["run", "--config", "s.yaml"], {}), (["batch", "claims.jsonl"], {}), (["coherence", "Snow is white", "--mock"], {}),
                                (["readouts", CLAIM, "--mock"], {}), (["probe", self.script(model="p")], {})):
            with self.subTest(arguments):
                (self.folder / MOCK).unlink(missing_ok=True)
                self.ok(*arguments, **more)
                self.assertTrue((self.folder / MOCK).exists())
                self.assertFalse((self.folder / USUAL).exists())

    def test_a_store_that_is_named_is_used_as_it_is_named(self):
        (self.folder / "c.yaml").write_text(f"claim: {CLAIM}\nmock: true\ndb: three.sqlite\nK: 8\nR: 1\n")
        self.mock(CLAIM, "--db", "one.sqlite")
        self.mock(CLAIM, HERETIX_DB="two.sqlite")
        self.ok("run", "--config", "c.yaml")
        for name in ("one", "two", "three"):
            self.assertEqual(len(self.json("list", "--db", f"{name}.sqlite")), 1)
        self.assertFalse((self.folder / "runs").exists())

    def test_a_run_is_found_there_by_every_command_that_names_one(self):
        run = self.mock()["run_id"]
        other = self.mock("Snow is white")["run_id"]
        self.mock("Not this one", "--db", USUAL)  # so that the usual store is there
        for arguments in (["show", run], ["show", run[:20]], ["verify", run], ["answers", run], ["report", run, "--text"], ["variance", run], ["compare", run, other],
                          ["show", "--mock", "last"], ["list", "--mock"], ["costs", "--mock"], ["compare", "--mock", "model=openai/gpt-5", "model=openai/gpt-5"]):
            with self.subTest(arguments):
                self.ok(*arguments)
        self.assertEqual({r["run_id"] for r in self.json("list", "--mock")}, {run, other})
        self.assertNotIn(run, self.ok("list"))
        self.refused(3, "show", run, "--mock=false", says="there is no run")
        self.refused(3, "show", run, "--db", USUAL, says="there is no run")
        self.refused(3, "compare", run, "heretix-rpl-000000000000", says="there is no run")

    def test_where_there_is_no_other_store_it_is_read_with_a_note(self):
        run = self.mock()["run_id"]
        done = self.heretix("list")
        self.assertIn(run, done.stdout)
        self.assertIn(f"there are only mock runs so far, in {MOCK}", done.stderr)
        self.assertIn(CLAIM, self.ok("show", "last"))

    def test_models_of_both_kinds_go_to_their_stores(self):
        """The real one is the embedded model, or fails before it is asked where that is not built."""
        done = self.heretix("run", CLAIM, "--model", self.script(model="play"), "--model", "local", "-q")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"stored in {MOCK} as", done.stderr)
        self.assertIn(f"stored in {USUAL} as", done.stderr)
        self.assertIn("Some of these are MOCK NUMBERS", done.stdout)
        self.assertIn("play (mock)", done.stdout)
        self.assertEqual([r["mock"] for r in self.json("list")], [False])
        self.assertEqual([r["mock"] for r in self.json("list", "--mock")], [True])
        self.assertEqual(done.stderr.count("next: heretix report"), 2)

    def test_advice_reads_the_store_that_was_used(self):
        done = self.heretix("run", CLAIM, "--model", self.script(rules=[{"paraphrase_idx": i, "prob_true": 0.9 if i % 2 else 0.1} for i in range(16)]))
        self.assertIn("heretix report --mock heretix-rpl-", done.stdout)


class Mark(MockTest):
    def test_every_screen_is_marked(self):
        run = self.mock()["run_id"]
        other = self.mock("Snow is white")["run_id"]
        (self.folder / "watch.csv").write_text("claim\nSnow is white\n")
        self.ok("drift", "baseline", "watch.csv", "--mock", "-q")
        for arguments in (["run", CLAIM, "--mock"], ["show", run], ["show", run, "--verbose"], ["answers", run], ["report", run, "--text"], ["verify", run], ["variance", run],
                          ["compare", run, other], ["coherence", "Snow is white", "--mock"], ["readouts", CLAIM, "--mock"], ["drift", "show", "watch.csv", "--mock"],
                          ["probe", self.script(model="p")], ["run", CLAIM, "--mock", "--model", "a", "--model", "b"]):
            with self.subTest(arguments):
                self.assertIn(NOTICE, self.ok(*arguments))
        self.assertIn("openai/gpt-5 (mock)", self.ok("show", run))
        self.assertRegex(self.ok("show", run), r"p = 0\.\d\d.*\(mock\)")
        self.assertIn("openai/gpt-5 (mock)", self.ok("costs", "--mock"))
        self.assertIn("(MOCK)", self.ok("describe", CLAIM, "--mock"))

    def test_every_line_of_a_list_and_of_a_batch_is_marked(self):
        long = "accounts/somebody/models/" + "x" * 60
        self.mock()
        self.ok("run", CLAIM, "--mock", "--model", long)
        lines = self.ok("list").splitlines()[1:]
        self.assertEqual([" (mock) " in line for line in lines], [True, True])
        (self.folder / "claims.jsonl").write_text('{"claim": "A is B"}\n{"claim": "C is D"}\n')
        rows = self.ok("batch", "claims.jsonl", "--mock", "-K", 8, "-R", 1).splitlines()[1:]
        self.assertEqual([" (mock) " in row for row in rows], [True, True])

    def test_every_json_says_it(self):
        run = self.mock()["run_id"]
        other = self.mock("Snow is white")["run_id"]
        for arguments in (["run", CLAIM, "--mock"], ["show", run], ["verify", run], ["variance", run], ["compare", run, other], ["coherence", "Snow is white", "--mock"],
                          ["readouts", CLAIM, "--mock"], ["probe", self.script(model="p")], ["report", run]):
            with self.subTest(arguments):
                self.assertIs(self.json(*arguments)["mock"], True)
        for arguments in (["list"], ["answers", run]):
            self.assertEqual({one["mock"] for one in self.json(*arguments)}, {True})
        artifact = json.loads(next((self.folder / "runs/artifacts").glob("*.json")).read_text())
        self.assertIs(artifact["mock"], True)

    def test_every_page_says_it(self):
        run = self.mock()["run_id"]
        other = self.mock("Snow is white")["run_id"]
        for arguments in (["report", run], ["report", run, other], ["compare", run, other], ["variance", run]):
            with self.subTest(arguments):
                self.ok(*arguments, "-o", "page.html")
                page = (self.folder / "page.html").read_text()
                self.assertIn("MOCK NUMBERS: a script answered", page)
                self.assertIn("<title>(mock) ", page)
        self.ok("report", run, "-o", "page.html")
        self.assertIn("openai/gpt-5 (mock)", (self.folder / "page.html").read_text())

    def test_a_record_of_an_earlier_build_is_marked_when_it_is_shown_and_verifies(self):
        run = self.mock()["run_id"]
        with sqlite3.connect(self.folder / MOCK) as file:
            (text,) = file.execute("SELECT record_json FROM heretix_executions").fetchone()
            earlier = text.replace('"mock":true,', "")
            self.assertNotEqual(earlier, text)
            file.execute("UPDATE heretix_executions SET record_json = ?, record_sha256 = ?", (earlier, hashlib.sha256(earlier.encode()).hexdigest()))
        file.close()
        self.assertIs(self.json("show", run)["mock"], True)
        self.assertTrue(self.json("verify", run)["passed"])

    def test_a_measurement_is_not_marked(self):
        run = self.json("run", CLAIM, "--model", "local", "-q")
        self.assertNotIn("mock", run)
        self.assertNotIn("mock", (self.ok("show", run["run_id"]) + self.ok("list") + self.ok("report", run["run_id"], "-o", "-")).lower())


class LeftOut(MockTest):
    def test_the_list_of_a_store_of_both_kinds_leaves_mock_runs_out_and_says_so(self):
        path, measured, mock = self.both_kinds()
        done = self.heretix("list", "--db", path)
        self.assertIn(measured, done.stdout)
        self.assertFalse(any(run in done.stdout for run in mock))
        self.assertIn(f"2 mock runs are left out: heretix list --db {path} --mock", done.stderr)
        self.assertEqual([r["run_id"] for r in self.json("list", "--db", path)], [measured])
        self.assertEqual({r["run_id"] for r in self.json("list", "--db", path, "--mock")}, set(mock))
        self.assertEqual(self.json("show", "last", "--db", path)["run_id"], measured)
        self.assertEqual(self.json("list", "--db", path, "--claim", "grass"), [])
        for run in mock:
            self.assertIn(NOTICE, self.ok("show", run, "--db", path))

    def test_an_unfinished_run_of_a_model_counts_as_a_measurement(self):
        self.mock(CLAIM, "--db", "x.sqlite")
        failed = self.script("f.json", model="m", rules=[{"fail": "bad_key"}])
        self.heretix("run", "Snow is white", "--model", failed, "--db", "x.sqlite")
        self.assertEqual(len(self.json("list", "--db", "x.sqlite")), 2)
        with sqlite3.connect(self.folder / "x.sqlite") as file:
            file.execute("UPDATE heretix_executions SET mode = 'LIVE' WHERE status = 'failed'")
        file.close()
        self.assertEqual([r["status"] for r in self.json("list", "--db", "x.sqlite")], ["failed"])

    def test_a_claim_that_speaks_of_mock_is_none(self):
        self.mock('A claim with "mode":"MOCK" in it', "--db", "x.sqlite")
        self.as_measured("x.sqlite")
        with sqlite3.connect(self.folder / "x.sqlite") as file:  # the claim itself said MOCK, too
            file.execute("UPDATE runs SET config_json = replace(config_json, 'with \\\"mode\\\":\\\"LIVE\\\"', 'with \\\"mode\\\":\\\"MOCK\\\"')")
        file.close()
        self.assertEqual([r["mock"] for r in self.json("list", "--db", "x.sqlite")], [False])

    def test_compare_leaves_mock_runs_out(self):
        path, measured, mock = self.both_kinds()
        # The newest run of a model of each claim; the mock runs of the same model are no sides.
        done = self.refused(3, "compare", "model=openai/gpt-5", "model=another", "--db", path)
        self.assertIn(f"2 mock runs are left out: heretix compare --db {path} A B --mock", done.stderr)
        self.refused(2, "compare", measured, mock[0], "--db", path, says=f"{mock[0]} is a mock run")
        self.refused(2, "compare", *mock, "--db", path, says="mock runs are left out in a store that also holds measurements")
        self.refused(2, "compare", measured, mock[0], "--db", path, "--mock", says=f"{measured} is a model's")
        self.assertIs(self.json("compare", *mock, "--db", path, "--mock")["mock"], True)

    def test_calibrate_gives_no_certificate_to_a_mock_beside_a_model(self):
        path, _, _ = self.both_kinds()
        self.refused(2, "calibrate", "--mock", "--level", 1, "--db", path, says=("1 mock model is left out", "also holds measurements", "leave --db out"))
        made = self.json("calibrate", "--mock", "--level", 1)
        self.assertIs(made["mock"], True)
        self.assertIn("mock (mock)", self.ok("calibrate", "--mock", "--level", 1))

    def test_a_mock_certificate_is_no_map_for_a_model(self):
        (self.folder / "made.json").write_text(self.ok("calibrate", "--mock", "--model", "local", "--level", 1, "--json"))
        text = (self.folder / "made.json").read_text()
        name = self.json("describe", CLAIM, "--model", "local")["config"]["model"]
        (self.folder / "made.json").write_text(text.replace('"model": "local"', f'"model": "{name}"'))
        self.refused(2, "run", CLAIM, "--model", "local", "--recalibrate", "made.json", says="the certificate was made of mock numbers")
        self.assertFalse((self.folder / USUAL).exists())

    def test_a_watch_of_a_model_takes_no_mock_check(self):
        (self.folder / "watch.csv").write_text("claim\nSnow is white\n")
        plan = ("watch.csv", "-K", 3, "-R", 1, "-B", 50, "--db", "x.sqlite", "-q")
        model = self.json("drift", "baseline", *plan, "--model", "local")["model"]
        self.refused(2, "drift", "check", *plan, "--mock", "--model", model, says=f"belongs to {model}, not to {model} (mock)")
        self.assertEqual(self.json("drift", "show", "watch.csv", "--db", "x.sqlite")["sentinels"][0]["checks"], 0)
