"""What one client or one account may take: connections, requests and event streams behind a trusted proxy; and for which Host names
the server answers at all."""
import contextlib
import http.client
import json
import resource
import selectors
import socket
import subprocess
import time
import unittest

from cases import PROGRAM, Client, EachStore, ServiceTest

FLOODER, SOMEBODY = "203.0.113.7", "198.51.100.4"
OF_A_CLIENT, STREAMS_OF_A_USER, OF_EVERYBODY = 64, 32, 4096  # docs/operations.md


class Load(ServiceTest):
    """The tests' clients come from the loopback, which is the trusted proxy here: X-Forwarded-For says for whom it asks."""

    def setUp(self):
        super().setUp()
        resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        self.serve_anew("--no-worker", HERETIX_TRUSTED_PROXIES="127.0.0.0/8")
        self.held = []
        self.addCleanup(lambda: [one.close() for one in self.held])

    def hold(self, request, timeout=10):
        one = socket.create_connection(("127.0.0.1", self.port), timeout, source_address=(f"127.0.{1 + len(self.held) // 20000}.1", 0))
        one.sendall(request)
        self.held.append(one)
        return one

    def heads(self, sockets, seconds=20):
        """What each of them was answered, as status, headers and what came of the body; None where nothing came in the time."""
        told, end = {}, time.monotonic() + seconds
        with selectors.DefaultSelector() as waiting:
            for one in sockets:
                waiting.register(one, selectors.EVENT_READ)
            while waiting.get_map() and time.monotonic() < end:
                for key, _ in waiting.select(0.5):
                    with contextlib.suppress(ConnectionResetError):
                        said = key.fileobj.recv(65536).decode()
                        head, _, body = said.partition("\r\n\r\n")
                        lines = head.split("\r\n")
                        if lines[0]:
                            told[key.fileobj] = int(lines[0].split()[1]), dict(line.split(": ", 1) for line in lines[1:]), body
                    waiting.unregister(key.fileobj)
        return [told.get(one) for one in sockets]

    def assert_refused(self, told):
        status, headers, body = told
        self.assertEqual((status, headers["Content-Type"], int(headers["Retry-After"]) > 0), (429, "application/problem+json", True))
        self.assertIn("under way", json.loads(body)["detail"])

    def assert_served(self, forwarded, seconds=2):
        started = time.monotonic()
        self.assertEqual(self.client().get("/healthz", headers={"X-Forwarded-For": forwarded}).status, 200)
        self.assertLess(time.monotonic() - started, seconds)

    def stream(self, identifier, cookies, forwarded):
        cookie = "; ".join(f"{k}={v}" for k, v in cookies.items())
        return self.hold(f"GET /api/checks/{identifier}/events HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {forwarded}\r\nCookie: {cookie}\r\n\r\n".encode())

    def unfinished(self, forwarded, cookie=""):
        """A request whose body does not come: under way until its deadline of 10 s."""
        return self.hold(f"POST /api/quotes HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {forwarded}\r\nCookie: {cookie}\r\n"
                         "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n".encode())

    def test_one_client_behind_a_proxy_has_64_of_4096_streams(self):
        visitor = self.client()
        identifier = self.check(visitor, "Snow is white")["id"]
        sockets = [self.stream(identifier, visitor.cookies, FLOODER) for _ in range(3000)]
        told = self.heads(sockets)
        self.assertEqual(sorted(t[0] for t in told), [200] * OF_A_CLIENT + [429] * (3000 - OF_A_CLIENT))
        for one in told:
            if one[0] != 200:
                self.assert_refused(one)
        self.assert_served(SOMEBODY)
        self.assertEqual(self.heads([self.stream(identifier, visitor.cookies, SOMEBODY)])[0][0], 200)

        for one, answer in zip(sockets, told, strict=True):  # a place is free again once its stream has ended
            if answer[0] == 200:
                one.close()
                break
        self.wait_for(lambda: self.heads([self.stream(identifier, visitor.cookies, FLOODER)])[0][0] == 200)

    def test_one_client_behind_a_proxy_has_64_requests_under_way(self):
        told = self.heads([self.unfinished(FLOODER) for _ in range(300)], seconds=5)
        refused = [t for t in told if t is not None]
        self.assertEqual(len(refused), 300 - OF_A_CLIENT)
        for one in refused:
            self.assert_refused(one)
        self.assert_served(SOMEBODY)
        self.assertEqual(self.client().get("/readyz", headers={"X-Forwarded-For": FLOODER}).status, 429)
        self.assertEqual(self.client().get("/readyz", headers={"X-Forwarded-For": SOMEBODY}).status, 200)
        self.assert_served(FLOODER)  # it takes nothing, so nobody is counted for it
        # Once their deadline is over, the client has its places back.
        self.wait_for(lambda: self.client().get("/readyz", headers={"X-Forwarded-For": FLOODER}).status == 200, 20)

    def test_an_ipv6_client_is_its_64(self):
        told = self.heads([self.unfinished(f"2001:db8:1:2::{i:x}") for i in range(1, 101)], seconds=3)
        self.assertEqual(len([t for t in told if t is not None]), 100 - OF_A_CLIENT)
        self.assert_served("2001:db8:1:3::1")

    def test_connections_that_ask_for_nothing_make_room(self):
        """A proxy holds more connections than there may be, without a request, or with half of one."""
        for i in range(OF_EVERYBODY + 100):
            self.hold(b"" if i % 2 else b"GET /healthz HTTP/1.1\r\nHost: loc")
        for _ in range(20):
            self.assert_served(SOMEBODY)

    def test_an_account_has_32_streams_and_64_requests_from_everywhere_together(self):
        user = self.signed_in(plan="pro")
        identifier = self.check(user, "Snow is white")["id"]
        sockets = [self.stream(identifier, user.cookies, f"203.0.{i}.1") for i in range(60)]
        told = self.heads(sockets)
        self.assertEqual(sorted(t[0] for t in told), [200] * STREAMS_OF_A_USER + [429] * (60 - STREAMS_OF_A_USER))
        for one in told:
            if one[0] == 429:
                self.assert_refused(one)

        cookie = f"heretix={user.cookies['heretix']}"
        told = self.heads([self.unfinished(f"203.1.{i}.1", cookie) for i in range(100)], seconds=3)
        refused = [t for t in told if t is not None]
        self.assertEqual(len(refused), 100 - OF_A_CLIENT)
        self.assert_refused(refused[0])
        other = self.signed_in("grace@example.org")
        self.assertEqual(other.get("/api/me", headers={"X-Forwarded-For": SOMEBODY}).status, 200)

    def test_a_client_without_a_proxy_is_told_when_it_has_too_many_connections(self):
        self.serve_anew("--no-worker")
        sockets = [socket.create_connection(("127.0.0.1", self.port), 5, source_address=("127.0.2.1", 0)) for _ in range(70)]
        self.held += sockets
        told = [t for t in self.heads(sockets, seconds=2) if t is not None]
        self.assertEqual([(status, headers["Retry-After"]) for status, headers, _ in told], [(429, "5")] * 6)
        self.assert_served("127.0.0.1")


