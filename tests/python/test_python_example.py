"""examples/python/measure.py prints what the program itself says."""
import csv
import subprocess

from installed import PYTHON, SOURCE, ModuleTest

CLAIMS = ["Snow is white", "Bees sleep", "Tariffs cause inflation, and wages too"]


def shown(name, belief):
    """The row of belief_v2 as a record has it."""
    low, high = belief["ci"]
    said = ["no stable belief"] if belief["stable"] is False else []
    return [name, f"{belief['p']:.2f}", f"{low:.2f} to {high:.2f}", str(belief["T"]), *said]


class PythonExample(ModuleTest):
    def measure(self, *arguments, expect=0, **environment):
        """The rows of the table and what was complained about."""
        done = subprocess.run([PYTHON, SOURCE / "examples/python/measure.py", *arguments], cwd=self.folder,
                              env=self.environment(**environment), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        rows = [[cell.strip() for cell in line.split("  ") if cell] for line in done.stdout.splitlines()]
        return rows, done.stderr

    def own(self, claim, *arguments, **environment):
        """The row that the program's own record would give; asked in another store."""
        return shown(claim, self.program("run", claim, "--db", "own.sqlite", *arguments, **environment)["belief_v2"])

    def test_every_row_is_what_the_program_says(self):
        model = self.script_model()
        rows, _ = self.measure("--model", model, *CLAIMS)
        self.assertEqual(rows[0], ["claim", "p", "95 % interval", "wordings"])
        self.assertEqual(rows[1:-1], [self.own(claim, "--model", model) for claim in CLAIMS])
        self.assertEqual(rows[1][:2], ["Snow is white", "0.70"])

    def test_without_arguments_it_measures_its_own_claims_and_file(self):
        rows, _ = self.measure(HERETIX_MOCK="1")
        self.assertEqual([row[0] for row in rows[1:]],
                         ["Tariffs cause inflation", "Copper conducts electricity better than iron", "Bees sleep", "answers.csv"])
        self.assertEqual(rows[1:-1], [self.own(row[0], "--model", "local", HERETIX_MOCK="1") for row in rows[1:-1]])
        self.assertEqual(rows[-1], ["answers.csv", "0.73", "0.67 to 0.78", "5"])

    def test_answers_of_a_run_get_the_interval_of_that_run(self):
        record = self.program("run", CLAIMS[0], "--mock", "--slots", "16", "--replicates", "2")
        with open(self.folder / "mine.csv", "w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["probability", "wording"])
            for answer in self.program("answers", record["run_id"]):
                table.writerow([answer["prob_true"], f"wording {answer['paraphrase_idx']}, in my words"])

        rows, _ = self.measure("--answers", "mine.csv", CLAIMS[0], HERETIX_MOCK="1")
        self.assertEqual(rows[-1], shown("mine.csv", record["belief_v2"]))

    def test_where_there_is_no_stable_belief_it_says_so(self):
        (self.folder / "mine.csv").write_text("wording,probability\n" + "".join(f"{i},{p}\n" for i, p in enumerate((1, 0.074, 1, 0.8, 0, 0.12, 0, 1))))
        rows, _ = self.measure("--answers", "mine.csv", "Snow is white", HERETIX_MOCK="1")
        self.assertEqual(rows[-1], ["mine.csv", "0.59", "0.02 to 0.99", "8", "no stable belief"])

    def test_what_is_wrong_is_said_in_the_programs_words(self):
        rows, said = self.measure("--model", self.script_model(), "Is snow white?", expect=2)
        self.assertEqual(len(rows), 1)
        self.assertRegex(said, r"\Ameasure\.py: the claim is a question[^\n]+\n\Z")

        (self.folder / "mine.csv").write_text("wording,probability\na,1.5\nb,0.5\n")
        for file, words in (("mine.csv", "1.5"), ("nowhere.csv", "No such file")):
            rows, said = self.measure("--answers", file, "Snow is white", expect=1)
            self.assertEqual(rows, [], "nothing is asked")
            self.assertRegex(said, rf"\Ameasure\.py: [^\n]*{words}[^\n]*\n\Z")


del ModuleTest
