"""What a person meets: run, read, resume, refuse."""
import json
import os
import re
import signal
import subprocess
import unittest

from heretix import PROGRAM, SOURCE, ProgramTest

CLAIM = "Tariffs cause inflation"


class Run(ProgramTest):
    def test_a_claim_goes_in_and_a_belief_comes_out(self):
        done = self.heretix("run", CLAIM, "--mock")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(CLAIM, done.stdout)
        self.assertRegex(done.stdout, r"p = 0\.\d\d   95 % interval 0\.\d\d to 0\.\d\d")
        self.assertIn("stored in runs/mock.sqlite", done.stderr)
        self.assertEqual((self.folder / "runs/mock.sqlite").stat().st_mode & 0o777, 0o600)

    def test_json_is_the_stored_record_and_nothing_more(self):
        record = self.json("run", CLAIM, "--mock")
        stored = self.database().execute("SELECT record_json FROM heretix_executions").fetchone()[0]
        self.assertEqual(record, json.loads(stored))
        self.assertEqual(record["config"]["K"], 8)
        self.assertEqual(record["answered"], 16)

    def test_the_same_command_asks_nothing_again(self):
        first = self.json("run", CLAIM, "--mock")
        again = self.json("run", CLAIM, "--mock")
        self.assertEqual(again["execution"]["attempts"], 0)
        self.assertEqual(again["cache_hit_rate"], 1.0)
        self.assertEqual(again["estimate"], first["estimate"])
        self.assertNotEqual(again["execution"]["execution_id"], first["execution"]["execution_id"])
        self.assertEqual(self.database().execute("SELECT count(*) FROM runs").fetchone()[0], 1)

    def test_a_larger_plan_reuses_what_is_stored(self):
        self.json("run", CLAIM, "--mock", "-K", 8, "-R", 1)
        larger = self.json("run", CLAIM, "--mock", "-K", 16, "-R", 1)
        self.assertEqual(larger["execution"]["attempts"], 8)

    def test_fresh_asks_everything_anew_under_its_own_keys(self):
        first = self.json("run", CLAIM, "--mock")
        fresh = self.json("run", CLAIM, "--mock", "--fresh")
        self.assertEqual(fresh["execution"]["attempts"], 16)
        self.assertEqual(fresh["run_id"], first["run_id"])
        self.assertIn(";run=exec-", fresh["config"]["mode"])

    def test_flags_win_over_environment_over_file(self):
        config = self.folder / "c.yaml"
        config.write_text(f"claim: {CLAIM}\nmock: true\nK: 4\nR: 3\nB: 100\nseed: 7\nconcurrency: 2\n")
        record = self.json("run", "--config", config, "-R", 1, HERETIX_RPL_SEED="9")
        self.assertEqual((record["config"]["K"], record["config"]["R"], record["config"]["B"]), (4, 1, 100))
        self.assertEqual(record["estimate"]["bootstrap_seed"], "7", "a seed in the file wins over the environment")
        self.assertEqual(self.json("run", CLAIM, "--mock", HERETIX_RPL_SEED="9")["estimate"]["seed_source"], "HERETIX_RPL_SEED")
        self.assertEqual(self.json("run", CLAIM, "--mock", "--seed", 5, HERETIX_RPL_SEED="9")["estimate"]["bootstrap_seed"], "5")

    def test_other_places_for_the_store(self):
        self.ok("run", CLAIM, "--mock", "--db", "a/b/c.sqlite")
        self.ok("run", CLAIM, "--mock", HERETIX_DB=str(self.folder / "d.sqlite"))
        self.assertTrue((self.folder / "a/b/c.sqlite").exists())
        self.assertTrue((self.folder / "d.sqlite").exists())

    SPLIT = (1, 0.074, 1, 0.8, 0, 0.12, 0, 1)

    EIGHT = ("-K", 8, "-T", 8, "-R", 1)

    def split(self):
        """A model that answers the eight wordings of the plan so."""
        order = self.json("describe", CLAIM, "--model", self.script(model="m"), *self.EIGHT)["sampler"]["template_order"]
        return self.script(model="m", rules=[{"paraphrase_idx": i, "text": json.dumps({"belief": {"prob_true": p}})} for i, p in zip(order, self.SPLIT, strict=True)])

    def test_where_the_wordings_split_there_is_no_stable_belief(self):
        plan = ("--model", self.split(), *self.EIGHT)
        record = self.json("run", CLAIM, *plan)
        belief = record["belief_v2"]
        self.assertEqual((round(belief["p"], 6), [round(x, 6) for x in belief["ci"]]), (0.589055, [0.023937, 0.988205]))
        self.assertEqual((belief["stable"], belief["split"], belief["say_true"], belief["say_false"], belief["undecided"]), (False, True, 4, 4, 0))
        self.assertAlmostEqual(record["estimate"]["prob_true_rpl"], 0.855750, 6)  # the frozen number stays
        told = self.ok("show", record["run_id"])
        self.assertIn("No stable belief: 4 wordings say true, 4 say false\n  p = 0.59   95 % interval 0.02 to 0.99   (mock)\n"
                      "  try: look at the templates that differ (heretix report --mock heretix-rpl-", told)
        self.assertIn("◇", told)
        self.assertNotIn("◆", told)
        self.assertIn("unstable", self.ok("list"))
        self.assertIn("equal to what is stored", self.ok("verify", record["run_id"]))

    def test_there_is_one_interval_on_a_screen_and_the_frozen_one_with_verbose(self):
        plan = ("--model", self.split(), *self.EIGHT)
        short, long = self.ok("run", CLAIM, *plan), self.ok("run", CLAIM, *plan, "--verbose")
        self.assertEqual(short.count("interval"), 1, short)
        for frozen in ("for comparison with earlier runs\n  frozen      p = 0.86, 95 % interval 0.00 to 1.00 (width 1.00)", "precision", "stability", "quality"):
            self.assertIn(frozen, long)
            self.assertNotIn(frozen, short)
        self.assertEqual(long, self.ok("show", self.json("list")[0]["run_id"], "--verbose"))

    def test_a_belief_without_a_split_is_stable_and_drawn_full(self):
        record = self.json("run", CLAIM, "--model", self.script(rules=[{"prob_true": 0.7}]), "-K", 8, "-T", 8, "-R", 1)
        self.assertEqual((record["belief_v2"]["stable"], record["belief_v2"]["verdict"]), (True, "likely true"))
        self.assertIn("◆", self.ok("show", record["run_id"]))

    def test_one_wording_has_no_interval_and_no_stability(self):
        record = self.json("run", CLAIM, "--model", self.script(rules=[{"prob_true": 0.7}]), "-K", 1, "-T", 1, "-R", 4)
        self.assertIsNone(record["belief_v2"]["stable"])
        self.assertNotIn("ci", record["belief_v2"])

    def test_strict_exits_with_one_where_a_gate_fails(self):
        model = self.script(rules=[{"paraphrase_idx": i, "prob_true": 0.02 if i % 2 else 0.98} for i in range(16)])
        self.assertEqual(self.heretix("run", CLAIM, "--model", model).returncode, 0)
        done = self.heretix("run", CLAIM, "--model", model, "--strict")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"stability +FAIL")
        self.assertIn("try: ", done.stdout)

    def test_the_gate_tells_where_the_honest_width_fails_a_limit_that_the_frozen_one_meets(self):
        model = self.script(rules=[{"paraphrase_idx": i, "prob_true": p} for i, p in enumerate(
            [0.42, 0.47, 0.61, 0.46, 0.52, 0.41, 0.56, 0.5, 0.45, 0.52, 0.48, 0.58, 0.44, 0.57, 0.44, 0.59])])
        record = self.json("run", CLAIM, "--model", model, "-K", 3, "-T", 3, "-R", 1)
        gate = next(g for g in record["gates"] if g["name"] == "precision")
        self.assertTrue(gate["passed"])
        self.assertGreater(gate["honest_observed"], 0.30)
        self.assertIn("but the honest interval is", self.ok("show", record["run_id"], "--verbose"))

    def test_no_colour_reaches_a_pipe(self):
        self.assertNotIn("\x1b", self.ok("run", CLAIM, "--mock"))