class KnownHosts(ServiceTest):
    def asked(self, host, path="/healthz", port=None, version=11):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=10)
        connection._http_vsn, connection._http_vsn_str = version, f"HTTP/1.{version % 10}"
        self.addCleanup(connection.close)
        connection.putrequest("GET", path, skip_host=True)
        if host is not None:
            connection.putheader("Host", host)
        connection.endheaders()
        answer = connection.getresponse()
        return answer, answer.read()

    def assert_misdirected(self, host, **more):
        answer, body = self.asked(host, **more)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (421, "application/problem+json"), host)
        problem = json.loads(body)
        self.assertEqual((problem["status"], problem["title"]), (421, "Misdirected Request"))
        self.assertIn("HERETIX_HOSTS", problem["detail"])

    def test_only_known_hosts_are_answered(self):
        metrics = {"port": self.process.metrics_port, "path": "/metrics"}
        for host in ("localhost", f"LOCALHOST:{self.port}", "127.0.0.1:1", "127.9.9.9", "[::1]:8080", "[0:0::1]"):
            self.assertEqual(self.asked(host)[0].status, 200, host)
            self.assertEqual(self.asked(host, **metrics)[0].status, 200, host)
        for host in ("", "evil.example", f"evil.example:{self.port}", "127.0.0.1.evil.example", "localhost.evil.example", "localhost@evil.example",
                     "evil.example@localhost", "evil.example#@localhost", "evil.example/localhost", "localhost.", "localhost, evil.example", "10.0.0.5", "[::2]",
                     "heretix.example", "b\u00fccher.example".encode().decode("latin-1")):
            self.assert_misdirected(host)
            self.assert_misdirected(host, **metrics)
        for path in ("/", "/api/start", "/api/checks", "/nothing"):
            self.assert_misdirected("evil.example", path=path)

    def test_the_public_origin_and_further_names_are_known(self):
        self.serve_anew(HERETIX_ORIGIN="https://Heretix.Example:443/", HERETIX_HOSTS="heretix.internal, 10.0.0.5")
        metrics = {"port": self.process.metrics_port, "path": "/metrics"}
        for host in ("heretix.example", "HERETIX.EXAMPLE:443", "heretix.internal:8080", "10.0.0.5", "localhost"):
            self.assertEqual(self.asked(host)[0].status, 200, host)
            self.assertEqual(self.asked(host, **metrics)[0].status, 200, host)
        self.assert_misdirected("heretix.example.evil.example")
        client = self.client()
        told = client.post("/api/quotes", {"claim": "x", "model": "play"}, headers={"Origin": "https://heretix.example", "Sec-Fetch-Site": "same-origin"})
        self.assertEqual(told.status, 200)  # HERETIX_ORIGIN may be spelled otherwise than browsers do
        self.assertEqual(client.post("/api/quotes", {"claim": "x", "model": "play"}, headers={"Origin": "https://heretix.example.evil.example"}).status, 403)

    def test_a_server_on_every_address_knows_the_one_that_was_connected_to(self):
        self.serve_anew("--host", "0.0.0.0")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:  # nothing is sent
            probe.connect(("192.0.2.1", 9))
            own = probe.getsockname()[0]
        client = Client(self.port, host=own)
        self.addCleanup(client.close)
        self.assertEqual(client.get("/healthz").status, 200)
        self.assert_misdirected("192.0.2.1")
        self.assert_misdirected("evil.example")

    def test_http_1_0_may_leave_the_host_out(self):
        self.assertEqual(self.asked(None, version=10)[0].status, 200)
        self.assertEqual(self.asked(None)[0].status, 400)
        self.assert_misdirected("evil.example", version=10)

    def test_bad_settings_are_told_at_the_start(self):
        for name, value, says in (("HERETIX_ORIGIN", "https://user:s3cret@heretix.example", "HERETIX_ORIGIN"), ("HERETIX_ORIGIN", "heretix.example", "HERETIX_ORIGIN"),
                                  ("HERETIX_ORIGIN", "https://heretix.example/x", "HERETIX_ORIGIN"), ("HERETIX_HOSTS", "heretix.internal:80", "heretix.internal:80"),
                                  ("HERETIX_STRIPE_URL", "http://127.0.0.1.evil.example", "unencrypted"), ("HERETIX_SMTP_URL", "smtp://u:s3cret@", "SMTP"),
                                  ("HERETIX_POSTMARK_URL", "http://localhost.evil.example/email", "unencrypted")):
            more = {"HERETIX_STRIPE_KEY": "sk_test", "HERETIX_STRIPE_WEBHOOK_SECRET": "whsec", "HERETIX_STRIPE_PRICES": "starter=price_1",
                    "HERETIX_POSTMARK_TOKEN": "token", name: value}
            done = self.run_program("serve", "--port", "0", "--metrics-port", "0", **more)
            self.assertEqual(done.returncode, 2, (name, value, done.stderr))
            self.assertIn(says, done.stderr)
            self.assertNotIn("s3cret", done.stderr)

    def run_program(self, *arguments, **environment):
        return subprocess.run([PROGRAM, *arguments], cwd=self.folder, env=self.environment(**environment), capture_output=True, text=True, timeout=60)


