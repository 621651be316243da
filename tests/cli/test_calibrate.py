"""heretix calibrate: the open labelled claims, and certificates of models whose calibration is known."""
import collections
import csv
import json
import re
import unittest

from heretix import SOURCE, ProgramTest

STOP = set("the a an of is in to and was by on for that with at its it are as has".split())


def words(claim):
    return set(re.findall(r"\w+", claim.lower())) - STOP


def near(a, b):
    return len(words(a) & words(b)) / len(words(a) | words(b))


class LabelledClaims(unittest.TestCase):
    with open(SOURCE / "data/labelled_claims.csv", newline="") as file:
        rows = list(csv.DictReader(file))

    def test_ten_fields_of_thirty_balanced_on_three_levels(self):
        self.assertGreaterEqual(len(self.rows), 300)
        for field, count in collections.Counter(r["field"] for r in self.rows).items():
            self.assertEqual(count, 30, field)
        self.assertGreaterEqual(len({r["field"] for r in self.rows}), 10)
        self.assertEqual(set(collections.Counter((r["field"], r["level"], r["label"]) for r in self.rows).values()), {5})

    def test_every_claim_has_its_source_with_year_and_place(self):
        for row in self.rows:
            self.assertTrue(row["source"] and row["place"], row)
            self.assertRegex(row["year"], r"^1[5-9]\d\d$|^20[0-2]\d$")

    def test_none_is_nearly_another(self):
        claims = [r["claim"] for r in self.rows]
        pairs = [(a, b) for i, a in enumerate(claims) for b in claims[:i] if near(a, b) >= 0.5]
        self.assertEqual(pairs, [])
        self.assertGreaterEqual(near("The capital of Canada is Toronto", "Canada has Toronto as its capital"), 0.5, "the measure sees one")

    def test_false_claims_are_no_mere_negations(self):
        for row in self.rows:
            if row["label"] == "false":
                self.assertFalse({"not", "no", "never", "none", "cannot", "without"} & set(row["claim"].lower().split()), row["claim"])


