"""A bad network between service and Postgres: toxiproxy delays, cuts and silences it. Nothing is lost, nothing charged twice."""
import json
import urllib.request

from go_peers import start  # first: it says where the module below is

# isort: split
from cases import ServiceTest, free_port

CHECKS = 12


class ToxicNetwork(ServiceTest):
    store = "postgres"
    serves = False

    def setUp(self):
        super().setUp()
        self.control, port = f"http://127.0.0.1:{free_port()}", free_port()
        start(self, "toxiproxy", self.control + "/version", "-port", self.control.rsplit(":", 1)[1])
        told = self.server.conninfo(self.name)
        self.told("POST", "/proxies", {"name": "db", "listen": f"127.0.0.1:{port}", "upstream": f"127.0.0.1:{told['port']}"})
        self.address = self.server.address(self.name, port=port)
        self.serve()

    def told(self, method, path, body=None):
        request = urllib.request.Request(self.control + path, json.dumps(body).encode() if body is not None else None, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read()

    def toxic(self, kind, **attributes):
        self.told("POST", "/proxies/db/toxics", {"name": kind, "type": kind, "stream": "downstream", "attributes": attributes})

    def heal(self, kind):
        self.told("DELETE", f"/proxies/db/toxics/{kind}")

    def ready(self):
        return self.client().get("/readyz").status

    def ask(self, client, number):
        """By a key of its own until it is accepted, as a careful client does."""
        def accepted():
            answer = client.post("/api/checks", {"claim": f"Claim {number}", "model": "play"}, headers={"Idempotency-Key": f"key-{number}"})
            self.assertIn(answer.status, (201, 409, 500, 503), answer.body)
            return answer.json()["id"] if answer.status == 201 else None
        return self.wait_for(accepted, 60, 0.3)

    def all_done_once(self, client, identifiers):
        self.assertEqual(len(set(identifiers)), CHECKS)
        for identifier in identifiers:
            self.assertEqual(self.finished(client, identifier, 90)["state"], "done")
        self.assertEqual(self.rows("SELECT count(*) FROM checks"), [(CHECKS,)])
        self.assertEqual(client.get("/api/usage").json()["checks_used"], CHECKS)

    def test_a_slow_network_only_slows(self):
        client = self.signed_in(plan="pro")
        self.toxic("latency", latency=30, jitter=20)
        identifiers = [self.ask(client, i) for i in range(CHECKS)]
        self.heal("latency")
        self.all_done_once(client, identifiers)

    def test_connections_that_are_cut_in_the_middle(self):
        client = self.signed_in(plan="pro")
        identifiers = []
        for i in range(CHECKS):
            if i % 3 == 1:
                self.toxic("limit_data", bytes=3000)  # cuts each connection after as many bytes
            identifiers.append(None if i % 3 == 1 else self.ask(client, i))
            if i % 3 == 1:
                client.post("/api/checks", {"claim": f"Claim {i}", "model": "play"}, headers={"Idempotency-Key": f"key-{i}"})
                self.heal("limit_data")
                identifiers[i] = self.ask(client, i)
        self.all_done_once(client, identifiers)

    def test_a_database_that_is_away_is_told_and_comes_back(self):
        client = self.signed_in(plan="pro")
        first = [self.ask(client, i) for i in range(CHECKS // 2)]
        self.told("POST", "/proxies/db", {"enabled": False})
        self.wait_for(lambda: self.ready() == 503)
        told = client.get("/api/me")
        self.assertEqual((told.status, told.headers["Content-Type"]), (503, "application/problem+json"))
        for path in ("/healthz", "/", "/history", "/style.css", "/api/openapi.yaml"):  # the same for everybody
            self.assertEqual(client.get(path).status, 200, path)
        self.assertEqual(client.get("/assets/none.js").status, 404)
        self.told("POST", "/proxies/db", {"enabled": True})
        self.wait_for(lambda: self.ready() == 200)
        self.all_done_once(client, first + [self.ask(client, i) for i in range(CHECKS // 2, CHECKS)])

    def test_a_silent_network_is_given_up(self):
        client = self.signed_in(plan="pro")
        first = [self.ask(client, i) for i in range(CHECKS // 2)]
        self.toxic("timeout", timeout=0)  # swallows every answer, closes nothing
        impatient = self.client(timeout=60)
        self.assertEqual(impatient.get("/readyz").status, 503)
        self.heal("timeout")
        self.wait_for(lambda: self.ready() == 200, 60)
        self.all_done_once(client, first + [self.ask(client, i) for i in range(CHECKS // 2, CHECKS)])
