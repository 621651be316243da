"""What a reply means. For each case three facts: the verdict that is stored, whether the question is asked again, and how it is billed."""
import datetime
import json
import re
import shutil

from cases import HOSTED_OLD_STORE, KEY, OLD_READOUT_STORE, HostedTest
from fault_server import Reply, answer_text, cost_picos, failure, success, success_body, usage_of
from test_readouts import word_reply

MODELS = {"responses": "openai/m", "chat": "openai-compatible/m", "messages": "anthropic/claude-m", "gemini": "gemini/gemini-m"}
HTML = b"<!doctype html><html><head><title>Welcome</title></head></html>"


def first(count, reply):
    """`reply` to the first `count` requests, normal answers after."""
    return lambda asked, _server: reply(asked) if asked.number <= count else None


def body(asked, **changes):
    """A normal reply of that API with some of its fields changed; `usage=None` leaves the usage out."""
    usage = changes.pop("usage", None)
    made = success_body(asked.api, asked.model, answer_text(asked.user), usage, asked.number)
    made.update(changes)
    return made


class RepliesTest(HostedTest):
    def answers(self):
        return self.rows("SELECT * FROM heretix_answers ORDER BY rowid")

    def attempts(self, where="1"):
        return self.rows(f"SELECT * FROM heretix_attempts WHERE {where} ORDER BY started_at, rowid")

    def played(self, script, *arguments, fresh=True, **more):
        server = self.serve(script, fresh=fresh)
        return server, self.ask(server, *arguments, **more)

    def assert_asked_again(self, script, *, outcome, billed=None, model="openai-compatible/m", requests=5):
        """The first reply is stored as no answer, its attempt is closed by `outcome` and `billed`, and the question is asked again."""
        server, done = self.played(script, "--json", model=model)
        self.assertEqual(done.returncode, 0, done.stderr)
        record = json.loads(done.stdout)
        self.assertEqual((record["usable"], record["answered"]), (4, 4))
        self.assertEqual(len(server.ledger), requests)
        self.assertEqual([row["reason"] for row in self.answers()], [None] * 4)
        closed = self.attempts("outcome != 'answered'")
        self.assertEqual([(row["outcome"], row["billed_micro_usd"]) for row in closed], [(outcome, billed)] * (requests - 4))
        self.assertEqual(record["execution"]["billing_unknown"], sum(row["billed_micro_usd"] is None for row in closed))
        return record

    def assert_one_unusable(self, script, reason, *, model="openai-compatible/m", billed, asked_again=False):
        """The first reply is one unusable answer with that reason; the others are asked on."""
        server, done = self.played(script, "--json", model=model)
        self.assertEqual(done.returncode, 0, done.stderr)
        record = json.loads(done.stdout)
        self.assertEqual((record["usable"], record["answered"]), (4 if asked_again else 3, 4))
        self.assertEqual(len(server.ledger), 5 if asked_again else 4)
        unusable = [row for row in self.answers() if not row["usable"]]
        self.assertEqual([(row["reason"], row["billed_pico_usd"]) for row in unusable], [(reason, billed)])
        run = record["run_id"]
        self.assertEqual(self.heretix("verify", run).returncode, 0, self.heretix("verify", run).stderr)
        return record, unusable[0]

    def assert_stops(self, script, code, says, *arguments, kept=0, **more):
        server, done = self.played(script, *arguments, **more)
        self.assertEqual(done.returncode, code, done.stderr)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.stderr)
        self.assertNotIn(KEY, done.stderr + done.stdout)
        self.assertEqual(len(self.rows("SELECT * FROM samples")), kept)
        return server, done


