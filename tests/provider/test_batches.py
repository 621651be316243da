"""The batch APIs of OpenAI, Anthropic, Google and xAI: handed over by one process, fetched by another, paid once."""
import datetime
import json
import re

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
        self.expired = 0           # what Anthropic counts so
        self.lost = set()          # custom_ids whose result never comes
        self.cuts = 0              # how many downloads end in the middle of their last line
        self.unprocessed = set()   # custom_ids of an expired batch that it did not come to

    def __call__(self, asked, server):
        for method, pattern, act in (("POST", r"/v1/files$", self.upload), ("POST", r"/v1/batches$", self.create), ("GET", r"/v1/batches\?", self.listed),
                                     ("GET", r"/v1/batches/(\w+)$", self.show), ("GET", r"/v1/files/(\w+)/content$", self.content),
                                     ("POST", r"/v1/messages/batches$", self.create_messages), ("GET", r"/v1/messages/batches\?", self.listed_messages),
                                     ("GET", r"/v1/messages/batches/(\w+)$", self.show_messages), ("GET", r"/v1/messages/batches/(\w+)/results$", self.results),
                                     ("POST", r"/v1beta/models/([^/]+):batchGenerateContent$", self.create_gemini), ("GET", r"/v1beta/batches(?:$|\?)", self.listed_gemini),
                                     ("GET", r"/v1beta/batches/(\w+)$", self.show_gemini), ("GET", r"/v1/batches/(\w+)/results\?", self.results_xai)):
            found = re.search(pattern, asked.path)
            if asked.method == method and found:
                return act(asked, *found.groups())
        return None

    def made(self, requests, metadata=None):
        name = f"batch{len(self.batches) + 1}"
        self.batches[name] = {"requests": requests, "metadata": metadata, "at": datetime.datetime.now(datetime.UTC)}
        return name

    def result(self, api, request, params):
        """The reply's body, the same at each download; billed once, at half the price."""
        if "made" in request:
            return request["made"]
        asked = Asked(1, "POST", {"responses": "/v1/responses", "chat": "/v1/chat/completions", "messages": "/v1/messages",
                                  "gemini": "/v1beta/models/gemini-m:generateContent"}[api], {}, json.dumps(params).encode(), 1)
        text = self.answer(asked.user)
        usage = usage_of(asked.user, text)
        if api == "gemini":
            usage["written"] = 0
        self.invoice += cost_picos(usage, percent=50)
        request["made"] = success_body(api, asked.model, text, usage)
        return request["made"]

    def came(self, requests, key):
        """Those whose results are there."""
        return [r for r in requests if key(r) not in self.lost | self.unprocessed]

    def jsonl(self, lines):
        whole = "\n".join(json.dumps(line) for line in lines).encode()
        self.cuts -= 1
        return Reply(body=whole if self.cuts < 0 else whole[:-40])

    # OpenAI
    def upload(self, asked):
        boundary = re.search("boundary=(.*)", asked.headers["content-type"])[1].encode()
        part = next(p for p in asked.raw.split(b"--" + boundary) if b'name="file"' in p)
        name = f"file{len(self.files) + 1}"
        self.files[name] = part.split(b"\r\n\r\n", 1)[1].rstrip(b"\r\n")
        return Reply(body={"id": name, "object": "file", "purpose": "batch", "bytes": 1, "created_at": 1, "filename": "q", "status": "processed"})

    def create(self, asked):
        requests = [json.loads(line) for line in self.files[asked.body["input_file_id"]].splitlines()]
        name = self.made(requests, asked.body.get("metadata"))
        if "name" in asked.body:
            self.batches[name]["name"] = asked.body["name"]
        if self.lose_create:
            return Reply(raw=b"", then="reset")
        return self.show(None, name)

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

    def listed(self, asked):
        if any("name" in b for b in self.batches.values()):  # xAI's, one to a page
            at = int((re.search(r"pagination_token=([^&]+)", asked.path) or ["", "0"])[1].removeprefix("p%2B"))
            names = list(self.batches)[at:at + 1]
            return Reply(body={"batches": [self.shape_xai(n) for n in names], "pagination_token": f"p+{at + 1}" if at + 1 < len(self.batches) else None})
        return Reply(body={"object": "list", "data": [self.shape(n) for n in self.batches], "has_more": False})

    def show(self, _, name):
        return Reply(body=self.shape_xai(name) if "name" in self.batches[name] else self.shape(name))

    def content(self, _, file):
        lines = []
        for request in reversed(self.came(self.batches[file.removeprefix("out")]["requests"], lambda r: r["custom_id"])):  # results come in any order
            custom = request["custom_id"]
            api = "responses" if request["url"].endswith("responses") else "chat"
            line = self.outcomes.pop(custom, None) or {"id": "r", "custom_id": custom, "error": None,
                                                       "response": {"status_code": 200, "request_id": "q", "body": self.result(api, request, request["body"])}}
            lines.append(line)
        return self.jsonl(lines)

    # Anthropic
    def create_messages(self, asked):
        name = self.made(asked.body["requests"])
        return Reply(raw=b"", then="reset") if self.lose_create else Reply(body=self.shape_messages(name))

    def shape_messages(self, name):
        batch = self.batches[name]
        count = len(batch["requests"])
        stamp = batch["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {"id": name, "type": "message_batch", "processing_status": "in_progress" if self.open else "ended", "created_at": stamp, "expires_at": stamp,
                "request_counts": {"processing": count if self.open else 0, "succeeded": 0 if self.open else count, "errored": 0, "canceled": 0, "expired": self.expired},
                "results_url": None}

    def listed_messages(self, _):
        return Reply(body={"data": [self.shape_messages(n) for n in self.batches], "has_more": False, "first_id": None, "last_id": None})

    def show_messages(self, _, name):
        return Reply(body=self.shape_messages(name))

    def results(self, _, name):
        lines = []
        for request in self.came(self.batches[name]["requests"], lambda r: r["custom_id"]):
            custom = request["custom_id"]
            lines.append(self.outcomes.pop(custom, None) or {"custom_id": custom, "result": {
                "type": "succeeded", "message": self.result("messages", request, request["params"])}})
        return self.jsonl(lines)

    # Google: the operation holds its results, in the shapes of google-genai's batches.py
    def create_gemini(self, asked, model):
        batch = asked.body["batch"]
        name = self.made(batch["inputConfig"]["requests"]["requests"], batch["displayName"])
        self.batches[name]["model"] = model
        return Reply(raw=b"", then="reset") if self.lose_create else Reply(body=self.shape_gemini(name, False))

    def shape_gemini(self, name, with_results=True):
        batch = self.batches[name]
        requests = batch["requests"]
        came = self.came(requests, lambda r: r["metadata"]["key"])
        state = "PENDING" if self.open else batch.get("status", "SUCCEEDED")
        body = {"name": f"batches/{name}", "metadata": {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch", "model": f"models/{batch['model']}",
            "displayName": batch["metadata"], "state": f"BATCH_STATE_{state}", "createTime": batch["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "batchStats": {"requestCount": str(len(requests)), "pendingRequestCount": str(len(requests) if self.open else len(self.unprocessed)),
                           "successfulRequestCount": str(0 if self.open or state == "FAILED" else len(requests) - len(self.unprocessed))}}}
        if self.open:
            return body
        body["done"] = True
        if state == "FAILED":
            body["error"] = {"code": 3, "message": "line 3 is wrong"}
        elif with_results and came:
            output = {"inlinedResponses": {"inlinedResponses": [
                self.outcomes.pop(r["metadata"]["key"], None) or {"response": self.result("gemini", r, r["request"]), "metadata": r["metadata"]} for r in came]}}
            body["metadata"]["output"] = output
            body["response"] = {"@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatchOutput", **output}
        return body

    def listed_gemini(self, _):
        return Reply(body={"operations": [self.shape_gemini(n, False) for n in self.batches]})

    def show_gemini(self, _, name):
        return Reply(body=self.shape_gemini(name))

    # xAI: counts and no state, results by pages (docs.x.ai, Batch API; the fields of xai-sdk's batch_pb2.Batch)
    def shape_xai(self, name):
        batch = self.batches[name]
        count = len(batch["requests"])
        refused = batch.get("status") == "failed" and not self.open
        pending = count if self.open else len(self.unprocessed)
        return {"batch_id": name, "name": batch["name"], "create_time": "2026-11-28", "expire_time": batch.get("expire_time", "2099-12-28"), "cancel_time": None,
                "cancel_by_xai_message": "line 3 is wrong" if refused else None, "input_file_id": "file1",
                "state": {"num_requests": 0 if refused else count, "num_pending": 0 if refused else pending, "num_success": 0 if self.open else count - pending,
                          "num_error": 0, "num_cancelled": 0}}

    def results_xai(self, asked, name):
        requests = self.came(self.batches[name]["requests"], lambda r: r["custom_id"])
        at = int((re.search(r"pagination_token=(\d+)", asked.path) or ["", "0"])[1])
        results = []
        for request in requests[at:at + 4]:
            custom = request["custom_id"]
            api, word = ("responses", "responses") if request["url"].endswith("responses") else ("chat", "chat_get_completion")
            results.append(self.outcomes.pop(custom, None) or {"batch_request_id": custom, "batch_result": {
                "response": {word: self.result(api, request, request["body"])}}})
        return Reply(body={"results": results, "pagination_token": str(at + 4) if at + 4 < len(requests) else ""})


