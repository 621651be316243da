"""Money: what is shown before, what may be spent, what was; keys and prices."""
import json
import os
import pathlib
import stat
import subprocess

from cases import CLAIM, KEY, HostedTest
from fault_server import PRICE, answer_text, failure, success, usage_of


class Money(HostedTest):
    def test_cost_is_told_before_with_its_range_and_after_to_the_micro_dollar(self):
        server = self.serve()
        plan = {"K": 8, "R": 2}
        told = self.ask(server, plan=plan).stderr
        self.assertRegex(told, r"asking m 16 questions; cost: about \$0\.0\d+, at most \$0\.\d+ \(at prices of 2026-01-02\)")
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
        self.assertIn("the budget of $0.300000 is reached", done.stderr)
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
        done = self.heretix("batch", "claims.jsonl", "--model", "openai/m", "-K", 4, "-R", 1, "--concurrency", 4, **self.environment(server.url))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(server.ledger), 40)
        self.assertLessEqual(server.connections, 4)

    def test_a_budget_without_a_price_is_refused_before_anything(self):
        server = self.serve()
        done = self.ask(server, "--budget", "1", model="openai/unpriced")
        self.assertEqual(done.returncode, 2)
        self.assertIn("a budget cannot be kept for unpriced: no price is known for this model", done.stderr)
        self.assertIn("--price IN,OUT", done.stderr)
        self.refused(2, "run", CLAIM, "--mock", "--budget", "-1", says="budget is -1")
        self.assertEqual(server.ledger, [])

    def test_a_price_list_that_is_wrong_is_refused_by_name(self):
        (self.folder / "bad.json").write_text('{"date": "2026-01-01", "models": [{"model": "openai/m", "input": "cheap", "output": 1}]}')
        self.refused(2, "describe", CLAIM, "--model", "openai/m", "--prices", "bad.json", says="bad.json:1:57: openai/m: 'input'", **self.environment("http://127.0.0.1:9"))
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


# Half of it for flex, twice for priority, three times at Anthropic's speed, a tenth more in the US.
TIMES = {"batch": 0.5, "flex": 0.5, "priority": 2, "fast": 3}
NEW_FORM = {"version": 2, "date": "2026-01-02", "models": [
    {"model": f"{provider}/m", "retires": "2026-12-24", "prices": [
        {"input": 900, "output": 900},
        {"from": "2026-01-02", **PRICE, "regions": {"us": 1.1}, "tiers": {w: {k: v * n for k, v in PRICE.items()} for w, n in TIMES.items()}},
        {"from": "2099-01-01", "input": 800, "output": 800}]} for provider in ("openai", "anthropic", "gemini", "xai")]}