class Faults(ProgramTest):
    def test_an_unusable_answer_is_asked_again_once_and_both_are_kept(self):
        model = self.script(rules=[{"paraphrase_idx": 3, "attempt": 1, "text": "I think so."}])
        record = self.json("run", CLAIM, "--model", model, "-K", 16, "-R", 1)
        self.assertEqual(record["usable"], 16)
        self.assertEqual(record["execution"]["attempts"], 17)
        self.assertEqual(record["execution"]["first_answer_unusable_rate"], 1 / 16)
        rows = self.database().execute("SELECT reason FROM heretix_answers a JOIN samples s USING (cache_key) WHERE s.paraphrase_idx = 3 ORDER BY attempt").fetchall()
        self.assertEqual([r[0] for r in rows], ["not_json", None])

    def test_a_question_that_stays_unusable_counts_once_with_its_first_answer(self):
        model = self.script(rules=[{"paraphrase_idx": 3, "attempt": 1, "text": "no"}, {"paraphrase_idx": 3, "text": ""}])
        record = self.json("run", CLAIM, "--model", model, "-K", 16, "-R", 1)
        self.assertEqual((record["answered"], record["usable"]), (16, 15))
        self.assertEqual(record["rpl_compliance_rate"], 15 / 16)
        sample = self.database().execute("SELECT * FROM samples WHERE paraphrase_idx = 3").fetchone()
        self.assertEqual(sample["json_valid"], 0)
        self.assertEqual(self.json("run", CLAIM, "--model", model, "-K", 16, "-R", 1)["execution"]["attempts"], 0)

    def test_a_refusal_is_never_asked_again(self):
        for ending, reason in (("refused", "provider_refusal"), ("filtered", "content_filter"), ("length", "length_stop")):
            with self.subTest(ending):
                model = self.script(name=f"{ending}.json", rules=[{"paraphrase_idx": 3, "ending": ending}])
                record = self.json("run", CLAIM, "--model", model, "-K", 16, "-R", 1)
                self.assertEqual(record["execution"]["attempts"], 16)
                self.assertIn(reason, self.ok("answers", record["run_id"]))

    def test_rate_limits_are_waited_out(self):
        model = self.script(rules=[{"every": 3, "fail": "rate_limited", "retry_after_ms": 1}])
        self.assertEqual(self.json("run", CLAIM, "--model", model)["usable"], 16)

    def test_a_lost_reply_is_asked_again_once_and_then_left_in_doubt(self):
        once = self.script(price_micro_usd=100, rules=[{"paraphrase_idx": 5, "attempt": 1, "fail": "lost_reply", "delay_ms": 1}])
        record = self.json("run", CLAIM, "--model", once, "-K", 16, "-R", 1)
        self.assertEqual(record["execution"]["billing_unknown"], 1)
        self.assertEqual(record["execution"]["billed_micro_usd"], 1600)
        always = self.script(name="always.json", price_micro_usd=100, rules=[{"paraphrase_idx": 5, "fail": "lost_reply"}])
        self.refused(6, "run", CLAIM, "--model", always, "-K", 16, "-R", 1, says=["sent twice", "15 of 16 answers are kept", "--resend-unknown"])
        self.refused(6, "run", CLAIM, "--model", always, "-K", 16, "-R", 1)
        sent = self.database().execute("SELECT count(*) FROM heretix_attempts WHERE model = 'always'").fetchone()[0]
        self.assertEqual(sent, 17, "15 answered, one sent twice, nothing more on the second call")

    def test_a_provider_that_stays_away_keeps_what_came(self):
        model = self.script(concurrency=1, rules=[{"paraphrase_idx": 5, "fail": "unavailable", "retry_after_ms": 1}])
        self.refused(5, "run", CLAIM, "--model", model, "-K", 16, "-R", 1, says=["no answer after 3 attempts", "are kept"])
        self.refused(4, "run", CLAIM, "--model", self.script(rules=[{"fail": "bad_key"}]), says="the key was refused")

    def test_fewer_than_three_usable_answers_are_an_error_that_keeps_them(self):
        model = self.script(rules=[{"ending": "refused"}])
        self.refused(2, "run", CLAIM, "--model", model, says=["0 of 16 answers are usable, and an estimate needs at least 3", "all answers are kept"])
        self.assertEqual(self.database().execute("SELECT count(*) FROM heretix_answers").fetchone()[0], 16)

    def test_an_interrupt_keeps_everything_and_the_same_command_goes_on(self):
        model = self.script(concurrency=2, delay_ms=400, ledger=str(self.folder / "ledger"))
        running = subprocess.Popen([PROGRAM, "run", CLAIM, "--fixed", "--model", model], cwd=self.folder, stderr=subprocess.PIPE, text=True)
        ledger = self.folder / "ledger"
        self.wait_for(lambda: ledger.exists() and ledger.read_text().count("received") >= 4)  # two are answered, two in flight
        running.send_signal(signal.SIGINT)
        told = running.communicate(timeout=30)[1]
        self.assertEqual(running.returncode, 7, told)
        kept = int(re.search(r"stopped: (\d+) of 16 answers are kept", told)[1])
        self.assertGreater(kept, 1)
        self.assertLess(kept, 16)
        self.assertIn("asks only for what is missing", told)
        self.assertIn("interrupt again to stop at once", told)
        self.assertEqual(self.json("run", CLAIM, "--model", model)["execution"]["attempts"], 16 - kept)
        open_attempts = self.database().execute("SELECT count(*) FROM heretix_attempts WHERE outcome IS NULL").fetchone()[0]
        self.assertEqual(open_attempts, 0, "what was in flight was waited for")

    def test_two_at_once_never_ask_the_same_question(self):
        model = self.script(concurrency=4, delay_ms=40, ledger=str(self.folder / "ledger"))
        commands = [subprocess.Popen([PROGRAM, "run", CLAIM, "--fixed", "--model", model, "--json"], cwd=self.folder, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, text=True) for _ in range(3)]
        outputs = [c.communicate(timeout=60) for c in commands]
        for command, (_, error) in zip(commands, outputs, strict=True):
            self.assertEqual(command.returncode, 0, error)
        received = [line.split()[1] for line in (self.folder / "ledger").read_text().splitlines() if line.startswith("received")]
        self.assertEqual(len(received), 16)
        self.assertEqual(len({json.loads(o)["estimate"]["prob_true_rpl"] for o, _ in outputs}), 1)