class WithoutAnAnswer(RepliesTest):
    def test_a_body_that_is_no_reply_is_asked_again_and_may_have_been_billed(self):
        whole = json.dumps(success_body("chat", "m", answer_text("x"), usage_of("x", "y"))).encode()
        for sent in (b"", HTML, b"data: {}\n\ndata: [DONE]\n\n", b"event: ping\ndata: {}\n\n", b": still working\n\n", b"no healthy upstream", whole[:-40],
                     b"[]", b"{}", b"null", b"{\"choices\":null}", b"{\"id\":\"x\",\"model\":\"m\",\"choices\":[]}"):
            with self.subTest(sent=sent[:40]):
                self.assert_asked_again(first(1, lambda asked: Reply(body=sent)), outcome="in_doubt")

    def test_every_api_without_the_part_that_holds_its_answer(self):
        for api, part in (("responses", "output"), ("chat", "choices"), ("messages", "content"), ("gemini", "candidates")):
            with self.subTest(api=api):
                self.assert_asked_again(first(1, lambda asked: Reply(body=body(asked, **{part: None}))), outcome="in_doubt", model=MODELS[api])

    def test_its_own_usage_is_its_bill(self):
        usage = usage_of("x", "y")
        micros = -(-cost_picos(usage) // 1_000_000)
        self.assert_asked_again(first(1, lambda asked: Reply(body=body(asked, usage=usage, choices=None))), outcome="in_doubt", billed=micros)

    def test_a_reply_that_the_provider_broke_off(self):
        for status in ("failed", "queued", "in_progress", "cancelled"):
            with self.subTest(status=status):
                self.assert_asked_again(first(1, lambda asked: Reply(body=body(asked, status=status))), outcome="in_doubt", model="openai/m")
        for word in ("error", "abort", "insufficient_system_resource"):
            with self.subTest(word=word):
                self.assert_asked_again(first(1, lambda asked: success(asked, finish=word, usage=None)), outcome="in_doubt")

    def test_comment_lines_before_a_reply_are_skipped_and_what_was_paid_for_is_kept(self):
        def commented(asked):
            whole = success(asked)
            whole.body = b": still working\n\n: still working\n\n" + whole.body
            return whole
        server, done = self.played(first(9, commented), "--json", model="openai-compatible/m")
        self.assertEqual((done.returncode, len(server.ledger)), (0, 4), done.stderr)
        self.assert_ledger(server)

    def test_comment_lines_before_an_error_are_skipped_too(self):
        late = b": still working\n\n" + json.dumps({"error": {"code": 502, "message": "the upstream broke"}}).encode()
        self.assert_asked_again(first(1, lambda asked: Reply(body=late)), outcome="in_doubt")

    def test_an_address_that_is_no_api_ends_the_run_and_stores_no_sample(self):
        server, _ = self.assert_stops(lambda asked, _: Reply(body=HTML), 6, ["an HTML page, 'Welcome'", "sent twice"], model="openai-compatible/m")
        self.assertEqual(len(server.ledger), 8)
        self.assertEqual(self.answers(), [])

    def test_an_empty_answer_that_says_why_it_ended_is_an_answer(self):
        said_nothing = [{"finish_reason": "stop", "message": {"content": None}}]
        self.assert_one_unusable(first(1, lambda asked: Reply(body=body(asked, choices=said_nothing))), "empty", billed=None, asked_again=True)


class Envelopes(RepliesTest):
    def envelope(self, code, message="it says so", **more):
        return lambda asked: Reply(body={"error": {"code": code, "message": message}}, **more)

    def test_a_rate_limit_waits_and_is_not_billed(self):
        for code in (429, "429", "rate_limit_exceeded"):
            with self.subTest(code=code):
                self.assert_asked_again(first(1, self.envelope(code, headers=[("Retry-After", "0")])), outcome="failed", billed=0)

    def test_a_server_error_is_asked_again_once_and_may_have_been_billed(self):
        for code in (500, 502, "server_error", "a_word_of_its_own"):
            with self.subTest(code=code):
                self.assert_asked_again(first(1, self.envelope(code)), outcome="in_doubt")

    def test_money_that_is_gone_stops_the_run(self):
        for code in (402, "insufficient_quota"):
            with self.subTest(code=code):
                self.assert_stops(first(9, self.envelope(code)), 7, ["quota or credit", "are kept"], model="openai-compatible/m")

    def test_a_policy_is_one_unusable_answer(self):
        for code in ("content_filter", "content_policy_violation"):
            with self.subTest(code=code):
                self.assert_one_unusable(first(1, self.envelope(code)), "content_filter", billed=None)
        self.assert_one_unusable(first(1, lambda asked: Reply(body=body(asked, status="failed", output=[], error={"code": "invalid_prompt", "message": "no"}))),
                                 "content_filter", billed=None, model="openai/m")


class StoredByEarlierBuilds(RepliesTest):
    """The fixture was made by the build of 2026-11-23 (make_old_store.py says how): ten questions, of which four were answered by no
    answer at all, two by answers that no rule takes, and four well."""

    def test_their_questions_are_asked_again_and_their_rows_stay(self):
        (self.folder / "runs").mkdir()
        shutil.copy(HOSTED_OLD_STORE, self.folder / "runs/heretix.sqlite")
        before = [tuple(row) for row in self.answers()]
        attempts = [tuple(row) for row in self.attempts()]
        usable = [tuple(row) for row in self.rows("SELECT * FROM samples WHERE json_valid = 1")]
        run = self.rows("SELECT run_id FROM runs")[0][0]
        self.assertEqual((len(before), len(usable)), (16, 4))

        server = self.serve()
        plan = {"K": "10", "R": "1", "B": "50"}
        record = self.asked(server, model="openai-compatible/m", plan=plan)
        self.assertEqual(len(server.ledger), 4)
        self.assertEqual((record["usable"], record["answered"]), (8, 10))
        self.assertEqual([tuple(row) for row in self.answers()[:16]], before)
        self.assertEqual([tuple(row) for row in self.attempts()][:len(attempts)], attempts)
        self.assertTrue(set(usable) <= {tuple(row) for row in self.rows("SELECT * FROM samples WHERE json_valid = 1")})
        self.assertEqual(len(self.rows("SELECT * FROM samples")), 10)
        self.assertEqual(record["run_id"], run)
        self.assertEqual(self.heretix("verify", run).returncode, 0, self.heretix("verify", run).stderr)

        self.asked(server, model="openai-compatible/m", plan=plan)
        self.assertEqual(len(server.ledger), 4)  # and never again

    def test_a_run_of_theirs_still_verifies_after_another_run_replaced_its_samples(self):
        (self.folder / "runs").mkdir()
        shutil.copy(HOSTED_OLD_STORE, self.folder / "runs/heretix.sqlite")
        run = self.rows("SELECT run_id FROM runs")[0][0]
        server = self.serve()
        self.asked(server, model="openai-compatible/m", plan={"K": "10", "R": "1", "B": "60"})  # another recipe, the same questions
        done = self.heretix("verify", run)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


    def test_an_answer_made_of_parts_that_were_none_is_made_anew(self):
        (self.folder / "runs").mkdir()
        shutil.copy(OLD_READOUT_STORE, self.folder / "runs/heretix.sqlite")
        before = [tuple(row) for row in self.answers()]
        self.assertEqual(len(before), 9)  # five replies, and four answers made of them
        server = self.serve(word_reply)
        asked = {"model": "openai-compatible/m", "plan": {"K": "4"}}
        record = self.asked(server, "--readout", "token", **asked)
        self.assertEqual((record["usable"], len(server.ledger)), (4, 1))
        self.assertEqual([tuple(row) for row in self.answers()[:9]], before)
        self.assertEqual(self.rows("SELECT count(*) FROM samples WHERE json_valid = 1")[0][0], 4)
        self.ok("verify", record["run_id"])
        self.asked(server, "--readout", "token", **asked)
        self.assertEqual(len(server.ledger), 1)


class FinishWords(RepliesTest):
    def test_length_filters_and_tools_by_every_provider(self):
        cases = [("openai-compatible/m", "model_length", "length_stop", False), ("xai/grok-m", "max_context", "length_stop", False),
                 ("gemini/gemini-m", "CONTINUATION", "length_stop", False), ("openai-compatible/m", "sensitive", "content_filter", False),
                 ("openai-compatible/m", "content_filter", "content_filter", False), ("openai/m", "content_filter", "content_filter", False),
                 ("openai-compatible/m", "tool_calls", "tool_use", True), ("anthropic/claude-m", "tool_use", "tool_use", True),
                 ("anthropic/claude-m", "pause_turn", "tool_use", True), ("gemini/gemini-m", "UNEXPECTED_TOOL_CALL", "tool_use", True)]
        for model, word, reason, asked_again in cases:
            with self.subTest(model=model, word=word):
                bill = []

                def script(asked, _server):
                    usage = usage_of(asked.user, answer_text(asked.user))
                    if asked.api == "gemini":
                        usage["written"] = 0  # Google tells no writes
                    if "xai" in model:
                        usage["apart"] = 20  # xAI counts reasoning beside the completion
                    reply = success(asked, usage=usage, **({"finish": word} if asked.number == 1 else {}))
                    bill.append(reply.billed)
                    return reply
                server, done = self.played(script, "--json", model=model)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(len(server.ledger), 5 if asked_again else 4)
                row = [row for row in self.answers() if not row["usable"]][0]
                self.assertEqual((row["reason"], row["finish"], row["billed_pico_usd"]), (reason, word, bill[0]))
                self.assert_ledger(server)

    def test_a_reply_that_was_broken_off_is_asked_again(self):
        for model, word in (("openai-compatible/m", "insufficient_system_resource"), ("openai-compatible/m", "abort"), ("gemini/gemini-m", "MALFORMED_RESPONSE")):
            with self.subTest(word=word):
                self.assert_asked_again(first(1, lambda asked: success(asked, finish=word, usage=None)), outcome="in_doubt", model=model)

    def test_a_disabled_account_ends_the_run(self):
        usage = {**usage_of("x", "y"), "written": 0}
        micros = -(-cost_picos(usage) // 1_000_000)
        self.assert_stops(first(99, lambda asked: success(asked, finish="PUP_LIMITED_DISABLED", usage=usage)), 4,
                          ["PUP_LIMITED_DISABLED", "terms of use"], model="gemini/gemini-m")
        self.assertEqual({row["billed_micro_usd"] for row in self.attempts()}, {micros})

    def test_a_word_that_no_list_holds_is_kept_counted_and_told(self):
        record, row = self.assert_one_unusable(first(1, lambda asked: success(asked, finish="halted", usage=None)), "unknown_finish", billed=None)
        self.assertEqual(row["finish"], "halted")
        self.assertEqual(record["execution"]["unknown_finishes"], {"halted": 1})
        server, done = self.played(first(2, lambda asked: success(asked, finish="halted")), model="openai-compatible/m", plan={"K": "8", "R": "1", "B": "50"})
        self.assertEqual(done.stderr.count("'halted'"), 1, done.stderr)
        self.assertIn("note: 2 answers ended with 'halted'", done.stdout)
        self.assertEqual(len(server.ledger), 8)
        self.assert_ledger(server)


class Parked(RepliesTest):
    def month(self):
        today = datetime.datetime.now(datetime.UTC).date()
        return (today.replace(day=1) + datetime.timedelta(days=32)).replace(day=1).isoformat()

    def claude(self, status, kind, message, **details):
        error = {"type": kind, "message": message, **({"details": details} if details else {})}
        return first(9, lambda asked: Reply(status, {"type": "error", "error": error}))

    def test_spend_limits_park_the_run_and_name_the_day(self):
        for code in ("contract_spend_limit_reached", "enforced_spend_limit_reached"):
            with self.subTest(code=code):
                self.assert_stops(self.claude(429, "rate_limit_error", "limit", error_code=code), 7, [code, f"wait until {self.month()}"], model="anthropic/claude-m")
                self.assertEqual({(row["outcome"], row["billed_micro_usd"]) for row in self.attempts()}, {("failed", 0)})
        named = "You have reached your specified API usage limits. You will regain access on 2199-04-01 at 00:00 UTC."
        self.assert_stops(self.claude(400, "invalid_request_error", named), 7, "wait until 2199-04-01", model="anthropic/claude-m")
        cap = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Your project has exceeded its monthly spending cap."}}
        self.assert_stops(first(9, lambda asked: Reply(429, cap)), 7, f"wait until {self.month()}", model="gemini/gemini-m")

    def test_a_long_wait_names_its_day(self):
        day = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3)).date().isoformat()
        self.assert_stops(first(9, lambda asked: failure(asked, 429, "rate_limit_exceeded", "slow", headers=[("Retry-After", "259200")])), 7, day)

    def test_what_was_answered_is_kept_and_the_same_command_goes_on(self):
        server, _ = self.assert_stops(lambda asked, s: None if asked.number <= 2 else failure(asked, 429, "insufficient_quota", "spent"), 7,
                                      "2 of 4 answers are kept", "--concurrency", "1", kept=2)
        server.script = None
        self.assertEqual(self.asked(server)["usable"], 4)
        self.assertEqual(len(server.ledger), 5)

    def test_x_should_retry_is_obeyed(self):
        false, true = [("x-should-retry", "false")], [("x-should-retry", "true")]
        server, _ = self.assert_stops(first(9, lambda asked: failure(asked, 429, "rate_limit_exceeded", "no", headers=false)), 7, "are kept")
        self.assertEqual(len(server.ledger), 1)  # one question goes first
        server, _ = self.assert_stops(first(9, lambda asked: failure(asked, 500, headers=false)), 7, "may have been billed")
        self.assertEqual(len(server.ledger), 1)
        self.assertEqual({(row["outcome"], row["billed_micro_usd"]) for row in self.attempts()}, {("in_doubt", None)})
        self.assert_asked_again(first(1, lambda asked: failure(asked, 400, "some_code", "again", headers=true)), outcome="failed", billed=0)

    def test_behind_litellm(self):
        code = {"error": {"message": "litellm.RateLimitError: insufficient_quota", "type": None, "param": None, "code": "429"}}
        self.assert_stops(first(9, lambda asked: Reply(429, code)), 7, "quota or credit", model="openai-compatible/m")
        slow = {"error": {"message": "litellm.RateLimitError: slow down", "type": None, "param": None, "code": "429"}}
        began = datetime.datetime.now()
        self.assert_asked_again(first(1, lambda asked: Reply(429, slow, headers=[("llm_provider-retry-after", "1")])), outcome="failed", billed=0)
        self.assertGreaterEqual((datetime.datetime.now() - began).total_seconds(), 1)