class Bills(HostedTest):
    """What one reply costs, by what it says itself."""

    def bills(self, model, *arguments, prices=NEW_FORM, **reply):
        """The stored bills of four replies, as parts of what the list would have them cost; None: unknown."""
        if prices:
            (self.folder / "prices.json").write_text(json.dumps(prices))
        server = self.serve(lambda asked, _: success(asked, **{k: v(asked) if callable(v) else dict(v) if isinstance(v, dict) else v for k, v in reply.items()}),
                            fresh=True)
        if prices:
            (self.folder / "prices.json").write_text(json.dumps(prices))
        record = self.asked(server, *arguments, model=model)
        self.assertEqual(record["usable"], 4)
        stored = [row[0] for row in self.rows("SELECT billed_pico_usd FROM heretix_answers")]
        self.assertEqual(len(stored), 4)
        return stored, [reply.billed for _, reply in server.ledger]

    def assert_times(self, model, factor, *arguments, **reply):
        stored, by_list = self.bills(model, *arguments, **reply)
        self.assertEqual(sorted(stored), sorted(round(b * factor) for b in by_list), model)

    def assert_unknown(self, model, *arguments, **reply):
        stored, _ = self.bills(model, *arguments, **reply)
        self.assertEqual(stored, [None] * 4, model)
        total = self.json("costs")["total"]
        self.assertEqual((total["billed_micro_usd"], total["may_be_billed"]), (0, 4))

    def test_the_tier_that_served_it_decides(self):
        self.assert_times("openai/m", 1, body_more={"service_tier": "default"})
        self.assert_times("openai/m", 0.5, body_more={"service_tier": "flex"})
        self.assert_times("openai/m", 2, "--api", "chat", body_more={"service_tier": "priority"})
        self.assert_times("gemini/m", 2, headers=[("x-gemini-service-tier", "PRIORITY")])
        self.assert_times("gemini/m", 0.5, usage_more={"trafficType": "ON_DEMAND_FLEX"})
        self.assert_times("xai/m", 2, body_more={"service_tier": "priority"})
        self.assert_times("anthropic/m", 1, usage_more={"service_tier": "standard"})
        self.assert_unknown("openai/m", body_more={"service_tier": "scale"})

    def test_the_speed_and_the_region_that_served_it_decide(self):
        self.assert_times("anthropic/m", 3, usage_more={"speed": "fast"})
        self.assert_times("anthropic/m", 1.1, usage_more={"inference_geo": "us", "speed": "standard"})
        self.assert_times("anthropic/m", 1, usage_more={"inference_geo": "global"})
        self.assert_times("anthropic/m", 1, usage_more={"inference_geo": "not_available", "service_tier": None})
        self.assert_unknown("anthropic/m", usage_more={"inference_geo": "mars"})

    def test_a_search_that_is_charged_beside_the_tokens_makes_the_bill_unknown(self):
        """Its answer is not usable either: it leans on a source."""
        server = self.serve(lambda asked, _: success(asked, usage_more={"server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0}}))
        self.ask(server, model="anthropic/m")
        self.assertEqual({row[0] for row in self.rows("SELECT billed_pico_usd FROM heretix_answers")}, {None})

    def test_what_was_charged_wins_over_the_list_and_needs_none(self):
        for api in ("chat", "responses"):
            for model in ("xai/m", "xai/unpriced"):
                stored, _ = self.bills(model, "--api", api, usage_more={"cost_in_usd_ticks": 37756003})
                self.assertEqual(stored, [3_775_600_300] * 4)
        stored, _ = self.bills("openai-compatible/unpriced", usage_more={"cost": 0.00014, "is_byok": False, "cost_details": {"upstream_inference_cost": None}})
        self.assertEqual(stored, [140_000_000] * 4)
        self.assertEqual(self.json("costs")["total"]["billed_usd"], "0.000560000000")
        stored, _ = self.bills("openai-compatible/unpriced", usage_more={"cost": 0})  # a free model
        self.assertEqual(stored, [0] * 4)

    def test_with_a_key_of_ones_own_the_upstreams_charge_comes_on_top(self):
        stored, _ = self.bills("openai-compatible/m", usage_more={"cost": 0.00001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0002}})
        self.assertEqual(stored, [210_000_000] * 4)
        self.assert_unknown("openai-compatible/m", usage_more={"cost": 0.00001, "is_byok": True})

    def test_a_charge_that_cannot_be_true_is_unknown(self):
        for ticks in (-1, 1.5, "12", 10**15):
            with self.subTest(ticks=ticks):
                self.assert_unknown("xai/m", usage_more={"cost_in_usd_ticks": ticks})
        self.assert_unknown("openai-compatible/m", usage_more={"cost": -0.01})

    def test_the_total_says_whether_reasoning_is_beside_the_completion_or_inside(self):
        beside = lambda asked: {**usage_of(asked.user, answer_text(asked.user)), "apart": 20}  # noqa: E731
        self.assert_times("xai/m", 1)                                        # inside, although xAI mostly counts beside
        self.assert_times("xai/m", 1, usage=beside)
        self.assert_times("openai/m", 1, "--api", "chat", usage=beside)      # beside, although OpenAI mostly counts inside
        self.assert_times("openai/m", 1, "--api", "chat")
        self.assert_unknown("openai/m", "--api", "chat", usage_more={"total_tokens": 7})
        self.assert_unknown("openai/m", "--api", "chat", usage_more={"total_tokens": 9999})

    def test_reasoning_that_only_the_total_names_is_billed(self):
        def hidden(asked):  # as Google's OpenAI-shaped API writes it
            usage = usage_of(asked.user, answer_text(asked.user))
            return {"completion_tokens": usage["output"] - 20, "completion_tokens_details": None}
        self.assert_times("openai/m", 1, "--api", "chat", usage_more=hidden)

    def test_usage_that_cannot_be_true_makes_the_bill_unknown_and_never_small(self):
        own = {"input": 200, "cached": 0, "output": 50, "reasoning": 0}
        limit = ("--max-output-tokens", "1024")
        for wrong in ({"cached": 201}, {"cached": 150, "written": 51}, {"output": 1025}, {"reasoning": 51}, {"cached": -10}):
            for model, more in (("openai/m", ()), ("openai/m", ("--api", "chat")), ("xai/m", ())):
                with self.subTest(wrong=wrong, model=model, more=more):
                    self.assert_unknown(model, *limit, *more, usage={**own, **wrong}, billed=0)
        self.assert_unknown("gemini/m", *limit, usage={**own, "output": 1025}, billed=0)
        self.assert_unknown("anthropic/m", *limit, usage={**own, "output": 1025}, billed=0)
        self.assert_times("openai/m", 1, *limit, usage={**own, "output": 1024})

    def test_a_write_that_is_kept_longer_has_its_own_price(self):
        prices = {"version": 2, "date": "2026-01-02", "models": [
            {"model": m, "prices": [{"input": 1, "cached_input": 0.1, "cache_write": 1.25, "cache_write_long": 2, "output": 5}]} for m in ("anthropic/m", "openai/m")]}
        usage = {"input": 200, "cached": 0, "output": 50, "reasoning": 0, "written": 100}
        bill = (100 * 100 + 60 * 125 + 40 * 200 + 50 * 500) * 10_000
        stored, _ = self.bills("anthropic/m", prices=prices, usage=usage, usage_more={"cache_creation": {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 40}})
        self.assertEqual(stored, [bill] * 4)
        stored, _ = self.bills("openai/m", prices=prices, usage=usage, usage_more={"input_tokens_details": {
            "cached_tokens": 0, "cache_write_tokens": 100, "cache_write_tokens_details": {"ttl_30m_tokens": 60, "ttl_12h_tokens": 40}}})
        self.assertEqual(stored, [bill] * 4)

    def test_a_price_that_is_given_lets_a_budget_be_kept(self):
        server = self.serve()
        done = self.ask(server, "--budget", "1", "--price", "1,5", "--json", model="openai/unpriced")
        self.assertEqual(done.returncode, 0, done.stderr)
        usages = [reply.usage for _, reply in server.ledger]
        self.assertEqual(self.json("costs")["total"]["billed_usd"],
                         f"{sum(u['input'] * 1_000_000 + u['output'] * 5_000_000 for u in usages) / 1e12:.12f}")
        told = self.ok("describe", CLAIM, "--model", "openai/unpriced", "--price", "1,5", **self.environment("http://127.0.0.1:9"))
        self.assertIn("(given with --price)", told)

    def test_the_list_that_the_documentation_shows_is_read(self):
        page = (pathlib.Path(os.environ["HERETIX_SOURCE"]) / "docs/models.md").read_text()
        (self.folder / "prices.json").write_text(page.split("```json\n")[1].split("```")[0])
        listed = {m["name"]: m for m in self.json("models", "--prices", "--json", HERETIX_PRICES="prices.json")["models"]}
        shown = listed["openai/example"]
        self.assertEqual((shown["retires"], [p["from"] for p in shown["prices"]]), ("2027-04-01", [None, "2027-01-01"]))
        self.assertEqual(shown["prices"][0]["long_prompts"][0]["from_tokens"], 272001)
        self.assertEqual(listed["openai/unknown-yet"]["prices"], [])

    def test_a_price_that_is_none_or_fits_nothing_is_refused(self):
        environment = self.environment("http://127.0.0.1:9")
        for text in ("1", "1,2,3", "-1,2", "cheap,2", "1,20000"):
            self.refused(2, "run", CLAIM, "--model", "openai/m", "--price", text, says=["must be IN,OUT", "--price 1.25,10"], **environment)
        self.refused(2, "run", CLAIM, "--mock", "--price", "1,2", says="for hosted models", **environment)
        self.refused(2, "run", CLAIM, "--model", "openai/m", "--model", "xai/m", "--price", "1,2", says="several are given", **environment)

    def test_models_shows_dates_retirements_and_what_is_unknown(self):
        (self.folder / "prices.json").write_text(json.dumps(NEW_FORM))
        text = self.ok("models", "--prices", HERETIX_PRICES="prices.json")
        line = next(x for x in text.splitlines() if x.strip().startswith("openai/gpt-6.2-sol"))
        self.assertIn("unknown", line)
        self.assertRegex(text, r"gemini/gemini-4-argon +2026-12-01 +4 ")
        self.assertRegex(text, r"openai/gpt-5 .* 2026-12-11")
        self.assertRegex(text, r"gemini/gemini-3-pro-preview .*shut down")
        self.assertRegex(text, r"openai/m +2026-01-02 +1.25 .* 2026-12-24")
        self.assertRegex(text, r"with a prompt of 272001 tokens or more +4 ")
        listed = {m["name"]: m for m in self.json("models", "--prices", "--json")["models"]}
        self.assertIsNone(listed["openai/gpt-6.2-sol"]["input"])
        self.assertIsNone(listed["gemini/gemini-3.5-flash"]["batch"])
        self.assertIsNone(listed["xai/grok-4.7"]["retires"])
        self.assertEqual(listed["openai/gpt-4.1"]["batch"]["cached_input"], 0.5)
        self.assertIn("heretix models --prices", self.ok("models"))

    def test_a_batch_whose_price_is_unknown_keeps_no_budget_without_one(self):
        self.refused(2, "run", CLAIM, "--model", "gemini/gemini-3.5-flash", "--batch", "--budget", "1", says=["the price of a batch is not known for this model", "--price IN,OUT"],
                     **self.environment("http://127.0.0.1:9"))


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
        self.refused(2, "keys", "set", "openai", stdin="\n", says="standard input contained no key", **home)
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
        for arguments, says in ((["--model", "openai/"], "is not the name of a model"), (["--model", "gemini/../x"], "is not the name of a model"),
                                (["--model", "openai/a b"], "is not the name of a model"), (["--model", "nobody/x"], "there is no model"),
                                (["--model", "openai-compatible/m", "--base-url", "ftp://x"], "neither https:// nor http://"),
                                (["--model", "openai-compatible/m", "--base-url", "http://u:p@host/v1"], "must not contain a user, password"),
                                (["--model", "openai/m", "--api", "soap"], "must be responses or chat"),
                                (["--model", "claude-m", "--api", "chat"], "--api is for OpenAI"),
                                (["--model", "openai/m", "--timeout", "0"], "timeout is 0"), (["--model", "openai/m", "--concurrency", "0"], "concurrency is 0"),
                                (["--model", "openai/" + "x" * 201], "has 201 characters; at most 200 can be stored")):
            with self.subTest(says=says):
                self.refused(2, "run", CLAIM, *arguments, says=says, **environment)