class Reading(ProgramTest):
    def test_list_show_answers_report(self):
        record = self.json("run", CLAIM, "--mock")
        run = record["run_id"]
        self.assertIn(run, self.ok("list"))
        self.assertEqual(self.json("list")[0]["run_id"], run)
        self.assertIn(CLAIM, self.ok("show", run))
        self.assertEqual(self.json("show", run), record)
        self.assertIn(CLAIM, self.ok("show", run[:18]))
        self.assertIn(CLAIM, self.ok("show", record["execution"]["execution_id"]))
        self.assertEqual(len(self.ok("answers", run).splitlines()), 1 + 1 + 16)
        self.assertIn('"prob_true"', self.ok("answers", run, "--raw"))
        self.assertEqual(len(self.json("answers", run)), 16)
        self.assertEqual(len(self.ok("report", run, "--text").splitlines()), 2 + 1 + 8 + 1)
        self.refused(3, "show", "nothing", says="there is no run 'nothing'")

    def test_the_report_is_one_file_that_asks_for_nothing_and_escapes_what_came_from_outside(self):
        claim = 'A <script>alert("x")</script> & co'
        evil = '{"prob_true":0.5,"reasons":["<img src=x onerror=alert(1)>"]}'
        run = self.json("run", claim, "--model", self.script(rules=[{"text": evil}]))["run_id"]
        self.ok("report", run)
        page = (self.folder / f"{run}.html").read_text()
        self.assertNotRegex(page, r"<script|<img|<link|@import|url\(|<[^>]*(src|href)=")
        self.assertIn("&lt;script&gt;", page)
        self.assertIn("&lt;img src=x", page)
        self.assertEqual(self.ok("report", run, "--out", "-"), page)

    def test_describe_sends_nothing_and_knows_what_is_stored(self):
        text = self.ok("describe", CLAIM, "--mock")
        self.assertFalse((self.folder / "runs").exists(), "describing makes no file")
        self.assertIn("0 of 16; 16 would be asked", text)
        plan = self.json("describe", CLAIM, "--mock")
        record = self.json("run", CLAIM, "--mock")
        self.assertEqual(plan["seed"], record["estimate"]["bootstrap_seed"])
        self.assertEqual(plan["sampler"], record["sampler"])
        self.assertEqual(plan["run_id"], record["run_id"])
        self.assertIn("16 of 16; 0 would be asked", self.ok("describe", CLAIM, "--mock"))

    def test_batch_reads_jsonl_csv_and_standard_input(self):
        lines = '{"claim":"One"}\n\n{"claim":"Two","K":4,"R":1}\n'
        (self.folder / "c.jsonl").write_text(lines)
        (self.folder / "c.csv").write_text('claim,K\r\n"Three, quoted ""so""",4\r\nFour,\r\n')
        self.assertEqual(len(self.ok("batch", "c.jsonl", "--mock").splitlines()), 3)  # with a header
        records = [json.loads(line) for line in self.ok("batch", "c.csv", "--mock", "--json").splitlines()]
        self.assertEqual([(r["claim"], r["config"]["K"]) for r in records], [('Three, quoted "so"', 4), ("Four", 8)])
        self.assertEqual(len(self.ok("batch", "-", "--mock", stdin=lines).splitlines()), 3)
        (self.folder / "bad.jsonl").write_text('{"claim":"One"}\n{"clam":"Two"}\n')
        self.refused(2, "batch", "bad.jsonl", "--mock", says=["bad.jsonl:2", "unknown field 'clam'"])
        self.assertEqual(len(self.json("list")), 4, "a bad line costs nothing: nothing was asked")

    def test_models_help_man_and_completion_come_from_one_table(self):
        self.assertIn("scripted:FILE", self.ok("models"))
        documented = (SOURCE / "docs/commands.md").read_text()
        self.assertEqual(self.ok("commands"), documented)
        man = self.ok("man")
        commands = re.findall(r"^## heretix (.+)$", documented, re.MULTILINE)
        self.assertGreater(len(commands), 40)
        self.assertEqual(re.findall(r"^\.SS heretix (.+)$", man, re.MULTILINE), commands)
        help_text = self.ok("--help")
        for command in {name.split(" ")[0] for name in commands}:
            self.assertRegex(help_text, rf"(?m)^ +{command} ")
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("resend-unknown", self.ok("completion", shell))
        subprocess.run(["bash", "-n"], input=self.ok("completion", "bash"), text=True, check=True)
        version = re.search(r"heretix VERSION ([\d.]+)", (SOURCE / "CMakeLists.txt").read_text())[1]
        self.assertEqual(self.ok("--version"), f"heretix {version}\n")

    def test_selftest_checks_an_installation_and_sees_a_changed_number(self):
        told = self.ok("selftest")
        self.assertRegex(told, r"\d{5} equal, 0 different")
        golden = self.folder / "golden"
        golden.mkdir()
        for path in (SOURCE / "tests/golden").glob("*.json"):
            (golden / path.name).write_text(path.read_text())
        (golden / "keys.json").write_text((golden / "keys.json").read_text().replace("heretix-rpl-8d4b96a13262", "heretix-rpl-000000000000"))
        (golden / "astrology.json").write_text("{}")
        done = self.heretix("selftest", golden)
        self.assertEqual(done.returncode, 1)
        self.assertIn("key-p00 run_id", done.stdout)
        self.assertIn("does not know this file", done.stdout)
        self.refused(3, "selftest", "/nowhere")


