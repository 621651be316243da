"""Every setting that docs/configuration.md lists takes effect, in every way in which it can be given. The table there is
read: a setting without a probe below fails."""
import json
import os
import re
import shutil
import socket
import subprocess
import unittest
from dataclasses import dataclass

from cases import ADDRESSES, CLAIM, HostedTest
from fault_server import PRICE, failure, success
from heretix import PROGRAM, SOURCE
from terminals import pieces_of

SMALL = ("-K", "4", "-R", "1", "-B", "50")
FILE_WAYS = ("YAML file", "JSON file", "JSON line", "CSV row")


@dataclass(frozen=True)
class Way:
    """How a setting is given: a flag, a variable, the first argument, or a field of a file or of a row of a batch."""
    kind: str
    name: str

    def __str__(self):
        return f"{self.kind} {self.name}"


def documented_settings():
    """Each row of the table, and the ways in which it says that the setting can be given."""
    rows = []
    for line in (SOURCE / "docs/configuration.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip()[1:-1].split("|")]
        if not line.startswith("|") or len(cells) != 5 or cells[0] == "field" or set(cells[0]) == {"-"}:
            continue
        field, flag, variables = cells[:3]
        ways = []
        if field != "(none)":
            ways += [Way(kind, field) for kind in FILE_WAYS]
        if "argument" in flag or flag == "export TARGET":
            ways.append(Way("argument", flag))
        else:
            ways += [Way("flag", name) for name in re.findall(r"(?<![\w-])--?[A-Za-z][a-z-]*", flag)]
        ways += [Way("variable", name) for name in re.findall(r"[A-Z][A-Z_]+", variables)]
        rows.append((field if field != "(none)" else str(ways[0]), ways))
    return rows


class Settings(HostedTest):
    """A probe is a method `see_NAME(way)` that gives the setting in that way and, where its default could show the same, leaves it out
    too. It returns what was seen, and what must be."""

    def setUp(self):
        super().setUp()
        self.server = self.serve()

    # How a setting is handed over.

    def measure(self, way, value, *arguments, command="run", claim=CLAIM, url=None, **environment):
        """The outcome of a measurement with `value` given in that way; None: without the setting."""
        words, fields, row = list(arguments), {}, {"claim": claim}
        if way is not None and value is not None:
            if way.kind == "flag":
                words += [f"{way.name}={str(value).lower()}"] if isinstance(value, bool) and not value else [way.name] if value is True else [way.name, str(value)]
            elif way.kind == "variable":
                environment[way.name] = {True: "1", False: "0"}.get(value, str(value)) if isinstance(value, bool) else str(value)
            elif way.kind in ("YAML file", "JSON file"):
                fields[way.name] = value
            else:
                row[way.name] = value
        environment = {**self.environment(url or self.server.url), **environment}
        if way is not None and way.kind in ("JSON line", "CSV row"):
            return self.heretix("batch", self.batch_file(way.kind, row), "--json", *words, **environment)
        if fields:
            words += ["--config", self.config_file(way.kind, fields)]
        return self.heretix(command, claim, "--json", *words, **environment)

    def batch_file(self, kind, row):
        if kind == "JSON line":
            (self.folder / "claims.jsonl").write_text(json.dumps(row) + "\n")
            return "claims.jsonl"
        cells = [json.dumps(value) if isinstance(value, bool) else str(value) for value in row.values()]
        (self.folder / "claims.csv").write_text(",".join(row) + "\n" + ",".join(f'"{cell}"' for cell in cells) + "\n")
        return "claims.csv"

    def config_file(self, kind, fields):
        if kind == "JSON file":
            (self.folder / "settings.json").write_text(json.dumps(fields))
            return "settings.json"
        lines = [f"{name}: {json.dumps(value)}" for name, value in fields.items()]
        (self.folder / "settings.yaml").write_text("\n".join(lines) + "\n")
        return "settings.yaml"

    def record(self, *arguments, **more):
        done = self.measure(*arguments, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def config_of(self, field, way, value, *arguments, **more):
        """What the record says of that field, with and without the setting."""
        return [self.record(way, given, "--mock", *arguments, **more)["config"][field] for given in (value, None)]

    def requests(self, way, value, model="openai/m", **more):
        """The requests that a model's server got."""
        before = len(self.server.ledger)
        done = self.measure(way, value, *SMALL, "--fresh", "--model", model, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [asked for asked, _ in self.server.ledger[before:]]

    def body_field(self, name, way, value, **more):
        return [self.requests(way, given, **more)[0].body.get(name) for given in (value, None)]

    # The probes, by the setting's name in the table.

    def see_claim(self, way):
        other = "Snow is white"
        if way.kind in ("YAML file", "JSON file"):
            done = self.heretix("run", "--config", self.config_file(way.kind, {"claim": other}), "--mock", "--json", *SMALL)
        else:
            done = self.measure(way if way.kind in FILE_WAYS else None, None, "--mock", *SMALL, claim=other)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(done.stdout)["config"]["claim"]], [other]

    def see_allow_question(self, way):
        question = "Is snow white?"
        return [self.measure(way, value, "--mock", *SMALL, claim=question).returncode for value in (True, False, None)], [0, 2, 2]

    def see_model(self, way):
        script = self.script("played.json", model="played")
        return self.config_of("model", way, script, *SMALL)[:1], ["played"]

    def see_base_url(self, way):
        provider = next((p for p, (_, base, _) in ADDRESSES.items() if base == way.name), "openai")
        _, _, path = ADDRESSES[provider]
        other = self.serve()
        done = self.measure(way, other.url + path, *SMALL, "--fresh", "--model", f"{provider}/m")
        self.assertEqual(done.returncode, 0, done.stderr)
        return [len(other.ledger), len(self.server.ledger)], [4, 0]

    def see_api(self, way):
        return [self.requests(way, value)[0].api for value in ("chat", None)], ["chat", "responses"]

    def see_reasoning(self, way):
        return [[(asked.body.get("reasoning") or {}).get("effort") for asked in self.requests(way, value)][0] for value in ("high", None)], ["high", None]

    # Read off the embedded model, which three templates are enough for.
    READ_OFF = ("--model", "local", "-K", "3", "-T", "3", "-R", "1", "-B", "50")

    def see_readout(self, way):
        return ["readout=token" in self.record(way, "token", *self.READ_OFF)["config"]["mode"]], [True]

    def see_samples(self, way):
        return ["samples=3" in self.record(way, 3, "--readout", "frequency", *self.READ_OFF)["config"]["mode"]], [True]

    def see_negation(self, way):
        """The flag alone says no by being there."""
        modes = [self.record(way, given, "--mock", *SMALL, "--readout", "decision")["config"]["mode"] for given in (way.kind == "flag", None)]
        return ["negation=none" in mode for mode in modes], [True, False]

    def see_logprobs(self, way):
        return [bool(self.requests(way, value, model="openai-compatible/m")[0].body.get("logprobs")) for value in (True, False, None)], [True, False, False]

    def see_prices(self, way):
        (self.folder / "dear.json").write_text(json.dumps({"date": "2026-01-02", "models": [{"model": "openai/gpt-m", **{k: 1000 * v for k, v in PRICE.items()}}]}))
        seen = [self.record(way, value, *SMALL, "--fresh", "--model", "openai/gpt-m")["execution"]["billed_micro_usd"] for value in ("dear.json", None)]
        return [seen[0] > 1000, seen[1]], [True, 0]

    def see_price(self, way):
        seen = [self.record(way, value, *SMALL, "--fresh", "--model", "openai/gpt-m")["execution"]["billed_micro_usd"] for value in ("5000,5000", None)]
        return [seen[0] > 1000, seen[1]], [True, 0]

    def see_timeout(self, way):
        slow = self.serve(latency=2)
        done = [self.measure(way, value, "-K", "3", "-R", "1", "-B", "50", "--fresh", "--model", "openai/m", url=slow.url) for value in (0.2, None)]
        # Out of time: in doubt, or not even connected on a busy machine.
        return [done[0].returncode in (5, 6), done[1].returncode], [True, 0]

    def see_budget(self, way):
        done = [self.measure(way, value, *SMALL, "--fresh", "--model", "openai/m", "--prices", "prices.json") for value in ("0.000001", None)]
        return [d.returncode for d in done], [7, 0]

    see_budget_day = see_budget

    def see_mock(self, way):
        """Four real requests were sent under HERETIX_MOCK=1: the stand-in sends none."""
        seen = [len(self.requests(way, value)) for value in (True, False, None)]
        if way.kind == "flag":  # wins over the environment, whatever either says
            seen += [len(self.requests(way, value, HERETIX_MOCK=other)) for value, other in ((False, "1"), (True, "0"))]
            return seen, [0, 4, 4, 4, 0]
        if way.kind != "variable":  # loses against it
            seen += [len(self.requests(way, value, HERETIX_MOCK=other)) for value, other in ((False, "1"), (True, "0"))]
            return seen, [0, 4, 4, 0, 4]
        return seen, [0, 4, 4]

    def see_batch(self, way):
        """A batch begins with the upload of its questions."""
        refusing = self.serve(lambda asked, _: failure(asked, 400))
        self.measure(way, True, *SMALL, "--fresh", "--model", "openai/m", url=refusing.url)
        return [asked.path for asked, _ in refusing.ledger], ["/v1/files"]

    def bank(self):
        folder = self.folder / "banks"
        folder.mkdir(exist_ok=True)
        text = (SOURCE / "prompts/heretix_v1.yaml").read_text()
        (folder / "mine.yaml").write_text(re.sub(r"(?m)^version:.*$", "version: mine", text))
        (folder / "heretix_v1.yaml").write_text(re.sub(r"(?m)^version:.*$", "version: another", text))
        return folder

    def see_prompt_version(self, way):
        return [self.config_of("prompt_version", way, "mine", *SMALL, "--prompts", self.bank())[0]], ["mine"]

    def see_prompts(self, way):
        return [self.config_of("prompt_version", way, str(self.bank()), *SMALL)[0]], ["another"]

    def see_until_width(self, way):
        seen = self.record(way, 0.9, "--mock", "-B", "50")["config"]
        return [seen.get("ladder", {}).get("target")], [0.9]

    def see_K(self, way):
        return self.config_of("K", way, 3, "-R", "1", "-B", "50"), [3, 8]

    def see_R(self, way):
        return self.config_of("R", way, 3, "-K", "3", "-B", "50"), [3, 2]

    def see_T(self, way):
        return self.config_of("T", way, 3, "-K", "4", "-R", "1", "-B", "50"), [3, 16]

    def see_B(self, way):
        return self.config_of("B", way, 60, "-K", "3", "-R", "1"), [60, 5000]

    def see_seed(self, way):
        return [self.record(way, 41, "--mock", *SMALL)["estimate"]["bootstrap_seed"]], ["41"]

    def see_max_output_tokens(self, way):
        seen = self.body_field("max_output_tokens", way, 777)
        return [seen[0], seen[1] == 777], [777, False]

    def see_max_prompt_chars(self, way):
        return [self.measure(way, value, "--mock", *SMALL).returncode for value in (50, None)], [2, 0]

    def see_temperature(self, way):
        return self.body_field("temperature", way, 0.25), [0.25, None]

    def see_concurrency(self, way):
        busiest = []
        for value in (1, None):
            slow = self.serve(latency=0.1)
            self.measure(way, value, *SMALL, "--fresh", "--model", "openai/m", url=slow.url)
            busiest.append(slow.busiest)
        return [busiest[0], busiest[1] > 1], [1, True]

    def see_db(self, way):
        path = self.folder / "elsewhere" / f"{way.name}.sqlite"
        shutil.rmtree(path.parent, ignore_errors=True)
        shutil.rmtree(self.folder / "runs", ignore_errors=True)
        self.record(way, str(path), "--mock", *SMALL)
        return [path.exists(), (self.folder / "runs").exists()], [True, False]

    def see_database(self, way):
        """No server is needed: the error names the address that was tried."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        address = f"postgresql://u:p@127.0.0.1:{port}/d?connect_timeout=1"
        if way.name == "APP_ENV":
            shown = self.ok("db", "psql", DATABASE_URL_PROD=address, APP_ENV="prod")
            return [str(port) in shown], [True]
        if way.kind == "variable":
            shown = self.ok("db", "psql", "--database", "prod" if way.name.endswith("PROD") else "local", **{way.name: address})
            return [str(port) in shown], [True]
        shown = self.ok("db", "psql", "--database", address)
        return [str(port) in shown], [True]

    def see_lake(self, way):
        self.record(None, None, "--mock", *SMALL, "--db", "runs/heretix.sqlite")
        name = f"lake-{way.kind}"
        if way.kind == "variable":
            self.ok("export", "-q", **{way.name: name})
        else:
            self.ok("export", name, "-q")
        return [(self.folder / name).is_dir(), (self.folder / "lake").exists()], [True, False]

    def see_no_color(self, way):
        """On a terminal: a pseudo-terminal stands for it."""
        self.record(None, None, "--mock", *SMALL)
        seen = []
        for environment in ({way.name: "1"}, {}):
            kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "NO_COLOR"))}
            ours, theirs = os.openpty()
            process = subprocess.Popen([PROGRAM, "run", CLAIM, "--mock", *SMALL], cwd=self.folder, stdout=theirs, stderr=subprocess.DEVNULL,
                                       env={**kept, **environment, "TERM": "xterm"})
            os.close(theirs)
            shown = b"".join(pieces_of(ours))
            os.close(ours)
            self.assertEqual(process.wait(60), 0)
            seen.append(b"\x1b[" in shown)
        return seen, [False, True]

    # Settings whose effect other tests see whole, with servers of their own: where the variable is set, and in which test.
    SEEN_ELSEWHERE = {
        "HERETIX_SMTP_URL": ("tests/cli/test_watch.py", "test_a_shift_is_an_alarm_and_is_told_once"),
        "HERETIX_EXPORT_KEY": ("tests/export/test_dataset.py", "test_a_user_appears_only_as_a_keyed_hash_and_no_mail_address_leaves"),
        "HERETIX_MODEL_CACHE": ("tests/provider/test_hub.py", "test_the_cache_lies_where_the_setting_says"),
        "HF_ENDPOINT": ("tests/provider/test_hub.py", "test_a_token_is_not_sent_unencrypted_to_another_machine"),
        "HF_TOKEN": ("tests/provider/test_hub.py", "test_the_token_goes_to_the_hub_and_to_nobody_else"),
        "HTTPS_PROXY": ("tests/provider/test_transport.py", "test_https_proxy_is_used_and_sees_no_key"),
        "NO_PROXY": ("tests/provider/test_transport.py", "test_https_proxy_is_used_and_sees_no_key"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": ("tests/tracing/test_tracing.py", "test_a_batch_is_one_trace_with_its_checks"),
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ("tests/tracing/test_tracing.py", "test_headers_go_to_the_collector_alone"),
        "OTEL_EXPORTER_OTLP_HEADERS": ("tests/tracing/test_tracing.py", "test_headers_go_to_the_collector_alone"),
        "OTEL_EXPORTER_OTLP_TIMEOUT": ("tests/tracing/test_tracing.py", "test_how_many_spans_a_request_holds_and_how_long_it_may_take"),
        "OTEL_EXPORTER_OTLP_PROTOCOL": ("tests/tracing/test_tracing.py", "test_a_protocol_that_is_not_spoken_is_told_and_measures_all_the_same"),
        "OTEL_SERVICE_NAME": ("tests/tracing/test_tracing.py", "test_the_resource_is_named_by_the_usual_variables"),
        "OTEL_RESOURCE_ATTRIBUTES": ("tests/tracing/test_tracing.py", "test_the_resource_is_named_by_the_usual_variables"),
        "OTEL_TRACES_SAMPLER": ("tests/tracing/test_tracing.py", "test_samplers"),
        "OTEL_TRACES_SAMPLER_ARG": ("tests/tracing/test_tracing.py", "test_samplers"),
        "OTEL_BSP_SCHEDULE_DELAY": ("tests/tracing/test_tracing.py", "test_a_collector_that_is_busy_is_asked_again"),
        "OTEL_BSP_MAX_QUEUE_SIZE": ("tests/tracing/test_tracing.py", "test_what_does_not_fit_into_the_queue_is_counted"),
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": ("tests/tracing/test_tracing.py", "test_how_many_spans_a_request_holds_and_how_long_it_may_take"),
        "OTEL_SDK_DISABLED": ("tests/tracing/test_tracing.py", "test_without_an_endpoint_nothing_is_sent"),
        "OTEL_TRACES_EXPORTER": ("tests/tracing/test_tracing.py", "test_without_an_endpoint_nothing_is_sent"),
        "TRACEPARENT": ("tests/tracing/test_tracing.py", "test_a_trace_that_began_elsewhere_goes_on"),
        "TRACESTATE": ("tests/tracing/test_tracing.py", "test_a_trace_that_began_elsewhere_goes_on"),
        "--trace-claims": ("tests/tracing/test_tracing.py", "test_no_claim_is_told_unless_it_is_asked_for"),
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": ("tests/tracing/test_tracing.py", "test_no_claim_is_told_unless_it_is_asked_for"),
        "SSL_CERT_FILE": ("tests/provider/test_transport.py", "test_a_trusted_certificate_and_one_that_only_we_do_not_know"),
    }

    NAMES = {"flag --budget": "budget", "flag --budget-day": "budget_day", "flag --batch": "batch", "flag --price": "price", "flag --database": "database", "argument export TARGET": "lake",
             "variable NO_COLOR": "no_color"}

    def is_seen_elsewhere(self, name):
        path, test = self.SEEN_ELSEWHERE[name]
        body = re.search(rf"(?s)def {test}\(.*?(?=\n    def |\Z)", (SOURCE / path).read_text())
        self.assertIsNotNone(body, f"{path} has no {test}")
        self.assertIn(name, body.group(0), f"{test} does not set it")

    def test_every_setting_takes_effect_in_every_way_it_can_be_given(self):
        settings = documented_settings()
        seen = 0
        for name, ways in settings:
            for way in ways:
                with self.subTest(setting=name, way=str(way)):
                    if way.name in self.SEEN_ELSEWHERE:
                        self.is_seen_elsewhere(way.name)
                    else:
                        probe = getattr(self, f"see_{self.NAMES.get(name, name)}", None)
                        self.assertIsNotNone(probe, "the table has a setting that no probe sees: add one here")
                        self.server.ledger.clear()
                        shown, expected = probe(way)
                        self.assertEqual(shown, expected)
                    seen += 1
        self.assertGreaterEqual(seen, 100, "the table was not read whole")

    def test_every_row_of_a_batch_has_its_own_settings(self):
        (self.folder / "dear.json").write_text(json.dumps({"date": "2026-01-02", "models": [{"model": "openai/gpt-m", **{k: 1000 * v for k, v in PRICE.items()}}]}))
        rows = [{"db": "a.sqlite"}, {"db": "b.sqlite", "prices": "dear.json"}, {"mock": True}, {"timeout": 0.2, "model": "openai/m"}]
        (self.folder / "claims.jsonl").write_text("".join(json.dumps({"claim": f"claim {n}", "model": "openai/gpt-m", **row}) + "\n" for n, row in enumerate(rows)))
        slow = self.serve(lambda asked, _: success(asked, delay=2 if asked.model == "m" else 0))
        done = self.heretix("batch", "claims.jsonl", "--json", *SMALL, **self.environment(slow.url))
        self.assertIn(done.returncode, (5, 6), done.stderr)  # the last row has too little time
        records = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([r["config"]["mode"].startswith("MOCK") for r in records], [False, False, True])
        self.assertEqual([r["execution"]["billed_micro_usd"] > 1000 for r in records], [False, True, False])
        for name, claims in (("a", ["claim 0"]), ("b", ["claim 1"]), ("runs/mock", ["claim 2"])):
            self.assertEqual([row["claim"] for row in self.database(f"{name}.sqlite").execute("SELECT claim FROM runs")], claims)

    def test_the_table_lists_every_field_that_a_file_may_have(self):
        """The program refuses a field that it does not know, and every one that it knows is in the table."""
        known = set(re.findall(r'(?m)^      \{"(\w+)", \[\]', (SOURCE / "src/cli/config.cpp").read_text()))
        listed = {way.name for _, ways in documented_settings() for way in ways if way.kind == "YAML file"}
        self.assertEqual(known, listed)


if __name__ == "__main__":
    unittest.main()
