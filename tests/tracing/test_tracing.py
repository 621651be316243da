"""Traces of `run` and `batch` (docs/observability.md), by a receiver that can be away, slow or broken. tests/go_peers has the real collector."""
import json
import pathlib
import re
import shutil
import sys
import time

for folder in ("provider", "cli"):
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / folder))
from cases import CLAIM, HostedTest  # noqa: E402
from fault_server import failure  # noqa: E402
from receiver import Receiver, spans_in  # noqa: E402
from test_batches import Desk  # noqa: E402

SMALL = ("-K", "4", "-R", "1", "-B", "50")
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
INTERNAL, CLIENT = 1, 3


class TracingTest(HostedTest):
    def receiver(self, *arguments):
        receiver = Receiver(*arguments)
        self.addCleanup(receiver.stop)
        return receiver

    def mock(self, *arguments, command=("run", CLAIM), **environment):
        done = self.heretix(*command, "--mock", "--fresh", *SMALL, *arguments, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def traced(self, receiver, *arguments, **environment):
        return self.mock(*arguments, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, **environment)


class Traces(TracingTest):
    def test_a_run_is_a_trace_with_a_span_for_each_question(self):
        receiver = self.receiver()
        done = self.traced(receiver, "--json")
        record = json.loads(done.stdout)
        self.assertEqual(done.stderr, "")
        command, = receiver.named("heretix run")
        check, = receiver.named("check")
        questions = receiver.named("chat mock")
        self.assertEqual((command.parent, check.parent), ("", command.id))
        self.assertEqual([one.parent for one in questions], [check.id] * 4)
        self.assertEqual({one.trace for one in receiver.spans}, {command.trace})
        self.assertEqual(len({one.id for one in receiver.spans}), 6)
        self.assertEqual(check["heretix.run.id"], record["run_id"])
        self.assertEqual((check["heretix.answers.usable"], check["heretix.attempts"]), (4, 4))
        self.assertAlmostEqual(check["heretix.belief.p"], record["belief_v2"]["p"], places=9)
        self.assertEqual([one["gen_ai.operation.name"] for one in questions], ["chat"] * 4)
        self.assertEqual({one["gen_ai.provider.name"] for one in questions}, {"scripted"})
        self.assertEqual({one.kind for one in questions}, {INTERNAL})
        self.assertTrue(all(one["gen_ai.usage.input_tokens"] > 0 and one["gen_ai.usage.output_tokens"] > 0 for one in questions))
        self.assertEqual(command.resource["service.name"], "heretix")
        path, headers, _ = receiver.requests[0]
        self.assertEqual((path, headers["Content-Type"]), ("/v1/traces", "application/json"))

    def test_a_hosted_model_is_named_as_the_conventions_want_it(self):
        receiver, server = self.receiver(), self.serve()
        for model, provider, name in (("openai/m", "openai", "chat m"), ("gemini/m", "gcp.gemini", "generate_content m"), ("xai/m", "x_ai", "chat m"),
                                      ("openai-compatible/m", "openai-compatible", "chat m")):
            with self.subTest(model):
                receiver.spans.clear()
                self.asked(server, "--fresh", model=model, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
                questions = receiver.named(name)
                self.assertEqual(len(questions), 4, [span.name for span in receiver.spans])
                for one in questions:
                    self.assertEqual((one["gen_ai.provider.name"], one["gen_ai.request.model"], one.kind), (provider, "m", CLIENT))
                    self.assertEqual((one["server.address"], one["server.port"]), ("127.0.0.1", server.port))
                    self.assertEqual(one["gen_ai.request.max_tokens"], 1024)
                    self.assertGreater(one["gen_ai.usage.input_tokens"], 0)
                    self.assertIsInstance(one["gen_ai.response.finish_reasons"], list)
                    self.assertGreater(one["heretix.cost.usd"], 0)
                check, = receiver.named("check")
                self.assertAlmostEqual(check["heretix.cost.usd"], sum(one["heretix.cost.usd"] for one in questions), places=5)

    def test_a_failed_attempt_is_an_event_of_the_question_that_was_asked_again(self):
        receiver = self.receiver()
        server = self.serve(lambda asked, _: failure(asked, (503, 429)[asked.number - 1]) if asked.number < 3 else None)
        self.asked(server, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        questions = receiver.named("chat m")
        self.assertEqual(len(questions), 4)
        events = [event for one in questions for event in one.events]
        self.assertEqual([name for name, _ in events], ["heretix.attempt_failed"] * 2)
        self.assertEqual({told["error.type"] for _, told in events}, {"unavailable"})
        self.assertEqual(sum(one.attributes.get("heretix.attempts", 1) for one in questions), 6)
        self.assertFalse([one.name for one in receiver.spans if one.failed])

    def test_a_run_that_fails_says_so_in_every_span_above(self):
        receiver = self.receiver()
        server = self.serve(lambda asked, _: failure(asked, 401))
        done = self.ask(server, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(receiver.named("heretix run")[0].failed)
        self.assertEqual(receiver.named("check")[0]["error.type"], "not_allowed")
        asked = receiver.named("chat m")
        self.assertEqual([one["error.type"] for one in asked if one.failed], ["not_allowed"] * len(asked))

    def test_a_batch_is_one_trace_with_its_checks(self):
        (self.folder / "claims.csv").write_text("claim\n" + "".join(f"Claim number {i}\n" for i in range(20)))
        receiver = self.receiver()
        self.mock(command=("batch", "claims.csv"), OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        command, = receiver.named("heretix batch")
        checks = {one.id: one for one in receiver.named("check")}
        self.assertEqual((len(checks), {one.parent for one in checks.values()}), (20, {command.id}))
        below = [one.parent for one in receiver.named("chat mock")]
        self.assertEqual([below.count(check) for check in checks], [4] * 20)
        self.assertEqual(len({one["heretix.run.id"] for one in checks.values()}), 20)

    def test_a_batch_of_the_provider_is_handed_over_and_fetched_in_spans(self):
        desk = Desk()
        desk.open = False
        receiver, server = self.receiver(), self.serve(desk)
        handed_over = self.ask(server, "--batch", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        self.assertEqual(handed_over.returncode, 7, handed_over.stderr)
        self.asked(server, "--batch", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        submitted, = receiver.named("submit_batch m")
        fetched = receiver.named("fetch_batch m")[-1]
        self.assertEqual((submitted["heretix.questions"], fetched["heretix.questions"]), (4, 4))
        self.assertGreater(fetched["heretix.cost.usd"], 0)
        self.assertEqual(submitted["heretix.batch.id"], fetched["heretix.batch.id"])

    def test_no_claim_is_told_unless_it_is_asked_for(self):
        receiver = self.receiver()
        self.traced(receiver)
        text = json.dumps(receiver.requests)
        for piece in (CLAIM, "ariffs", "inflation", "prob_true"):
            self.assertNotIn(piece, text)
        for ways in (({"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"}, ()), ({}, ("--trace-claims",))):
            receiver.spans.clear()
            self.traced(receiver, *ways[1], **ways[0])
            self.assertEqual(receiver.named("check")[0]["heretix.claim"], CLAIM)
            for one in receiver.named("chat mock"):
                asked, = json.loads(one["gen_ai.input.messages"])
                self.assertEqual((asked["role"], asked["parts"][0]["type"]), ("user", "text"))
                self.assertIn(CLAIM, asked["parts"][0]["content"])
                told, = json.loads(one["gen_ai.output.messages"])
                self.assertEqual(told["role"], "assistant")
                self.assertIn("prob_true", told["parts"][0]["content"])
                self.assertEqual(json.loads(one["gen_ai.system_instructions"])[0]["type"], "text")

    def test_a_provider_that_repeats_the_claim_in_its_error_tells_no_trace_of_it(self):
        receiver = self.receiver()
        server = self.serve(lambda asked, _: failure(asked, 400, message=f"cannot answer: {CLAIM}"))
        self.assertNotEqual(self.ask(server, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url).returncode, 0)
        self.assertTrue(receiver.named("check")[0].failed)
        self.assertNotIn(CLAIM, json.dumps(receiver.requests))


class Variables(TracingTest):
    def test_without_an_endpoint_nothing_is_sent(self):
        receiver = self.receiver()
        self.mock(OTEL_SERVICE_NAME="alone")
        self.traced(receiver, OTEL_SDK_DISABLED="true")
        self.traced(receiver, OTEL_TRACES_EXPORTER="none")
        self.assertEqual(receiver.requests, [])

    def test_the_resource_is_named_by_the_usual_variables(self):
        receiver = self.receiver()
        self.traced(receiver, OTEL_SERVICE_NAME="beliefs", OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test%20bed,service.name=other")
        told = receiver.spans[0].resource
        self.assertEqual((told["service.name"], told["deployment.environment"]), ("beliefs", "test bed"))

    def test_headers_go_to_the_collector_alone(self):
        receiver, server = self.receiver(), self.serve()
        self.asked(server, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=receiver.url + "/own/path", OTEL_EXPORTER_OTLP_HEADERS="x-team=belief%20lab,authorization=Bearer%20k")
        path, headers, _ = receiver.requests[0]
        self.assertEqual((path, headers["x-team"], headers["authorization"]), ("/own/path", "belief lab", "Bearer k"))
        self.assertNotIn("belief lab", str([request.headers for request, _ in server.ledger]))

    def test_a_trace_that_began_elsewhere_goes_on(self):
        receiver = self.receiver()
        self.traced(receiver, TRACEPARENT=f"00-{TRACE}-{PARENT}-01", TRACESTATE="shop=7")
        command, = receiver.named("heretix run")
        self.assertEqual((command.trace, command.parent, command.told["traceState"]), (TRACE, PARENT, "shop=7"))
        receiver.spans.clear()
        for broken in ("00-" + "0" * 32 + f"-{PARENT}-01", f"00-{TRACE.upper()}-{PARENT}-01", f"ff-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01-x", "x"):
            self.traced(receiver, TRACEPARENT=broken)
            self.assertEqual(receiver.named("heretix run")[-1].parent, "", broken)

    def test_samplers(self):
        receiver = self.receiver()
        kept = f"00-{TRACE}-{PARENT}-01"
        left = f"00-{TRACE}-{PARENT}-00"
        for sampler, argument, parent, seen in (("always_off", "", "", False), ("always_on", "", left, True), ("parentbased_always_on", "", left, False),
                                                ("parentbased_always_off", "", kept, True), ("", "", left, False), ("traceidratio", "0", "", False),
                                                ("traceidratio", "1", "", True), ("parentbased_traceidratio", "0", kept, True)):
            receiver.spans.clear()
            self.traced(receiver, OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=argument, TRACEPARENT=parent)
            self.assertEqual(len(receiver.spans), 6 if seen else 0, (sampler, argument, parent))

    def test_what_cannot_be_meant_is_refused_before_anything_is_asked(self):
        for name, value, says in (("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318", "an address as http://127.0.0.1:4318"),
                                  ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:secret@127.0.0.1:4318", "OTEL_EXPORTER_OTLP_HEADERS"),
                                  ("OTEL_EXPORTER_OTLP_HEADERS", "x-key", "KEY=VALUE"), ("OTEL_TRACES_SAMPLER", "often", "always_on"),
                                  ("OTEL_TRACES_SAMPLER_ARG", "2", "from 0 to 1"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "a number"),
                                  ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "perhaps", "true or false")):
            with self.subTest(name):
                environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", name: value}
                done = self.refused(2, "run", CLAIM, "--mock", *SMALL, says=(name, says), **environment)
                self.assertNotIn("secret", done.stderr)
        self.refused(2, "run", CLAIM, "--mock", *SMALL, says="without encryption", OTEL_EXPORTER_OTLP_ENDPOINT="http://collector.example:4318",
                     OTEL_EXPORTER_OTLP_HEADERS="key=1")

    def test_a_protocol_that_is_not_spoken_is_told_and_measures_all_the_same(self):
        receiver = self.receiver()
        done = self.traced(receiver, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
        self.assertIn("OTEL_EXPORTER_OTLP_PROTOCOL is grpc", done.stderr)
        self.assertEqual(receiver.requests, [])
        self.traced(receiver, OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf")
        self.assertEqual(len(receiver.spans), 6)


class Collectors(TracingTest):
    """Whatever is the matter with the collector, the measurement is the same."""

    def test_a_collector_that_is_away_costs_nothing_and_is_told_once(self):
        started = time.monotonic()
        done = self.mock(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
        self.assertLess(time.monotonic() - started, 5)
        self.assertEqual(re.findall(r"heretix: 6 of 6 spans of the trace did not reach http://127.0.0.1:9/v1/traces: .+", done.stderr),
                         [done.stderr.strip().splitlines()[-1]])
        self.assertIn("4 of 4 answers usable", done.stdout)

    def test_a_collector_that_never_answers_holds_nothing_up(self):
        receiver = self.receiver(lambda number: None)
        started = time.monotonic()
        done = self.traced(receiver)
        self.assertLess(time.monotonic() - started, 8)  # two seconds at most are waited for it
        self.assertIn("6 of 6 spans of the trace did not reach", done.stderr)
        self.assertIn("too slow", done.stderr)

    def test_a_collector_that_refuses(self):
        receiver = self.receiver(lambda number: (400, {}, b'{"message":"no such tenant"}'))
        done = self.traced(receiver)
        self.assertIn("it answered 400: {\"message\":\"no such tenant\"}", done.stderr)
        self.assertEqual(len(receiver.requests), 1)

    def test_spans_that_a_collector_rejects_are_counted(self):
        receiver = self.receiver(lambda number: (200, {}, b'{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}'))
        self.assertIn("2 of 6 spans of the trace did not reach", self.traced(receiver).stderr)

    def test_a_collector_that_is_busy_is_asked_again(self):
        (self.folder / "claims.csv").write_text("claim\n" + "".join(f"Claim number {i}\n" for i in range(8)))
        slow = self.script("slow.json", model="slow", delay_ms=300, concurrency=4, rules=[{"prob_true": 0.4}])
        receiver = self.receiver(lambda number: (503, {"Retry-After": "0"}, b"busy") if number == 1 else (200, {}, b"{}"))
        done = self.heretix("batch", "claims.csv", "--model", slow, *SMALL, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, OTEL_BSP_SCHEDULE_DELAY="100")
        self.assertEqual((done.returncode, "did not reach" in done.stderr), (0, False), done.stderr)
        self.assertEqual(len(receiver.spans), 1 + 8 + 32)

    def test_how_many_spans_a_request_holds_and_how_long_it_may_take(self):
        receiver = self.receiver()
        self.traced(receiver, OTEL_BSP_MAX_EXPORT_BATCH_SIZE="2")
        self.assertEqual([len(spans_in(body)) for _, _, body in receiver.requests], [2, 2, 2])
        slow = self.receiver(lambda number: None)
        started = time.monotonic()
        done = self.traced(slow, OTEL_EXPORTER_OTLP_TIMEOUT="100")
        self.assertIn("6 of 6 spans of the trace did not reach", done.stderr)
        self.assertNotIn("too slow", done.stderr)  # the deadline of the request came first
        self.assertLess(time.monotonic() - started, 5)

    def test_what_does_not_fit_into_the_queue_is_counted(self):
        (self.folder / "claims.csv").write_text("claim\n" + "".join(f"Claim number {i}\n" for i in range(50)))
        receiver = self.receiver(lambda number: None)
        done = self.mock(command=("batch", "claims.csv"), OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, OTEL_BSP_MAX_QUEUE_SIZE="10")
        self.assertIn("251 of 251 spans", done.stderr)
        self.assertEqual(done.stdout.count("Claim number"), 50)

    def test_results_are_the_same_with_and_without_traces(self):
        receiver = self.receiver()
        script = self.script("same.json", model="same", rules=[{"paraphrase_idx": i, "prob_true": 0.2 + i / 40} for i in range(16)])
        records = []
        for more in ({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}):
            (self.folder / "runs").exists() and shutil.rmtree(self.folder / "runs")
            records.append(self.json("run", CLAIM, "--model", script, *SMALL, **more))
        self.assertEqual(*[{key: record[key] for key in ("run_id", "belief_v2", "estimate", "honest", "gates")} for record in records])
        self.assertEqual(len(receiver.spans), 6)
