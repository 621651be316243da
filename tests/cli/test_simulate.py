"""heretix simulate: short versions of the studies of docs/statistics.md, and that they see constants that are too small."""
import re

from heretix import SOURCE, ProgramTest


class Simulate(ProgramTest):
    def test_the_honest_interval_covers_and_two_percent_less_would_not(self):
        whole = self.json("simulate", "coverage", "--draws", 40000)
        self.assertEqual(len(whole["rows"]), 144)
        self.assertTrue(whole["holds"])
        done = self.heretix("simulate", "coverage", "--draws", 40000, "--scale", 0.98)
        self.assertEqual(done.returncode, 1)
        self.assertIn("BROKEN", done.stdout)

    def test_ladder_drift_calibration_and_coherence_keep_their_promises(self):
        for study, draws in (("stopping", 4000), ("drift", 300), ("calibration", 1000), ("coherence", 4000)):
            with self.subTest(study):
                found = self.json("simulate", study, "--draws", draws)
                self.assertTrue(found["holds"], [r for r in found["rows"] if not r["holds"]])

    def test_the_interval_of_a_decision_covers_at_each_step(self):
        found = self.json("simulate", "decisions", "--draws", 2000)
        self.assertEqual(len(found["rows"]), 96)
        self.assertTrue(found["holds"], [r for r in found["rows"] if not r["holds"]])
        self.assertEqual({r["row"]["rounding"] for r in found["rows"]}, {"none", "0.001", "0.01", "0.05", "0.1", "within [0.01, 0.99]"})
        shrunk = self.heretix("simulate", "decisions", "--draws", 2000, "--scale", 0.9)
        self.assertEqual(shrunk.returncode, 1)

    def test_the_interval_of_belief_v2_covers_over_its_scenarios(self):
        found = self.json("simulate", "belief", "--draws", 600)
        self.assertEqual(len(found["rows"]), 2400)
        self.assertTrue(found["holds"], sorted(r["judged"] for r in found["rows"])[:30])
        self.assertEqual({r["row"]["rounding"] for r in found["rows"]}, {"0.01", "0.05", "0.1"})
        self.assertEqual({r["row"]["zeros and ones"] for r in found["rows"]}, {"none", "up to 5 %", "5 to 10 %"})
        shrunk = self.heretix("simulate", "belief", "--draws", 600, "--scale", 0.9)
        self.assertEqual(shrunk.returncode, 1)
        self.assertIn("BROKEN", shrunk.stdout)

    def test_a_coarse_step_that_a_run_cannot_see_is_missed_and_the_table_says_so(self):
        rows = [r["row"] for r in self.json("simulate", "decisions", "--draws", 500)["rows"]]
        hidden = [r for r in rows if (r["rounding"], r["belief"], r["spread"]) == ("0.1", "2 to 5", "0.05 to 0.2")]
        self.assertTrue(all(float(r["holds"].split()[0]) < 80 < 97 < float(r["step known"].split()[0]) for r in hidden), hidden)

    def test_what_is_there_to_be_seen_is_seen(self):
        rows = {r["row"]["shift (s.d.)"]: r["judged"] for r in self.json("simulate", "drift", "--draws", 200)["rows"]
                if r["row"]["law"] == "normal" and r["row"]["baseline runs"] == "20"}
        self.assertLess(rows["3"], 20)
        self.assertLess(rows["2"], 40)
        self.assertGreater(rows["0"], 360)
        over = [r["judged"] for r in self.json("simulate", "calibration", "--draws", 300)["rows"] if r["row"]["slope of truth"] == "0.5"]
        self.assertGreater(min(over), 0.9)

    def test_the_seed_decides_and_threads_do_not(self):
        one = self.json("simulate", "coherence", "--draws", 500)
        self.assertEqual(one, self.json("simulate", "coherence", "--draws", 500))
        self.assertNotEqual(one["rows"], self.json("simulate", "coherence", "--draws", 500, "--seed", 1)["rows"])

    def test_the_published_tables_are_these_studies(self):
        text = (SOURCE / "docs/statistics.md").read_text()
        for study in ("coverage", "belief", "stopping", "drift", "calibration", "coherence", "decisions"):
            self.assertIn(f"## {study}", text)
        self.assertEqual(len(re.findall(r"\*\*Kept\*\*", text)), 7)
        coherence = self.ok("simulate", "coherence", "--markdown")
        self.assertIn(coherence.strip(), text, "make stats writes the tables anew")

    def test_bad_input_is_named(self):
        self.refused(2, "simulate", "astrology", says=["there is no study 'astrology'", "coverage, belief, stopping"])
        self.refused(2, "simulate", "coverage", "--draws", 0, says="--draws is 0")
        self.refused(2, "simulate", "coverage", "--scale", 0, says="--scale is 0")
        self.refused(2, "simulate", "coverage", "--seed", "x", says="--seed is 'x'")
