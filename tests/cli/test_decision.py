"""The readout `decision` in every command that measures or shows: a statement and its negation, and what the two make."""
import json
import math
import re

from heretix import SOURCE, ProgramTest

CLAIM = "Tariffs cause inflation"
MARK = "<claim>{CLAIM}</claim>"
ALL = ("-K", 16, "-R", 1)


def logit(p):
    return math.log(p / (1 - p))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def statements():
    """What stands around the claim in each statement and in its negation, in bank order."""
    text = (SOURCE / "prompts/heretix_decisions_v1.yaml").read_text()
    return list(zip(re.findall(r'- claim: "(.*)"', text), re.findall(r'negation: "(.*)"', text), strict=True))


def only_in_negation(claim, negation):
    return next(part for part in negation.split(MARK) if part and part not in claim)


class DecisionTest(ProgramTest):
    def model(self, sides, name="m", **more):
        """A model that states p of each claim's side and q of its negation; one pair for all wordings, or 16."""
        pairs = sides if isinstance(sides, list) else [sides] * 16
        rules = []
        for i, ((claim, negation), (p, q)) in enumerate(zip(statements(), pairs, strict=True)):
            rules += [{"paraphrase_idx": i, "user_contains": only_in_negation(claim, negation), **self.played(q)}, {"paraphrase_idx": i, **self.played(p)}]
        return self.script(f"{name}.json", model=name, rules=rules, **more)

    @staticmethod
    def played(value):
        return {"text": value} if isinstance(value, str) else {"prob_true": value}

    def record(self, model, *arguments, claim=CLAIM):
        return self.json("run", claim, "--model", model, "--readout", "decision", *(arguments or ALL))


