"""What the OpenTelemetry Collector receives of run, batch, serve and worker, and what Prometheus's own linter says of the metrics."""
import json
import pathlib
import subprocess
import sys

for folder in ("go_peers", "tracing"):
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / folder))
from go_peers import program, start  # noqa: E402  first: it says where the module below is

# isort: split
from cases import Client, ServiceTest, free_port  # noqa: E402
from receiver import spans_in  # noqa: E402

SMALL = ("-K", "4", "-R", "1", "-B", "50")
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
INTERNAL, SERVER, CONSUMER = 1, 2, 5


class CollectorTest(ServiceTest):
    serves = False

    def setUp(self):
        super().setUp()
        self.endpoint, self.received = f"http://127.0.0.1:{free_port()}", self.folder / "spans.jsonl"
        configuration = {"receivers": {"otlp": {"protocols": {"http": {"endpoint": self.endpoint.removeprefix("http://")}}}},
                         "exporters": {"file": {"path": str(self.received), "flush_interval": "50ms"}},
                         "service": {"pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["file"]}}}}
        start(self, "collector", self.endpoint, "--config", f"yaml:{json.dumps(configuration)}", place="go-programs")

    def environment(self, **more):
        return super().environment(**{"OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100", **more})

    def spans(self):
        return [span for line in self.received.read_text().splitlines() if line for span in spans_in(json.loads(line))]

    def named(self, name, count=1):
        return self.wait_for(lambda: len(found := [span for span in self.spans() if span.name == name]) >= count and found)


class Collector(CollectorTest):
    def test_a_run_and_a_batch(self):
        done = self.heretix("run", "Tariffs cause inflation", "--mock", *SMALL, OTEL_EXPORTER_OTLP_ENDPOINT=self.endpoint)
        self.assertEqual((done.returncode, "did not reach" in done.stderr), (0, False), done.stderr)
        check, = self.named("check")
        self.assertEqual([one.parent for one in self.named("chat mock", 4)], [check.id] * 4)
        self.assertEqual(self.named("heretix run")[0].id, check.parent)
        self.assertNotIn("ariffs", self.received.read_text())

        (self.folder / "claims.csv").write_text("claim\n" + "".join(f"Claim number {i}\n" for i in range(300)))
        done = self.heretix("batch", "claims.csv", "--mock", *SMALL, OTEL_EXPORTER_OTLP_ENDPOINT=self.endpoint)
        self.assertEqual((done.returncode, "did not reach" in done.stderr), (0, False), done.stderr)
        command, = self.named("heretix batch")
        self.wait_for(lambda: len(self.spans()) >= 6 + 1501)
        of_batch = [one for one in self.spans() if one.trace == command.trace]
        self.assertEqual(len(of_batch), 1501)  # the batch, its checks and their questions

    def test_a_request_and_its_check_go_on_in_the_trace_of_the_caller(self):
        self.serve()
        client = self.signed_in(plan="pro")
        answer = client.post("/api/checks", {"claim": "Snow is white", "model": "play", "depth": "quick"},
                             headers={"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "shop=7"})
        self.assertEqual(answer.status, 201, answer.body)
        self.finished(client, answer.json()["id"])
        job = next(one for one in self.named("job check"))
        request = next(one for one in self.named("POST /api/checks"))
        check, = self.named("check")
        questions = self.named("chat play", 8)
        self.assertEqual((request.trace, request.parent, request.kind, request.told["traceState"]), (TRACE, PARENT, SERVER, "shop=7"))
        self.assertEqual((request["http.request.method"], request["http.route"], request["http.response.status_code"]), ("POST", "/api/checks", 201))
        self.assertEqual((job.trace, job.parent, job.kind, job["heretix.job.outcome"]), (TRACE, request.id, CONSUMER, "done"))
        self.assertEqual((check.trace, check.parent, check.kind), (TRACE, job.id, INTERNAL))
        self.assertEqual({(one.trace, one.parent) for one in questions}, {(TRACE, check.id)})
        self.assertNotIn("Snow", self.received.read_text())

    def test_a_worker_of_its_own_goes_on_in_it_too(self):
        self.serve("--no-worker")
        self.launch("worker", "--trace-claims", OTEL_SERVICE_NAME="heretix-worker")
        client = self.signed_in(plan="pro")
        answer = client.post("/api/checks", {"claim": "Snow is white", "model": "play", "depth": "quick"})
        self.finished(client, answer.json()["id"])
        job, = self.named("job check")
        request, = self.named("POST /api/checks")
        self.assertEqual((job.trace, job.parent), (request.trace, request.id))
        self.assertEqual((request.resource["service.name"], job.resource["service.name"]), ("heretix", "heretix-worker"))
        self.assertEqual(self.named("check")[0]["heretix.claim"], "Snow is white")
        self.assertNotIn("traceparent", json.dumps(client.get(f"/api/checks/{answer.json()['id']}").json()))

    def test_a_link_that_signs_in_is_in_no_span(self):
        self.serve()
        self.signed_in()
        client = self.client()
        client.get("/sign-in/secret-of-a-link")
        client.get("/api/me")
        self.named("GET /api/me")
        self.assertNotIn("secret-of-a-link", self.received.read_text())


class Metrics(CollectorTest):
    def test_prometheus_has_nothing_to_say_about_the_metrics(self):
        self.serve()
        client = self.signed_in(plan="pro")
        self.finished(client, client.post("/api/checks", {"claim": "Snow is white", "model": "play", "depth": "quick"}).json()["id"])
        text = Client(self.process.metrics_port).get("/metrics").body.decode()
        for name in ("heretix_http_requests_total", "heretix_http_request_duration_seconds", "heretix_jobs_total", "heretix_job_duration_seconds",
                     "heretix_http_connections", "heretix_http_streams", "heretix_database_up", "heretix_queue_jobs", "heretix_trace_spans_dropped_total"):
            self.assertIn(f"# HELP {name} ", text)
            self.assertIn(f"# TYPE {name} ", text)
        self.assertEqual(self.linted(text), "")
        self.assertNotEqual(self.linted(text.replace("heretix_queue_jobs", "heretix_queue_jobs_total")), "")
        self.assertNotEqual(self.linted(text.replace("heretix_job_duration_seconds", "heretix_job_duration_milliseconds")), "")

    def linted(self, text):
        return subprocess.run([program("promlint", "go-programs")], input=text, capture_output=True, text=True, check=False).stdout

    def test_a_state_that_no_job_is_in_any_more_is_zero(self):
        slow = self.script("slow.json", model="slow", delay_ms=400, concurrency=1, rules=[{"prob_true": 0.4}])
        self.serve(HERETIX_MODELS=f"slow={slow}")
        client = self.signed_in(plan="pro")
        identifier = client.post("/api/checks", {"claim": "Snow is white", "model": "slow", "depth": "quick"}).json()["id"]
        running = 'heretix_queue_jobs{kind="check",state="running"}'

        def shown():
            text = Client(self.process.metrics_port).get("/metrics").body.decode()
            return next((line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith(running)), None)
        self.wait_for(lambda: shown() == "1")
        self.finished(client, identifier)
        self.wait_for(lambda: shown() == "0")
