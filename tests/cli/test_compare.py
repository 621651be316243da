"""heretix compare: differences that are there, that are not, and that nobody can tell."""
import random

from heretix import ProgramTest

CLAIMS = ["Snow is white", "Grass is green", "Water is wet"]


class Compare(ProgramTest):
    def model(self, name, shift, seed=1, spread=0.02):
        noise = random.Random(f"{name}{seed}")
        return self.script(f"{name}.json", model=name, rules=[
            {"paraphrase_idx": i, "prob_true": round(0.3 + 0.025 * i + shift + noise.uniform(-spread, spread), 4)} for i in range(16)])

    def measure(self, claim, model, *arguments):
        return self.json("run", claim, "--model", model, "-K", 16, "-R", 1, *arguments)["execution"]["execution_id"]

    def test_a_difference_that_is_there(self):
        a, b = (self.measure(CLAIMS[0], self.model(n, s)) for n, s in (("a", 0.1), ("b", 0.0)))
        found = self.json("compare", a, b)
        self.assertEqual((found["format"], found["finding"]), ("heretix_comparison", "higher"))
        low, high = found["logit"]["ci"]
        self.assertTrue(0.2 < low < found["logit"]["centre"] < high < 0.7, found["logit"])
        self.assertEqual(found["p_value"], 2 / 2 ** 16)
        self.assertEqual(self.json("compare", b, a)["finding"], "lower")
        self.assertEqual(self.heretix("compare", a, b, "--strict").returncode, 1)

    def test_none_and_nobody_knows(self):
        a, same = self.measure(CLAIMS[0], self.model("a", 0.0)), self.measure(CLAIMS[0], self.model("c", 0.0))
        self.assertEqual(self.json("compare", a, same)["finding"], "same")
        wild = self.measure(CLAIMS[0], self.script("w.json", model="w", rules=[{"paraphrase_idx": i, "prob_true": 0.9 if i % 2 else 0.1} for i in range(16)]))
        self.assertEqual(self.json("compare", a, wild)["finding"], "inconclusive")
        self.assertIn("It is inconclusive", self.ok("compare", a, wild))
        self.assertEqual(self.heretix("compare", a, wild, "--strict").returncode, 0)

    def test_over_claims_the_claim_is_the_unit(self):
        for i, claim in enumerate(CLAIMS):
            self.measure(claim, self.model("a", 0.1, i))
            self.measure(claim, self.model("b", 0.0, i))
        found = self.json("compare", "model=a", "model=b")
        self.assertEqual(sorted(c["claim_a"] for c in found["claims"]), sorted(CLAIMS))
        self.assertEqual(found["p_value"], 0.25, "three claims of one sign: 2 of 8 patterns")
        self.assertTrue(all(c["p_adjusted"] < 0.001 for c in found["claims"]))
        (self.folder / "some.csv").write_text("claim\nWater is wet\nSnow is white\n")
        self.assertEqual([c["claim_a"] for c in self.json("compare", "model=a", "model=b", "--claims", "some.csv")["claims"]], ["Water is wet", "Snow is white"])

    def test_two_models_on_the_ladder_are_paired(self):
        self.plan = ()
        runs = [self.json("run", CLAIMS[0], "--model", self.model(n, s))["execution"]["execution_id"] for n, s in (("a", 0.1), ("b", 0.0))]
        found = self.json("compare", *runs)["claims"][0]
        self.assertTrue(found["paired"])
        self.assertGreaterEqual(len(found["templates"]), 8)

    def test_another_bank_is_compared_by_welch(self):
        (self.folder / "mine.yaml").write_text("version: mine_1\nsystem: Say how likely the claim is.\nuser_template: Answer.\nparaphrases:\n"
                                               + "".join(f'  - "{i}: {{CLAIM}}"\n' for i in range(16)))
        model = self.model("a", 0.1)
        self.measure(CLAIMS[0], model)
        self.measure(CLAIMS[0], model, "--prompts", ".", "--prompt-version", "mine")
        found = self.json("compare", "bank=heretix_v1_2026-11-23", "bank=mine_1")
        self.assertFalse(found["claims"][0]["paired"])
        self.assertEqual(found["finding"], "inconclusive")

    def test_the_page_escapes_what_came_from_outside(self):
        evil = "<script>alert(1)</script> & more"
        a, b = self.measure(evil, self.model("a", 0.1)), self.measure(evil, self.model("b", 0.0))
        self.ok("compare", a, b, "-o", "c.html")
        page = (self.folder / "c.html").read_text()
        self.assertNotIn("<script", page)
        self.assertIn("&lt;script&gt;", page)
        self.assertIn("<svg", page)

    def test_what_cannot_be_compared_is_named(self):
        a = self.measure(CLAIMS[0], self.model("a", 0.1))
        self.refused(3, "compare", a, "heretix-rpl-000", says="there is no run 'heretix-rpl-000'")
        self.refused(3, "compare", a, "exec-zzz", says="no finished execution")
        self.refused(3, "compare", a, "model=zz", says=["no claim was measured on both sides", "'model=zz' has 0"])
        self.refused(2, "compare", a, "modle=zz", says="names nothing to compare")
        self.refused(2, "compare", a, "on=yesterday", says="'yesterday' is not a date")
        one = self.json("run", CLAIMS[0], "--mock", "-K", 1, "-R", 4)["execution"]["execution_id"]
        self.refused(2, "compare", one, one, says="two templates")