class Forever(dict):
    """Lines that are the same at every download."""

    def pop(self, key, default=None):
        return self.get(key, default)


class Batches(HostedTest):
    models = ("openai/gpt-5", "anthropic/claude-m", "gemini/gemini-m", "xai/grok-m")

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
                self.assertRegex(done.stderr, r"6 questions are in a batch at the provider \((batches/)?batch1: submitted now")
                again = self.ask(server, "--batch", model=model, plan=PLAN)
                self.assertEqual(again.returncode, 7)
                self.assertRegex(again.stderr, r"(in_progress|pending), 0 of 6 done")
                desk.open = False
                record = self.asked(server, "--batch", model=model, plan=PLAN)
                self.assertEqual((record["usable"], len(desk.batches)), (6, 1))
                self.assertLessEqual(abs(record["execution"]["billed_micro_usd"] - desk.invoice / 1e6), 1)
                self.assertEqual(self.json("costs")["total"]["billed_usd"], f"{desk.invoice / 1e12:.12f}")
                self.assertEqual(self.rows("SELECT count(*) FROM heretix_attempts")[0][0], 6)
                record = self.asked(server, model=model, plan=PLAN)  # without --batch: all of it is stored
                self.assertEqual(record["cache_hit_rate"], 1)

    def test_sdks_read_the_desks_shapes(self):
        import anthropic  # here, as it takes longer to load than most tests run
        import openai

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

    def test_googles_sdk_reads_the_desks_shapes(self):
        from google import genai
        from google.genai import types

        desk = Desk()
        server = self.serve(desk)
        client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=server.url, api_version="v1beta"))
        made = client.batches.create(model="gemini-m", config={"display_name": "x"}, src=[
            types.InlinedRequest(contents=CLAIM, metadata={"key": k}) for k in ("a", "b")])
        self.assertEqual(made.state, types.JobState.JOB_STATE_PENDING)
        desk.open = False
        job = client.batches.get(name=made.name)
        self.assertEqual((job.state, job.display_name), (types.JobState.JOB_STATE_SUCCEEDED, "x"))
        self.assertEqual([r.response.text for r in job.dest.inlined_responses], [answer_text(CLAIM)] * 2)
        self.assertEqual([b.name for b in client.batches.list()], [made.name])
        desk.batches["batch1"]["status"] = "EXPIRED"
        self.assertEqual(client.batches.get(name=made.name).state, types.JobState.JOB_STATE_EXPIRED)

    def test_xais_other_api_is_handed_over_too(self):
        desk, server, _ = self.hand_over("xai/grok-m", "--api", "responses")
        self.assertEqual({r["url"] for r in desk.batches["batch1"]["requests"]}, {"/v1/responses"})
        desk.open = False
        self.assertEqual(self.asked(server, "--batch", "--api", "responses", model="xai/grok-m", plan=PLAN)["usable"], 6)

    def keys_of(self, desk, batch="batch1"):
        return [r.get("custom_id") or r["metadata"]["key"] for r in desk.batches[batch]["requests"]]

    def test_a_result_that_is_lost_is_unknown_and_never_handed_over_again(self):
        for model in self.models:
            with self.subTest(model=model):
                desk, server, _ = self.hand_over(model)
                desk.lost, desk.open = {self.keys_of(desk)[2]}, False
                for _ in range(2):
                    done = self.ask(server, "--batch", model=model, plan=PLAN)
                    self.assertEqual(done.returncode, 6, done.stderr)
                    self.assertIn("1 questions were sent twice, or once in a batch, and no answer arrived", done.stderr)
                    self.assertIn("--resend-unknown", done.stderr)
                self.assertEqual(len(desk.batches), 1)
                row = self.rows("SELECT * FROM heretix_attempts WHERE outcome = 'in_doubt'")
                self.assertEqual((len(row), row[0]["billed_micro_usd"]), (1, None))
                self.assertIn("missing or damaged", row[0]["error"])
                total = self.json("costs")["total"]
                self.assertEqual((total["answered"], total["may_be_billed"], total["not_billed"]), (5, 1, 0))
                self.assertEqual(self.ask(server, model=model, plan=PLAN).returncode, 6)  # nor outside a batch
                desk.lost = set()
                self.assertEqual(self.ask(server, "--batch", "--resend-unknown", model=model, plan=PLAN).returncode, 7)
                self.assertEqual([len(b["requests"]) for b in desk.batches.values()], [6, 1])

    def test_a_result_that_is_damaged_is_unknown(self):
        damaged = {"openai/gpt-5": [{"response": {"status_code": 200, "body": None}}, {"response": None, "error": None}, {}],
                   "anthropic/claude-m": [{"result": {"type": "succeeded"}}, {"result": {}}, {"result": {"type": "a word of next year"}}],
                   "gemini/gemini-m": [{"response": None}, {"error": {}}], "xai/grok-m": [{"batch_result": {}}, {"batch_result": {"response": {}, "error": {}}}]}
        for model, lines in damaged.items():
            with self.subTest(model=model):
                desk, server, _ = self.hand_over(model)
                name = {"gemini/gemini-m": lambda k: {"metadata": {"key": k}}, "xai/grok-m": lambda k: {"batch_request_id": k}}.get(model, lambda k: {"custom_id": k})
                broken = {k: {**name(k), **line} for k, line in zip(self.keys_of(desk), lines, strict=False)}
                desk.outcomes, desk.open = Forever(broken), False
                done = self.ask(server, "--batch", model=model, plan=PLAN)
                self.assertEqual(done.returncode, 6, done.stderr)
                self.assertEqual((len(desk.batches), self.rows("SELECT count(*) FROM heretix_attempts WHERE outcome = 'in_doubt'")[0][0]), (1, len(lines)))

    def test_a_download_that_was_cut_is_made_good_by_another(self):
        for model in ("openai/gpt-5", "anthropic/claude-m"):
            with self.subTest(model=model):
                desk, server, _ = self.hand_over(model)
                desk.cuts, desk.open = 1, False
                self.assertEqual(self.asked(server, "--batch", model=model, plan=PLAN)["usable"], 6)
                desk, server, _ = self.hand_over(model)
                desk.cuts, desk.open = 2, False
                done = self.ask(server, "--batch", model=model, plan=PLAN)
                self.assertEqual((done.returncode, len(desk.batches)), (6, 1), done.stderr)

    def test_a_batch_that_expired_is_named_so_and_what_it_did_not_come_to_is_handed_over_again(self):
        for model in self.models:
            with self.subTest(model=model):
                desk, server, _ = self.hand_over(model)
                left = set(self.keys_of(desk)[:2])
                if model.startswith("openai"):
                    desk.outcomes = {k: {"custom_id": k, "response": None, "error": {"code": "batch_expired", "message": "not executed"}} for k in left}
                    desk.batches["batch1"]["status"] = "expired"
                elif model.startswith("anthropic"):
                    desk.outcomes = {k: {"custom_id": k, "result": {"type": "expired"}} for k in left}
                    desk.expired = 2
                elif model.startswith("gemini"):
                    desk.unprocessed, desk.batches["batch1"]["status"] = left, "EXPIRED"
                else:
                    desk.unprocessed, desk.batches["batch1"]["expire_time"] = left, "2026-11-01"
                desk.open = False
                done = self.ask(server, "--batch", model=model, plan=PLAN)
                self.assertEqual(done.returncode, 7, done.stderr)
                self.assertRegex(done.stderr, r"batch1 has expired, and the questions it left open are submitted again")
                self.assertEqual({r[0] for r in self.rows("SELECT error FROM heretix_attempts WHERE outcome = 'failed'")}, {"its batch expired before it was processed"})
                desk.unprocessed, desk.expired = set(), 0
                self.assertEqual(self.asked(server, "--batch", model=model, plan=PLAN)["usable"], 6)
                self.assertEqual([len(b["requests"]) for b in desk.batches.values()], [6, 2])
                self.assertLessEqual(abs(self.json("costs")["total"]["billed_micro_usd"] - desk.invoice / 1e6), 1)

    def test_one_request_that_failed_in_its_batch_is_not_billed_and_handed_over_again(self):
        for model, error in (("gemini/gemini-m", lambda k: {"metadata": {"key": k}, "error": {"code": 13, "message": "internal"}}),
                             ("xai/grok-m", lambda k: {"batch_request_id": k, "batch_result": {"error": {"code": 13, "message": "internal"}}})):
            with self.subTest(model=model):
                desk, server, _ = self.hand_over(model)
                first = self.keys_of(desk)[0]
                desk.outcomes, desk.open = Forever({first: error(first)}), False
                self.assertEqual(self.ask(server, "--batch", model=model, plan=PLAN).returncode, 7)
                desk.outcomes = {}
                self.assertEqual(self.asked(server, "--batch", model=model, plan=PLAN)["usable"], 6)
                self.assertEqual([len(b["requests"]) for b in desk.batches.values()], [6, 1])

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
                server = self.serve(lambda asked, s: Reply(raw=b"", then="reset") if asked.method == "POST" and s.state.get("away") and "batch" in asked.path
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
        for model, word in (("openai/gpt-5", "failed"), ("gemini/gemini-m", "FAILED"), ("xai/grok-m", "failed")):
            with self.subTest(model=model):
                desk, server, _ = self.hand_over(model)
                desk.open = False
                desk.batches["batch1"]["status"] = word
                done = self.ask(server, "--batch", model=model, plan=PLAN)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("line 3 is wrong", done.stderr)
                self.assertEqual(self.ask(server, "--batch", model=model, plan=PLAN).returncode, 7)

    def test_a_budget_holds_for_what_is_handed_over(self):
        desk, _, _ = self.hand_over("openai/gpt-5", "--budget", "0.02")
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
        self.assertEqual((done.returncode, len(done.stdout.splitlines()), len(desk.batches)), (0, 4, 3), done.stderr)

    def test_models_without_a_batch_api_are_refused(self):
        for model in ("local", "openai-compatible/m"):
            self.refused(2, "run", CLAIM, "--model", model, "--batch", says=["batch API", "openai, anthropic, gemini and xai"], **self.environment("http://127.0.0.1:9"))
