"""Each provider's requests and replies: what we send is what its SDK would send, what we read is what its SDK reads."""
import json

from cases import ADDRESSES, CLAIM, KEY, HostedTest
from fault_server import Reply, answer_text, success, success_body, usage_of

LOGPROBS = [{"token": "0", "logprob": -0.25, "bytes": [48], "top_logprobs": [{"token": "0", "logprob": -0.25, "bytes": [48]}]}]


class Shapes(HostedTest):
    def test_official_sdks_parse_the_servers_normal_replies(self):
        import anthropic  # here, as it takes longer to load than most tests run
        import openai
        from google import genai

        server = self.serve()
        client = openai.OpenAI(api_key=KEY, base_url=server.url + "/v1", max_retries=0)
        said = client.responses.create(model="gpt-5", input=[{"role": "user", "content": CLAIM}])
        self.assertEqual(said.output_text, answer_text(CLAIM))
        self.assertEqual(said.usage.input_tokens_details.cached_tokens, 64)
        chat = client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": CLAIM}])
        self.assertEqual(chat.choices[0].message.content, answer_text(CLAIM))
        self.assertEqual(chat.usage.completion_tokens_details.reasoning_tokens, 20)
        said = anthropic.Anthropic(api_key=KEY, base_url=server.url, max_retries=0).messages.create(
            model="claude", max_tokens=10, messages=[{"role": "user", "content": CLAIM}])
        self.assertEqual((said.content[0].text, said.usage.cache_read_input_tokens), (answer_text(CLAIM), 64))
        google = genai.Client(api_key=KEY, http_options={"base_url": server.url})
        said = google.models.generate_content(model="gemini-m", contents=CLAIM)
        self.assertEqual(said.text, answer_text(CLAIM))
        self.assertEqual(said.usage_metadata.thoughts_token_count, 20)

    def sent(self, model, *arguments):
        server = self.serve()
        record = self.asked(server, *arguments, model=model)
        self.assertEqual(record["usable"], 4)
        self.assert_ledger(server)
        return server.ledger[0][0], record

    def test_openai_responses(self):
        from openai.types.responses import Response

        asked, record = self.sent("openai/gpt-5", "--reasoning", "low", "--max-output-tokens", 700)
        self.assertEqual((asked.path, asked.headers["authorization"]), ("/v1/responses", f"Bearer {KEY}"))
        form = asked.body["text"]["format"]
        self.assertEqual((form["type"], form["strict"], form["schema"]["additionalProperties"]), ("json_schema", True, False))
        self.assertEqual(list(form["schema"]["properties"]), ["belief", "reasons", "assumptions", "uncertainties", "flags"])
        self.assertEqual((asked.body["max_output_tokens"], asked.body["reasoning"], asked.body["store"]), (700, {"effort": "low"}, False))
        self.assertIn(CLAIM, asked.user)
        self.assertIn("prob_true", asked.body["instructions"])
        self.assertNotIn("temperature", asked.body)
        self.assertEqual((record["config"]["model"], record["config"]["mode"]), ("gpt-5", "LIVE;reasoning=low"))
        self.assertEqual(record["execution"]["provider"], "openai")
        self.assertEqual(record["execution"]["answered_by"], {"gpt-5": 4})
        Response.model_validate(success_body("responses", "gpt-5", "x", usage_of("a", "b")))

    def test_openai_chat(self):
        asked, record = self.sent("gpt-5", "--api", "chat", "--temperature", "0.5")
        self.assertEqual(asked.path, "/v1/chat/completions")
        self.assertEqual((asked.body["max_completion_tokens"], asked.body["temperature"]), (1024, 0.5))
        self.assertEqual(asked.body["response_format"]["json_schema"]["schema"]["properties"]["belief"]["properties"]["prob_true"],
                         {"type": "number", "minimum": 0, "maximum": 1})
        self.assertEqual(record["config"]["mode"], "LIVE;temperature=0.5")

    def test_anthropic(self):
        asked, record = self.sent("anthropic/claude-m")
        self.assertEqual((asked.path, asked.headers["x-api-key"], asked.headers["anthropic-version"]), ("/v1/messages", KEY, "2023-06-01"))
        self.assertNotIn("authorization", asked.headers)
        self.assertEqual(asked.body["output_config"]["format"]["schema"]["properties"]["belief"]["properties"]["prob_true"], {"type": "number"})
        self.assertEqual((asked.body["max_tokens"], record["config"]["model"]), (1024, "claude-m"))

    def test_gemini(self):
        asked, _ = self.sent("gemini/gemini-m")
        self.assertEqual((asked.path, asked.headers["x-goog-api-key"]), ("/v1beta/models/gemini-m:generateContent", KEY))
        self.assertNotIn(KEY, asked.path)
        self.assertEqual(asked.body["generationConfig"]["responseMimeType"], "application/json")
        self.assertEqual(asked.body["generationConfig"]["responseJsonSchema"]["type"], "object")
        row = self.rows("SELECT * FROM heretix_answers")[0]
        self.assertEqual((row["tokens_reasoning"], row["tokens_cached"]), (20, 64))
        self.assertNotIn("thinking about it", self.rows("SELECT raw_text FROM heretix_answers")[0][0])

    def test_xai_counts_reasoning_apart(self):
        def apart(asked, _server):
            usage = {**usage_of(asked.user, answer_text(asked.user)), "apart": 20}
            return success(asked, usage=usage)
        server = self.serve(apart)
        self.asked(server, model="xai/grok-m")
        self.assertEqual(server.ledger[0][0].path, "/v1/chat/completions")
        self.assert_ledger(server)

    def test_openai_compatible_needs_no_key_and_keeps_its_whole_name(self):
        server = self.serve()
        done = self.heretix("run", CLAIM, "--model", "openai-compatible/org/model:7b", "-K", 3, "-R", 1, "--base-url", server.url + "/v1/", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        asked = server.ledger[0][0]
        self.assertEqual((asked.path, asked.body["model"], asked.body["max_tokens"]), ("/v1/chat/completions", "org/model:7b", 1024))
        self.assertNotIn("authorization", asked.headers)
        record = json.loads(done.stdout)
        self.assertEqual(record["config"]["model"], "openai-compatible/org/model:7b")
        self.assertEqual(record["execution"]["billing_unknown"], 3)  # no price: unknown, never zero
        self.assertIn("3 (price unknown)", self.ok("costs"))

    def test_bare_names_of_earlier_recipes_find_their_provider(self):
        server = self.serve()
        for name, provider in (("gpt-m", "openai"), ("claude-m", "anthropic"), ("gemini-m", "gemini"), ("grok-m", "xai")):
            self.assertEqual(self.asked(server, model=name)["execution"]["provider"], provider)
            before = len(server.ledger)
            self.asked(server, model=f"{provider}/{name}")  # the same key: nothing is asked
            self.assertEqual(len(server.ledger), before)

    def test_logprobs_are_asked_for_and_kept(self):
        for model, place in (("openai/gpt-5", lambda b: b["include"] == ["message.output_text.logprobs"]), ("openai-compatible/m", lambda b: b["logprobs"])):
            server = self.serve(lambda asked, _: success(asked, logprobs=LOGPROBS))
            self.asked(server, "--logprobs", model=model, claim=f"claim {model}")
            self.assertTrue(place(server.ledger[0][0].body))
        kept = [json.loads(row[0]) for row in self.rows("SELECT logprobs FROM heretix_answers")]
        self.assertEqual((len(kept), kept[0]), (8, LOGPROBS))
        self.refused(2, "run", CLAIM, "--model", "anthropic/claude-m", "--logprobs", says="not return log-probabilities", **self.environment("http://127.0.0.1:9"))

    def test_refusals_and_length_stops_are_what_the_provider_says(self):  # P16
        cases = [("openai/gpt-5", {"refusal": "I will not"}, "provider_refusal"), ("openai/gpt-5", {"finish": "max_output_tokens"}, "length_stop"),
                 ("openai/gpt-5", {"finish": "content_filter"}, "content_filter"), ("xai/grok-m", {"refusal": "I will not"}, "provider_refusal"),
                 ("xai/grok-m", {"finish": "length"}, "length_stop"), ("xai/grok-m", {"finish": "content_filter"}, "content_filter"),
                 ("anthropic/claude-m", {"finish": "refusal"}, "provider_refusal"), ("anthropic/claude-m", {"finish": "max_tokens"}, "length_stop"),
                 ("gemini/gemini-m", {"finish": "MAX_TOKENS"}, "length_stop"), ("gemini/gemini-m", {"finish": "SAFETY"}, "content_filter"),
                 ("gemini/gemini-m", {"finish": "SPII"}, "content_filter")]
        for model, shape, reason in cases:
            with self.subTest(model=model, reason=reason):
                calls = []

                def script(asked, _server):
                    calls.append(asked)
                    return success(asked, **shape) if len(calls) == 1 else None
                server = self.serve(script)
                record = self.asked(server, model=model, claim=f"{model} {shape}")
                self.assertEqual((record["usable"], record["answered"]), (3, 4))
                self.assertEqual(len(server.ledger), 4)  # never asked again
                rows = self.rows("SELECT reason FROM heretix_answers WHERE reason IS NOT NULL ORDER BY rowid DESC LIMIT 1")
                self.assertEqual(rows[0]["reason"], reason)

    def test_a_blocked_prompt_has_no_candidate(self):
        server = self.serve(lambda asked, _: Reply(body={"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": "gemini-m"})
                            if asked.number == 1 else None)
        self.assertEqual(self.asked(server, model="gemini/gemini-m")["usable"], 3)
        self.assertEqual(self.rows("SELECT reason FROM heretix_answers WHERE usable = 0")[0][0], "content_filter")

    def test_another_model_id_is_told(self):  # P19
        server = self.serve(lambda asked, _: success(asked, model="gpt-5-2025-08-07"))
        done = self.ask(server, model="openai/gpt-5")
        self.assertIn("note: according to the provider, the model that answered is gpt-5-2025-08-07", done.stdout)
        run = self.rows("SELECT run_id FROM runs")[0][0]
        self.assertEqual(self.json("show", run)["execution"]["answered_by"], {"gpt-5-2025-08-07": 4})
        self.assertEqual(self.heretix("verify", run).returncode, 0)

    def test_every_provider_has_a_line_in_models(self):
        text = self.ok("models")
        for provider, (key, _, _) in ADDRESSES.items():
            self.assertIn(provider, text)
            self.assertIn(key, text)
