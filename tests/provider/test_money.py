"""Money: what is shown before, what may be spent, what was; keys and prices."""
import json
import os
import stat
import subprocess


from cases import CLAIM, KEY, HostedTest
from fault_server import failure, success, usage_of


class Money(HostedTest):
    def test_cost_is_told_before_with_its_range_and_after_to_the_micro_dollar(self):
        server = self.serve()
        plan = {"K": 8, "R": 2}
        told = self.ask(server, plan=plan).stderr
        self.assertRegex(told, r"asking m 16 questions; cost: about \$0\.0\d+, at most \$0\.\d+ \(by prices of 2026-01-02\)")
        record = self.json("show", self.rows("SELECT run_id FROM runs")[0][0])
        self.assertEqual(record["execution"]["billed_micro_usd"], round(server.invoice_picos / 1e6))
        most = float(told.split("at most $")[1].split(" ")[0])
        self.assertGreater(most * 1e12, server.invoice_picos)
        self.assertNotIn("asking", self.ask(server, plan=plan).stderr)  # all is stored: nothing to tell
        self.assert_ledger(server)

    def test_costs_adds_up_by_model_and_day(self):
        server = self.serve(lambda asked, _: failure(asked, 500) if asked.number == 2 else failure(asked, 429) if asked.number == 3 else None)
        self.asked(server)
        self.asked(server, model="anthropic/claude-m")
        told = self.json("costs")
        by_model = {row["model"]: row for row in told["rows"]}
        self.assertEqual((by_model["m"]["attempts"], by_model["m"]["answered"], by_model["m"]["not_billed"], by_model["m"]["may_be_billed"]), (6, 4, 1, 1))
        self.assertEqual(by_model["claude-m"]["attempts"], 4)
        self.assertGreater(by_model["m"]["may_be_micro_usd_at_most"], 0)
        self.assertEqual(told["total"]["billed_micro_usd"], round(server.invoice_picos / 1e6))
        self.assertEqual(told["total"]["billed_usd"], f"{server.invoice_picos / 1e12:.12f}")
        self.assertIn("openai/m", self.ok("costs"))
        self.assertEqual(self.json("costs", "--since", "2999-01-01")["rows"], [])
        self.refused(2, "costs", "--since", "yesterday", says="YYYY-MM-DD")

    def test_a_budget_is_never_overshot_by_concurrency(self):
        server = self.serve(lambda asked, _: success(asked, usage={**usage_of(asked.user, ""), "output": 1024}), latency=0.02)
        plan = {"K": 16, "R": 4}
        done = self.ask(server, "--budget", "0.30", plan=plan)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("the budget of $0.3000 is reached", done.stderr)
        self.assertLessEqual(server.invoice_picos, 0.30e12)
        self.assertGreater(server.invoice_picos, 0.25e12)  # and used
        self.assert_ledger(server)
        kept = len(server.ledger)
        self.assertEqual(self.asked(server, "--budget", "1", plan=plan)["usable"], 64)
        self.assertEqual(len(server.ledger), 64)
        self.assertLess(kept, 64)

    def test_a_budget_counts_what_may_have_been_billed(self):
        server = self.serve(lambda asked, _: failure(asked, 500))
        done = self.ask(server, "--budget", "0.05", "--concurrency", "1", plan={"K": 8, "R": 1})
        self.assertEqual(done.returncode, 7, done.stderr)
        most = sum(row[0] for row in self.rows("SELECT max_cost_micro_usd FROM heretix_attempts"))
        self.assertLessEqual(most, 50_000)

    def test_a_budget_of_a_day_holds_over_processes_at_once(self):
        server = self.serve(lambda asked, _: success(asked, usage={**usage_of(asked.user, ""), "output": 1024}), latency=0.02)
        environment = {**os.environ, **self.environment(server.url)}
        running = [subprocess.Popen([os.environ["HERETIX"], "run", f"claim {i}", "--model", "openai/m", "-K", "16", "-R", "2", "-B", "10", "-q", "--prices",
                                     "prices.json", "--budget-day", "0.25"], cwd=self.folder, env=environment, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE, text=True) for i in range(3)]
        ends = [(r.communicate(timeout=60)[1], r.returncode) for r in running]
        self.assertTrue(all(code == 7 for _, code in ends), ends)
        self.assertIn("a day is reached", ends[0][0])
        self.assertLessEqual(server.invoice_picos, 0.25e12)
        self.assertGreater(server.invoice_picos, 0.18e12)
        self.assert_ledger(server)

    def test_one_budget_for_a_whole_batch(self):
        server = self.serve(lambda asked, _: success(asked, usage={**usage_of(asked.user, ""), "output": 1024}))
        (self.folder / "claims.jsonl").write_text("".join(json.dumps({"claim": f"claim {i}"}) + "\n" for i in range(6)))
        done = self.heretix("batch", "claims.jsonl", "--model", "openai/m", "-K", 4, "-R", 1, "--prices", "prices.json", "--budget", "0.20",
                            **self.environment(server.url))
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertRegex(done.stderr, r"asking 24 questions about 6 claims; cost: about \$0\.\d+, at most \$0\.\d+")
        self.assertLessEqual(server.invoice_picos, 0.20e12)
        self.assertGreater(len(server.ledger), 8)

    def test_connections_are_kept_from_claim_to_claim(self):
        server = self.serve()
        (self.folder / "claims.jsonl").write_text("".join(json.dumps({"claim": f"claim {i}"}) + "\n" for i in range(10)))
        done = self.heretix("batch", "claims.jsonl", "--model", "openai/m", "-K", 4, "-R", 1, **self.environment(server.url))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(server.ledger), 40)
        self.assertLessEqual(server.connections, 4)

    def test_a_budget_without_a_price_is_refused_before_anything(self):
        server = self.serve()
        done = self.ask(server, "--budget", "1", model="openai/unpriced")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no price is known for unpriced", done.stderr)
        self.refused(2, "run", CLAIM, "--mock", "--budget", "-1", says="budget is -1")
        self.assertEqual(server.ledger, [])

    def test_a_price_list_that_is_wrong_is_refused_by_name(self):
        (self.folder / "bad.json").write_text('{"date": "2026-01-01", "models": [{"model": "openai/m", "input": "cheap", "output": 1}]}')
        self.refused(2, "describe", CLAIM, "--model", "openai/m", "--prices", "bad.json", says="bad.json: openai/m: 'input'", **self.environment("http://127.0.0.1:9"))
        self.refused(3, "describe", CLAIM, "--model", "openai/m", "--prices", "none.json", says="none.json", **self.environment("http://127.0.0.1:9"))

    def test_an_unknown_price_is_unknown_and_not_zero(self):
        told = self.ok("describe", CLAIM, "--model", "openai/unpriced", **self.environment("http://127.0.0.1:9"))
        self.assertIn("unknown: no price is known", told)

    def test_several_models_side_by_side(self):
        server = self.serve()
        done = self.ask(server, "--model", "anthropic/claude-m", "--model", "gemini/gemini-m")
        self.assertEqual(done.returncode, 0, done.stderr)
        for model in ("m ", "claude-m", "gemini-m"):
            self.assertIn(f"\n  {model}", done.stdout)
        self.assertEqual(len(server.ledger), 12)
        records = self.json("run", CLAIM, "-K", 4, "-R", 1, "-B", 50, "--model", "openai/m", "--model", "anthropic/claude-m", **self.environment(server.url))
        self.assertEqual([r["config"]["model"] for r in records], ["m", "claude-m"])
        self.assertEqual(len(server.ledger), 12)
        runs = [r["run_id"] for r in records]
        self.ok("report", *runs, "--out", "both.html")
        page = (self.folder / "both.html").read_text()
        self.assertIn("claude-m", page)
        self.assertEqual(page.count("<h1>"), 1)
        self.assertEqual(page.count("<h2>Every answer"), 2)

    def test_a_model_that_fails_does_not_hide_what_the_others_said(self):
        server = self.serve(lambda asked, _: failure(asked, 401) if asked.api == "messages" else None)
        done = self.ask(server, "--model", "anthropic/claude-m")
        self.assertEqual(done.returncode, 4)
        self.assertIn("p = ", done.stdout)