class Links(EachStore):
    """Nobody can use up somebody else's sign-in mails."""

    def setUp(self):
        super().setUp()
        self.serve_anew(HERETIX_TRUSTED_PROXIES="127.0.0.0/8")

    def ask(self, forwarded, address="ada@example.org"):
        answer = self.client().post("/api/auth/magic-links", {"email": address}, headers={"X-Forwarded-For": forwarded})
        self.assertEqual(answer.status, 202)
        return answer.body

    def jobs(self):
        return self.rows("SELECT count(*) FROM jobs WHERE kind = 'mail.link'")[0][0]

    def gets_mail(self, forwarded):
        before = self.jobs()
        self.ask(forwarded)
        return self.jobs() > before

    def test_requests_by_a_flooder_do_not_stop_the_owner(self):
        told = {self.ask(FLOODER) for _ in range(8)}
        self.assertEqual(self.jobs(), 3)
        self.assertFalse(self.gets_mail(FLOODER))
        self.assertTrue(self.gets_mail("203.0.113.8"))  # another client of its network still has some
        self.assertTrue(self.gets_mail(SOMEBODY))
        told.add(self.ask(SOMEBODY))
        self.assertEqual(len(told), 1)
        self.wait_for(lambda: len(self.mails()) == 6)

    def test_a_flood_from_many_networks_is_bounded_and_leaves_the_owner_a_link(self):
        for i in range(30):
            for _ in range(3):
                self.ask(f"203.0.{i}.1")
        self.assertLessEqual(self.jobs(), 20 + 30)
        self.assertTrue(self.gets_mail(SOMEBODY))
        self.assertFalse(self.gets_mail(SOMEBODY))  # one an hour, while the flood lasts

        client = self.client()
        used = client.request("POST", self.link("ada@example.org"), headers={"X-Forwarded-For": "192.0.2.9"})
        self.assertEqual(used.status, 303)
        self.assertEqual([self.gets_mail("192.0.2.9") for _ in range(4)], [True, True, True, False])

    def test_an_ipv6_network_is_one_flooder(self):
        self.assertEqual([self.gets_mail(f"2001:db8:1:2{i:02x}::1") for i in range(8)], [True] * 6 + [False] * 2)
        self.assertTrue(self.gets_mail("2001:db8:1:300::1"))


if __name__ == "__main__":
    unittest.main()
