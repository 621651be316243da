"""What servers do not take: one value, one parameter, or a whole way of asking; in the words of the real ones."""
import json
import pathlib
import sqlite3

from cases import CLAIM, HostedTest, os
from fault_server import Reply, success

SQL = pathlib.Path(os.environ["HERETIX_SOURCE"]) / "migrations/sqlite"


def openai_error(message, parameter, code):
    return Reply(400, {"error": {"message": message, "type": "invalid_request_error", "param": parameter, "code": code}})


def refuses_temperature(asked, _server):
    if "temperature" in asked.body:
        return openai_error("Unsupported parameter: 'temperature' is not supported with this model.", "temperature", "unsupported_parameter")
    return None


class Parameters(HostedTest):
    def sent(self, server, name):
        return [asked.body.get(name) for asked, _ in server.ledger]

    def test_a_refused_value_stops_the_run_shows_the_others_and_silences_none_of_them(self):
        def script(asked, _server):
            if asked.body.get("reasoning", {}).get("effort") == "minimal":
                return openai_error("Unsupported value: 'minimal' is not supported with the 'gpt-5' model. Supported values are: 'low', 'medium', and 'high'.",
                                    "reasoning.effort", "unsupported_value")
            return None
        server = self.serve(script)
        self.asked(server, model="openai/gpt-5")  # answers of the default, which must not be taken for others
        asked = len(server.ledger)
        done = self.ask(server, "--reasoning", "minimal", model="openai/gpt-5")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("give --reasoning one of: low, medium, and high, or leave --reasoning out", done.stderr)
        self.assertEqual(len(server.ledger) - asked, 1)

        record = self.asked(server, "--reasoning", "high", model="openai/gpt-5")
        self.assertEqual(record["config"]["mode"], "LIVE;reasoning=high")
        self.assertEqual([r["effort"] for r in self.sent(server, "reasoning")[asked + 1:]], ["high"] * 4)
        self.assertEqual(self.rows("SELECT count(*) AS n FROM heretix_server_refusals")[0]["n"], 0)

    def test_a_refused_parameter_is_left_out_and_remembered_with_its_value_and_the_server(self):
        server = self.serve(refuses_temperature)
        done = self.ask(server, "--temperature", "0.3", model="openai/gpt-5")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("gpt-5 does not take temperature: asking without it", done.stderr)
        self.assertEqual(self.sent(server, "temperature"), [0.3] + [None] * 4)

        self.asked(server, "--temperature", "0.3", model="openai/gpt-5", claim="another claim")
        self.assertEqual(self.sent(server, "temperature")[5:], [None] * 4)
        self.asked(server, "--temperature", "0.7", model="openai/gpt-5", claim="a third claim")
        self.assertEqual(self.sent(server, "temperature")[9:], [0.7] + [None] * 4)

        elsewhere = self.serve()
        self.asked(elsewhere, "--temperature", "0.3", model="openai/gpt-5", claim="a fourth claim")
        self.assertEqual(self.sent(elsewhere, "temperature"), [0.3] * 4)

    def test_what_is_left_out_is_reported_on_every_run_and_part_of_the_key(self):
        server = self.serve(refuses_temperature)
        self.asked(server, model="openai/gpt-5")
        first = self.ask(server, "--temperature", "0.3", model="openai/gpt-5")
        asked = len(server.ledger)
        self.assertEqual(asked, 4 + 1 + 4)  # the answers made without it are not those of the default
        stored = self.ask(server, "--temperature", "0.3", model="openai/gpt-5")
        self.assertEqual(len(server.ledger), asked)
        for done in (first, stored):
            self.assertIn("note: asked without temperature 0.3, which the model does not take", done.stdout)
        record = self.asked(server, "--temperature", "0.3", model="openai/gpt-5")
        self.assertEqual(record["config"]["mode"], "LIVE;left_out=temperature")
        left_out = record["execution"]["settings"]["left_out"]
        self.assertEqual([(each["parameter"], each["value"]) for each in left_out], [("temperature", "0.3")])
        self.assertIn("not supported with this model", left_out[0]["message"])
        self.assertEqual(self.heretix("verify", record["run_id"]).returncode, 0)
        described = self.json("describe", CLAIM, "--model", "openai/gpt-5", "--temperature", "0.3", "-K", 4, "-R", 1, **self.environment(server.url))
        self.assertEqual((described["run_id"], described["stored_answers"]), (record["run_id"], 4))

    def test_a_parameter_refused_beside_another_is_sent_alone(self):
        def script(asked, _server):
            if asked.body.get("logprobs") and "reasoning_effort" in asked.body:
                return openai_error("logprobs is not supported when reasoning_effort is set.", "logprobs", None)
            return None
        server = self.serve(script)
        record = self.asked(server, "--logprobs", "--reasoning", "low", model="xai/grok-m")
        self.assertEqual(record["config"]["mode"], "LIVE;left_out=logprobs;reasoning=low")
        asked = len(server.ledger)
        self.asked(server, "--logprobs", model="xai/grok-m", claim="another claim")
        self.assertEqual(self.sent(server, "logprobs")[asked:], [True] * 4)

    def test_only_the_default_value_means_the_parameter(self):
        def script(asked, _server):
            if "temperature" in asked.body:
                return openai_error("Unsupported value: 'temperature' does not support 0.3 with this model. Only the default (1) value is supported.",
                                    "temperature", "unsupported_value")
            return None
        server = self.serve(script)
        self.assertEqual(self.asked(server, "--temperature", "0.3", model="openai/gpt-5")["config"]["mode"], "LIVE;left_out=temperature")

    def test_a_refusal_remembered_without_a_value_silences_nothing(self):
        """A store of schema 3 named the parameter alone."""
        (self.folder / "runs").mkdir()
        connection = sqlite3.connect(self.folder / "runs/heretix.sqlite")
        for name in ("contract", "1", "2", "3"):
            connection.executescript((SQL / f"{name}.sql").read_text())
        connection.execute("INSERT INTO heretix_meta VALUES ('schema', '3')")
        connection.execute("INSERT INTO heretix_refused_parameters VALUES ('gpt-5', 'reasoning', 1, 'it said no')")
        connection.commit()
        connection.close()
        server = self.serve()
        record = self.asked(server, "--reasoning", "high", model="openai/gpt-5")
        self.assertEqual(record["config"]["mode"], "LIVE;reasoning=high")
        self.assertEqual(self.sent(server, "reasoning"), [{"effort": "high"}] * 4)


