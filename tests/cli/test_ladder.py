"""Sampling until precise: heretix run without a plan, or with --until-width."""
import json
import shutil

from heretix import SOURCE, ProgramTest

CLAIM = "Tariffs cause inflation"


class Ladder(ProgramTest):
    plan = ()

    def order(self):
        """Templates in the order that the ladder asks them, for CLAIM and the script's model."""
        return self.json("describe", CLAIM, "--model", self.script(model="m"))["sampler"]["template_order"]

    def answers(self, *by_place, **more):
        """A model that answers the template at each place of the order so; None is an answer without a probability."""
        rules = [{"paraphrase_idx": template, **({"text": "I cannot say"} if p is None else {"prob_true": p})}
                 for template, p in zip(self.order(), by_place, strict=False)]
        return self.script(model="m", rules=rules, **more)

    def record(self, model, *arguments):
        record = self.json("run", CLAIM, "--model", model, *arguments)
        self.assertIn("equal to what is stored", self.ok("verify", record["run_id"]))
        return record

    def test_stops_at_eight_where_the_target_is_met(self):
        record = self.record(self.answers(*[0.71, 0.72, 0.73, 0.74] * 4))
        self.assertEqual((record["answered"], record["usable"], record["execution"]["attempts"]), (8, 8, 8))
        ladder = record["ladder"]
        self.assertEqual((ladder["stopped"], ladder["target"], ladder["rungs"]), ("target_met", 0.2, [8, 12, 16]))
        self.assertEqual(record["honest"]["method"], "honest_v1_ladder_8_12_16")
        self.assertEqual(record["honest"]["c_T"], 2.67)
        belief = record["belief_v2"]
        self.assertEqual((belief["method"], belief["c_T"], ladder["rule"]), ("belief_v2_ladder_8_12_16", 2.67, "belief_v2"))
        self.assertEqual(ladder["reached"][0]["ci"], belief["ci"])
        self.assertEqual((record["config"]["K"], record["config"]["R"]), (16, 1))

    def test_goes_on_rung_by_rung_and_tells_what_it_cost(self):
        model = self.answers(*[0.388, 0.612] * 8, price_micro_usd=100)
        record = self.record(model)
        self.assertEqual([r["size"] for r in record["ladder"]["reached"]], [8, 12])
        self.assertEqual(record["ladder"]["stopped"], "target_met")
        self.assertGreater(record["ladder"]["reached"][0]["width"], 0.2)
        self.assertLessEqual(record["honest"]["width"], 0.2)
        self.assertEqual(record["execution"]["billed_after_rungs"], [800, 1200])
        self.assertEqual(record["ladder"]["next_rung_micro_usd"], 400)
        self.assertEqual((record["execution"]["attempts"], record["cache_hit_rate"]), (12, 0))
        self.assertIn("next rung would cost about $0.000400", self.ok("show", record["run_id"]))

    def test_certain_answers_do_not_make_it_call_the_wording_a_limit(self):
        """Three answers of 1 among others of 0.95: by the clip at 1e-6 they would lie 13.8 apart from them."""
        record = self.record(self.answers(*[1, 0.95, 1, 0.94, 1, 0.96, 0.95, 0.95] * 2))
        self.assertEqual((record["answered"], record["ladder"]["stopped"]), (8, "target_met"))
        self.assertGreater(record["honest"]["sd_logit"], 4)

    def test_stops_where_the_wording_forbids_the_target(self):
        record = self.record(self.answers(*[0.2, 0.8] * 8))
        self.assertEqual((record["answered"], record["ladder"]["stopped"]), (8, "limited_by_wording"))
        self.assertIn("limited by wording", self.ok("show", record["run_id"]))
        self.ok("report", record["run_id"], "-o", "r.html")
        self.assertIn("limited by wording", (self.folder / "r.html").read_text())

    def test_an_unusable_answer_is_replaced_by_the_next_template(self):
        model = self.answers(0.7, None, 0.7, 0.7, 0.7, 0.7, None, 0.7, 0.7, 0.7)
        record = self.record(model)
        self.assertEqual((record["answered"], record["usable"]), (10, 8))
        self.assertEqual(record["ladder"]["dropped"], 2)
        self.assertEqual(record["ladder"]["reached"][0]["asked"], 10)
        self.assertEqual([t["paraphrase_idx"] for t in record["templates"]], self.order()[:10])

    def test_a_bank_that_is_spent_ends_it_with_the_larger_constant(self):
        record = self.record(self.answers(*[None] * 9, *[0.7, 0.3] * 4), "--until-width", "0.9")
        self.assertEqual((record["answered"], record["usable"], record["ladder"]["stopped"]), (16, 7, "templates_spent"))
        self.assertEqual(record["honest"]["c_T"], 3.0)

    def test_nothing_usable_is_told_and_kept(self):
        self.refused(2, "run", CLAIM, "--model", self.answers(*[None] * 16), says="0 of 16 answers are usable")

    def test_a_narrower_target_asks_only_for_what_is_missing(self):
        model = self.answers(*[0.44, 0.56] * 8)
        self.assertEqual(self.record(model)["answered"], 8)
        record = self.record(model, "--until-width", "0.08")
        self.assertEqual((record["answered"], record["execution"]["attempts"]), (16, 8))
        self.assertEqual(record["cache_hit_rate"], 0.5)
        self.assertNotEqual(record["run_id"], self.record(model)["run_id"], "the target is part of the recipe")

    def test_a_stop_between_rungs_is_resumed(self):
        model = self.answers(*[0.388, 0.612] * 8, price_micro_usd=100)
        self.refused(7, "run", CLAIM, "--model", model, "--budget", "0.0009", says=["9 of 12 answers are kept", "budget"])
        record = self.record(model)
        self.assertEqual((record["answered"], record["execution"]["attempts"]), (12, 3))

    def test_a_damaged_count_of_answers_is_seen(self):
        run = self.record(self.answers(*[0.388, 0.612] * 8))["run_id"]
        database = self.database()
        database.execute("DELETE FROM heretix_execution_samples WHERE position >= 8")
        database.commit()
        done = self.heretix("verify", run)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("goes on", done.stdout + done.stderr)

    def test_a_ladder_of_an_earlier_build_keeps_its_name_and_its_rungs(self):
        """old_ladder_store.sqlite was made by the build of 29 November 2026, before belief_v2, with `run CLAIM --model scripted:FILE`."""
        shutil.copy(SOURCE / "tests/cli/old_ladder_store.sqlite", self.folder / "old.sqlite")
        for run, asked, stopped, belief in (("heretix-rpl-ea2149ae5c34", 12, "limited_by_wording", (0.445633, [0.029063, 0.955728], False)),
                                            ("heretix-rpl-26d52896d492", 12, "target_met", (0.528452, [0.445713, 0.609657], False))):
            self.assertIn("equal to what is stored", self.ok("verify", run, "--db", "old.sqlite"))
            stored = self.json("show", run, "--db", "old.sqlite")
            self.assertEqual((stored["answered"], stored["ladder"]["stopped"], "rule" in stored["ladder"], "belief_v2" in stored), (asked, stopped, False, False))
            shown = next(r for r in self.json("list", "--db", "old.sqlite") if r["run_id"] == run)["belief_v2"]
            self.assertEqual((round(shown["p"], 6), [round(x, 6) for x in shown["ci"]], shown["stable"]), belief)

    def test_a_small_bank_is_told_and_asked_by_the_fixed_plan(self):
        (self.folder / "small.yaml").write_text('version: small_1\nsystem: Say how likely the claim is.\nuser_template: Answer.\nparaphrases:\n'
                                                + "".join(f'  - "{i}: {{CLAIM}}"\n' for i in range(5)))
        done = self.heretix("run", CLAIM, "--mock", "--prompts", ".", "--prompt-version", "small", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("has 5 wordings, too few", done.stderr)
        self.assertEqual(json.loads(done.stdout)["answered"], 16)
        self.refused(2, "run", CLAIM, "--mock", "--prompts", ".", "--prompt-version", "small", "--until-width", "0.2",
                     says="the ladder's last rung is 16; it must be from 1 to 5")

    def test_refuses_what_is_no_width_and_two_plans(self):
        for arguments, says in ((["--until-width", "0"], "the wanted width is 0"), (["--until-width", "1.5"], "at most 1"),
                                (["--until-width", "0.2", "-K", "8"], "name another plan"), (["--until-width", "0.2", "--fixed"], "--fixed"),
                                (["--until-width", "0.2", "--batch", "--model", "openai/m"], "leave out --batch")):
            with self.subTest(arguments):
                self.refused(2, "run", CLAIM, *arguments, says=says)

    def test_a_configuration_names_its_plan(self):
        (self.folder / "c.yaml").write_text("model: local\n")
        self.assertEqual(self.json("run", CLAIM, "--mock", "--config", "c.yaml")["answered"], 16)
        (self.folder / "c.yaml").write_text("until_width: 0.5\n")
        self.assertEqual(self.json("run", CLAIM, "--mock", "--config", "c.yaml")["ladder"]["target"], 0.5)
