"""Where a relation of jevbench is also a rule of ours, both find the same in the same stored answers, by how much a rule is broken included.

jevbench has 50 relations. Ours among them are the complement of a negation (natural_negation, negation_wrapper), the upper bound of a conjunction
(frechet_and_upper) and monotonicity (entailment_strength). Of the others some are about more than two claims, some about choices and scores, and
some about how questions are sent, which is `heretix probe`'s matter. Its example of a paraphrase is a choice too.
"""
import hashlib
import json
import re

import jevbench

from cases import HostedTest
from fault_server import stated

RELATIONS = ["natural_negation", "negation_wrapper", "frechet_and_upper", "entailment_strength"]
PLAN = ["-K", 16, "-R", 1, "-B", 50]
DECISION = ["--model", "systemone/m", "--readout", "decision", "--no-negation", "--allow-question", *PLAN]
BOTH = re.compile(r"(?:Are both of the following true\?|Both of these statements are true:) \(1\) (.+?)[;]? \(2\) (.+?)\.?$")


def drawn(text):
    """From 0.3 to 0.7."""
    return 0.3 + int.from_bytes(hashlib.sha256(text.encode()).digest()[:2], "big") / 65535 * 0.4


def fair(claim):
    """What a model says that breaks no rule."""
    opposite = "Does the customer not state any explicit deadline?"
    if claim == opposite:
        return 1 - drawn("Does the customer state an explicit deadline?")
    if claim.startswith("Answer yes if the correct answer to the following question is no"):
        return 1 - drawn(claim.split("Question: ")[1])
    if claim.startswith("Does the text explicitly and unambiguously establish"):
        return drawn(claim.split("Question: ")[1]) - 0.1
    if claim.startswith("Is it at least possible"):
        return drawn(claim.split("Question: ")[1]) + 0.1
    if both := BOTH.match(claim):
        return drawn(both[1]) * drawn(both[2])
    return drawn(claim)


def unfair(claim):
    """Says yes to whatever is made of several words: breaks all of them."""
    is_made = claim.startswith(("Answer yes", "Does the text", "Both of these", "Are both", "Does the customer not"))
    return 0.9 if is_made else 0.1 if claim.startswith("Is it at least possible") else drawn(claim)


class Jevbench(HostedTest):
    def measure(self, number):
        self.known = {}

        def script(asked, _):
            return stated(asked, {id: number(re.search("<claim>(.*)</claim>", text, re.S)[1]) for id, text in asked.statements.items()})

        self.server = self.serve(script, fresh=True)

    def stored(self, claim):
        """The one number that all wordings of a claim got, read back from the store."""
        if claim not in self.known:
            done = self.heretix("run", claim, *DECISION, "--json", "--db", self.db, **self.environment(self.server.url))
            self.assertEqual(done.returncode, 0, done.stderr)
            record = json.loads(done.stdout)
            shown = self.heretix("answers", record["run_id"], "--json", "--db", self.db)
            numbers = {answer["prob_true"] for answer in json.loads(shown.stdout)}
            self.assertEqual(len(numbers), 1)
            self.known[claim] = numbers.pop()
        return self.known[claim]

    def answer(self, _state, questions):
        answers = {}
        for key, question in questions.items():
            if question["type"] == "noul":
                answers[key] = {"type": "noul", "noul": self.stored(question["instructions"])}
            else:
                names = list(question["criteria"])
                shares = {"probabilities": {name: 1 / len(names) for name in names}}
                answers[key] = {"type": question["type"], question["type"]: names[0] if question["type"] == "choice" else 1, **shares}
        return answers

    def prices(self, *arguments):
        """The rules that heretix coherence tested, each with its finding and its price."""
        done = self.heretix("coherence", *arguments, *DECISION, "--json", "--db", self.db, **self.environment(self.server.url))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["checks"]

    def ours(self, outcome, trial):
        p = trial["p"]
        if outcome["relation"] in ("natural_negation", "negation_wrapper"):
            return [c for c in self.prices(p, "--not", trial["other"]) if "not A" in c["rule"]]
        if outcome["relation"] == "frechet_and_upper":
            return [c for c in self.prices(p, "--and", trial["other"]) if re.match(r"p\(A and B\) <= ", c["rule"])]
        strong, weak = trial["strong"], trial["weak"]
        return [c for a, b in ((strong, p), (p, weak), (strong, weak)) for c in self.prices(a, "--implies", b) if "implies" in c["rule"]]

    def trial_of(self, outcome):
        """The texts of the questions that an outcome is about."""
        texts = {round(value, 12): text for text, value in self.known.items()}
        detail = {name: texts[round(value, 12)] for name, value in outcome["detail"].items() if isinstance(value, float)}
        if outcome["relation"] == "frechet_and_upper":
            return {"p": detail["a"], "other": detail["b"]}
        if outcome["relation"] == "entailment_strength":
            return {"p": detail["p"], "strong": detail["p_strong"], "weak": detail["p_weak"]}
        return {"p": detail["p"], "other": outcome["detail"].get("rewrite") or detail["p_negated"]}

    def check(self, number, is_fair):
        self.db = f"{number.__name__}.sqlite"
        self.measure(number)
        report = jevbench.evaluate(jevbench.from_callable(self.answer, name=number.__name__), suite="examples", relations=RELATIONS, cache=":memory:")
        outcomes = report.result["outcomes"]
        self.assertEqual(sorted(o["relation"] for o in outcomes), sorted(RELATIONS))
        for outcome in outcomes:
            with self.subTest(outcome["relation"], model=number.__name__):
                self.assertEqual(outcome["violated"], not is_fair)
                ours = self.ours(outcome, self.trial_of(outcome))
                self.assertTrue(ours)
                self.assertAlmostEqual(max(c["price"] for c in ours), outcome["deviation"], delta=1e-9)
                self.assertEqual("incoherent" in {c["finding"] for c in ours}, outcome["violated"])

    def test_a_model_that_breaks_no_rule_breaks_none_of_either(self):
        self.check(fair, True)

    def test_one_that_breaks_all_breaks_the_same_by_as_much(self):
        self.check(unfair, False)