class Calibrate(ProgramTest):
    def labels(self, count=40):
        (self.folder / "labels.csv").write_text("claim,label,field,level\n" + "".join(
            f"Claim number {i:03d},{'true' if i % 4 else 'false'},{'even' if i % 2 == 0 else 'odd'},{i % 3 + 1}\n" for i in range(count)))
        return "labels.csv"

    def model(self, p_true, p_false, count=40, name="m"):
        return self.script(f"{name}.json", model=name, rules=[
            {"user_contains": f"Claim number {i:03d}", "prob_true": p_true if i % 4 else p_false} for i in range(count)])

    def test_a_model_that_knows_and_one_that_boasts(self):
        good = self.json("calibrate", self.labels(), "--model", self.model(0.99, 0.01))
        self.assertEqual((good["format"], good["judged"], good["labels"]), ("heretix_calibration", 40, 40))
        self.assertAlmostEqual(good["scores"]["brier"], 0.0001, 6)
        self.assertEqual(good["right"], 1.0)
        wrong = self.json("calibrate", "labels.csv", "--model", self.model(0.9, 0.95, name="n"))
        self.assertLess(wrong["z_p_value"], 0.05)
        self.assertLess(wrong["recalibrated"]["brier"], wrong["scores"]["brier"])
        self.assertEqual({g["group"] for g in wrong["groups"]}, {"field even", "field odd", "level 1", "level 2", "level 3"})
        self.assertIn("Miscalibrated", self.ok("calibrate", "labels.csv", "--model", self.model(0.9, 0.95, name="n"), "-o", "c.html"))
        self.assertIn("<polyline", (self.folder / "c.html").read_text())

    def test_each_claim_is_asked_in_eight_templates_and_once(self):
        model = self.model(0.9, 0.2)
        self.ok("calibrate", self.labels(12), "--model", model, "-q")
        self.assertEqual(self.database().execute("SELECT count(*) FROM heretix_answers").fetchone()[0], 96)
        self.ok("calibrate", "labels.csv", "--model", model, "-q")
        self.assertEqual(self.database().execute("SELECT count(*) FROM heretix_answers").fetchone()[0], 96)

    def test_a_run_says_how_often_a_certified_model_was_right(self):
        model = self.model(0.9, 0.7)  # 30 of 40 claims are true, and all are called so
        claim = "Claim number 001"
        self.assertNotIn("labelled claims", self.ok("run", claim, "--model", model))
        self.ok("calibrate", self.labels(), "--model", model, "-q")
        line = "right on 30 of 40 labelled claims"
        self.assertIn(line + "\n", self.ok("run", claim, "--model", model))
        self.assertIn(line, self.ok("show", "last"))
        self.assertNotIn("labelled claims", self.ok("run", claim, "--model", self.model(0.9, 0.7, name="other")))

        # The newest counts, and says which claims it is about: of level 2 are 1, 4, …, 37, of which 4, 16 and 28 are false.
        self.ok("calibrate", "labels.csv", "--model", model, "--level", 2, "-q")
        self.assertIn("right on 10 of 13 labelled claims of level 2\n", self.ok("run", claim, "--model", model))
        self.ok("calibrate", "labels.csv", "--model", model, "--field", "even", "-q")
        self.assertIn("right on 10 of 20 labelled claims in even\n", self.ok("run", claim, "--model", model))
        several = self.ok("run", claim, "--model", model, "--model", self.model(0.9, 0.7, name="other"))
        self.assertEqual(several.count("labelled claims"), 1)
        self.assertEqual(self.database().execute("SELECT count(*) FROM heretix_certificates").fetchone()[0], 3)

    def test_a_store_of_an_earlier_build_is_read_as_it_is(self):
        model = self.model(0.9, 0.2)
        self.ok("run", "Claim number 001", "--model", model)
        with self.database() as store:
            store.execute("DROP TABLE heretix_certificates")
            store.execute("DROP TABLE heretix_decisions")
            store.execute("UPDATE heretix_meta SET value = '5' WHERE key = 'schema'")
        self.assertNotIn("labelled claims", self.ok("show", "last"))
        self.ok("calibrate", self.labels(), "--model", model, "-q")
        self.assertIn("right on 40 of 40 labelled claims", self.ok("show", "last"))

    def test_several_models_are_not_ranked_by_a_few_labels(self):
        text = self.ok("calibrate", self.labels(), "--model", self.model(0.9, 0.2, name="a"), "--model", self.model(0.8, 0.3, name="b"))
        self.assertIn("Not ranked: fewer than 200 labels", text)

    def test_the_map_is_applied_only_when_asked_for_and_disclosed(self):
        model = self.model(0.9, 0.8)
        (self.folder / "cert.json").write_text(self.ok("calibrate", self.labels(), "--model", model, "--json"))
        plain = self.json("run", "Claim number 001", "--model", model)
        self.assertNotIn("recalibrated", plain)
        mapped = self.json("run", "Claim number 001", "--model", model, "--recalibrate", "cert.json")
        self.assertEqual(mapped["estimate"], plain["estimate"])
        self.assertEqual((mapped["recalibrated"]["labels"], mapped["recalibrated"]["p"]), (40, 0.995))
        text = self.ok("show", mapped["run_id"], "--recalibrate", "cert.json")
        self.assertIn("recalibrated: p = 0.99", text)
        self.assertIn("40 labels", text)
        self.assertIn("equal to what is stored", self.ok("verify", mapped["run_id"]))
        self.refused(2, "run", "Claim number 001", "--mock", "--recalibrate", "cert.json", says="is for m, not for mock")
        (self.folder / "bad.json").write_text("{}")
        self.refused(2, "run", "Claim number 001", "--model", model, "--recalibrate", "bad.json", says="not a certificate")
        self.refused(3, "run", "Claim number 001", "--model", model, "--recalibrate", "none.json", says="cannot read the certificate")

    def test_the_installed_claims_by_field_and_level(self):
        found = self.json("calibrate", "--mock", "--field", "history", "--level", "1", "-q")
        self.assertEqual(found["labels"], 10)

    def test_a_claim_without_answers_is_left_out(self):
        rules = [{"user_contains": "number 003", "text": "no idea"}, {"prob_true": 0.7}]
        done = self.heretix("calibrate", self.labels(12), "--model", self.script(model="m", rules=rules), "--json")
        found = json.loads(done.stdout)
        self.assertEqual((found["judged"], found["labels"]), (11, 12))
        self.assertIn("Claim number 003: 0 of 8 answers are usable", done.stderr)

    def test_bad_files_are_named_by_line(self):
        for text, says in (("claim\nx\n", 'there is no column "label" in f.csv; it has: claim'), ("claim,label\nx,maybe\n", ["f.csv:2", "'maybe' is neither"]),
                           ("claim,label\nx,true\nx,false\n", ["f.csv:3", "twice"]), ("claim,label\n,true\n", ["f.csv:2", "empty"]),
                           ("claim,label\nx,true\ny,true\n", "all labels are the same")):
            (self.folder / "f.csv").write_text(text)
            self.refused(2, "calibrate", "f.csv", "--mock", "-q", says=says)
        self.refused(3, "calibrate", "none.csv", "--mock", says="cannot read none.csv")
        self.refused(2, "calibrate", "--mock", "--field", "astrology", says="no labelled claim")
