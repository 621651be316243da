"""System One for accounts: keys, charges, what belongs to whom; asked by the official clients, which sign in by a key."""
import datetime
import json
import subprocess
import sys
import time

import openai
from google import genai
from typesafe_sdk import Choice, Noul, Score, TypeSafeClient

from cases import SECRET, EachStore

TICKET = "I was charged twice and want my money back."
NOUL = {"type": "noul", "instructions": "Does the customer ask for a refund?"}
CHOICE = {"type": "choice", "instructions": "Which team?", "criteria": {"Billing": "invoices", "Technical": None}}
SCORE = {"type": "score", "instructions": "How angry is the customer?", "criteria": ["calm", "annoyed", "furious"]}
ALL = {"refund": NOUL, "team": CHOICE, "anger": SCORE}


class DecisionTest(EachStore):
    def key_of(self, address, name="program", plan=None):
        """A key of that user, whose account is made where it is not there."""
        client = self.signed_in(address, plan)
        return client, self.command("user", "key", address, "--name", name).strip()

    def ask(self, key, questions, state=TICKET, path="/v1/systemone", **more):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self.client().post(path, {"model": "jev-latest", "state": state, "questions": questions, **more}, headers=headers)

    def answers(self, key, questions, state=TICKET, **more):
        """With all wordings; a machine that is busy needs several tries, as clients make them."""
        def answered():
            answer = self.ask(key, questions, state, **more)
            self.assertIn(answer.status, (200, 503), answer.body)
            said = answer.json().get("answers", {})
            return said if said and all(one["x_wordings"] >= 15 for one in said.values()) else None
        return self.wait_for(answered, 120)

    def used(self, client):
        return client.get("/api/usage").json()["checks_used"]

    def attempts(self):
        return sum(len(rows) for _, table, _, rows in self.every_table() if table == "heretix_attempts")

    def serve_another(self, name="play", **fields):
        """Serves another scripted model in place of the first."""
        script = self.script("other.json", model=name, **fields)
        self.serve_anew(HERETIX_MODELS=f"{name}={script}")


class Keys(DecisionTest):
    def test_a_key_is_made_once_listed_and_revoked(self):
        _, key = self.key_of("ada@example.org", "laptop")
        self.assertRegex(key, r"^hx_[\w-]{43}$")
        listed = json.loads(self.command("user", "key", "ada@example.org", "--list", "--json"))
        self.assertEqual([(k["name"], k["last_used_at"]) for k in listed], [("laptop", None)])
        self.assertEqual(self.client().get("/v1/models", headers={"Authorization": f"Bearer {key}"}).status, 200)
        listed = json.loads(self.command("user", "key", "ada@example.org", "--list", "--json"))
        today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
        self.assertEqual((listed[0]["created_at"][:10], listed[0]["last_used_at"][:10]), (today, today))
        self.assertNotIn(key, json.dumps(listed))
        self.refused(3, "user", "key", "ada@example.org", "--revoke", "phone", *self.database_flags(), HERETIX_SECRET=SECRET, says=("no key named 'phone'",))
        self.command("user", "key", "ada@example.org", "--revoke", "laptop")
        self.assertEqual(self.ask(key, {"q": NOUL}).status, 401)
        self.assertIn("has no keys", self.command("user", "key", "ada@example.org", "--list"))

    def test_names_of_keys_are_unique_and_plain(self):
        self.key_of("ada@example.org", "laptop")
        flags = ("user", "key", "ada@example.org", *self.database_flags())
        self.refused(2, *flags, "--name", "laptop", HERETIX_SECRET=SECRET, says=("a key named 'laptop' already", "another name"))
        self.refused(2, *flags, "--name", "x" * 65, HERETIX_SECRET=SECRET, says=("1 to 64 bytes",))
        self.refused(2, *flags, "--name", "two\nlines", HERETIX_SECRET=SECRET, says=("plain text",))
        self.refused(2, *flags, HERETIX_SECRET=SECRET, says=("one of --name, --list and --revoke is needed",))

    def test_without_a_key_nothing_is_answered_in_any_form(self):
        _, key = self.key_of("ada@example.org")
        for given in ("", "hx_" + "A" * 43, key[:-1], "none", "x" * 4000):
            answer = self.ask(given, {"q": NOUL})
            self.assertEqual((answer.status, answer.json()["detail"]["error_type"], answer.headers["WWW-Authenticate"]), (401, "authentication_error", "Bearer"), given)
            self.assertEqual(self.client().get("/v1/models", headers={"Authorization": f"Bearer {given}"}).status, 401)
        self.assertEqual(self.ask("", {"q": NOUL}, path="/v1/decisions").json()["error"]["type"], "authentication_error")
        self.assertEqual(self.ask("", {"q": NOUL}, path="/v1beta/decisions").json()["error"]["status"], "UNAUTHENTICATED")
        self.command("user", "suspend", "ada@example.org")
        self.assertEqual(self.ask(key, {"q": NOUL}).status, 401)
        self.command("user", "resume", "ada@example.org")
        self.assertEqual(self.ask(key, {"q": NOUL}).status, 200)

    def test_a_session_is_no_key_and_a_key_no_session(self):
        client, key = self.key_of("ada@example.org")
        self.assertEqual(client.post("/v1/systemone", {"model": "jev-latest", "state": "", "questions": {"q": NOUL}}).status, 401)
        self.assertEqual(self.client().get("/api/me", headers={"Authorization": f"Bearer {key}"}).status, 401)

    def test_a_key_is_in_no_table_and_no_log(self):
        _, key = self.key_of("ada@example.org")
        self.answers(key, ALL)
        for place, table, _, rows in self.every_table():
            self.assertNotIn(key[3:], str(rows), f"{place} {table}")
        self.assertNotIn(key[3:], self.log())
        self.assertNotIn("charged twice", self.log())