class Hints(RepliesTest):
    def test_fit_the_case(self):
        key = {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
                         "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]}}
        cases = [("gemini/gemini-m", 400, key, 4, "check the key in GEMINI_API_KEY"),
                 ("xai/grok-m", 400, {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: ab***cd."}, 4, "check the key in XAI_API_KEY"),
                 ("openai/m", 403, {"error": {"code": "unsupported_country_region_territory", "message": "Country, region, or territory not supported"}}, 4, "region"),
                 ("gemini/gemini-m", 400, {"error": {"code": 400, "message": "User location is not supported for the API use.", "status": "FAILED_PRECONDITION"}}, 4, "region"),
                 ("openai/m", 404, {"error": {"message": "Your organization must be verified to use the model `m`.", "code": "model_not_found"}}, 4, "verify the organisation"),
                 ("openai/m", 404, {"error": {"message": "The model `m` has been deprecated", "code": "model_not_found"}}, 3, "the model is retired")]
        for model, status, sent, code, says in cases:
            with self.subTest(says=says, model=model):
                self.assert_stops(first(9, lambda asked: Reply(status, sent)), code, says, model=model)
                self.assertEqual({(row["outcome"], row["billed_micro_usd"]) for row in self.attempts()}, {("failed", 0)})

    def test_a_model_that_will_be_retired_is_told_once(self):
        def retiring(asked, _server):
            reply = success(asked)
            told = {**json.loads(reply.body), "modelStatus": {"modelStage": "DEPRECATED", "retirementTime": "2199-01-15T00:00:00Z"}}
            reply.body = json.dumps(told).encode()
            return reply
        _, done = self.played(retiring, model="gemini/gemini-m")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(re.findall("gemini-m will be retired on 2199-01-15", done.stderr)), 1, done.stderr)

    def test_errors_that_are_not_wrapped_are_shown(self):
        for sent, says in (({"object": "error", "message": "the model is loading"}, "the model is loading"), ({"detail": "Not authenticated"}, "Not authenticated"),
                           ({"detail": [{"loc": ["body", "max_tokens"], "msg": "field required"}]}, "body.max_tokens: field required"),
                           ({"errors": [{"message": "no route"}]}, "no route"), (b"plainly wrong", "plainly wrong"), (HTML, "an HTML page, 'Welcome'")):
            with self.subTest(says=says):
                self.assert_stops(first(9, lambda asked: Reply(400, sent)), 2, says, model="openai-compatible/m")


class FilteredWordings(RepliesTest):
    def test_one_filtered_wording_is_one_unusable_answer(self):
        azure = {"error": {"message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", "type": None, "param": "prompt",
                           "code": "content_filter", "status": 400, "innererror": {"code": "ResponsibleAIPolicyViolation"}}}
        plain = {"error": {"message": "filtered", "type": "invalid_request_error", "code": "content_filter"}}
        for sent in (azure, plain):
            _, row = self.assert_one_unusable(first(1, lambda asked: Reply(400, sent)), "content_filter", billed=None)
            self.assertIn("filtered", row["raw_text"])

    def test_an_answer_that_failed_groqs_form_is_asked_again_once(self):
        sent = {"error": {"message": "Failed to generate JSON.", "type": "invalid_request_error", "code": "json_validate_failed", "failed_generation": '{"belief": oh}'}}
        _, row = self.assert_one_unusable(first(1, lambda asked: Reply(400, sent)), "not_json", billed=None, asked_again=True)
        self.assertEqual(row["raw_text"], '{"belief": oh}')

    def test_sixteen_wordings_of_which_one_is_filtered(self):
        server = self.serve(lambda asked, s: failure(asked, 400, "content_filter", "no") if asked.user == s.state.setdefault("user", asked.user) else None)
        record = self.asked(server, plan={"K": "16", "R": "1", "B": "50"})
        self.assertEqual((record["usable"], record["answered"], len(server.ledger)), (15, 16, 16))

    def test_a_wording_that_is_too_long_still_stops_the_run(self):
        self.assert_stops(first(9, lambda asked: failure(asked, 400, "context_length_exceeded", "too long")), 2, "too long")


class Parts(RepliesTest):
    def test_of_messages_with_a_phase_only_the_final_answer_is_read(self):
        def phased(asked, _server):
            reply = success(asked)
            told = json.loads(reply.body)
            comment = {"type": "message", "role": "assistant", "phase": "commentary", "content": [{"type": "output_text", "text": answer_text("x", 0.99), "annotations": []}]}
            told["output"][-1]["phase"] = "final_answer"
            told["output"].insert(1, comment)
            reply.body = json.dumps(told).encode()
            return reply
        server, done = self.played(phased, "--json")
        self.assertEqual((done.returncode, len(server.ledger)), (0, 4), done.stderr)
        self.assertEqual({row["raw_text"] for row in self.answers()}, {answer_text(asked.user) for asked, _ in server.ledger})
        self.assert_ledger(server)

    def test_traces_of_a_search_mark_the_answer_as_one_that_leans_on_a_source(self):
        def search(api, told):
            if api == "responses":
                told["output"].insert(0, {"type": "web_search_call", "id": "ws_1", "status": "completed"})
            elif api == "chat":
                told["choices"][0]["message"]["annotations"] = [{"type": "url_citation", "url_citation": {"url": "x", "title": "x"}}]
            elif api == "messages":
                told["content"].insert(0, {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}})
            else:
                told["candidates"][0]["groundingMetadata"] = {"webSearchQueries": ["x"]}
        for api, model in MODELS.items():
            with self.subTest(api=api):
                bill = []

                def searched(asked):
                    reply = success(asked)
                    told = json.loads(reply.body)
                    search(api, told)
                    reply.body = json.dumps(told).encode()
                    bill.append(reply.billed)
                    return reply
                server, done = self.played(first(1, searched), "--json", model=model)
                self.assertEqual((done.returncode, len(server.ledger)), (0, 5), done.stderr)  # asked again once
                row = [row for row in self.answers() if not row["usable"]][0]
                self.assertEqual((row["reason"], row["billed_pico_usd"]), ("searched", bill[0]))
                self.assertIsNotNone(row["prob_true"])  # kept with the row, not used
                run = json.loads(done.stdout)["run_id"]
                self.assertEqual(self.heretix("verify", run).returncode, 0)
                self.assert_ledger(server)

    def test_a_run_whose_final_answer_searched_verifies(self):
        def searched(asked, s):
            if asked.user != s.state.setdefault("user", asked.user):
                return None
            reply = success(asked)
            told = json.loads(reply.body)
            told["output"].insert(0, {"type": "web_search_call", "id": "ws_1", "status": "completed"})
            reply.body = json.dumps(told).encode()
            return reply
        server, done = self.played(searched, "--json")
        record = json.loads(done.stdout)
        self.assertEqual((record["usable"], record["answered"], len(server.ledger)), (3, 4, 5))
        verified = self.heretix("verify", record["run_id"])
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