class Installed(ProgramTest):
    def test_an_installed_program_finds_its_files_from_any_folder(self):
        prefix = self.folder / "usr"
        subprocess.run(["cmake", "--install", os.environ["HERETIX_BUILD"], "--prefix", prefix], check=True, capture_output=True)
        program = str(prefix / "bin/heretix")
        self.assertRegex(self.ok("selftest", program=program), r"\d{5} equal, 0 different")
        plan = self.json("describe", CLAIM, program=program)
        self.assertEqual(plan["config"]["model"], "llama/SmolLM2-135M-Instruct.Q4_1")
        installed = {p.name for p in prefix.rglob("*") if p.is_file()}
        self.assertLessEqual({"LICENSE", "third_party_notices.md", "llama.cpp.txt", "SmolLM2.txt", "heretix_v1.yaml"}, installed)
        self.assertFalse([p for p in prefix.rglob("*") if p.is_symlink()], "nothing points back to the build")


class BadInput(ProgramTest):
    def test_claims(self):
        self.refused(2, "run", "", "--mock", says="the claim is empty")
        self.refused(2, "run", "x" * 20000, "--mock", says="at most 16384")
        self.refused(2, "run", "é" * 600, "--mock", says=["at most 1200", "shorten the claim by"])
        self.refused(2, "run", "--mock", says="no claim is given")
        (self.folder / "nul.json").write_text('{"claim":"a\\u0000b"}')
        self.refused(2, "run", "--config", "nul.json", "--mock", says="NUL character at byte 1")
        done = subprocess.run([PROGRAM, "run", b"ab\xff", "--mock"], cwd=self.folder, capture_output=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"not valid UTF-8 at byte 2", done.stderr)
        self.assertFalse((self.folder / "runs").exists(), "nothing was made")

    def test_numbers_out_of_range(self):
        for flag, value, says in (("-K", 0, "K (slots) is 0; it must be from 1 to 4096"), ("-R", 0, "from 1 to 1024"), ("-T", 17, "T (templates) is 17; it must be from 1 to 16"),
                                  ("-T", 0, "from 1 to 16"), ("-B", 0, "from 1 to 1000000"), ("--seed", -1, "must be from 0 to 9223372036854775807"),
                                  ("--seed", 2**63, "must be from 0 to 9223372036854775807"), ("--seed", "x", "--seed is 'x'"),
                                  ("-K", "many", "-K is 'many'; it must be a whole number"), ("--max-output-tokens", 0, "max_output_tokens"), ("--temperature", 11, "from 0 to 10")):
            with self.subTest(flag=flag, value=value):
                mock = [] if flag == "--temperature" else ["--mock"]
                self.refused(2, "run", CLAIM, *mock, flag, value, says=says)
        self.refused(2, "run", CLAIM, "--mock", "--fixed", "-K", 4, says="--fixed")
        self.refused(2, "run", CLAIM, "--mock", HERETIX_RPL_SEED="-3", says="HERETIX_RPL_SEED is '-3'")
        self.refused(2, "run", CLAIM, HERETIX_MOCK="maybe", says="HERETIX_MOCK is 'maybe'")
        self.refused(2, "run", CLAIM, "--mock", "--no-such-flag")
        self.refused(2, "frobnicate")
        self.assertFalse((self.folder / "runs").exists(), "nothing was made")

    def test_more_questions_than_a_measurement_may_have(self):
        """Refused by the numbers: nothing is planned, so it is quick and small, and nothing is made."""
        large = "K times R is 4096 times 1024 = 4194304 questions; one measurement asks at most 65536"
        (self.folder / "c.yaml").write_text("claim: a\nK: 4096\nR: 1024\n")
        (self.folder / "b.jsonl").write_text('{"claim": "a"}\n{"claim": "b", "K": 4096, "R": 1024}\n')
        (self.folder / "b.csv").write_text("claim,K,R\na,8,2\nb,4096,1024\n")
        (self.folder / "claims.csv").write_text("claim,label\na,true\nb,false\n")
        counts = ("-K", 4096, "-R", 1024)
        for arguments, says in ((("run", CLAIM, *counts), large), (("describe", CLAIM, *counts), large),
                                (("run", CLAIM, "-K", 65, "-R", 1024), "65 times 1024 = 66560 questions"),
                                (("run", "--config", "c.yaml"), large), (("batch", "b.jsonl"), "b.jsonl:2: " + large), (("batch", "b.csv"), "b.csv:3: " + large),
                                (("coherence", CLAIM, "--not", "Tariffs do not cause inflation", *counts), large),
                                (("run", CLAIM, "-K", 66, "--readout", "frequency", "--samples", 1000), "66 times 1 times 1000 = 66000 questions")):
            with self.subTest(arguments=arguments):
                self.refused(2, *arguments, "--mock", says=says)
        peak = max(self.peak_of("run", CLAIM, *counts, "--mock"), self.peak_of("describe", CLAIM, *counts, "--mock"))
        self.assertLess(peak, self.peak_of("describe", CLAIM, "-K", 8, "-R", 2, "--mock") + 2048)  # kB
        self.assertFalse((self.folder / "runs").exists(), "nothing was made")

    def peak_of(self, *arguments):
        """The most kB that the program held (or Python before it, which started it)."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "RPL_"))}
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=self.folder, env=kept, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return used.ru_maxrss

    def test_configuration_files(self):
        for text, says in (("claim: a\nclam: b\n", "c.yaml:2:1: unknown field 'clam'"), ("claim: a\nclaim: b\n", "given twice"), ("K: many\nclaim: a", "'K' must be a whole number"),
                           ("- a\n", "not a mapping"), ("claim: [", "c.yaml:1"), ("seed: 9223372036854775808\nclaim: a\n", "seed"), ("K: 1.5\nclaim: a\n", "whole number")):
            with self.subTest(text):
                (self.folder / "c.yaml").write_text(text)
                self.refused(2, "run", "--config", "c.yaml", "--mock", says=says)
        self.refused(3, "run", "--config", "absent.yaml", "--mock")

    def test_models_and_banks(self):
        self.refused(2, "run", CLAIM, "--model", "nobody", says="there is no model 'nobody'")
        self.refused(3, "run", CLAIM, "--model", "llama:/absent.gguf", says="no model file at /absent.gguf")
        (self.folder / "text.gguf").write_text("not a model")
        self.refused(2, "run", CLAIM, "--model", f"llama:{self.folder}/text.gguf", says="is not a model that llama.cpp can load")
        self.refused(3, "run", CLAIM, "--mock", "--prompt-version", "absent", says=["no prompt bank 'absent'", "heretix_v1"])
        self.refused(3, "run", CLAIM, "--model", "scripted:absent.json")
        self.refused(2, "run", CLAIM, "--model", self.script(rules=[{"fali": "x"}]), says=["rule 0", "unknown field 'fali'"])
        banks = self.folder / "banks"
        banks.mkdir()
        (banks / "b.yaml").write_text("version: v\nsystem: s\nuser_template: t\nparaphrases:\n  - no mark\n")
        self.refused(2, "run", CLAIM, "--mock", "--prompts", banks, "--prompt-version", "b", says=["b.yaml:5:5", "paraphrase 0 does not contain {CLAIM}"])
        (banks / "b.yaml").write_text("version: v\nsystem: s\nuser_template: t\nparaphrases:\n  - how likely is {CLAIM}\n")
        self.ok("run", CLAIM, "--mock", "--prompt-version", "b", RPL_PROMPTS_DIR=str(banks))
        self.ok("run", CLAIM, "--mock", "--prompt-version", "v", RPL_PROMPTS_DIR=str(banks))

    def test_reading_what_is_not_there(self):
        self.refused(3, "list", says="there is no database at runs/heretix.sqlite")
        self.refused(2, "list", "-n", 0, "--db", "x")


if __name__ == "__main__":
    unittest.main()
