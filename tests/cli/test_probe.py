"""heretix probe: what kind of instrument a model is that states probabilities, and what its profile decides."""
import shutil
import signal
import subprocess

from heretix import PROGRAM, SOURCE, ProgramTest

CLAIM = "Tariffs cause inflation"
ALONE = 20 + 6 * (6 * 2 + 6 + 6 * 2)  # one after the other; by claim: two repeats, negations, two other states
TOGETHER = 6 * 3 * 6 * 2              # six claims in three ways
COMPANY = 6 * 16 * 2
DECIDE = ("--readout", "decision", "-B", 50)


class ProbeTest(ProgramTest):
    def model(self, name="m", noise=0, **fields):
        return self.script(f"{name}.json", model=name, noise=noise, **fields)

    def probe(self, model, *arguments, **more):
        return self.json("probe", model, "--repeats", 2, *arguments, **more)

    def attempts(self):
        return self.database().execute("SELECT count(*) FROM heretix_attempts").fetchone()[0]

    def mode_of(self, *arguments):
        return self.json("describe", CLAIM, *DECIDE, *arguments)["config"]["mode"]


class Profiles(ProbeTest):
    def test_a_steady_model_is_measured_and_its_profile_kept(self):
        model = self.model(price_micro_usd=10)
        profile = self.probe(model)
        self.assertEqual((profile["format"], profile["version"], profile["model"]), ("heretix_probe", 1, "m"))
        self.assertEqual(profile["noise"]["sd"], {"value": 0, "ci": [0, 0]})
        self.assertEqual(profile["noise"]["statements"], 36)
        self.assertEqual(profile["numbers"]["step"], 0.01)
        self.assertEqual(profile["isolation"]["largest_shift"], {"value": 0, "ci": [0, 0.01]})  # rounding leaves a step open
        self.assertIs(profile["isolation"]["allows"], True)
        self.assertEqual([w["in_one_request"] for w in profile["isolation"]["ways"]], [6, 6, 6, 16])
        self.assertEqual(profile["complement"]["pairs"], 36)
        self.assertEqual([s["state"] for s in profile["states"]], ["reworded", "bare"])
        self.assertEqual(profile["latency"]["requests"], 20)
        self.assertEqual(profile["price"]["alone_pico_usd"], 32 * 10_000_000)
        self.assertEqual(profile["answers"], ALONE + TOGETHER + COMPANY)
        self.assertEqual(profile["answered_by"], {"m-scripted": ALONE + TOGETHER + COMPANY})
        self.assertEqual(self.attempts(), ALONE + TOGETHER + COMPANY)
        self.assertEqual(self.json("probe", model, "--stored"), profile)
        self.assertEqual(self.attempts(), ALONE + TOGETHER + COMPANY)

    def test_it_is_shown_as_text_and_as_a_page(self):
        model = self.model()
        text = self.ok("probe", model, "--repeats", 2, "-o", "p.html")
        for part in ("What kind of instrument is m?", "Wordings may go into one request, up to 64 at a time.", "yes-bias", "latency, median", "price of a claim, asked alone",
                     "among 16 in one request"):
            self.assertIn(part, text)
        page = (self.folder / "p.html").read_text()
        self.assertIn("<svg", page)
        self.assertIn("How far a number shifts in company", page)
        self.assertEqual(self.ok("probe", model, "--stored"), text)

    def test_every_probe_asks_anew_and_the_newest_profile_counts(self):
        model = self.model()
        first, second = self.probe(model), self.probe(model)
        self.assertNotEqual(first["probe_id"], second["probe_id"])
        self.assertEqual(self.attempts(), 2 * first["answers"])
        self.assertEqual(self.json("probe", model, "--stored")["probe_id"], second["probe_id"])

    def test_noise_of_repeats_is_seen(self):
        profile = self.probe(self.model(noise=0.6))
        low, high = profile["noise"]["sd"]["ci"]
        # A uniform number of width 0.6 in log-odds has a deviation of 0.173; at the claims' p (1 - p) that is 0.02 to 0.043.
        self.assertTrue(0.01 < low < high < 0.05, profile["noise"])
        self.assertIs(profile["isolation"]["allows"], False)
        self.assertIn("noise", profile["isolation"]["why_not"])

    def test_noise_that_hides_the_answer_is_asked_away(self):
        """Noise of 0.017 in log-odds leaves 0.02 open after two repeats of each question, and closes it with four or eight."""
        model = self.model(noise=0.06)
        done = self.heretix("probe", model, "--repeats", 2)
        self.assertIn("noise hides how far numbers shift in company: asking each question 4 times", done.stderr)
        profile = self.json("probe", model, "--stored")
        self.assertIn(profile["repeats"], (4, 8))
        self.assertIs(profile["isolation"]["allows"], True)
        self.assertEqual(self.attempts(), profile["answers"], "earlier repeats were paid for")

    def test_bounds_of_the_service_are_seen(self):
        rules = [{"user_contains": "Moon", "prob_true": 0.01}, {"user_contains": "Water", "prob_true": 0.99}]
        numbers = self.probe(self.model(rules=rules))["numbers"]
        self.assertEqual((numbers["least"], numbers["low_bound"], numbers["greatest"], numbers["high_bound"]), (0.01, 0.01, 0.99, 0.99))