class OneRun(DecisionTest):
    def test_the_belief_is_half_of_the_difference_of_the_two_log_odds(self):
        record = self.record(self.model((0.91, 0.32)))
        self.assertAlmostEqual(record["honest"]["p"], sigmoid((logit(0.91) - logit(0.32)) / 2), 9)
        facts = record["readout"]
        self.assertEqual((facts["kind"], facts["answers"], facts["step"]), ("decision", 16, 0.01))
        self.assertAlmostEqual(facts["claim"], 0.91, 9)
        self.assertAlmostEqual(facts["negation"], 0.32, 9)
        self.assertAlmostEqual(facts["sum_mean"], 1.23, 9)
        self.assertAlmostEqual(facts["yes_bias"]["log_odds"], (logit(0.91) + logit(0.32)) / 2, 9)
        self.assertEqual((facts["contradicting"], facts["contradicting_share"]), (0, 0))

    def test_the_interval_reaches_over_what_the_rounding_of_both_sides_leaves_open(self):
        record = self.record(self.model((0.91, 0.32)))
        low, high = record["honest"]["no_hull"]
        self.assertAlmostEqual(low, sigmoid((logit(0.905) - logit(0.325)) / 2), 9)
        self.assertAlmostEqual(high, sigmoid((logit(0.915) - logit(0.315)) / 2), 9)
        bias = record["readout"]["yes_bias"]
        self.assertAlmostEqual(bias["low"], (logit(0.905) + logit(0.315)) / 2, 9)
        self.assertAlmostEqual(bias["high"], (logit(0.915) + logit(0.325)) / 2, 9)

    def test_a_stated_certainty_is_open_to_certainty_and_no_infinite_log_odds(self):
        record = self.record(self.model((1.0, 0.32)))
        self.assertAlmostEqual(record["honest"]["p"], sigmoid((logit(0.995) - logit(0.32)) / 2), 9)
        low, high = record["honest"]["no_hull"]
        self.assertAlmostEqual(low, sigmoid((logit(0.995) - logit(0.325)) / 2), 9)
        self.assertAlmostEqual(high, sigmoid((logit(1 - 1e-6) - logit(0.315)) / 2), 9)

    def test_two_numbers_on_tenths_may_have_been_rounded_to_tenths(self):
        record = self.record(self.model((0.9, 0.3)))
        self.assertEqual((record["readout"]["step"], record["honest"]["grid"]), (0.1, 0.1))
        self.assertAlmostEqual(record["honest"]["no_hull"][0], sigmoid((logit(0.85) - logit(0.35)) / 2), 9)

    def test_the_text_shows_belief_both_sides_bias_and_contradictions(self):
        pairs = [(0.91, 0.32)] * 12 + [(0.91, 0.62)] * 4
        text = self.ok("run", CLAIM, "--model", self.model(pairs), "--readout", "decision", *ALL)
        for line in (r"p = 0\.8\d   95 % interval 0\.\d\d to 0\.\d\d", r"readout     decision: both sides of 16 wordings, numbers in steps of 0\.01",
                     r"claim       0\.91, its negation 0\.\d\d; on average the two add up to 1\.3[01], where 1 is coherent",
                     r"yes-bias    \+0\.\d\d in log-odds, 95 % interval \+0\.\d\d to \+1\.\d\d: it says yes to both sides more than is coherent",
                     r"contradict  4 of 16 wordings \(25 %\) call both sides likely, or both unlikely"):
            self.assertRegex(text, line)

    def test_without_negations_it_says_what_is_lost_and_shares_the_claims_sides(self):
        model = self.model((0.91, 0.32), ledger=str(self.folder / "ledger"))
        alone = self.record(model, "--no-negation", *ALL)
        self.assertEqual(alone["execution"]["attempts"], 16)
        self.assertAlmostEqual(alone["honest"]["p"], 0.91, 9)
        self.assertEqual(set(alone["readout"]), {"kind", "answers", "step", "claim"})
        text = self.ok("show", alone["run_id"])
        self.assertIn("readout     decision: the claim's side of 16 wordings", text)
        self.assertIn("note: the negations were not asked: a tendency to say yes is part of this belief", text)
        both = self.record(model)
        self.assertEqual(both["execution"]["attempts"], 16, "the claim's sides were there")
        self.assertNotEqual(both["run_id"], alone["run_id"])
        self.assertNotIn("note: the negations", self.ok("show", both["run_id"]))
        self.refused(2, "run", CLAIM, "--mock", "--no-negation", says="only the readout decision asks for negations")

    def test_answers_show_both_sides(self):
        pairs = [(0.91, 0.32)] * 15 + [(0.91, 0.62)]
        record = self.record(self.model(pairs))
        text = self.ok("answers", record["run_id"])
        self.assertIn("template  replicate  prob_true  p of claim  p of negation  read as", text)
        self.assertEqual(len(re.findall(r"0\.91 +0\.32  usable", text)), 15, text)
        self.assertEqual(text.count("its two sides contradict each other"), 1)
        told = self.json("answers", record["run_id"])
        self.assertEqual(told[0]["sides"], {"claim": 0.91, "negation": 0.32, "step": 0.01})

    def test_the_list_says_how_a_belief_was_read(self):
        self.record(self.model((0.91, 0.32)))
        self.ok("run", CLAIM, "--mock")
        text = self.ok("list")
        self.assertEqual(text.count(f"(decision) {CLAIM}"), 1, text)
        self.assertEqual({run.get("readout") for run in self.json("list")}, {"decision", None})

    def test_a_side_without_an_answer_leaves_its_wording_out(self):
        pairs = [(0.91, 0.32)] * 14 + [(0.91, '{"type": "refusal"}'), (0.91, '{"type": "noul", "noul": 1.3}')]
        record = self.record(self.model(pairs))
        self.assertEqual((record["answered"], record["usable"], record["readout"]["answers"]), (16, 14, 14))
        text = self.ok("answers", record["run_id"])
        self.assertRegex(text, r"- +-  provider_refusal")
        self.assertRegex(text, r"- +-  no_probability")
        self.assertIn("1.3", self.ok("answers", record["run_id"], "--raw"))

    def test_the_page_has_a_row_for_each_wording(self):
        pairs = [(0.91, 0.32)] * 15 + [(0.91, 0.62)]
        record = self.record(self.model(pairs))
        self.ok("report", record["run_id"], "-o", "r.html")
        page = (self.folder / "r.html").read_text()
        self.assertIn("<h2>Both sides</h2>", page)
        self.assertEqual(page.count('<td class="num">0.32</td>'), 15)
        self.assertEqual(page.count("contradicts itself"), 1)
        self.assertIn("It is not the case that the claim", page)
        alone = self.record(self.model((0.91, 0.32), "n"), "--no-negation", *ALL)
        self.ok("report", alone["run_id"], "-o", "alone.html")
        self.assertIn("Note: the negations were not asked", (self.folder / "alone.html").read_text())

    def test_a_ladder_stops_by_the_interval_that_is_shown(self):
        self.plan = ()
        record = self.json("run", CLAIM, "--model", self.model((0.91, 0.32), price_micro_usd=100), "--readout", "decision")
        self.assertEqual((record["answered"], record["execution"]["attempts"], record["ladder"]["stopped"]), (8, 16, "target_met"))
        self.assertEqual(record["ladder"]["next_rung_micro_usd"], 800, "four wordings, two sides each")
        self.assertAlmostEqual(record["honest"]["no_hull"][0], sigmoid((logit(0.905) - logit(0.325)) / 2), 9)
        wide = self.json("run", CLAIM, "--model", self.model((1.0, 0.5), "wide"), "--readout", "decision", "--until-width", 0.05)
        self.assertEqual((wide["ladder"]["stopped"], wide["answered"]), ("last_rung", 16), "no wording narrows what two decimals leave open")
        for found in (record, wide):
            self.assertIn("equal to what is stored", self.ok("verify", found["run_id"]))

    def test_a_budget_stops_it_and_the_same_command_asks_for_the_rest(self):
        ledger = self.folder / "ledger"
        model = self.model((0.91, 0.32), price_micro_usd=100, concurrency=1, ledger=str(ledger))
        command = ("run", CLAIM, "--model", model, "--readout", "decision", *ALL)
        self.refused(7, *command, "--budget", 0.002, says="20 of 32 answers are kept")
        self.assertIn("p of negation", self.ok("answers", self.json("list")[0]["run_id"]))
        record = self.json(*command)
        self.assertEqual((record["usable"], record["execution"]["attempts"], record["execution"]["billed_micro_usd"]), (16, 12, 1200))
        self.assertEqual(len(re.findall("^received", ledger.read_text(), re.M)), 32)
        self.assertIn("equal to what is stored", self.ok("verify", record["run_id"]))

    def test_describe_counts_both_sides(self):
        self.assertIn("32; 32 would be asked", self.ok("describe", CLAIM, "--mock", "--readout", "decision", *ALL))
        self.assertIn("16; 16 would be asked", self.ok("describe", CLAIM, "--mock", "--readout", "decision", "--no-negation", *ALL))
        self.refused(2, "run", CLAIM, "--mock", "--readout", "decision", "-K", 4096, "-R", 2, says="leave -R out")

    def test_the_configuration_takes_negation(self):
        (self.folder / "one.yaml").write_text(f"claim: {CLAIM}\nmodel: {self.model((0.91, 0.32))}\nreadout: decision\nnegation: false\nK: 16\nR: 1\n")
        record = self.json("run", "--config", "one.yaml")
        self.assertNotIn("negation", record["readout"])
        self.assertIn("negation=none", record["config"]["mode"])