class Keys(HostedTest):
    def test_a_missing_key_names_its_variable(self):
        for model, name in (("openai/m", "OPENAI_API_KEY"), ("claude-m", "ANTHROPIC_API_KEY"), ("gemini/m", "GEMINI_API_KEY"), ("xai/m", "XAI_API_KEY")):
            self.refused(4, "run", CLAIM, "--model", model, says=[f"{name} is not set", "heretix keys set"], XDG_CONFIG_HOME=str(self.folder))
        self.assertFalse((self.folder / "runs").exists())

    def test_a_key_is_kept_private_and_used(self):
        home = {"XDG_CONFIG_HOME": str(self.folder / "config")}
        path = self.ok("keys", "path", **home).strip()
        self.ok("keys", "set", "openai", stdin=KEY + "\n", **home)
        self.ok("keys", "set", "xai", stdin="xai-other-key-0123456789\n", **home)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        listed = self.ok("keys", "list", **home)
        self.assertIn("…cdef", listed)
        self.assertNotIn(KEY, listed)
        server = self.serve()
        done = self.heretix("run", CLAIM, "--model", "openai/m", "-K", 3, "-R", 1, OPENAI_BASE_URL=server.url + "/v1", **home)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(server.ledger[0][0].headers["authorization"], f"Bearer {KEY}")
        self.heretix("run", "other", "--model", "openai/m", "-K", 3, "-R", 1, OPENAI_BASE_URL=server.url + "/v1", OPENAI_API_KEY="sk-environment-wins", **home)
        self.assertEqual(server.ledger[-1][0].headers["authorization"], "Bearer sk-environment-wins")
        os.chmod(path, 0o644)
        self.refused(4, "run", CLAIM, "--model", "openai/m", says=["may be read by others", f"chmod 600 {path}"], **home)

    def test_what_is_no_key_or_provider_is_refused(self):
        home = {"XDG_CONFIG_HOME": str(self.folder / "config")}
        self.refused(2, "keys", "set", "nobody", stdin="k\n", says="no provider 'nobody'", **home)
        self.refused(2, "keys", "set", "openai", stdin="\n", says="no key was given", **home)
        self.refused(2, "run", CLAIM, "--model", "openai/m", says="a space, a line break", OPENAI_API_KEY="two words", **home)

    def test_gemini_takes_either_of_its_variables(self):
        server = self.serve()
        done = self.heretix("run", CLAIM, "--model", "gemini/m", "-K", 3, "-R", 1, GOOGLE_GEMINI_BASE_URL=server.url, GOOGLE_API_KEY="google-key-123456",
                            XDG_CONFIG_HOME=str(self.folder))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(server.ledger[0][0].headers["x-goog-api-key"], "google-key-123456")


class Names(HostedTest):
    def test_names_and_addresses_that_are_none(self):
        environment = self.environment("http://127.0.0.1:9")
        for arguments, says in ((["--model", "openai/"], "no name of a model"), (["--model", "gemini/../x"], "no name of a model"),
                                (["--model", "openai/a b"], "no name of a model"), (["--model", "nobody/x"], "there is no model"),
                                (["--model", "openai-compatible/m", "--base-url", "ftp://x"], "neither https:// nor http://"),
                                (["--model", "openai-compatible/m", "--base-url", "http://u:p@host/v1"], "no password"),
                                (["--model", "openai/m", "--api", "soap"], "must be responses or chat"),
                                (["--model", "claude-m", "--api", "chat"], "--api is for OpenAI"),
                                (["--model", "openai/m", "--timeout", "0"], "timeout is 0"), (["--model", "openai/m", "--concurrency", "0"], "concurrency is 0"),
                                (["--model", "openai/" + "x" * 201], "has 201 characters, at most 200 are kept")):
            with self.subTest(says=says):
                self.refused(2, "run", CLAIM, *arguments, says=says, **environment)