class WhatAProfileAllows(ProbeTest):
    def test_without_a_profile_each_wording_is_asked_alone(self):
        model = self.model()
        done = self.heretix("run", CLAIM, "--model", model, *DECIDE)
        self.assertNotIn("one request", done.stderr)
        self.assertNotIn("together", self.mode_of("--model", model))

    def test_a_profile_that_allows_puts_the_banks_wordings_into_one_request(self):
        model = self.model()
        self.probe(model)
        done = self.heretix("run", CLAIM, "--model", model, *DECIDE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^up to 16 statements in one request, as the profile of m of 20\d\d-\d\d-\d\d allows$")
        self.assertIn("together=16", self.mode_of("--model", model))
        modes = [r["mode"] for r in self.database().execute("SELECT mode FROM heretix_executions")]
        self.assertTrue(all("together=16" in mode for mode in modes) and modes, modes)

        self.assertNotIn("together", self.mode_of("--model", model, "--alone"))
        alone = self.heretix("run", CLAIM, "--model", model, *DECIDE, "--alone")
        self.assertNotIn("one request", alone.stderr)
        attempts = self.attempts()
        self.ok("run", CLAIM, "--model", model, *DECIDE, "--alone")
        self.assertEqual(self.attempts(), attempts, "what was asked alone was paid for")
        self.assertNotIn("together", self.mode_of("--model", self.model("other")))

    def test_a_batch_says_it_once(self):
        model = self.model()
        self.probe(model)
        (self.folder / "claims.csv").write_text("claim\nSnow is white\nGrass is green\n")
        done = self.heretix("batch", "claims.csv", "--model", model, *DECIDE, "-K", 4)
        self.assertEqual(done.stderr.count("up to 16 statements in one request"), 1, done.stderr)

    def test_no_more_go_together_than_the_service_takes(self):
        model = self.model(company={"most": 10})
        self.probe(model)
        self.assertIn("together=10", self.mode_of("--model", model))

    def test_any_kind_of_shift_forbids_it(self):
        for way in ("together", "reversed", "renamed"):
            with self.subTest(way):
                model = self.model(way, company={way: 0.05})
                profile = self.probe(model)
                self.assertIs(profile["isolation"]["allows"], False)
                self.assertAlmostEqual(profile["isolation"]["largest_shift"]["value"], 0.05)
                self.assertEqual([w["asked"] for w in profile["isolation"]["ways"]], ["together", "reversed", "renamed"])  # no company
                self.assertNotIn("together", self.mode_of("--model", model))

    def test_a_model_that_takes_one_statement_is_probed_without_company(self):
        profile = self.probe(self.model(company={"most": 1}))
        self.assertEqual(profile["isolation"]["ways"], [])
        self.assertEqual(profile["isolation"]["why_not"], "the model takes one statement in a request")
        self.assertEqual(profile["answers"], ALONE)

    def test_other_readouts_are_left_alone(self):
        model = self.model()
        self.probe(model)
        self.assertNotIn("together", self.json("describe", CLAIM, "--model", model)["config"]["mode"])


class Interruptions(ProbeTest):
    def start(self, model, *arguments):
        running = subprocess.Popen([PROGRAM, "probe", model, "--repeats", "2", *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)
        return running

    def asked(self):
        ledger = self.folder / "ledger"
        return [line.split()[1] for line in ledger.read_text().splitlines() if line.startswith("received")] if ledger.exists() else []

    def wait_until_asked(self, count):
        self.wait_for(lambda: len(self.asked()) >= count)

    def slow(self):
        return self.model(delay_ms=15, ledger=str(self.folder / "ledger"))

    def test_a_killed_probe_goes_on_and_asks_nothing_twice_that_was_answered(self):
        model = self.slow()
        running = self.start(model)
        self.wait_until_asked(120)
        running.kill()
        running.wait()
        answered = {r["cache_key"] for r in self.database().execute("SELECT cache_key FROM heretix_answers")}
        before = len(self.asked())
        profile = self.probe(model)
        self.assertEqual(profile["answers"], ALONE + TOGETHER + COMPANY)
        self.assertFalse(answered & set(self.asked()[before:]))
        self.assertEqual(len(set(self.asked())), profile["answers"])
        self.assertEqual(self.database().execute("SELECT count(*) FROM heretix_probes").fetchone()[0], 1)

    def test_an_interrupted_probe_says_what_is_kept(self):
        model = self.slow()
        running = self.start(model)
        self.wait_until_asked(60)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 7, told)
        self.assertRegex(told, rf"stopped: \d+ of {ALONE + TOGETHER + COMPANY} answers are kept")
        self.refused(3, "probe", model, "--stored", says="the store has no profile")
        self.probe(model)
        self.assertEqual(len(self.asked()), len(set(self.asked())))

    def test_fresh_leaves_a_stopped_probe_behind(self):
        model = self.model(price_micro_usd=100)
        self.refused(7, "probe", model, "--repeats", 2, "--budget", 0.003, says="budget")
        profile = self.probe(model, "--fresh")
        self.assertEqual(self.attempts(), 30 + profile["answers"])

    def test_a_budget_stops_it_and_a_larger_one_pays_only_for_the_rest(self):
        model = self.model(price_micro_usd=100)
        done = self.refused(7, "probe", model, "--repeats", 2, "--budget", 0.003, says=["budget of $0.0030", "it cost $0.003000"])
        self.assertIn(f"30 of {ALONE + TOGETHER + COMPANY} answers are kept", done.stderr)
        self.assertEqual(self.probe(model, "--budget", 1)["answers"], self.attempts())
        self.assertIn(f"{self.attempts()}", self.ok("costs"))

    def test_two_at_once_do_not_share_a_probe(self):
        model = self.slow()
        self.start(model)
        self.wait_until_asked(10)
        self.refused(5, "probe", model, "--repeats", 2, says="another heretix is probing this model")


class Refusals(ProbeTest):
    def test_what_cannot_be_probed_is_named(self):
        model = self.model()
        self.refused(2, "probe", model, "--repeats", 1, says="repeats is 1; it must be from 2 to 50")
        self.refused(2, "probe", "openai-compatible/m", "--base-url", "http://127.0.0.1:1/v1", says="has no decisions API")
        self.refused(2, "probe", "nothing/of-the-kind", says="there is no model")
        self.refused(3, "probe", model, "--stored", says="there is no")

    def test_a_fault_of_the_service_ends_it_with_its_own_code(self):
        self.refused(4, "probe", self.model(rules=[{"every": 25, "fail": "bad_key"}]), "--repeats", 2, says=["401", f"of {ALONE + TOGETHER + COMPANY} answers are kept"])
        self.refused(2, "probe", self.model("silent", rules=[{"text": "I cannot say."}]), "--repeats", 2, says="stated no usable probability")

    def test_unusable_answers_are_counted_and_left_out(self):
        profile = self.probe(self.model(rules=[{"user_contains": "spiders", "text": '{"type":"refusal"}'}]))
        self.assertGreater(profile["unusable"], 40)
        self.assertEqual(profile["noise"]["statements"], 30)
        self.assertEqual(profile["complement"]["pairs"], 30)

    def test_a_store_of_an_earlier_schema_has_no_profiles_and_is_read(self):
        shutil.copy(SOURCE / "tests/provider/old_hosted_store.sqlite", self.folder / "old.sqlite")
        model = self.model()
        self.refused(3, "probe", model, "--stored", "--db", "old.sqlite", says="the store has no profile of")
        self.assertNotIn("together", self.mode_of("--model", model, "--db", "old.sqlite"))
        self.probe(model, "--db", "old.sqlite")
        self.assertEqual(self.database("old.sqlite").execute("SELECT value FROM heretix_meta WHERE key = 'schema'").fetchone()[0], "7")
        self.assertIn("together=16", self.mode_of("--model", model, "--db", "old.sqlite"))