class Tampering(DecisionTest):
    def setUp(self):
        super().setUp()
        self.run_id = self.record(self.model((0.91, 0.32)))["run_id"]
        self.assertIn("equal to what is stored", self.ok("verify", self.run_id))

    def edit(self, sql, *values):
        store = self.database()
        changed = store.execute(sql, values).rowcount
        store.commit()
        self.assertGreater(changed, 0)

    def named(self, *texts):
        done = self.heretix("verify", self.run_id)
        self.assertEqual(done.returncode, 1, done.stdout)
        for text in texts:
            self.assertIn(text, done.stdout)

    def test_a_side_that_was_changed_is_named(self):
        self.edit("UPDATE heretix_answers SET raw_text = replace(raw_text, '0.32', '0.12'), raw_sha256 = 'x' WHERE rowid = "
                  "(SELECT min(rowid) FROM heretix_answers WHERE raw_text LIKE '%\"noul\":0.32%')")
        self.named("raw text's sha256", "the negation's side: stored 0.12, the answer was made of 0.32")

    def test_a_side_that_was_changed_with_its_hash_is_named(self):
        import hashlib
        text = '{"noul":0.12,"type":"noul"}'
        self.edit("UPDATE heretix_answers SET raw_text = ?, raw_sha256 = ? WHERE rowid = (SELECT min(rowid) FROM heretix_answers WHERE raw_text LIKE '%\"noul\":0.91%')",
                  text, hashlib.sha256(text.encode()).hexdigest())
        self.named("the claim's side: stored 0.12, the answer was made of 0.91")

    def test_an_answer_that_says_other_sides_than_its_number_is_named(self):
        self.edit("UPDATE heretix_answers SET raw_text = replace(raw_text, '\"negation\":0.32', '\"negation\":0.12') WHERE rowid = "
                  "(SELECT min(rowid) FROM heretix_answers WHERE raw_text LIKE '%readout%')")
        self.named("raw text's sha256", "the answer says", "the negation's side: stored 0.32, the answer was made of 0.12")

    def test_facts_of_the_record_that_were_changed_are_named(self):
        self.edit("UPDATE heretix_executions SET record_json = replace(record_json, '\"contradicting\":0', '\"contradicting\":3')")
        self.named("record_json differs at /readout/contradicting")

    def test_sides_that_are_gone_are_told_and_no_difference(self):
        self.edit("DELETE FROM heretix_answers WHERE raw_text LIKE '%noul%'")
        self.assertIn("not checked: 32 of 32 questions that the answers were made of are missing", self.ok("verify", self.run_id))


