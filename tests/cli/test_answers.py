"""How answers are read: the version of the rules, labels against numbers, and records of earlier rules."""
import json
import shutil
import unittest

from heretix import SOURCE, ProgramTest

OLD = SOURCE / "tests/cli"
CLAIM = "https://example.com is a web page"
# Of old_rules_store.sqlite, made by the build of 2026-11-28 with: run CLAIM --model scripted:old_rules.json -K 16 -R 1 -B 200 --seed 7
OLD_VALUES = {0: 0.9, 2: 0.4, 3: 0.8, 4: 0.3, 6: 0.25}  # by wording; 1 and 5 were refused, the others said 0.35
NEW_VALUES = {1: 0.4, 4: 0.3, 5: 0.2, 6: 0.25}          # 0, 2 and 3 are refused


class EarlierRules(ProgramTest):
    def setUp(self):
        super().setUp()
        (self.folder / "runs").mkdir()
        shutil.copy(OLD / "old_rules_store.sqlite", self.folder / "runs/mock.sqlite")
        shutil.copy(OLD / "old_rules.json", self.folder)
        self.run_id = self.json("list")[0]["run_id"]

    def again(self):
        return self.json("run", CLAIM, "--model", "scripted:old_rules.json", "-K", 16, "-R", 1, "-B", 200, "--seed", 7)

    def values(self, record):
        by_wording = {t["paraphrase_idx"]: t["prob_true"] for t in record["templates"]}
        return {wording: said[0] for wording, said in by_wording.items() if said and said[0] != 0.35}

    def test_a_record_is_verified_by_the_rules_that_it_was_measured_under(self):
        self.ok("verify", self.run_id)
        record = self.json("show", self.run_id)
        self.assertNotIn("answer_rules", record["execution"])
        self.assertNotIn("labels", record)
        self.assertEqual(self.values(record), OLD_VALUES)
        shown = self.json("answers", self.run_id)
        self.assertEqual(sum(a["usable"] for a in shown), 14)

    def test_the_same_command_reads_the_stored_texts_anew_and_asks_nothing(self):
        old = self.json("show", self.run_id)["execution"]["execution_id"]
        record = self.again()
        self.assertEqual((record["execution"]["attempts"], record["execution"]["answer_rules"]), (0, 2))
        self.assertEqual(self.values(record), NEW_VALUES)
        labels = record["labels"]
        self.assertEqual((labels["judged"], labels["contradicting"]), (10, 1))
        self.assertEqual([w["paraphrase_idx"] for w in labels["wordings"] if w["contradicting"]], [4])
        self.ok("verify", record["run_id"])
        self.ok("verify", old)  # the earlier execution, by its own rules

    def test_verify_still_sees_what_no_rules_say(self):
        record = self.again()
        store = self.database()
        for change in ("UPDATE heretix_answers SET reason = 'refused', usable = 0 WHERE prob_true = 0.35 AND rowid = (SELECT min(rowid) FROM heretix_answers WHERE prob_true = 0.35)",
                       "UPDATE heretix_answers SET prob_true = 0.36 WHERE prob_true = 0.25"):
            with self.subTest(change=change):
                with store:
                    store.execute(change)
                done = self.heretix("verify", record["run_id"])
                self.assertEqual(done.returncode, 1)
                self.assertIn("recomputed", done.stdout + done.stderr)

    def test_rules_that_are_not_known_are_named(self):
        record = self.again()
        store = self.database()
        with store:
            store.execute("UPDATE heretix_executions SET record_json = replace(record_json, '\"answer_rules\":2', '\"answer_rules\":3') WHERE execution_id = ?",
                          (record["execution"]["execution_id"],))
            self.assertEqual(store.execute("SELECT changes()").fetchone()[0], 1)
        done = self.heretix("show", record["run_id"])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("were read by rules 3; this program knows rules up to 2", done.stderr)


class Labels(ProgramTest):
    plan = ("-K", "8", "-R", "1")

    def measured(self, *labels):
        rules = [{"paraphrase_idx": i, "text": json.dumps({"belief": {"prob_true": 0.9} | ({"label": label} if label else {})})}
                 for i, label in enumerate(labels)]
        return self.heretix("run", "Snow is white", "--model", self.script(name="labels.json", rules=rules), "--json", "-T", "16", "-K", "16", "-R", "1")

    def test_answers_that_contradict_their_label_fail_a_gate_of_its_own(self):
        record = json.loads(self.measured(*["very_unlikely"] * 2, *["very_likely"] * 14).stdout)
        gate = record["gates"][3]
        self.assertEqual((gate["name"], gate["passed"], gate["observed"], gate["limit"]), ("labels", False, 0.125, 0.1))
        self.assertEqual(gate["detail"], "2 of 16 answers contradict their own label, from the wordings 1, 2")
        self.assertEqual((record["labels"]["judged"], record["labels"]["share"]), (16, 0.125))
        self.assertEqual(record["usable"], 16)
        told = self.ok("show", record["run_id"])
        self.assertIn("2 of 16 answers contradict their own label, from the wordings 1, 2", told)
        self.assertIn("its label contradicts its number", self.ok("answers", record["run_id"]))
        self.assertEqual(sum(a.get("note") == "contradicts_label" for a in self.json("answers", record["run_id"])), 2)
        self.ok("report", record["run_id"], "-o", "report.html")
        self.assertIn("its label contradicts it", (self.folder / "report.html").read_text())
        self.ok("verify", record["run_id"])

    def test_the_quality_score_does_not_know_it(self):
        contradicting = json.loads(self.measured(*["very_unlikely"] * 16).stdout)
        silent = json.loads(self.measured(*[None] * 16).stdout)
        self.assertEqual(contradicting["pqs"], silent["pqs"])
        self.assertNotIn("labels", silent)
        self.assertEqual(len(silent["gates"]), 3)

    def test_strict_fails_for_it(self):
        self.measured(*["very_unlikely"] * 16)
        rules = [{"text": json.dumps({"belief": {"prob_true": 0.9, "label": "unlikely"}})}]
        done = self.heretix("run", "Snow is white", "--model", self.script(rules=rules), "--strict", "-K", "16", "-R", "1")
        self.assertEqual(done.returncode, 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