def form_of(asked):
    return asked.body.get("response_format", {}).get("type")


# Of a server: what it answers with to the form, and which forms it takes. Each body was seen from that software.
FORMS = {
    "DeepSeek": (400, {"error": {"message": "This response_format type is unavailable now", "type": "invalid_request_error", "param": None,
                                 "code": "invalid_request_error"}}, ["json_object", None]),
    "DeepSeek, earlier": (422, {"error": {"message": "Failed to deserialize the JSON body into the target type: response_format: response_format.type `json_schema` is "
                                                     "unavailable now at line 1 column 1193", "type": "invalid_request_error", "param": None,
                                          "code": "invalid_request_error"}}, ["json_object", None]),
    "Groq": (400, {"error": {"message": "This model does not support response format `json_schema`. See supported models at https://console.groq.com/docs/structured-outputs",
                             "type": "invalid_request_error", "param": "response_format"}}, ["json_object", None]),
    "LM Studio before schemas": (400, {"error": "'response_format.type' must be 'text'"}, [None]),
    "llama.cpp without its grammar": (500, {"error": {"code": 500, "message": "Failed to initialize samplers: failed to parse grammar", "type": "server_error"}}, [None]),
}


class WaysOfAsking(HostedTest):
    def fallen_back(self, record, feature):
        return [(each["refused"], each["used"]) for each in record["execution"]["settings"].get("fallen_back", []) if each["feature"] == feature]

    def test_forms_fall_back_in_their_order_and_are_remembered(self):
        for name, (status, body, taken) in FORMS.items():
            with self.subTest(name):
                server = self.serve(lambda asked, _: None if form_of(asked) in taken else Reply(status, body), fresh=True)
                model = "openai-compatible/org/model:7b"
                record = self.asked(server, model=model)
                used = taken[0] or "none"
                tried = ["json_schema", "json_object", None]
                order = tried[:tried.index(taken[0]) + 1]
                seen = [form_of(asked) for asked, _ in server.ledger]
                self.assertEqual(list(dict.fromkeys(seen)), order)
                self.assertEqual(seen[-4:], [taken[0]] * 4)
                self.assertEqual(record["config"]["mode"], f"LIVE;form={used}")
                self.assertEqual(record["execution"]["settings"]["form"], used)
                self.assertEqual([pair[1] for pair in self.fallen_back(record, "form")], [used])
                self.assertEqual((record["usable"], self.heretix("verify", record["run_id"]).returncode), (4, 0))

                asked = len(server.ledger)
                done = self.ask(server, model=model, claim="another claim")
                self.assertEqual([form_of(a) for a, _ in server.ledger[asked:]], [taken[0]] * 4)
                self.assertIn("the server does not take json_", done.stdout)
                again = self.ask(server, model=model, claim="another claim")
                self.assertEqual(len(server.ledger), asked + 4)
                self.assertIn("the server does not take json_", again.stdout)

    def test_a_server_elsewhere_is_asked_in_the_first_way(self):
        status, body, taken = FORMS["DeepSeek"]
        server = self.serve(lambda asked, _: None if form_of(asked) in taken else Reply(status, body))
        self.asked(server, model="openai-compatible/m")
        other = self.serve()
        self.asked(other, model="openai-compatible/m", claim="another claim")
        self.assertEqual({form_of(asked) for asked, _ in other.ledger}, {"json_schema"})

    def test_a_server_that_takes_no_form_at_all_still_stops_for_what_it_refuses(self):
        server = self.serve(lambda asked, _: Reply(400, {"error": {"message": "response_format is not supported", "param": "response_format", "type": "invalid_request_error"}}))
        done = self.ask(server, model="openai-compatible/m")
        self.assertEqual(done.returncode, 2)
        self.assertIn("response_format is not supported", done.stderr)
        self.assertEqual([form_of(asked) for asked, _ in server.ledger][:1], ["json_schema"])
        self.assertIsNone(form_of(server.ledger[-1][0]))

    def test_the_limit_has_two_names(self):
        newer = (400, {"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                                 "type": "invalid_request_error", "param": "max_tokens", "code": "unsupported_parameter"}})
        older = (422, {"error": {"message": "max_completion_tokens: Extra inputs are not permitted", "type": "invalid_request_error"}})
        for model, refused, used, (status, body) in (("openai-compatible/m", "max_tokens", "max_completion_tokens", newer), ("xai/grok-m", "max_completion_tokens", "max_tokens", older)):
            with self.subTest(model):
                server = self.serve(lambda asked, _: Reply(status, body) if refused in asked.body else None, fresh=True)
                record = self.asked(server, model=model)
                self.assertEqual([asked.body.get(used) for asked, _ in server.ledger], [None] + [1024] * 4)
                self.assertEqual((record["config"]["mode"], self.fallen_back(record, "limit")), (f"LIVE;limit={used}", [(refused, used)]))
                asked = len(server.ledger)
                done = self.ask(server, model=model, claim="another claim")
                self.assertEqual(len(server.ledger), asked + 4)
                self.assertIn(f"note: the output limit was sent as {used}: the server does not take {refused}", done.stdout)

    def test_a_limit_that_is_too_large_is_what_the_person_corrects(self):
        server = self.serve(lambda asked, _: openai_error("max_tokens is too large: 9000. This model supports at most 4096 completion tokens, whereas you provided 9000.",
                                                          "max_tokens", None))
        done = self.ask(server, "--max-output-tokens", "9000", model="openai-compatible/m")
        self.assertEqual((done.returncode, {"max_completion_tokens" in asked.body for asked, _ in server.ledger}), (2, {False}))
        self.assertIn("supports at most 4096", done.stderr)

    def test_the_system_text_joins_the_users(self):
        gemma = {"error": {"code": 400, "message": "Developer instruction is not enabled for models/gemma-3-27b-it", "status": "INVALID_ARGUMENT"}}
        template = {"error": {"code": 500, "message": "System role not supported", "type": "server_error"}}
        roles = {"error": "Only user and assistant roles are supported!"}
        for model, status, body in (("gemini/gemini-m", 400, gemma), ("openai-compatible/m", 500, template), ("openai-compatible/m", 400, roles)):
            with self.subTest(body):
                has_system = lambda asked: "systemInstruction" in asked.body or any(m["role"] == "system" for m in asked.body.get("messages", []))  # noqa: E731
                server = self.serve(lambda asked, _: Reply(status, body) if has_system(asked) else None, fresh=True)
                record = self.asked(server, model=model)
                self.assertEqual([has_system(asked) for asked, _ in server.ledger], [True] + [False] * 4)
                user = server.ledger[-1][0].user
                self.assertLess(user.index("prob_true"), user.index(CLAIM))  # the system's text leads
                self.assertEqual((record["config"]["mode"], record["usable"]), ("LIVE;system=joined", 4))
                asked = len(server.ledger)
                done = self.ask(server, model=model, claim="another claim")
                self.assertEqual(len(server.ledger), asked + 4)
                self.assertIn("note: the system text was sent with the user's", done.stdout)

    def test_a_server_that_lacks_all_of_it_is_asked_in_the_end(self):
        def script(asked, _server):
            if any(m["role"] == "system" for m in asked.body["messages"]):
                return Reply(400, {"error": "Only user and assistant roles are supported!"})
            if "max_tokens" in asked.body:
                return openai_error("Unknown parameter: 'max_tokens'.", "max_tokens", "unknown_parameter")
            if "response_format" in asked.body:
                return openai_error("Unknown parameter: 'response_format'.", "response_format", "unknown_parameter")
            return success(asked)
        server = self.serve(script)
        record = self.asked(server, model="openai-compatible/m")
        self.assertEqual(record["config"]["mode"], "LIVE;form=none;limit=max_completion_tokens;system=joined")
        self.assertEqual((record["usable"], len(server.ledger)), (4, 4 + 4))  # one refusal each, the form twice
        self.assertEqual(json.loads(self.ok("show", record["run_id"], "--json"))["execution"]["settings"]["form"], "none")

    def test_errors_that_are_not_wrapped_are_understood(self):
        extra = {"type": "extra_forbidden", "loc": ["body", "max_completion_tokens"], "msg": "Extra inputs are not permitted", "input": 1024}
        form = {"type": "extra_forbidden", "loc": ["body", "response_format"], "msg": "Extra inputs are not permitted"}
        has_system = lambda body: any(m["role"] == "system" for m in body["messages"])  # noqa: E731
        cases = {
            "vLLM": ("openai-compatible/m", 400, {"object": "error", "message": "System role not supported", "type": "BadRequestError", "param": None, "code": 400},
                     has_system, "system=joined"),
            "vLLM, a list in a string": ("xai/grok-m", 400, {"object": "error", "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens'), 'msg': "
                                                             "'Extra inputs are not permitted', 'input': 1024}]", "type": "BadRequestError", "param": None, "code": 400},
                                         lambda body: "max_completion_tokens" in body, "limit=max_tokens"),
            "Mistral": ("xai/grok-m", 422, {"object": "error", "message": {"detail": [extra]}, "type": "invalid_request_error", "param": None, "code": None},
                        lambda body: "max_completion_tokens" in body, "limit=max_tokens"),
            "FastAPI": ("openai-compatible/m", 422, {"detail": [form]}, lambda body: "response_format" in body, "form=none"),
            "plain text": ("openai-compatible/m", 400, b"System role not supported", has_system, "system=joined"),
        }
        for name, (model, status, body, is_refused, extra_mode) in cases.items():
            with self.subTest(name):
                server = self.serve(lambda asked, _: Reply(status, body) if is_refused(asked.body) else None, fresh=True)
                record = self.asked(server, model=model)
                self.assertEqual((record["config"]["mode"], record["usable"]), (f"LIVE;{extra_mode}", 4))