class ManyRuns(DecisionTest):
    def test_batch_takes_the_readout_for_all_or_a_row(self):
        (self.folder / "claims.csv").write_text(f"claim,readout,negation\n{CLAIM},decision,\nSnow is white,decision,false\nGrass is green,,\n")
        lines = [json.loads(line) for line in self.ok("batch", "claims.csv", "--mock", "-K", 8, "-R", 1, "--json").splitlines()]
        self.assertEqual([line.get("readout", {}).get("kind") for line in lines], ["decision", "decision", None])
        self.assertEqual(["negation" in line.get("readout", {}) for line in lines], [True, False, False])
        (self.folder / "plain.jsonl").write_text('{"claim": "Water is wet"}\n')
        self.assertEqual(json.loads(self.ok("batch", "plain.jsonl", "--mock", "--readout", "decision", "-K", 8, "--json"))["readout"]["kind"], "decision")

    def test_a_difference_is_no_finer_than_the_numbers(self):
        a, near, far, certain = (self.record(self.model(pair, name))["execution"]["execution_id"]
                                 for name, pair in (("a", (0.91, 0.32)), ("near", (0.92, 0.32)), ("far", (0.96, 0.32)), ("certain", (1.0, 0.32))))
        found = self.json("compare", a, near)
        claim = found["claims"][0]
        self.assertTrue(claim["paired"])
        self.assertEqual((found["finding"], claim["p_value"]), ("same", 1), "0.91 and 0.92 may both be 0.915")
        self.assertAlmostEqual(claim["logit"]["ci"][0], (logit(0.905) - logit(0.325)) / 2 - (logit(0.925) - logit(0.315)) / 2, 9)
        self.assertEqual(self.json("compare", far, a)["finding"], "higher")
        self.assertEqual(self.json("compare", certain, certain)["finding"], "inconclusive", "1.00 twice may be 0.995 and 0.999999")

    def test_a_decision_and_a_written_answer_are_compared_by_welch(self):
        model = self.model((0.91, 0.32))
        written = self.json("run", CLAIM, "--model", "mock", "--mock", *ALL)["execution"]["execution_id"]
        found = self.json("compare", self.record(model)["execution"]["execution_id"], written)["claims"][0]
        self.assertFalse(found["paired"])
        self.assertLess(found["logit"]["ci"][0], found["logit"]["ci"][1])

    def test_readouts_side_by_side(self):
        text = self.ok("readouts", CLAIM, "--mock", "-q")
        self.assertRegex(text, r"decision +0\.\d+ +0\.\d+ to 0\.\d+ +16 +claim 0\.\d\d, negation 0\.\d\d; yes-bias")
        for left_out in ("expected", "token", "frequency"):
            self.assertIn(f"Not read by {left_out}:", text)
        told = self.json("readouts", CLAIM, "--mock", "-q")
        self.assertEqual([r["readout"] for r in told["readouts"]], ["verbalized", "decision"])
        self.assertEqual(len(told["differences"]), 1)

    def test_coherence_variance_drift_and_calibration_take_it(self):
        decision = ("--mock", "--readout", "decision")
        coherence = self.json("coherence", "Snow is white", *decision)
        self.assertEqual(coherence["checks"][0]["templates"], 16)
        runs = [self.json("run", CLAIM, *decision, *ALL, "--model", model)["execution"]["execution_id"] for model in ("a", "b")]
        self.assertEqual(self.json("variance", *runs)["templates"], 16)
        (self.folder / "sentinels.csv").write_text(f"claim\n{CLAIM}\nSnow is white\n")
        self.json("drift", "baseline", "sentinels.csv", *decision, "--runs", 10, "-K", 4)
        self.assertEqual(self.json("drift", "check", "sentinels.csv", *decision, "-K", 4)["alarm"], "none")
        (self.folder / "labels.csv").write_text("claim,label\n" + "".join(f"Number {i} is even,{str(i % 2 == 0).lower()}\n" for i in range(12)))
        certificate = self.ok("calibrate", "labels.csv", *decision, "--json")
        told = json.loads(certificate)
        self.assertEqual((told["labels"], told["readout"]), (12, "decision"))
        (self.folder / "certificate.json").write_text(certificate)
        self.assertIn("recalibrated: p", self.ok("run", CLAIM, *decision, *ALL, "--recalibrate", "certificate.json"))
        for other in (("--mock",), (*decision, "--no-negation")):
            self.refused(2, "run", CLAIM, *other, "--recalibrate", "certificate.json", says="the certificate is for beliefs read by decision, not by")

    def test_coherence_is_no_finer_than_the_numbers(self):
        """0.50 for a claim and 0.51 for its negation may be 0.505 and 0.495 of one mind."""
        pair = self.model([(0.5, 0.5)] * 16)
        found = self.json("coherence", "Snow is white", "--not", "Snow is not white", "--model", pair, "--readout", "decision")
        low, high = found["checks"][0]["logit"]["ci"]
        self.assertLess(low, 0)
        self.assertAlmostEqual(high, 2 * (logit(0.505) - logit(0.495)) / 2, 9)


del DecisionTest
