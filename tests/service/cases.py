"""A running service to test: embedded on SQLite, on Postgres direct or behind PgBouncer. HERETIX_TEST_SERVER names the
folder of the PostgreSQL that runs."""
import contextlib
import email
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid

import psycopg
import psycopg.rows

for folder in ("cli", "postgres"):
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / folder))
from heretix import PROGRAM, ProgramTest  # noqa: E402
from server import Server, free_port  # noqa: E402

SECRET = "5b" * 32
PLAY = {"model": "play", "rules": [{"paraphrase_idx": 3, "text": "hm"}, {"paraphrase_idx": 1, "prob_true": 0.6}, {"prob_true": 0.7}]}
# A quick check asks eight wordings that follow each other in a bank of sixteen: each of these answers comes once.
SPLIT_ANSWERS = (1.0, 0.074, 1.0, 0.8, 0.0, 0.12, 0.0, 1.0)
SPLIT = {"model": "split", "rules": [{"paraphrase_idx": i, "prob_true": SPLIT_ANSWERS[i % 8]} for i in range(16)]}


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    def json(self):
        return json.loads(self.body)


class Client:
    """One visitor with a cookie jar; one connection, made anew where it was closed."""

    def __init__(self, port, host="127.0.0.1", timeout=30, source=None):
        self.host, self.port, self.timeout, self.cookies, self.connection = host, port, timeout, {}, None
        self.source = (source, 0) if source else None

    def request(self, method, path, body=None, headers=None, raw=None):
        headers = dict(headers or {})
        if body is not None:
            raw = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if self.cookies:
            headers.setdefault("Cookie", "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        for attempt in (1, 2):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout, source_address=self.source)
                self.connection.request(method, path, raw, headers)
                answer = Answer(self.connection.getresponse())
                break
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.connection = None
                if attempt == 2:
                    raise
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        return answer

    def close(self):
        if self.connection:
            self.connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, {} if body is None else body, **more)

    def delete(self, path, body=None, **more):
        return self.request("DELETE", path, body, **more)


