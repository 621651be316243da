"""The fault list of hosted providers, P1 to P23, each played to the real program; then its store against the server's ledger."""
import email.utils
import gzip
import json
import os
import pathlib
import re
import socket
import subprocess
import threading
import time

from cases import CLAIM, KEY, HostedTest
from fault_server import Reply, answer_text, failure, success, success_body, usage_of

RATE = {"code": "rate_limit_exceeded", "message": "Rate limit reached"}


def first(count, reply):
    """`reply` to the first `count` requests, normal answers after."""
    return lambda asked, _server: reply(asked) if asked.number <= count else None


class Faults(HostedTest):
    def ends_well(self, script, *arguments, requests=None, unknown=0, **more):
        server = self.serve(script, fresh=True)
        record = self.asked(server, *arguments, **more)
        self.assertEqual(record["usable"], 4)
        self.assertEqual(record["execution"]["billing_unknown"], unknown)
        if requests:
            self.assertEqual(len(server.ledger), requests)
        self.assert_ledger(server)
        return server, record

    def stops(self, script, code, *arguments, says=(), requests=None, **more):
        server = self.serve(script, fresh=True)
        done = self.ask(server, *arguments, **more)
        self.assertEqual(done.returncode, code, done.stderr)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.stderr)
        self.assertNotIn(KEY, done.stderr + done.stdout)
        if requests is not None:
            self.assertEqual(len(server.ledger), requests)
        self.assert_ledger(server)
        return server, done

    def test_p1_rate_limits_with_every_spelling_of_retry_after(self):
        past = "Fri, 31 Dec 1999 23:59:59 GMT"
        for headers, least in (([("retry-after", "1")], 1.0), ([("retry-after-ms", "300")], 0.3), ([("Retry-After", "in 2 s")], 0.5),
                               ([("Retry-After", past)], 0), ([("Retry-After", "soon")], 0), ([("Retry-After", "-3")], 0), ([], 0)):
            with self.subTest(headers=headers):
                began = time.monotonic()
                told = [(name, email.utils.formatdate(time.time() + 2, usegmt=True) if value == "in 2 s" else value) for name, value in headers]
                self.ends_well(first(1, lambda asked: failure(asked, 429, headers=told, **RATE)), requests=5, model="openai/gpt-5")
                self.assertGreaterEqual(time.monotonic() - began, least)

    def test_p1_a_wait_above_the_cap_parks_the_run(self):
        self.stops(first(9, lambda asked: failure(asked, 429, headers=[("Retry-After", "121")], **RATE)), 7, says=["wait 121 s", "are kept"])

    def test_p1_google_says_it_in_the_body(self):
        def slow(asked):
            return Reply(429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota", "details": [
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.7s"}]}})
        began = time.monotonic()
        self.ends_well(first(1, slow), model="gemini/gemini-m", requests=5)
        self.assertGreaterEqual(time.monotonic() - began, 0.7)

    def test_p2_exhausted_quota_parks_the_run(self):
        script = first(9, lambda asked: failure(asked, 429, "insufficient_quota", "You exceeded your current quota"))
        server, _ = self.stops(script, 7, says=["insufficient_quota", "quota or credit", "0 of 4 answers are kept"], requests=1)
        self.stops(first(9, lambda asked: failure(asked, 402, "billing_error", "Pay first")), 7, says="HTTP 402", model="anthropic/claude-m", claim="b")
        server.script = None
        self.assertEqual(self.asked(server)["usable"], 4)

    def test_p2_a_daily_quota_of_google(self):
        self.stops(first(9, lambda asked: Reply(429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota", "details": [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}]}})),
            7, says="daily_quota", model="gemini/gemini-m")

    def test_p3_server_errors_are_asked_again_once_and_counted_as_unknown(self):
        for status in (500, 502, 504):
            with self.subTest(status=status):
                self.ends_well(first(1, lambda asked: failure(asked, status)), requests=5, unknown=1)
        for status in (503, 529):
            with self.subTest(status=status):
                self.ends_well(first(1, lambda asked: failure(asked, status, "overloaded_error", "busy")), requests=5, unknown=0)
                self.ends_well(first(1, lambda asked: Reply(status, b"<html>busy</html>")), requests=5, unknown=1)

    def test_p3_twice_unknown_is_not_asked_a_third_time(self):
        def script(asked, server):
            first_user = server.state.setdefault("user", asked.user)
            return failure(asked, 500) if asked.user == first_user else None
        server, _ = self.stops(script, 6, says=["sent twice", "2 attempts may have been billed"], requests=5)
        self.assertEqual(self.ask(server).returncode, 6)
        self.assertEqual(len(server.ledger), 5)
        server.script = None
        self.assertEqual(self.asked(server, "--resend-unknown")["usable"], 4)
        self.assertEqual(len(server.ledger), 6)

    def test_p4_what_is_to_be_corrected_stops_the_run_at_once(self):
        for status, code, says in ((400, 2, "HTTP 400"), (401, 4, "check the key in OPENAI_API_KEY"), (403, 4, "OPENAI_API_KEY"),
                                   (404, 3, "check the model's name"), (413, 2, "HTTP 413"), (422, 2, "HTTP 422")):
            with self.subTest(status=status):
                self.stops(first(99, lambda asked: failure(asked, status, "some_code", f"it says {KEY} is wrong")), code,
                           says=[says, "it says [key] is wrong", "0 of 4 answers are kept"], requests=1)

    def test_p4_what_was_answered_before_is_kept_and_its_cost_told(self):
        server, _ = self.stops(lambda asked, _: failure(asked, 401) if asked.number > 6 else None, 4, "--concurrency", "1", plan={"K": 8, "R": 1},
                                  says=["6 of 8 answers are kept", "it cost $0.00"], requests=7)
        server.script = None
        self.assertEqual(self.asked(server, plan={"K": 8, "R": 1})["usable"], 8)
        self.assertEqual(len(server.ledger), 9)

    def test_p5_a_redirect_is_not_followed_and_keeps_the_key(self):
        other = self.serve()
        self.stops(first(9, lambda asked: Reply(307, b"", headers=[("Location", f"{other.url}/v1/responses")])), 2,
                   says=["redirects to 127.0.0.1", "not followed"], requests=1)
        self.assertEqual(other.ledger, [])

    def test_p6_nobody_there(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        began = time.monotonic()
        done = self.ask(None, url=f"http://127.0.0.1:{port}")
        self.assertEqual(done.returncode, 5)
        self.assertIn("0 of 4 answers are kept", done.stderr)
        self.assertLess(time.monotonic() - began, 60)
        self.assertEqual(self.rows("SELECT count(*) FROM heretix_attempts WHERE billed_micro_usd IS NOT 0")[0][0], 0)
        done = self.ask(None, url="http://no-such-host.invalid", model="openai-compatible/m")
        self.assertEqual(done.returncode, 5)
        self.assertIn("no-such-host.invalid", done.stderr)

    def test_p6_a_silent_address(self):
        with socket.socket() as full:  # a backlog of none, taken: further connections are neither taken nor refused
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            takers = [socket.socket() for _ in range(4)]
            for taker in takers:
                taker.setblocking(False)
                taker.connect_ex(full.getsockname())
            began = time.monotonic()
            done = self.ask(None, "--timeout", "1", url=f"http://127.0.0.1:{full.getsockname()[1]}", plan={"K": 3, "R": 1})
            self.assertEqual(done.returncode, 5, done.stderr)
            self.assertIn("no connection within 1 s", done.stderr)
            self.assertLess(time.monotonic() - began, 30)
            for taker in takers:
                taker.close()

    def test_p8_resets(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n"
        for raw in (b"", head + b"\r\n", head + b"\r\n{\"id\":"):
            with self.subTest(raw=raw):
                self.ends_well(first(1, lambda asked: Reply(raw=raw, then="reset")), requests=5, unknown=1)

    def test_p9_an_answer_on_a_kept_connection_has_the_answers_time_not_the_connections(self):
        def slow(asked, _server):
            reply = success(asked)
            reply.delay = 6.0 if asked.number == 3 else 0.0
            return reply
        server, _ = self.ends_well(slow, "--concurrency", "1", requests=4)
        self.assertEqual(server.connections, 1)

    def test_p9_silence_ends_at_its_deadline(self):
        for reply in (lambda asked: Reply(then="hang"), lambda asked: Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", then="hang"),
                      lambda asked: Reply(body=b"x" * 100, drip=0.3)):
            began = time.monotonic()
            self.ends_well(first(1, reply), "--timeout", "1.5", requests=5, unknown=1)
            self.assertLess(time.monotonic() - began, 6)

    def test_p10_broken_framing(self):
        body = json.dumps(success_body("responses", "m", answer_text("x"), usage_of("x", "y"))).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        for raw in (head + b"Content-Length: %d\r\n\r\n" % (len(body) + 50) + body, head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + body,
                    head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (len(body) + 9) + body, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"):
            with self.subTest(raw=raw[:80]):
                self.ends_well(first(1, lambda asked: Reply(raw=raw, then="close")), requests=5, unknown=1)

    def test_p10_truncated_json_is_no_answer(self):
        body = json.dumps(success_body("responses", "m", answer_text("x"), usage_of("x", "y")))[:-40].encode()
        self.ends_well(first(1, lambda asked: Reply(body=body)), requests=5, unknown=1)
        self.assertEqual(self.rows("SELECT count(*) FROM heretix_answers WHERE usable = 0")[0][0], 0)

    def test_p11_prose_fences_two_objects_and_a_byte_order_mark(self):
        good = answer_text("x", 0.4)
        other = answer_text("x", 0.6)
        self.assertNotEqual(good, other)
        texts = {"I believe it is likely.": False, f"```json\n{good}\n```": True, f"{good} {good}": True, f"{good} {other}": False,
                 "\ufeff" + good: True, f"Sure: {good}": True}
        for text, usable in texts.items():
            with self.subTest(text=text[:30]):
                self.ends_well(first(1, lambda asked: success(asked, text=text)), requests=4 if usable else 5)

    def test_p12_every_bad_probability_is_asked_again_once(self):
        for value in ('"0.5"', "1.5", "-0.1", "null", "true", "NaN", "[0.5]", "1e999"):
            with self.subTest(value=value):
                self.ends_well(first(1, lambda asked: success(asked, text='{"belief":{"prob_true":%s}}' % value)), requests=5)

    def measured(self, server, *arguments, **more):
        """The run, and its largest resident size in MB, read from outside while it ran."""
        sizes, over = [], threading.Event()

        def watch():
            while not over.wait(0.005):
                for status in pathlib.Path("/proc").glob("[0-9]*/status"):
                    try:
                        text = status.read_text()
                        if text.startswith("Name:\theretix\n") and f"PPid:\t{os.getpid()}\n" in text:
                            sizes.append(int(re.search(r"VmHWM:\s+(\d+)", text)[1]))
                    except (OSError, TypeError):
                        continue
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            done = self.ask(server, *arguments, **more)
        finally:
            over.set()
            watcher.join()
        return done, max(sizes) / 1024

    def test_p13_depth_size_and_bytes_that_are_no_text(self):
        for body in (b"[" * 100_000 + b"]" * 100_000, b'{"output":' * 100_000, json.dumps({"x": "y" * 50_000_000}).encode(),
                     b'{"output":[{"type":"message","content":[{"type":"output_text","text":"\xff\xfe"}]}]}', b"\xff\xfe\x00\x01" * 20):
            with self.subTest(body=body[:40]):
                server = self.serve(first(1, lambda asked: Reply(body=body)), fresh=True)
                done, size = self.measured(server)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertLess(size, 60)
                self.assertEqual(len(server.ledger), 5)
                self.assert_ledger(server)

    def test_p14_replies_without_end_have_one(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        bomb = gzip.compress(b" " * (200 << 20), 9)
        for reply in (lambda asked: Reply(raw=head + b"Content-Length: 1073741824\r\n\r\n", endless=b"x" * 65536),
                      lambda asked: Reply(raw=head + b"Transfer-Encoding: chunked\r\n\r\n", endless=b"10000\r\n" + b"y" * 65536 + b"\r\n"),
                      lambda asked: Reply(raw=head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb),
                      lambda asked: Reply(raw=b"HTTP/1.1 200 OK\r\n", endless=b"X-Filler: " + b"z" * 1000 + b"\r\n")):
            server = self.serve(first(1, reply), fresh=True)
            done, size = self.measured(server)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertLess(size, 60)
            self.assertLess(server.flooded, 64 << 20)
            self.assertEqual(len(server.ledger), 5)
            self.assert_ledger(server)

    def test_p15_empty_and_foreign_bodies_are_no_answers(self):
        for reply in (lambda asked: Reply(body=b""), lambda asked: Reply(204, raw=b"HTTP/1.1 204 No Content\r\n\r\n"),
                      lambda asked: Reply(body=b"<html>Welcome</html>")):
            self.ends_well(first(1, reply), requests=5, unknown=1)
            self.assertEqual(self.rows("SELECT count(*) FROM heretix_answers WHERE usable = 0")[0][0], 0)

    def test_p17_usage_that_no_bill_has_is_unknown(self):
        for usage in (None, {"input": 0, "cached": 0, "output": 0, "reasoning": 0}, {"input": -5, "cached": 0, "output": 9, "reasoning": 0},
                      {"input": 10 ** 18, "cached": 0, "output": 9, "reasoning": 0}, {"input": 9, "cached": 0, "output": -9, "reasoning": 0},
                      {"input": 2 ** 70, "cached": 0, "output": 9, "reasoning": 0}):
            with self.subTest(usage=usage):
                self.ends_well(first(1, lambda asked: success(asked, usage=usage, billed=0)), requests=4, unknown=1)

    def test_p18_an_answer_with_a_link_is_asked_again_once(self):
        linked = json.loads(answer_text("x"))
        linked["reasons"] = ["see https://example.org"]
        self.ends_well(first(1, lambda asked: success(asked, text=json.dumps(linked))), requests=5)
        self.assertEqual(self.rows("SELECT reason FROM heretix_answers WHERE usable = 0")[0][0], "cites_source")

    def test_p20_a_late_duplicate_on_a_kept_connection_is_no_answer_to_the_next(self):
        def script(asked, _server):
            if asked.number != 1:
                return None
            whole = success(asked)
            return Reply(raw=whole.bytes() * 2, billed=whole.billed, usage=whole.usage)
        server, _ = self.ends_well(script, "--concurrency", "1")
        answered = self.rows("SELECT a.raw_text, s.prompt_sha256 FROM heretix_answers a JOIN samples s USING (cache_key)")
        users = {answer_text(asked.user) for asked, _ in server.ledger}
        self.assertEqual({row["raw_text"] for row in answered}, users)

    def test_p21_a_limit_that_falls_mid_run(self):
        def script(asked, server):
            capacity = 80 if len(server.ledger) < 400 else 10
            if server.in_progress > capacity:
                server.state["refused"] = server.state.get("refused", 0) + 1
                return failure(asked, 429, delay=-server.latency, **RATE)
            return None
        server = self.serve(script, latency=0.05)
        record = self.asked(server, plan={"K": 16, "R": 60, "B": 50})
        self.assertEqual(record["usable"], 960)
        self.assertLess(server.state["refused"], 200)
        self.assert_ledger(server)

    def test_p22_the_same_answer_for_every_call_is_shown_as_it_is(self):
        _, record = self.ends_well(lambda asked, _: success(asked, text=answer_text("x", 0.7)))
        self.assertEqual(record["estimate"]["template_iqr_logit"], 0)
        self.assertIn("no_spread_resolution_only", record["honest"]["flags"])

    def test_p23_a_kept_connection_that_dies_with_the_request_is_not_sent_twice_unseen(self):
        def script(asked, server):
            used = server.state.setdefault("connections", {})
            used[asked.connection] = used.get(asked.connection, 0) + 1
            if used[asked.connection] == 2 and not server.state.get("closed"):
                server.state["closed"] = True
                return Reply(raw=b"", then="close", billed=0)
            return None
        _, record = self.ends_well(script, "--concurrency", "1", requests=5, unknown=1)
        self.assertEqual(record["execution"]["attempts"], 5)  # as many as the server saw

    def test_an_idle_connection_that_the_server_closed_costs_nothing(self):
        def script(asked, _server):
            whole = success(asked)
            return Reply(raw=whole.bytes(), then="close", billed=whole.billed, usage=whole.usage)  # closes without saying so
        self.ends_well(script, "--concurrency", "1", requests=4)


class Stopping(HostedTest):
    def test_an_interrupt_waits_for_what_is_in_flight_and_keeps_it(self):
        server = self.serve(latency=1.0)
        environment = {**os.environ, **self.environment(server.url)}
        running = subprocess.Popen([os.environ["HERETIX"], "run", CLAIM, "--model", "openai/m", "-K", "16", "-R", "4", "-q"], cwd=self.folder,
                                   env=environment, stderr=subprocess.PIPE, text=True)
        while len(server.ledger) < 21:  # the first one alone, then as many as are sent at once
            time.sleep(0.01)
        running.terminate()
        error = running.communicate(timeout=30)[1]
        self.assertEqual(running.returncode, 7, error)
        self.assertEqual(len(server.ledger), 21)
        self.assertEqual(self.rows("SELECT count(*) FROM heretix_answers")[0][0], 21)
        self.assertIn("21 of 64 answers are kept", error)
