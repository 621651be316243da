"""Models that state a probability: each service's requests and replies, what a reply without an answer becomes, and what it costs."""
import json
import math
import os
import pathlib
import time

import jevcompat.mock
import yaml

from cases import CLAIM, KEY, HostedTest
from fault_server import FaultServer, Reply, failure, stated, stated_of

MODELS = {"openai/gpt-6-luna": "/v1/decisions", "gemini/gemini-decision-1": "/v1beta/decisions", "typesafe/jev-1.13.0": "/v1/systemone",
          "openrouter/typesafe/jev-1.13": "/api/alpha/decisions", "systemone/mine": "/v1/systemone"}
BY_ID = [m for m in MODELS if not m.startswith("openai/")]
PLAN = {"K": "4", "R": "1", "B": "50"}


class DecisionTest(HostedTest):
    def decide(self, server, *arguments, model="typesafe/jev-1.13.0", plan=PLAN, **more):
        return self.ask(server, "--readout", "decision", *arguments, model=model, plan=plan, **more)

    def decided(self, server, *arguments, **more):
        done = self.decide(server, *arguments, "--json", **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def answers(self):
        """Of the statements; those that are made of two of them are kept too."""
        return [row for row in self.rows("SELECT * FROM heretix_answers ORDER BY rowid") if '"readout"' not in (row["raw_text"] or "")]


class Wires(DecisionTest):
    def test_each_service_is_asked_at_its_own_path_for_one_statement_under_one_state(self):
        for model, path in MODELS.items():
            with self.subTest(model):
                server = self.serve(fresh=True)
                record = self.decided(server, model=model)
                self.assertEqual(len(server.ledger), 8, "four wordings, each with its negation")
                self.assertEqual({asked.path for asked, _ in server.ledger}, {path})
                self.assertEqual(len({asked.state for asked, _ in server.ledger}), 1)
                self.assertNotIn(CLAIM, server.ledger[0][0].state)
                for asked, _ in server.ledger:
                    (text,) = asked.statements.values()
                    self.assertIn(CLAIM, text)
                    self.assertEqual(asked.body["model"], model.split("/", 1)[1])
                header = server.ledger[0][0].headers.get("x-goog-api-key" if model.startswith("gemini/") else "authorization")
                self.assertEqual(header, KEY if model.startswith("gemini/") else f"Bearer {KEY}")
                self.assertEqual(record["usable"], 4)
                self.assertEqual(record["execution"]["answered_by"], {model.split("/", 1)[1]: 4})
                if not model.startswith("systemone/"):
                    self.assert_ledger(server)

    def test_the_answer_object_is_kept_as_it_came_but_for_its_confidence(self):
        server = self.serve()
        self.decided(server, model="gemini/gemini-decision-1")
        stated_by_server = sorted(stated_of(text) for asked, _ in server.ledger for text in asked.statements.values())
        self.assertEqual(sorted(json.loads(row["raw_text"])["noul"] for row in self.answers()), stated_by_server)
        self.assertTrue(all("confidence" not in row["raw_text"] for row in self.answers()))

    def test_the_request_models_of_the_official_sdks_accept_what_is_sent(self):
        from google.genai._gaos.types.decisions import CreateDecisionRequest  # here, as the SDKs load slowly
        from openai.types.decision_create_params import DecisionCreateParams
        from openrouter.components import DecisionsRequest
        from pydantic import TypeAdapter
        from typesafe_sdk._schemas import models as typesafe_models

        def openai_accepts(body):  # its list of questions is looked at as it is walked
            list(TypeAdapter(DecisionCreateParams).validate_python(body)["questions"])

        accept = {"openai/gpt-6-luna": openai_accepts,
                  "gemini/gemini-decision-1": CreateDecisionRequest.model_validate,
                  "typesafe/jev-1.13.0": typesafe_models.SystemOneRequest.model_validate,
                  "openrouter/typesafe/jev-1.13": DecisionsRequest.model_validate}
        for model, accepts in accept.items():
            with self.subTest(model):
                server = self.serve(fresh=True)
                self.decided(server, model=model)
                for asked, _ in server.ledger:
                    accepts(asked.body)

    def test_the_official_sdks_parse_the_servers_replies(self):
        import openai
        import openrouter
        import typesafe_sdk
        from google import genai

        server = self.serve()
        text = "Snow is white."
        said = openai.OpenAI(api_key=KEY, base_url=server.url + "/v1", max_retries=0).decisions.create(
            model="gpt-6-luna", input="Neutral.", questions=[{"type": "predicate", "instructions": text, "name": "q1"}])
        self.assertEqual((said.answers[0].probability, said.answers[0].name, said.model), (stated_of(text), "q1", "gpt-6-luna"))
        google = genai.Client(api_key=KEY, http_options={"base_url": server.url, "api_version": "v1beta"})
        said = google.decisions.create(model="gemini-decision-1", input="Neutral.", questions={"q1": {"type": "noul", "instructions": text}})
        self.assertEqual(said.answers["q1"].noul, stated_of(text))
        client = typesafe_sdk.TypeSafeClient(api_key=KEY, base_url=server.url)
        self.addCleanup(client.close)
        said = client.system_one(model="jev-1.13.0", state="Neutral.", questions={"q1": typesafe_sdk.Noul(instructions=text)})
        self.assertEqual(said.answers["q1"].noul, stated_of(text))
        said = openrouter.OpenRouter(api_key=KEY).alpha.decisions.create(model="typesafe/jev-1.13", state="Neutral.", server_url=server.url,
                                                                   questions={"q1": {"type": "noul", "instructions": text}})
        self.assertEqual((said.answers["q1"].noul, said.id), (stated_of(text), "gen-4"))

    def test_the_sdks_name_the_variables_that_we_read(self):
        import typesafe_sdk

        self.assertEqual((typesafe_sdk.constants.API_KEY_ENV, typesafe_sdk.constants.BASE_URL_ENV), ("TYPESAFE_API_KEY", "TYPESAFE_BASE_URL"))
        self.assertEqual(typesafe_sdk.constants.DEFAULT_BASE_URL, "https://api.typesafe.ai")

    def test_the_end_of_a_base_url_that_other_programs_want_is_left_out(self):
        for model, ending in (("typesafe/jev-1.13.0", "/v1"), ("openrouter/typesafe/jev-1.13", "/api/v1/"), ("systemone/mine", "/v1")):
            server = self.serve(fresh=True)
            self.decided(server, "--base-url", server.url + ending, model=model)
            self.assertEqual({asked.path for asked, _ in server.ledger}, {MODELS[model]})

    def test_the_echoed_name_is_kept_and_told(self):
        server = self.serve(lambda asked, _: stated(asked, model="typesafe/jev-1.13-20260917"))
        record = self.decided(server, model="openrouter/typesafe/jev-1.13")
        self.assertEqual(record["execution"]["answered_by"], {"typesafe/jev-1.13-20260917": 4})
        self.assertEqual(record["config"]["model"], "openrouter/typesafe/jev-1.13")


class NoAnswer(DecisionTest):
    def one_differs(self, other, model="typesafe/jev-1.13.0"):
        """The first statement that is asked gets `other(asked)`, always."""
        def script(asked, server):
            first = server.state.setdefault("first", asked.user)
            return other(asked) if asked.user == first else None
        server = self.serve(script, fresh=True)
        record = self.decided(server, model=model)
        self.assertEqual(record["usable"], 3)
        return server, record

    def reasons(self):
        return {row["reason"] for row in self.answers() if not row["usable"]}

    def test_a_refusal_a_block_and_a_missing_answer_are_three_reasons_and_none_is_a_half(self):
        cases = [("openai/gpt-6-luna", lambda asked: stated(asked, {"q1": {"type": "refusal", "name": "q1"}}), "provider_refusal"),
                 ("gemini/gemini-decision-1", lambda asked: Reply(body={"prompt_feedback": {"block_reason": "safety"}}), "content_filter"),
                 *[(model, lambda asked: stated(asked, {"other": 0.5}), "missing_answer") for model in MODELS]]
        for model, other, reason in cases:
            with self.subTest(model=model, reason=reason):
                self.one_differs(other, model)
                self.assertEqual(self.reasons(), {reason})
                self.assertTrue(all(row["prob_true"] is None for row in self.answers() if not row["usable"]))

    def test_what_is_no_probability_never_becomes_a_number(self):
        for value in (1.3, -0.1, "0.9", None, True, [0.9], {"noul": 0.9}):
            for model in BY_ID:
                with self.subTest(value=value, model=model):
                    self.one_differs(lambda asked: stated(asked, {"q1": {"type": "noul", "noul": value}}), model)

    def test_an_answer_of_an_unknown_type_is_skipped_and_told(self):
        server = self.serve(lambda asked, _: stated(asked, {"q1": {"type": "opinion", "noul": 0.9}}))
        done = self.decide(server)
        self.assertIn("skipped an answer of the type 'opinion'", done.stderr)
        self.assertEqual(done.stderr.count("skipped an answer"), 1, "once a run")
        self.assertEqual({row["usable"] for row in self.answers()}, {0})

    def test_a_body_with_nan_is_no_answer_and_says_so(self):
        server = self.serve(lambda asked, _: Reply(body=b'{"answers":{"q1":{"type":"noul","noul":NaN}}}'))
        done = self.decide(server)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("incomplete JSON", done.stderr)
        self.assertEqual(self.answers(), [])

    def test_answers_are_taken_by_id_whatever_their_order_and_company(self):
        def script(asked, _):
            values = {id: stated_of(text) for id, text in asked.statements.items()}
            return stated(asked, {"unasked": 0.5, **dict(reversed(values.items())), "q0": 0.5})
        server = self.serve(script)
        self.decided(server)
        self.assertEqual(sorted(json.loads(row["raw_text"])["noul"] for row in self.answers()),
                         sorted(stated_of(asked.user) for asked, _ in server.ledger))


class Retries(DecisionTest):
    def once(self, model, status, headers=(), body=None):
        """Each statement fails once so, and is answered then."""
        def script(asked, server):
            seen = server.state.setdefault("seen", set())
            if asked.user in seen:
                return None
            seen.add(asked.user)
            return Reply(status, body or {"error": {"message": "not now", "code": "overloaded"}}, headers=headers)
        server = self.serve(script, fresh=True)
        return server, self.decide(server, "--json", model=model, plan={"K": "3", "R": "1", "B": "50"})

    def test_what_every_service_documents_is_asked_again(self):
        for model in MODELS:
            for status in (408, 429, 500, 502, 503, 529):
                with self.subTest(model=model, status=status):
                    server, done = self.once(model, status, [("retry-after-ms", "10")])
                    self.assertEqual((done.returncode, len(server.ledger)), (0, 12), done.stderr)

    def test_a_conflict_is_asked_again_only_at_openai_and_gemini(self):
        for model in MODELS:
            with self.subTest(model):
                server, done = self.once(model, 409, [("retry-after-ms", "10")])
                again = model.split("/")[0] in ("openai", "gemini")
                self.assertEqual(done.returncode == 0, again, done.stderr)
                self.assertEqual({asked.user for asked, _ in server.ledger} != set() and len(server.ledger) == 12, again)

    def test_the_wait_in_milliseconds_wins_over_the_one_in_seconds(self):
        began = time.monotonic()
        _, done = self.once("typesafe/jev-1.13.0", 429, [("retry-after", "30"), ("retry-after-ms", "200")])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(time.monotonic() - began, 15)

    def test_a_service_that_says_not_to_ask_again_is_not_asked_again(self):
        for headers in ([("x-should-retry", "false")], [("retry-after", "600")]):
            server, done = self.once("openai/gpt-6-luna", 429, headers)
            self.assertEqual(done.returncode, 7, done.stderr)
            self.assertLessEqual(len(server.ledger), 6, "none of them twice")


class Costs(DecisionTest):
    def test_bills_equal_the_invoice_and_are_not_shown_as_nothing(self):
        server = self.serve(lambda asked, _: stated(asked, usage=33))
        done = self.decide(server)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(server.invoice_picos, 8 * 33 * 42_000)
        billed = self.rows("SELECT sum(billed_pico_usd) AS picos FROM heretix_answers")[0]["picos"]
        self.assertEqual(billed, server.invoice_picos)
        self.assertIn("$0.000011", done.stdout)
        self.assertIn("$0.000011", self.ok("costs"))
        self.assertRegex(done.stderr, r"cost: about \$0\.0000\d+, at most \$0\.000\d+ \(at prices of")

    def test_what_openrouter_charged_wins_over_the_list(self):
        server = self.serve(lambda asked, _: stated(asked, body_more={"usage": {"input_tokens": 33, "output_tokens": 0, "cost": 0.00000125}}, billed=1_250_000))
        self.decided(server, model="openrouter/typesafe/jev-1.13")
        self.assertEqual(self.rows("SELECT sum(billed_pico_usd) AS picos FROM heretix_answers")[0]["picos"], 10_000_000)

    def test_openais_decisions_have_a_price_of_their_own(self):
        usage = {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 20}, "output_tokens": 7,
                 "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 107}
        server = self.serve(lambda asked, _: stated(asked, body_more={"usage": usage}))
        self.decided(server, model="openai/gpt-6-luna")
        picos = self.rows("SELECT sum(billed_pico_usd) AS picos FROM heretix_answers")[0]["picos"]
        self.assertEqual(picos, 8 * 40 * 100_000, "only what is neither read from the cache nor written to it costs anything")

    def test_a_budget_stops_before_it_is_spent(self):
        server = self.serve(lambda asked, _: stated(asked, usage=100))
        done = self.decide(server, "--budget", "0.0001", "--concurrency", "1", plan={"K": "16", "R": "1", "B": "50"})
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("the budget of $0.000100 is reached", done.stderr)
        self.assertTrue(0 < len(server.ledger) < 32)
        self.assertLessEqual(server.invoice_picos, 100_000_000)


class Servers(DecisionTest):
    MODEL = "systemone/mine"

    def test_the_servers_name_and_version_belong_to_the_keys(self):
        keys = []
        for name in ("typed-gguf/0.3.0", "typed-gguf/0.3.1", "llama.cpp"):
            server = self.serve(fresh=not keys)
            server.props = Reply(404, {}, headers=[("Server", name)])
            record = self.decided(server, model=self.MODEL)
            self.assertEqual((len(server.ledger), server.looked), (8, 1), name)
            self.assertIn(f";server={name}", record["config"]["mode"])
            self.assertEqual(record["execution"]["settings"]["server"], name)
            keys.append({row["cache_key"] for row in self.answers()})
        self.assertEqual(len(keys[-1]), 24)

    def test_llama_cpp_tells_its_build(self):
        server = self.serve()
        server.props = Reply(200, {"build_info": "b11434-0123abc", "model_path": "x"}, headers=[("Server", "llama.cpp")])
        self.assertIn(";server=llama.cpp/b11434-0123abc", self.decided(server, model=self.MODEL)["config"]["mode"])

    def test_a_server_that_says_nothing_of_itself_is_measured_all_the_same(self):
        server = self.serve()
        server.props = Reply(404, b"")
        self.assertNotIn("server=", self.decided(server, model=self.MODEL)["config"]["mode"])

    def test_one_that_does_not_answer_or_is_not_ready_is_told_before_anything_is_sent(self):
        server = self.serve()
        server.props = Reply(503, {"error": {"message": "Loading model"}})
        done = self.decide(server, model=self.MODEL)
        self.assertEqual((done.returncode == 0, len(server.ledger)), (False, 0))
        self.assertIn("Loading model", done.stderr)
        done = self.decide(server, model=self.MODEL, url="http://127.0.0.1:1")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("does not answer at http://127.0.0.1:1", done.stderr)

    def test_no_key_is_needed(self):
        server = self.serve()
        self.decided(server, model=self.MODEL, SYSTEMONE_API_KEY="")
        self.assertNotIn("authorization", server.ledger[0][0].headers)


class BadInput(DecisionTest):
    def test_a_model_that_is_no_decision_model_is_reported_with_the_readout_that_works(self):
        cases = [("systemone/mine", 501, "This server does not support the decision API"), ("openai/gpt-5", 400, "use /v1/responses for gpt-5"),
                 ("gemini/gemini-3", 404, "gemini-3 is not a decision model, see generateContent")]
        for model, status, message in cases:
            with self.subTest(model):
                server = self.serve(lambda asked, _: failure(asked, status, "invalid", message), fresh=True)
                done = self.decide(server, "--concurrency", "1", model=model)
                self.assertEqual((done.returncode, len(server.ledger)), (2, 1), done.stderr)
                self.assertIn(message, done.stderr)
                self.assertIn("--readout verbalized", done.stderr)

    def test_models_without_a_decisions_api_say_so_before_anything_is_sent(self):
        server = self.serve()
        for model in ("anthropic/claude-m", "xai/grok-m", "openai-compatible/m"):
            done = self.decide(server, model=model)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("has no decisions API", done.stderr)
        self.assertEqual(server.ledger, [])

    def test_decision_models_say_that_they_write_nothing(self):
        server = self.serve()
        for model in BY_ID:
            done = self.ask(server, "--readout", "verbalized", model=model)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("it states a probability and writes no text; use --readout decision", done.stderr)
        done = self.ask(server, "--readout", "verbalized", model="openrouter/openai/gpt-5")
        self.assertIn("openai-compatible/NAME with --base-url https://openrouter.ai/api/v1", done.stderr)
        self.assertEqual(server.ledger, [])

    def test_a_chat_api_that_names_the_decisions_api_leads_there(self):
        server = self.serve(lambda asked, _: failure(asked, 400, "invalid", "typesafe/jev-1.13 is served at /api/alpha/decisions"))
        done = self.ask(server, model="openai-compatible/typesafe/jev-1.13")
        self.assertIn("--readout decision", done.stderr)

    def test_what_a_decisions_api_does_not_take_is_refused_by_name(self):
        server = self.serve()
        for option in (["--temperature", "0.5"], ["--reasoning", "low"], ["--logprobs"]):
            done = self.decide(server, *option, model="openai/gpt-6-luna")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(f"leave {option[0]} out", done.stderr)
        self.assertEqual(server.ledger, [])

    def test_details_of_a_refused_request_are_shown(self):
        detail = [{"loc": ["body", "questions", "q1", "noul", "criteria"], "msg": "Both are required", "type": "missing"}]
        server = self.serve(lambda asked, _: Reply(422, {"detail": detail}))
        done = self.decide(server)
        self.assertEqual(done.returncode, 2)
        self.assertIn("HTTP 422: body.questions.q1.noul.criteria: Both are required", done.stderr)

    def test_a_state_that_is_longer_than_the_service_takes_is_refused_by_name(self):
        (self.folder / "banks").mkdir()
        bank = yaml.safe_load((pathlib.Path(os.environ["HERETIX_SOURCE"]) / "prompts/heretix_decisions_v1.yaml").read_text())
        bank.update(version="long_1", state=bank["state"] + " It is so." * 20_000)
        (self.folder / "banks/long_1.yaml").write_text(yaml.safe_dump(bank))
        server = self.serve()
        done = self.decide(server, "--prompts", "banks", "--prompt-version", "long_1", "--max-prompt-chars", "1000000")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("typesafe takes at most 32768 tokens for the state and its longest question", done.stderr)
        self.assertEqual(server.ledger, [])

    def test_a_claim_that_is_too_long_is_refused_by_name(self):
        server = self.serve()
        done = self.decide(server, claim="Snow is white, and " + "so is snow, " * 200 + "as all know")
        self.assertEqual((done.returncode, server.ledger), (2, []))
        self.assertRegex(done.stderr, r"the prompt of template \d+ has \d+ characters; at most 1200 are allowed \(the claim has 2430\)")


class Together(DecisionTest):
    """Sixteen wordings in one request, where a probe of that very server found that company changes nothing."""
    MODEL = "typesafe/jev-1.13.0"
    ALL = {"K": "16", "R": "1", "B": "50"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server, cls.profiled = FaultServer().start(), None  # the server that was probed, and the store with its profile

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        if self.profiled is None:
            done = self.heretix("probe", self.MODEL, "-q", **self.environment(self.server.url))
            self.assertEqual(done.returncode, 0, done.stderr)
            type(self).profiled = (self.folder / "runs/heretix.sqlite").read_bytes()
        else:
            (self.folder / "runs").mkdir()
            (self.folder / "runs/heretix.sqlite").write_bytes(self.profiled)
            (self.folder / "runs/heretix.sqlite").chmod(0o600)
        self.before = {row["cache_key"] for row in self.answers()}

    def serve(self, script=None, **_):
        self.server.script, self.server.state, self.server.ledger = script, {}, []
        return self.server

    def decided(self, server, *arguments, **more):
        return super().decided(server, *arguments, plan=self.ALL, **more)

    def new_answers(self):
        return [row for row in self.answers() if row["cache_key"] not in self.before]

    def bank(self):
        return yaml.safe_load((pathlib.Path(os.environ["HERETIX_SOURCE"]) / "prompts/heretix_decisions_v1.yaml").read_text())["statements"]

    def test_statements_and_negations_go_apart_and_every_answer_finds_its_question(self):
        server = self.serve()
        record = self.decided(server)
        self.assertIn(";together=16", record["config"]["mode"])
        self.assertEqual([len(asked.statements) for asked, _ in server.ledger], [16, 16])
        sides = [{pair[side].replace("{CLAIM}", CLAIM) for pair in self.bank()} for side in ("claim", "negation")]
        self.assertEqual(sorted(map(sorted, sides)), sorted(sorted(asked.statements.values()) for asked, _ in server.ledger))
        for template in record["templates"]:
            pair = self.bank()[template["paraphrase_idx"]]
            p, q = (stated_of(pair[side].replace("{CLAIM}", CLAIM)) for side in ("claim", "negation"))
            belief = (math.log(p / (1 - p)) - math.log(q / (1 - q))) / 2
            self.assertAlmostEqual(template["prob_true"][0], 1 / (1 + math.exp(-belief)), 9)

    def test_alone_asks_each_statement_by_itself(self):
        server = self.serve()
        record = self.decided(server, "--alone")
        self.assertNotIn("together", record["config"]["mode"])
        self.assertEqual([len(asked.statements) for asked, _ in server.ledger], [1] * 32)

    def test_a_requests_bill_is_shared_out_exactly(self):
        server = self.serve(lambda asked, _: stated(asked, usage=1003))
        record = self.decided(server)
        rows = self.new_answers()
        self.assertEqual((len(rows), sum(row["billed_pico_usd"] for row in rows), sum(row["tokens_in"] for row in rows)),
                         (32, 2 * 1003 * 42_000, 2 * 1003))
        self.assertEqual({row["tokens_in"] for row in rows}, {62, 63})
        self.assertAlmostEqual(record["execution"]["billed_micro_usd"], 2 * 1003 * 0.042, delta=1)

    def test_a_failed_request_fails_for_each_of_its_questions_and_is_sent_again_whole(self):
        def script(asked, server):
            return Reply(429, {"error": {"message": "slow down"}}, headers=[("retry-after-ms", "20")]) if server.state.setdefault("first", asked.number) == asked.number else None
        server = self.serve(script)
        record = self.decided(server, "--concurrency", "1")
        self.assertEqual(record["usable"], 16)
        self.assertEqual([len(asked.statements) for asked, _ in server.ledger], [16, 16, 16])
        self.assertEqual(len(self.new_answers()), 32)

    def test_one_missing_answer_is_asked_once_more_and_leaves_the_others_alone(self):
        def script(asked, _):
            values = {id: stated_of(text) for id, text in asked.statements.items()}
            if asked.number == 1:
                del values["q5"]
            return stated(asked, values)
        server = self.serve(script)
        self.assertEqual(self.decided(server)["usable"], 16)
        self.assertEqual(sorted(len(asked.statements) for asked, _ in server.ledger), [1, 16, 16])

    def test_limits_of_requests_a_minute_count_requests(self):
        limits = [("x-ratelimit-limit-requests", "3"), ("x-ratelimit-remaining-requests", "1"), ("x-ratelimit-reset-requests", "60s")]
        server = self.serve(lambda asked, _: stated(asked, headers=limits))
        began = time.monotonic()
        self.decided(server, "--concurrency", "1")
        self.assertEqual(len(server.ledger), 2)
        self.assertLess(time.monotonic() - began, 20, "the second request was one of the one that was left")

    def test_a_stop_half_way_keeps_what_was_answered(self):
        server = self.serve(lambda asked, _: stated(asked) if asked.number == 1 else Reply(402, {"error": {"message": "no credit"}}))
        done = self.decide(server, "--concurrency", "1", plan=self.ALL)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertEqual(len(self.new_answers()), 16)
        server.script = None
        self.decided(server)
        self.assertEqual([len(asked.statements) for asked, _ in server.ledger], [16, 16, 16])


# What of jevcompat's faults a statement without criteria meets, and what becomes of it. All others are answered as ever.
REFUSED = {
    "wrong-route": "HTTP 404",
    "xssi-200": "not JSON",
    "nan": "incomplete JSON",
    "boolean-type": "skipped an answer of the type 'boolean'",
}
UNUSABLE = {"noul-range": "out_of_range", "boolean-type": "missing_answer"}


class Jevcompat(DecisionTest):
    def test_each_of_its_47_faults_is_read_correctly_or_refused_by_name(self):
        faults = jevcompat.mock.FAULTS
        self.assertEqual(len(faults), 47)
        for fault in ["", *faults]:
            with self.subTest(fault):
                self.check(fault)

    def check(self, fault):
        folder = self.folder / (fault or "none")
        folder.mkdir()
        self.folder, before = folder, self.folder
        try:
            (folder / "prices.json").write_text((before / "prices.json").read_text())
            with jevcompat.mock.Running(jevcompat.mock.MockConfig(faults=frozenset([fault] if fault else []))) as mock:
                done = self.heretix("run", CLAIM, "--model", "systemone/mock", "--readout", "decision", "-K", "3", "-R", "1", "-B", "50", "--json",
                                    **self.environment(mock.url, SYSTEMONE_API_KEY=""))
                self.judge(fault, done)
        finally:
            self.folder = before

    def judge(self, fault, done):
        rows = self.answers() if (self.folder / "runs").exists() else []
        if fault in REFUSED:
            self.assertIn(REFUSED[fault], done.stderr)
            self.assertTrue(all(not row["usable"] for row in rows))
        elif fault in UNUSABLE:
            self.assertEqual({row["reason"] for row in rows}, {UNUSABLE[fault]})
        else:
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(rows), 6)
            self.assertTrue(all(row["usable"] for row in rows))
        config = jevcompat.mock.MockConfig(faults=frozenset([fault] if fault else []))
        possible = self.possible(config)
        for row in rows:
            if row["usable"]:
                self.assertIn(json.loads(row["raw_text"])["noul"], possible)

    def possible(self, config):
        """What the mock states of each statement of the bank, by its own function."""
        bank = yaml.safe_load((pathlib.Path(os.environ["HERETIX_SOURCE"]) / "prompts/heretix_decisions_v1.yaml").read_text())
        texts = [side.replace("{CLAIM}", CLAIM) for pair in bank["statements"] for side in pair.values()]
        return {jevcompat.mock.answer(config, bank["state"], "q1", {"type": "noul", "instructions": text}, 0, 1)["noul"] for text in texts}

    def test_faults_of_the_key_are_told_as_such(self):
        for fault, key, says in (("auth-rejects-header", None, "HTTP 401"), ("auth-x-api-key", KEY, "HTTP 403"), ("auth-plain", "another key", "HTTP 401"),
                                 ("auth-invalid-403-text", "another key", "HTTP 401 bad key")):
            with self.subTest(fault), jevcompat.mock.Running(jevcompat.mock.MockConfig(key=key, faults=frozenset([fault]))) as mock:
                done = self.heretix("run", CLAIM, "--model", "systemone/mock", "--readout", "decision", "-K", "3", "-R", "1",
                                    **self.environment(mock.url))
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(says.split(" ")[1], done.stderr)
                self.assertIn("check the key in SYSTEMONE_API_KEY", done.stderr)
