"""The batch APIs of OpenAI and Anthropic: handed over by one process, fetched by another, paid once."""
import datetime
import json
import re

import anthropic
import openai

from cases import CLAIM, KEY, HostedTest
from fault_server import Asked, Reply, answer_text, cost_picos, success_body, usage_of

PLAN = {"K": 6, "R": 1, "B": 50}


class Desk:
    """What a provider's batch API does, without the day it takes: batches end when `open` is set to False."""

    def __init__(self):
        self.files, self.batches, self.invoice, self.open = {}, {}, 0, True
        self.lose_create = False   # the batch is made, the reply is lost
        self.outcomes = {}         # custom_id to another result line
        self.answer = lambda user: answer_text(user)

    def __call__(self, asked, server):
        for method, pattern, act in (("POST", r"/v1/files$", self.upload), ("POST", r"/v1/batches$", self.create), ("GET", r"/v1/batches\?", self.listed),
                                     ("GET", r"/v1/batches/(\w+)$", self.show), ("GET", r"/v1/files/(\w+)/content$", self.content),
                                     ("POST", r"/v1/messages/batches$", self.create_messages), ("GET", r"/v1/messages/batches\?", self.listed_messages),
                                     ("GET", r"/v1/messages/batches/(\w+)$", self.show_messages), ("GET", r"/v1/messages/batches/(\w+)/results$", self.results)):
            found = re.search(pattern, asked.path)
            if asked.method == method and found:
                return act(asked, *found.groups())
        return None

    def made(self, requests, metadata=None):
        name = f"batch{len(self.batches) + 1}"
        self.batches[name] = {"requests": requests, "metadata": metadata, "at": datetime.datetime.now(datetime.timezone.utc)}
        return name

    def result(self, api, request, params):
        """The reply's body and its bill at half the price."""
        asked = Asked(1, "POST", {"responses": "/v1/responses", "chat": "/v1/chat/completions", "messages": "/v1/messages"}[api], {}, json.dumps(params).encode(), 1)
        text = self.answer(asked.user)
        usage = usage_of(asked.user, text)
        self.invoice += cost_picos(usage, percent=50)
        return success_body(api, params["model"], text, usage)

    # OpenAI
    def upload(self, asked):
        boundary = re.search("boundary=(.*)", asked.headers["content-type"])[1].encode()
        part = next(p for p in asked.raw.split(b"--" + boundary) if b'name="file"' in p)
        name = f"file{len(self.files) + 1}"
        self.files[name] = part.split(b"\r\n\r\n", 1)[1].rstrip(b"\r\n")
        return Reply(body={"id": name, "object": "file", "purpose": "batch", "bytes": 1, "created_at": 1, "filename": "q", "status": "processed"})

    def create(self, asked):
        requests = [json.loads(line) for line in self.files[asked.body["input_file_id"]].splitlines()]
        name = self.made(requests, asked.body["metadata"])
        if self.lose_create:
            return Reply(raw=b"", then="reset")
        return Reply(body=self.shape(name))

    def shape(self, name):
        batch = self.batches[name]
        count = len(batch["requests"])
        body = {"id": name, "object": "batch", "endpoint": "/v1/responses", "input_file_id": "f", "completion_window": "24h", "created_at": 1760000000,
                "status": "in_progress" if self.open else batch.get("status", "completed"), "metadata": batch["metadata"],
                "request_counts": {"total": count, "completed": 0 if self.open else count, "failed": 0}}
        if not self.open and body["status"] != "failed":
            body["output_file_id"] = "out" + name
        if body["status"] == "failed":
            body["errors"] = {"object": "list", "data": [{"code": "bad_line", "message": "line 3 is wrong", "line": 3, "param": None}]}
        return body

    def listed(self, _):
        return Reply(body={"object": "list", "data": [self.shape(n) for n in self.batches], "has_more": False})

    def show(self, _, name):
        return Reply(body=self.shape(name))

    def content(self, _, file):
        lines = []
        for request in reversed(self.batches[file.removeprefix("out")]["requests"]):  # results come in any order
            custom = request["custom_id"]
            api = "responses" if request["url"].endswith("responses") else "chat"
            line = self.outcomes.pop(custom, None) or {"id": "r", "custom_id": custom, "error": None,
                                                       "response": {"status_code": 200, "request_id": "q", "body": self.result(api, request, request["body"])}}
            lines.append(json.dumps(line))
        return Reply(body="\n".join(lines).encode())

    # Anthropic
    def create_messages(self, asked):
        name = self.made(asked.body["requests"])
        return Reply(raw=b"", then="reset") if self.lose_create else Reply(body=self.shape_messages(name))

    def shape_messages(self, name):
        batch = self.batches[name]
        count = len(batch["requests"])
        stamp = batch["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {"id": name, "type": "message_batch", "processing_status": "in_progress" if self.open else "ended", "created_at": stamp, "expires_at": stamp,
                "request_counts": {"processing": count if self.open else 0, "succeeded": 0 if self.open else count, "errored": 0, "canceled": 0, "expired": 0},
                "results_url": None}

    def listed_messages(self, _):
        return Reply(body={"data": [self.shape_messages(n) for n in self.batches], "has_more": False, "first_id": None, "last_id": None})

    def show_messages(self, _, name):
        return Reply(body=self.shape_messages(name))

    def results(self, _, name):
        lines = []
        for request in self.batches[name]["requests"]:
            custom = request["custom_id"]
            lines.append(json.dumps(self.outcomes.pop(custom, None) or {"custom_id": custom, "result": {
                "type": "succeeded", "message": self.result("messages", request, request["params"])}}))
        return Reply(body="\n".join(lines).encode())