class Answered(DecisionTest):
    def test_typesafes_client_signs_in_by_a_key(self):
        _, key = self.key_of("ada@example.org", plan="core")
        with TypeSafeClient(api_key=key, base_url=f"http://127.0.0.1:{self.port}") as client:
            said = client.system_one(state=TICKET, questions={"refund": Noul(instructions=NOUL["instructions"]),
                                                              "team": Choice(instructions="Which team?", criteria={"Billing": "invoices", "Technical": None}),
                                                              "anger": Score(instructions="How angry?", criteria=["calm", "annoyed", "furious"])})
            self.assertEqual([m.name for m in client.models.list().models], ["play", "local"])
        self.assertTrue(0 < said.nouls["refund"].noul < 1)
        self.assertEqual((set(said.choices["team"].probabilities), len(said.scores["anger"].probabilities)), ({"Billing", "Technical"}, 3))

    def test_openais_and_googles_clients_read_the_same_numbers(self):
        client, key = self.key_of("ada@example.org", plan="core")
        ours = self.answers(key, ALL)
        said = openai.OpenAI(api_key=key, base_url=f"http://127.0.0.1:{self.port}/v1", max_retries=0).decisions.create(
            model="jev-latest", input=TICKET, questions=[{"type": "predicate", "name": "refund", "instructions": NOUL["instructions"]}])
        self.assertEqual(said.answers[0].probability, ours["refund"]["noul"])
        google = genai.Client(api_key=key, http_options={"base_url": f"http://127.0.0.1:{self.port}", "api_version": "v1beta"})
        said = google.decisions.create(model="models/jev-latest", input=TICKET, questions={"anger": SCORE})
        self.assertEqual(said.answers["anger"].score, ours["anger"]["score"])
        self.assertEqual(self.used(client), 3)  # the same three questions in other forms

    def test_jevcompat_finds_every_point_as_it_must_be(self):
        _, key = self.key_of("ada@example.org", plan="pro")
        done = subprocess.run([sys.executable, "-m", "jevcompat.cli", "test", f"http://127.0.0.1:{self.port}", "--key", key, "--timeout", "60"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)
        self.assertRegex(done.stdout, r"conformant to spec 0\.1: MUST (\d+)/\1, SHOULD (\d+)/\2")

    def test_a_question_is_charged_once_and_answered_from_its_row(self):
        client, key = self.key_of("ada@example.org", plan="core")
        first = self.answers(key, {**ALL, "the same again": NOUL})
        self.assertEqual((self.used(client), first["refund"], {a["x_wordings"] for a in first.values()} <= {15, 16}), (3, first["the same again"], True))
        asked = self.attempts()
        self.assertEqual(self.answers(key, dict(reversed(ALL.items()))), {name: first[name] for name in reversed(ALL)})
        began = time.monotonic()
        self.answers(key, ALL)
        self.assertLess(time.monotonic() - began, 0.5)
        self.assertEqual((self.used(client), self.attempts()), (3, asked))

    def test_what_one_user_asked_another_pays_for_and_it_belongs_to_each(self):
        ada, hers = self.key_of("ada@example.org", plan="core")
        grace, graces = self.key_of("grace@example.org", plan="core")
        first = self.answers(hers, ALL)
        asked = self.attempts()
        self.assertEqual(self.answers(graces, ALL), first)
        self.assertEqual((self.used(ada), self.used(grace), self.attempts()), (3, 3, asked))  # nobody pays the provider twice
        listed = ada.get("/api/decisions").json()["decisions"]
        self.assertEqual({d["question"] for d in listed}, {q["instructions"] for q in ALL.values()})
        self.assertEqual({d["answer"]["x_record"] for d in listed}, {a["x_record"] for a in first.values()})
        self.assertEqual((self.client().get("/api/decisions").status, self.signed_in("mary@example.org").get("/api/decisions").json()["decisions"]), (401, []))
        for deleted, key in (("ada@example.org", graces), ("grace@example.org", None)):
            self.command("user", "delete", deleted, "--yes-destroy")
            if key:  # what the other was told can still be recomputed
                for answer in first.values():
                    self.assertIn("equal to what is stored", self.ok("verify", answer["x_record"], *self.database_flags()))
                self.assertEqual(self.answers(key, ALL), first)
        for place, table, _, rows in self.every_table():
            if table in ("decisions", "decision_executions", "heretix_decisions", "heretix_executions", "heretix_answers", "samples", "heretix_banks", "api_keys"):
                self.assertEqual(rows, [], f"{place} {table}")

    def test_a_record_recomputes_the_answer_as_it_was_given(self):
        _, key = self.key_of("ada@example.org", plan="core")
        for answer in self.answers(key, {**ALL, "claim": {"type": "noul", "instructions": "Snow is white."}}, state="").values():
            self.assertIn("equal to what is stored", self.ok("verify", answer["x_record"], *self.database_flags()))

    def test_the_models_are_those_of_the_service(self):
        _, key = self.key_of("ada@example.org", plan="core")
        self.assertEqual(self.ask(key, {"q": NOUL}, model="play").json()["model"], "play")
        refused = self.ask(key, {"q": NOUL}, model="gpt-9")
        self.assertEqual((refused.status, "play, local" in refused.json()["detail"]["message"]), (404, True))

    def test_decisions_are_listed_page_by_page(self):
        client, key = self.key_of("ada@example.org", plan="core")
        self.answers(key, {f"q{i}": {"type": "noul", "instructions": f"Is it about item {i}?"} for i in range(7)})
        found, before = [], ""
        while True:
            told = client.get(f"/api/decisions?limit=3{before}").json()
            found += [d["question"] for d in told["decisions"]]
            if not told["next"]:
                break
            before = f"&before={told['next']}"
        self.assertEqual((len(found), len(set(found))), (7, 7))
        for bad in ("limit=0", "limit=201", "limit=x", "before=1"):
            self.assertEqual(client.get(f"/api/decisions?{bad}").status, 422, bad)


class Limits(DecisionTest):
    def test_beyond_the_plan_nothing_is_asked_and_clients_do_not_wait(self):
        client, key = self.key_of("ada@example.org")
        four = {f"q{i}": {"type": "noul", "instructions": f"Is it about item {i}?"} for i in range(4)}
        refused = self.ask(key, four)
        self.assertEqual((refused.status, refused.json()["detail"]["error_type"]), (429, "rate_limit_error"))
        self.assertIn("4 checks are needed, and 3 of 3 are left in the trial", refused.json()["detail"]["message"])
        self.assertGreater(int(refused.headers["Retry-After"]), 120)
        self.assertEqual((self.used(client), self.attempts()), (0, 0))
        self.answers(key, dict(list(four.items())[:3]))
        began, asked = time.monotonic(), self.attempts()
        with TypeSafeClient(api_key=key, base_url=f"http://127.0.0.1:{self.port}") as program, self.assertRaises(Exception) as told:
            program.system_one(state=TICKET, questions={"q": Noul(instructions="Is it about item 3?")})
        self.assertEqual((type(told.exception).__name__, told.exception.status), ("TypeSafeRateLimitError", 429))
        self.assertIn("the trial's checks are used up; choose a plan", str(told.exception))
        self.assertLess(time.monotonic() - began, 3)
        self.assertEqual((self.log().count('"status":429'), self.attempts()), (2, asked))  # it did not try again
        self.answers(key, dict(list(four.items())[:3]))  # what is answered stays answered

    def test_grants_are_exactly_the_limit(self):
        client, key = self.key_of("ada@example.org")
        told = self.together(8, lambda i: self.ask(key, {"q": {"type": "noul", "instructions": f"Is it about item {i}?"}}).status)
        self.assertEqual((sorted(told), self.used(client)), ([200] * 3 + [429] * 5, 3))

    def test_the_same_question_at_once_is_charged_once_and_measured_once(self):
        client, key = self.key_of("ada@example.org")
        told = self.together(8, lambda i: self.answers(key, {f"id{i}": NOUL})[f"id{i}"])
        self.assertEqual((len({json.dumps(a) for a in told}), self.used(client)), (1, 1))
        self.assertLessEqual(self.attempts(), 34)  # 16 wordings with their negations, of which one is asked again

    def test_what_fails_is_given_back(self):
        self.serve_another(rules=[{"fail": "bad_key"}])
        client, key = self.key_of("ada@example.org")
        failed = self.ask(key, ALL)
        self.assertEqual((failed.status, failed.json()["detail"]["message"]), (503, "the model cannot be asked now"))
        self.assertEqual((self.used(client), self.rows("SELECT count(*) FROM decisions")), (0, [(0,)]))

    def test_what_is_too_slow_is_charged_once_and_found_by_the_next_try(self):
        self.serve_another(rules=[{"prob_true": 0.7}], delay_ms=1500, concurrency=1)
        client, key = self.key_of("ada@example.org")
        late = self.ask(key, {"q": NOUL})
        self.assertEqual((late.status, late.json()["detail"]["error_type"], self.used(client)), (503, "overloaded_error", 1))
        self.assertGreaterEqual(int(late.headers["Retry-After"]), 1)
        said = self.wait_for(lambda: (answer := self.ask(key, {"q": NOUL})).status == 200 and answer.json()["answers"]["q"], 40)
        self.assertGreaterEqual(said["x_wordings"], 4)
        self.assertEqual(self.used(client), 1)

    def test_a_question_that_may_cost_too_much_is_refused_before_it_is_charged(self):
        dear = self.script("dear.json", model="dear", price_micro_usd=100_000, rules=[{"prob_true": 0.5}])
        self.serve_anew(HERETIX_MODELS=f"play={dear}", HERETIX_MAX_CHECK_USD="1.5")
        client, key = self.key_of("ada@example.org")
        refused = self.ask(key, {"dear one": NOUL})
        self.assertEqual((refused.status, self.used(client), self.attempts()), (422, 0, 0))
        self.assertRegex(refused.json()["detail"]["message"], r"the question dear one can cost \$6\.40*; the limit here is \$1\.50*; choose a cheaper model")

    def test_pages_answer_while_programs_wait(self):
        self.serve_another(rules=[{"prob_true": 0.7}], delay_ms=1000, concurrency=1)
        client, key = self.key_of("ada@example.org", plan="core")
        began = {}

        def work(i):
            if i < 12:
                return self.ask(key, {"q": {"type": "noul", "instructions": f"Is it about item {i}?"}}).status
            time.sleep(1)
            began[i] = time.monotonic()
            self.assertEqual(client.get("/api/me").status, 200)
            return time.monotonic() - began[i]
        self.assertLess(self.together(13, work)[12], 1)
