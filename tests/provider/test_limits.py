"""Answers that end at their output limit, and models that think before they answer."""
from cases import CLAIM, QUICK, HostedTest
from fault_server import answer_text, failure, success, usage_of

LIMIT_NAMES = ("max_output_tokens", "max_completion_tokens", "max_tokens")
FINISH = {"responses": "max_output_tokens", "chat": "length", "messages": "max_tokens", "gemini": "MAX_TOKENS"}


def limit_of(asked):
    body = asked.body.get("generationConfig", {"max_output_tokens": None}) if asked.api == "gemini" else asked.body
    return body.get("maxOutputTokens") or next(body[name] for name in LIMIT_NAMES if name in body)


class Thinks:
    """A model that thinks for `tokens` before its first word: as each API tells it."""

    def __init__(self, tokens, text_of_the_cut_one=""):
        self.tokens, self.cut = tokens, text_of_the_cut_one

    def __call__(self, asked, _server):
        limit = limit_of(asked)
        apart = {"apart": min(limit, self.tokens)} if asked.model.startswith("grok") else {}  # xAI counts it beside the rest
        if limit <= self.tokens:
            usage = {"input": 400, "cached": 0, "output": limit, "reasoning": limit - len(self.cut) // 4, "written": 0, **apart}
            return success(asked, text=self.cut or " ", finish=FINISH[asked.api], usage=usage)
        usage = usage_of(asked.user, answer_text(asked.user))
        return success(asked, usage={**usage, "output": usage["output"] + self.tokens, "reasoning": self.tokens, "written": 0, **apart})


class OutputLimits(HostedTest):
    def limits(self, server):
        return [limit_of(asked) for asked, _ in server.ledger]

    def test_the_first_answer_shows_that_a_model_thinks_and_the_limit_is_raised(self):
        for model in ("openai/gpt-5", "anthropic/claude-m", "gemini/gemini-m", "xai/grok-m", "openai-compatible/m"):
            with self.subTest(model):
                server = self.serve(Thinks(2000), fresh=True)
                done = self.ask(server, model=model)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.limits(server), [1024] + [4096] * 4)
                self.assertIn("spent all of 1024 output tokens on thinking in its first answer: asking with 4096 instead, at most $0.1", done.stderr)
                self.assertIn("note: answers had room for 4096 output tokens: thinking took all of 1024", done.stdout)
                record = self.json("show", self.rows("SELECT run_id FROM runs")[0]["run_id"])
                self.assertEqual((record["config"]["max_output_tokens"], record["usable"], record["execution"]["attempts"]), (4096, 4, 5))
                self.assertEqual(record["execution"]["settings"]["raised_limit"], {"from": 1024, "to": 4096})
                self.assertLessEqual(abs(record["execution"]["billed_micro_usd"] * 1_000_000 - server.invoice_picos), 2_000_000)
                self.assert_ledger(server)
                self.assertEqual(self.heretix("verify", record["run_id"]).returncode, 0)

                again = self.ask(server, model=model)
                self.assertEqual(len(server.ledger), 5)
                self.assertIn("note: answers had room for 4096", again.stdout)
                self.asked(server, model=model, claim="another claim")  # what the model needs is remembered
                self.assertEqual(self.limits(server)[5:], [4096] * 4)

    def test_an_answer_that_was_begun_late_counts_as_thought_away(self):
        server = self.serve(Thinks(2000, text_of_the_cut_one='{"belief": {"prob'))
        self.assertEqual(self.asked(server, model="gemini/gemini-m")["usable"], 4)
        self.assertEqual(self.limits(server), [1024] + [4096] * 4)

    def test_a_model_that_thinks_in_its_text_counts_too(self):
        def script(asked, _server):
            if limit_of(asked) < 4096:
                return success(asked, text="<think>\nLet me weigh this", finish="length", usage={"input": 400, "cached": 0, "output": 1024, "reasoning": 0})
            return None
        server = self.serve(script)
        self.assertEqual(self.asked(server, model="openai-compatible/m")["usable"], 4)
        self.assertEqual(self.limits(server), [1024] + [4096] * 4)

    def test_the_limit_has_an_end_and_the_advice_says_what_to_do(self):
        server = self.serve(Thinks(10 ** 6))
        done = self.ask(server, model="openai/gpt-5")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertEqual(self.limits(server), [1024, 4096, 16384])
        self.assertIn("--reasoning low", done.stderr)
        self.assertIn("--max-output-tokens 65536", done.stderr)
        picos = sum(reply.billed for _, reply in server.ledger)
        self.assertIn(f"it cost ${picos / 1e12:.6f}", done.stderr)

    def test_a_limit_that_was_named_is_kept(self):
        server = self.serve(Thinks(2000))
        done = self.ask(server, "--max-output-tokens", "1024", model="openai/gpt-5")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertEqual(self.limits(server), [1024] * 4)
        self.assertIn("4 of them ended at the limit of 1024 output tokens", done.stderr)
        self.assertIn("--max-output-tokens 4096", done.stderr)

    def test_a_budget_holds_over_the_raise(self):
        server = self.serve(Thinks(2000))
        done = self.ask(server, "--budget", "0.06", model="openai/gpt-5")  # one question of 4096 tokens costs up to 0.043
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertEqual(self.limits(server), [1024, 4096])
        self.assertLessEqual(server.invoice_picos, 0.06 * 1e12)
        self.ok("run", CLAIM, "--model", "openai/gpt-5", "-K", 4, "-R", 1, "-B", 50, "--prices", "prices.json", "--budget", "1", **self.environment(server.url))
        self.assertEqual(self.limits(server), [1024] + [4096] * 4)

    def test_what_was_paid_for_under_the_default_limit_counts(self):
        """A model that needed more for another claim is not asked anew about one that it answered."""
        server = self.serve(lambda asked, s: Thinks(2000)(asked, s) if "hard" in asked.user else None)
        self.asked(server, model="openai/gpt-5", claim="an easy claim")
        self.asked(server, model="openai/gpt-5", claim="a hard claim")
        asked = len(server.ledger)
        self.assertEqual(self.limits(server), [1024] * 5 + [4096] * 4)
        record = self.asked(server, model="openai/gpt-5", claim="an easy claim")
        self.assertEqual((len(server.ledger), record["config"]["max_output_tokens"]), (asked, 1024))

    def test_one_cut_answer_of_many_is_told_with_its_remedy(self):
        server = self.serve(lambda asked, _: success(asked, text='{"belief": {"prob', finish="max_output_tokens") if asked.number == 3 else None)
        done = self.ask(server, model="openai/gpt-5")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--max-output-tokens", next(line for line in done.stdout.splitlines() if "try:" in line))
        self.assertEqual(self.limits(server), [1024] * 4)

    def test_the_first_question_is_asked_alone_and_the_rest_together(self):
        server = self.serve(latency=0.3)
        seen = []
        server.script = lambda asked, s: seen.append(s.in_progress)
        self.asked(server, model="openai/gpt-5", plan={**QUICK, "K": "16"})
        self.assertEqual(seen[:2], [1, 1])  # the second one is sent when the first one has its answer
        self.assertGreaterEqual(max(seen), 8)
        self.assertLess(seen.index(2), 3)