class Batches(HostedTest):
    models = ("openai/gpt-5", "anthropic/claude-m")

    def hand_over(self, model, *arguments, **more):
        desk = Desk()
        server = self.serve(desk, fresh=True)
        done = self.ask(server, "--batch", *arguments, model=model, plan=PLAN, **more)
        self.assertEqual(done.returncode, 7, done.stderr)
        return desk, server, done

    def test_handed_over_by_one_process_and_fetched_by_another_at_half_the_price(self):
        for model in self.models:
            with self.subTest(model=model):
                desk, server, done = self.hand_over(model)
                self.assertIn("6 questions are in a batch at the provider (batch1: handed over now", done.stderr)
                again = self.ask(server, "--batch", model=model, plan=PLAN)
                self.assertEqual(again.returncode, 7)
                self.assertIn("in_progress, 0 of 6 done", again.stderr)
                desk.open = False
                record = self.asked(server, "--batch", model=model, plan=PLAN)
                self.assertEqual((record["usable"], len(desk.batches)), (6, 1))
                self.assertLessEqual(abs(record["execution"]["billed_micro_usd"] - desk.invoice / 1e6), 1)
                self.assertEqual(self.json("costs")["total"]["billed_usd"], f"{desk.invoice / 1e12:.12f}")
                self.assertEqual(self.rows("SELECT count(*) FROM heretix_attempts")[0][0], 6)
                record = self.asked(server, model=model, plan=PLAN)  # without --batch: all of it is stored
                self.assertEqual(record["from_store"] if "from_store" in record else record["cache_hit_rate"], 1)

    def test_sdks_read_the_desks_shapes(self):
        desk = Desk()
        server = self.serve(desk)
        client = openai.OpenAI(api_key=KEY, base_url=server.url + "/v1", max_retries=0)
        file = client.files.create(file=("q.jsonl", json.dumps({"custom_id": "a", "method": "POST", "url": "/v1/responses", "body": {}}).encode()), purpose="batch")
        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h", metadata={"heretix": "x"})
        self.assertEqual(client.batches.retrieve(batch.id).request_counts.total, 1)
        client = anthropic.Anthropic(api_key=KEY, base_url=server.url, max_retries=0)
        made = client.messages.batches.create(requests=[{"custom_id": "a", "params": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": CLAIM}]}}])
        desk.open = False
        self.assertEqual(client.messages.batches.retrieve(made.id).processing_status, "ended")

    def test_mixed_with_stored_answers_and_never_asked_outside_its_batch(self):
        for model in self.models:
            with self.subTest(model=model):
                desk = Desk()
                server = self.serve(desk, fresh=True)
                self.asked(server, model=model, plan={**PLAN, "R": 1})
                self.assertEqual(self.ask(server, "--batch", model=model, plan={**PLAN, "R": 2}).returncode, 7)
                self.assertEqual(len(desk.batches["batch1"]["requests"]), 6)
                asked = len(server.ledger)
                plain = self.ask(server, model=model, plan={**PLAN, "R": 2})
                self.assertEqual(plain.returncode, 5)
                self.assertIn("6 of the questions are in a batch", plain.stderr)
                self.assertEqual(len(server.ledger), asked)
                desk.open = False
                self.assertEqual(self.asked(server, "--batch", model=model, plan={**PLAN, "R": 2})["usable"], 12)

    def test_a_lost_reply_to_the_hand_over_is_looked_up_and_not_paid_twice(self):
        for model in self.models:
            with self.subTest(model=model):
                desk = Desk()
                desk.lose_create = True
                server = self.serve(desk, fresh=True)
                done = self.ask(server, "--batch", model=model, plan=PLAN)
                self.assertEqual(done.returncode, 6, done.stderr)
                desk.lose_create, desk.open = False, False
                self.assertEqual(self.asked(server, "--batch", model=model, plan=PLAN)["usable"], 6)
                self.assertEqual(len(desk.batches), 1)

    def test_a_hand_over_that_never_arrived_is_made_again(self):
        for model in self.models:
            with self.subTest(model=model):
                desk = Desk()
                server = self.serve(lambda asked, s: Reply(raw=b"", then="reset") if asked.method == "POST" and s.state.get("away") and "batches" in asked.path
                                    else desk(asked, s), fresh=True)
                server.state["away"] = True
                self.assertEqual(self.ask(server, "--batch", model=model, plan=PLAN).returncode, 6)
                server.state["away"] = False
                # What never arrived surely cost nothing; its questions are handed over by the next command but one.
                ends = [self.ask(server, "--batch", model=model, plan=PLAN).returncode for _ in range(2)]
                self.assertIn(7, ends)
                desk.open = False
                while ends[-1] == 7 and len(ends) < 6:
                    ends.append(self.ask(server, "--batch", model=model, plan=PLAN).returncode)
                self.assertEqual(ends[-1], 0)
                self.assertEqual(len(desk.batches), 1)

    def test_expired_and_refused_parts_are_handed_over_again(self):
        desk, server, _ = self.hand_over("openai/gpt-5")
        keys = [r["custom_id"] for r in desk.batches["batch1"]["requests"]]
        desk.outcomes[keys[0]] = {"custom_id": keys[0], "response": None, "error": {"code": "batch_expired", "message": "not executed"}}
        desk.outcomes[keys[1]] = {"custom_id": keys[1], "error": None, "response": {"status_code": 500, "body": {"error": {"message": "internal"}}}}
        desk.open = False
        for _ in range(4):
            done = self.ask(server, "--batch", "--json", model="openai/gpt-5", plan=PLAN)
            if done.returncode == 0:
                break
            self.assertEqual(done.returncode, 7, done.stderr)
        self.assertEqual(json.loads(done.stdout)["usable"], 6)
        self.assertEqual(sum(len(b["requests"]) for b in desk.batches.values()), 8)
        self.assertLessEqual(abs(self.json("costs")["total"]["billed_micro_usd"] - desk.invoice / 1e6), 1)

    def test_unusable_answers_get_their_second_asking_in_another_batch(self):
        desk, server, _ = self.hand_over("anthropic/claude-m")
        bad = iter([True])
        desk.answer = lambda user: "I cannot say" if next(bad, False) else answer_text(user)
        desk.open = False
        done = self.ask(server, "--batch", model="anthropic/claude-m", plan=PLAN)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertEqual(self.asked(server, "--batch", model="anthropic/claude-m", plan=PLAN)["usable"], 6)
        self.assertEqual([len(b["requests"]) for b in desk.batches.values()], [6, 1])

    def test_a_batch_that_fails_is_told_and_nothing_is_lost(self):
        desk, server, _ = self.hand_over("openai/gpt-5")
        desk.open = False
        desk.batches["batch1"]["status"] = "failed"
        done = self.ask(server, "--batch", model="openai/gpt-5", plan=PLAN)
        self.assertEqual(done.returncode, 2)
        self.assertIn("line 3 is wrong", done.stderr)
        self.assertEqual(self.ask(server, "--batch", model="openai/gpt-5", plan=PLAN).returncode, 7)

    def test_a_budget_holds_for_what_is_handed_over(self):
        desk, server, _ = self.hand_over("openai/gpt-5", "--budget", "0.02")
        most = self.rows("SELECT sum(max_cost_micro_usd) FROM heretix_attempts")[0][0]
        self.assertLessEqual(most, 20_000)
        self.assertLess(len(desk.batches["batch1"]["requests"]), 6)

    def test_many_claims_are_handed_over_by_one_command(self):
        desk = Desk()
        server = self.serve(desk)
        (self.folder / "claims.jsonl").write_text("".join(json.dumps({"claim": f"claim {i}"}) + "\n" for i in range(3)))
        command = ["batch", "claims.jsonl", "--model", "openai/gpt-5", "-K", 4, "-R", 1, "--batch"]
        self.assertEqual(self.heretix(*command, **self.environment(server.url)).returncode, 7)
        self.assertEqual(len(desk.batches), 3)
        desk.open = False
        done = self.heretix(*command, **self.environment(server.url))
        self.assertEqual((done.returncode, len(done.stdout.splitlines()), len(desk.batches)), (0, 3, 3), done.stderr)

    def test_models_without_a_batch_api_are_refused(self):
        for model in ("local", "gemini/gemini-m", "xai/grok-m", "openai-compatible/m"):
            self.refused(2, "run", CLAIM, "--model", model, "--batch", says="batch API", **self.environment("http://127.0.0.1:9"))