class ServiceTest(ProgramTest):
    """`store`: sqlite, postgres or pooled. Each test has a service and a database of its own."""
    store = "sqlite"
    models = "play={play},local"
    serves = True

    def setUp(self):
        super().setUp()
        self.play = self.script("play.json", **PLAY)
        self.processes, self.address = [], None
        self.addCleanup(self.stop_all)
        if self.store != "sqlite":
            self.new_database()
        if self.serves:
            self.serve()

    def new_database(self):
        told = json.loads((pathlib.Path(os.environ["HERETIX_TEST_SERVER"]) / "server.json").read_text())
        self.server, self.name = Server(told["folder"], told["port"]), f"service_{uuid.uuid4().hex[:12]}"
        self.admin(f'CREATE DATABASE "{self.name}"')
        self.addCleanup(self.admin, f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        direct = self.server.address(self.name)
        self.ok("db", "upgrade", "--database", direct)
        self.address = self.server.address(self.name, port=told["pooler_port"]) if self.store == "pooled" else direct

    def admin(self, sql):
        with psycopg.connect(**self.server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql)

    def database_flags(self):
        return ["--database", self.address] if self.address else []

    def environment(self, **more):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "RPL_", "DATABASE"))}
        return {**kept, "HERETIX_SECRET": SECRET, "HERETIX_MODELS": self.models.format(play=self.play), **more}

    def launch(self, command, *arguments, **environment):
        """The process and, once it serves, its port."""
        number = len(self.processes)
        log = open(self.folder / f"{command}{number}.log", "w+")
        process = subprocess.Popen([PROGRAM, command, "--metrics-port", "0", *self.database_flags(), *map(str, arguments)], cwd=self.folder,
                                   env=self.environment(**environment), stdout=log, stderr=log)
        log.close()
        self.processes.append(process)
        process.log = pathlib.Path(log.name)
        process.port, process.metrics_port = self.wait_for(lambda: self.ports_in(process), 30)
        return process

    def ports_in(self, process):
        text = process.log.read_text()
        self.assertIsNone(process.poll(), text)
        found = re.search(r"serving at http://[^ ]*?:(\d+), metrics at http://[^ ]*?:(\d+)", text)
        if found:
            return int(found[1]), int(found[2])
        found = re.search(r"working, metrics at http://[^ ]*?:(\d+)", text)
        return found and (0, int(found[1]))

    def serve(self, *arguments, port=0, **environment):
        self.process = self.launch("serve", "--port", port, *arguments, **environment)
        self.port = self.process.port
        return self.process

    def serve_anew(self, *arguments, **environment):
        """Serves in the place of what serves now, which is ended at once."""
        self.end([self.process])
        return self.serve(*arguments, **environment)

    def serve_slowly(self, delay_ms, concurrency=1):
        """Serves anew with a model that takes its time for each answer. The environment, for another process."""
        slow = self.script("slow.json", model="slow", delay_ms=delay_ms, concurrency=concurrency, rules=[{"prob_true": 0.4}])
        models = {"HERETIX_MODELS": f"play={slow}"}
        self.serve_anew(**models)
        return models

    def stop(self, process, by=signal.SIGTERM, timeout=45):
        process.send_signal(by)
        process.wait(timeout)

    def stop_all(self):
        self.end(self.processes)

    def end(self, processes):
        """A second signal ends at once what the first only began to stop; two that come together count as one."""
        running = [process for process in processes if process.poll() is None]
        until = time.monotonic() + 20
        while running and time.monotonic() < until:
            for process in running:
                process.send_signal(signal.SIGTERM)
            time.sleep(0.05)
            running = [process for process in running if process.poll() is None]
        for process in running:
            process.kill()
            process.wait()

    def log(self):
        return "".join(p.log.read_text() for p in self.processes)

    def wait_for(self, condition, seconds=20, pause=0.05):
        return super().wait_for(condition, seconds, pause, lambda: self.log()[-3000:])

    def client(self, **more):
        client = Client(self.port, **more)
        self.addCleanup(client.close)
        return client

    def rows(self, sql, *values):
        if self.store == "sqlite":
            connection = self.database("runs/heretix-app.sqlite")
            with connection:
                return [tuple(r) for r in connection.execute(sql.replace("%s", "?"), values)]
        with psycopg.connect(**self.server.conninfo(self.name), autocommit=True) as connection:
            done = connection.execute(sql, values or None)
            return done.fetchall() if done.description else []

    def every_table(self):
        """Every table of every database of the service: the place, the name, the columns, and all rows as dicts.
        Read from the catalogue, so that a new table is in it."""
        if self.store == "sqlite":
            for place, file in (("service", "runs/heretix-app.sqlite"), ("harness", "runs/heretix.sqlite")):
                if not (self.folder / file).exists():
                    continue
                connection = self.database(file)
                names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
                for name in names:
                    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
                    yield place, name, columns, [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')]
            return
        with psycopg.connect(**self.server.conninfo(self.name), autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
            names = [row["table_name"] for row in connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'")]
            for name in names:
                rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()
                columns = [row["column_name"] for row in connection.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", (name,))]
                yield "postgres", name, columns, rows

    def insert(self, columns, rows):
        """Many rows in one statement."""
        for start in range(0, len(rows), 500):
            some = rows[start:start + 500]
            places = ", ".join("(" + ", ".join(["%s"] * len(row)) + ")" for row in some)
            self.rows(f"INSERT INTO {columns} VALUES {places}", *(value for row in some for value in row))

    def command(self, *arguments, **environment):
        done = subprocess.run([PROGRAM, *arguments, *self.database_flags()], cwd=self.folder, env=self.environment(**environment),
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def link(self, address):
        return "/sign-in/" + self.command("user", "link", address).strip().split("/sign-in/")[1]

    def signed_in(self, address="ada@example.org", plan=None):
        client = self.client()
        self.assertEqual(client.request("POST", self.link(address)).status, 303)
        if plan:
            self.command("plan", "set", address, plan)
        return client

    def mails(self):
        """Of the outbox, oldest first: recipient and text."""
        found = []
        for path in sorted((self.folder / "runs/outbox").glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes().split(b"\r\n", 1)[1])
            found.append((message["To"].strip("<>"), message.get_payload(decode=True).decode()))
        return found

    def check(self, client, claim, expect=201, **fields):
        answer = client.post("/api/checks", {"claim": claim, "model": "play", **fields})
        self.assertEqual(answer.status, expect, answer.body)
        return answer.json()

    def finished(self, client, identifier, seconds=30):
        def ended():
            told = client.get(f"/api/checks/{identifier}").json()
            return told if told["state"] not in ("queued", "running") else None
        return self.wait_for(ended, seconds)

    def together(self, count, work):
        """`work(i)` by that many threads at once; what each returned."""
        results, failures, gate = [None] * count, [], threading.Barrier(count)

        def run(i):
            try:
                gate.wait()
                results[i] = work(i)
            except Exception as e:  # told below, by the thread that asserts
                failures.append(e)
        threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return results

    def talk(self, data, host="127.0.0.1", timeout=8):
        """Raw bytes to the server; everything it says until it closes or the time is over."""
        with socket.create_connection((host, self.port), timeout) as connection:
            connection.settimeout(timeout)
            said = b""
            try:
                connection.sendall(data)
                while part := connection.recv(65536):
                    said += part
            except (TimeoutError, ConnectionResetError, BrokenPipeError):
                pass
            return said


class EachStore(ServiceTest):
    """Run once on SQLite and once on Postgres: tests/CMakeLists.txt says which by HERETIX_TEST_STORE."""
    store = os.environ.get("HERETIX_TEST_STORE", "sqlite")


def events_of(port, identifier, cookies, after=None, host="127.0.0.1", timeout=30):
    """A stream's events as (number, kind, payload), until it ends; the status where there is no stream."""
    headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
    if after is not None:
        headers["Last-Event-ID"] = str(after)
    with contextlib.closing(http.client.HTTPConnection(host, port, timeout=timeout)) as connection:
        connection.request("GET", f"/api/checks/{identifier}/events", headers=headers)
        with connection.getresponse() as response:
            if response.status != 200:
                return response.status
            fields, found = {}, []
            for line in response:
                text = line.decode().rstrip("\n")
                if text and not text.startswith(":"):
                    name, value = text.split(": ", 1)
                    fields[name] = value
                elif fields:
                    found.append((int(fields["id"]) if "id" in fields else None, fields["event"], json.loads(fields["data"])))
                    fields = {}
            return found


__all__ = ["SECRET", "SPLIT", "Client", "EachStore", "ServiceTest", "events_of", "free_port"]