class WhatCameBack(HostedTest):
    """A run without a result is still there to be read."""

    def failed(self):
        server = self.serve(lambda asked, _: success(asked, text="I would rather not say", finish=None))
        done = self.ask(server, model="openai/gpt-5", plan={"K": "4", "R": "1"})
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("heretix answers heretix-rpl-", done.stderr)
        return server, done.stderr.split("heretix answers ")[1].split()[0].strip(";.,")

    def test_answers_and_list_show_what_came_back_of_a_failed_run(self):
        _, run = self.failed()
        execution = self.rows("SELECT execution_id FROM heretix_executions")[0]["execution_id"]
        for name in (run, run[:20], execution):
            told = self.ok("answers", name)
            self.assertEqual(told.count("not_json"), 4, told)
        self.assertIn("I would rather not say", self.ok("answers", run, "--raw"))
        answers = self.json("answers", run)
        self.assertEqual([(a["reason"], a["raw_text"], a["usable"]) for a in answers], [("not_json", "I would rather not say", False)] * 4)
        self.assertIn("(failed, 8 answers) " + CLAIM, self.ok("list"))
        listed = self.json("list")
        self.assertEqual([(r["run_id"], r["status"], r["prob_true_rpl"], r["claim"], r["model"]) for r in listed], [(run, "failed", None, CLAIM, "gpt-5")])
        for command in ("show", "report", "verify"):
            self.refused(3, command, run, says=("has no result", f"heretix answers {run}"))

    def test_what_has_no_answer_says_why(self):
        server = self.serve(lambda asked, _: None if asked.number < 3 else failure(asked, 401, "invalid_api_key", "wrong key"))
        done = self.ask(server, "--concurrency", "1", model="openai/gpt-5")
        self.assertEqual(done.returncode, 4, done.stderr)
        run = self.json("list")[0]["run_id"]
        told = self.ok("answers", run)
        self.assertEqual(told.count("usable"), 2)
        self.assertIn("no answer: openai: HTTP 401", told)

    def test_a_result_takes_the_place_of_what_had_none(self):
        server, run = self.failed()
        server.script = None
        self.assertEqual(self.ask(server, "--fresh", model="openai/gpt-5", plan={"K": "4", "R": "1"}).returncode, 0)
        listed = self.json("list")
        self.assertEqual([(r["run_id"], r["status"]) for r in listed], [(run, "done")])
        self.assertEqual(self.json("show", run)["usable"], 4)

    def test_what_was_asked_anew_is_not_listed_as_failed(self):
        server = self.serve(Thinks(2000))
        self.ask(server, model="openai/gpt-5")
        self.assertEqual([r["status"] for r in self.json("list")], ["done"])
        self.assertEqual([r["status"] for r in self.rows("SELECT status FROM heretix_executions ORDER BY rowid")], ["replaced", "done"])
