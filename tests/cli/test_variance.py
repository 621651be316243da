"""heretix variance on models whose spread is known."""
from heretix import ProgramTest

CLAIM = "Snow is white"


class Variance(ProgramTest):
    def model(self, of_template=0.0, of_replicate=0.0, shift=0.0, name="m"):
        return self.script(f"{name}.json", model=name, rules=[
            {"paraphrase_idx": i, "replicate_idx": r, "prob_true": round(0.5 + shift + of_template * (i % 4 - 1.5) + of_replicate * (r - 0.5), 4)}
            for i in range(16) for r in range(2)])

    def shares(self, *runs):
        return {c["source"]: c["share"] for c in self.json("variance", *runs)["components"]}

    def run_id(self, *arguments):
        return self.json("run", CLAIM, *arguments)["execution"]["execution_id"]

    def test_wording_or_replicate(self):
        plan = ("-K", 16, "-R", 2)
        self.assertGreater(self.shares(self.run_id("--model", self.model(0.1, 0.001), *plan))["wording"], 0.99)
        self.assertEqual(self.shares(self.run_id("--model", self.model(0.0, 0.1, name="n"), *plan))["replicate"], 1.0)

    def test_models_are_a_source_of_their_own(self):
        runs = [self.run_id("--model", self.model(0.02, 0.01, shift, f"m{i}"), "-K", 16, "-R", 2) for i, shift in enumerate((-0.2, 0.0, 0.2))]
        shares = self.shares(*runs)
        self.assertGreater(shares["model"], 0.9)
        text = self.ok("variance", *runs, "-o", "v.html")
        self.assertIn("█", text)
        self.assertIn("The cheapest next question: 8 more wordings, asked 2 times each", text)
        self.assertIn("<svg", (self.folder / "v.html").read_text())

    def test_the_record_holds_its_own(self):
        record = self.json("run", CLAIM, "--model", self.model(0.1, 0.02), "-K", 16, "-R", 2)
        self.assertGreater(record["variance"]["wording_share"], 0.9)
        self.assertIn("Where the spread comes from", self.page(record["run_id"]))
        record = self.json("run", CLAIM, "--model", self.model(0.1, 0.02), "-K", 16, "-R", 1)
        self.assertIsNone(record["variance"]["replicate"])
        self.assertIn("equal to what is stored", self.ok("verify", record["run_id"]))

    def page(self, run):
        self.ok("report", run, "-o", "r.html")
        return (self.folder / "r.html").read_text()

    def test_what_does_not_fit_together_is_named(self):
        a = self.run_id("--model", self.model(0.1), "-K", 16, "-R", 1)
        b = self.json("run", "Another claim", "--mock")["run_id"]
        self.refused(2, "variance", a, b, says="different claims")
        self.refused(2, "variance", a, a, says="not exactly one run for each model on each day")
        self.refused(2, "variance", self.run_id("--mock", "-K", 1, "-R", 4), says="a single template")
        self.refused(2, "variance", a, "--wording-cost", "-1", says="must be from 0")
        self.refused(3, "variance", "nope", says="there is no run 'nope'")
