"""heretix coherence on models whose coherence is known."""
from heretix import ProgramTest


class Coherence(ProgramTest):
    def model(self, **by_claim):
        """Answers by the claim asked: the rule of a longer text comes first."""
        noise = [-0.01, 0.0, 0.01, 0.005]
        rules = [{"user_contains": text, "paraphrase_idx": i, "prob_true": round(p + noise[i % 4], 3)}
                 for text, p in sorted(by_claim.items(), key=lambda item: -len(item[0])) for i in range(16)]
        return self.script(model="m", rules=rules)

    def check(self, *arguments, by_claim):
        return self.json("coherence", *arguments, "--model", self.model(**by_claim))

    def test_a_coherent_pair_and_an_incoherent_one(self):
        fair = self.check("Snow is white", by_claim={"Snow is white": 0.8, "Snow is not white": 0.2})
        self.assertEqual((fair["format"], fair["checks"][0]["finding"], fair["violated"]), ("heretix_coherence", "coherent", False))
        self.assertEqual(fair["checks"][0]["claims"], ["Snow is white", "Snow is not white"])
        self.assertAlmostEqual(fair["acquiescence_free"]["p"], 0.8, 2)
        biased = self.check("Snow is white", by_claim={"Snow is white": 0.8, "Snow is not white": 0.5})
        self.assertEqual((biased["checks"][0]["finding"], biased["violated"]), ("incoherent", True))
        self.assertAlmostEqual(biased["checks"][0]["price"], 0.3, 2)
        low, high = biased["checks"][0]["price_ci"]
        self.assertTrue(0.28 < low < 0.3 < high < 0.32)
        model = self.model(**{"Snow is white": 0.8, "Snow is not white": 0.5})
        self.assertEqual(self.heretix("coherence", "Snow is white", "--model", model, "--strict").returncode, 1)

    def test_a_question_among_the_claims_is_named(self):
        for flag in ("--negation", "--paraphrase", "--and", "--implies"):
            self.refused(2, "coherence", "Snow is white", flag, "Is it white?", "--mock", says=['"Is it white?": the claim is a question', "--allow-question"])

    def test_nobody_knows(self):
        rules = [{"user_contains": "not", "paraphrase_idx": i, "prob_true": 0.9 if i % 2 else 0.1} for i in range(16)] + [
            {"paraphrase_idx": i, "prob_true": 0.8 if i % 3 else 0.2} for i in range(16)]
        found = self.json("coherence", "Snow is white", "--model", self.script(model="m", rules=rules))
        self.assertEqual(found["checks"][0]["finding"], "inconclusive")

    def test_conjunction_disjunction_consequence_paraphrase(self):
        found = self.check("It rains", "--and", "It thunders", "--or", "It hails", "--implies", "It is wet", "--paraphrase", "Rain falls",
                           by_claim={"It rains": 0.3, "It thunders": 0.2, "Both of these": 0.5, "It hails": 0.1, "At least one": 0.35,
                                     "It is wet": 0.6, "Rain falls": 0.3})
        findings = {c["rule"]: c["finding"] for c in found["checks"]}
        self.assertEqual(findings["p(A and B) <= p(A)"], "incoherent")
        self.assertEqual(findings["p(A or B) >= p(A)"], "coherent")
        self.assertEqual(findings["p(A) <= p(B), as A implies B"], "coherent")
        self.assertEqual(findings["p(A) = p(A in other words)"], "coherent")
        self.assertNotIn("acquiescence_free", found, "'It rains' has no negation by rule")

    def test_every_belief_that_the_rules_speak_of_is_shown(self):
        found = self.json("coherence", "Snow is white", "--mock", "--and", "Snow is cold", "--implies", "Snow has a colour")
        self.assertEqual(sorted(b["claim"] for b in found["beliefs"]), sorted({c for check in found["checks"] for c in check["claims"]}))
        self.assertEqual([b["claim"] for b in found["beliefs"]][:2], ["Snow is white", "Snow is not white"])
        told = self.ok("coherence", "Snow is white", "--mock", "--and", "Snow is cold", "--implies", "Snow has a colour")
        for belief in found["beliefs"]:
            low, high = belief["ci"]
            self.assertRegex(told, rf"{belief['p']:.2f} +{low:.2f} to {high:.2f}")
            own = self.json("show", next(r["run_id"] for r in self.json("list", "--claim", belief["claim"]) if r["claim"] == belief["claim"]))
            self.assertEqual((belief["p"], belief["ci"]), (own["belief_v2"]["p"], own["belief_v2"]["ci"]))

    def test_a_negation_is_never_guessed(self):
        done = self.heretix("coherence", "Tariffs cause inflation", "--mock")
        self.assertEqual(done.returncode, 0, done.stderr)
        for said in ("no rule makes a safe negation", 'asking "It is not the case that Tariffs cause inflation" (--negation takes your own)'):
            self.assertIn(said, done.stderr)
        self.assertRegex(done.stdout, r"negation +It is not the case that Tariffs cause inflation")

    def test_no_negation_is_made_of_several_sentences(self):
        self.refused(2, "coherence", "Tariffs rise. Prices rise", "--mock", says=["no rule makes a safe negation", 'write it yourself: --negation "…"'])
        self.refused(2, "coherence", "Do tariffs rise?", "--mock", "--allow-question", says=["no rule makes a safe negation", "--negation"])
        self.assertFalse((self.folder / "runs").exists(), "nothing was asked")

    def test_a_negation_can_be_given(self):
        done = self.heretix("coherence", "Tariffs cause inflation", "--mock", "--implies", "Prices rise")
        self.assertEqual(done.returncode, 0)
        self.assertIn("give one with --negation", done.stderr)
        offered = self.json("coherence", "Tariffs cause inflation", "--negation", "It is not the case that Tariffs cause inflation", "--mock")
        self.assertEqual(offered["checks"][0]["claims"][1], "It is not the case that Tariffs cause inflation")
        self.assertEqual([b["claim"] for b in offered["beliefs"]], offered["checks"][0]["claims"])
        own = self.json("coherence", "Tariffs cause inflation", "--not", "Tariffs do not cause inflation", "--mock")
        self.assertEqual(own["checks"][0]["claims"][1], "Tariffs do not cause inflation")
        self.assertRegex(self.ok("coherence", "Snow is white", "--mock"), r"negation +Snow is not white +0\.\d\d")

    def test_answers_are_kept_and_asked_once(self):
        self.ok("coherence", "Snow is white", "--mock")
        self.ok("coherence", "Snow is white", "--mock", "--paraphrase", "White is the colour of snow", "-o", "c.html")
        self.assertEqual(self.database().execute("SELECT count(*) FROM heretix_answers").fetchone()[0], 48)
        self.assertIn("<svg", (self.folder / "c.html").read_text())
