"""What comes over the wire and should not: limits, floods, smuggling, other sites' pages, hostile texts."""
import resource
import signal
import socket
import threading
import time
import unittest
from urllib.parse import quote

from cases import Client, ServiceTest, events_of

HOST = b"Host: localhost\r\n"
OK = b"GET /healthz HTTP/1.1\r\n" + HOST

# Each is refused with a status of its own and the connection closed, so that nothing behind it is read as a request.
SMUGGLING = [
    b"POST / HTTP/1.1\r\n" + HOST + headers + b"\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" for headers in (
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: chunked, identity\r\n", b"Transfer-Encoding: identity, chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n", b"Transfer-Encoding: \"chunked\"\r\n", b"Transfer-Encoding: 'chunked'\r\n", b"Transfer-Encoding:\r\n",
        b"Transfer-Encoding: ,chunked\r\n", b"Transfer-Encoding: chunked;q=1\r\n", b"Transfer-Encoding: chunk\r\n", b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding\t: chunked\r\n", b" Transfer-Encoding: chunked\r\n", b"Transfer-Encoding\r\n: chunked\r\n",
        b"X: y\r\n Transfer-Encoding: chunked\r\n", b"X: y\r\n\tTransfer-Encoding: chunked\r\n", b"Transfer-Encoding:\r\n chunked\r\n",
        b"X: y\nTransfer-Encoding: chunked\r\n", b"X: y\rTransfer-Encoding: chunked\r\n", b"X: y\x00Transfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: 5\r\nContent-Length: 5\r\n", b"Content-Length: 5, 5\r\n", b"Content-Length: 5,6\r\n",
        b"Content-Length: +5\r\n", b"Content-Length: -5\r\n", b"Content-Length: 0x5\r\n", b"Content-Length: 5 5\r\n", b"Content-Length: 5a\r\n",
        b"Content-Length: \r\n", b"Content-Length: 5.0\r\n", b"Content-Length: 1e1\r\n", b"Content-Length: \"5\"\r\n", b"Content-Length : 5\r\n",
        b"Content-Length:\x0b5\r\n", b"Content-Length: 99999999999999999999\r\n", b"Content-Length: 18446744073709551621\r\n", b" Content-Length: 5\r\n",
        b"Content-Length: \xef\xbc\x95\r\n", b"Host: y\r\n", b"host: localhost\r\n", b": y\r\n", b"X y\r\n", b"X(: y\r\n", b"X\x80: y\r\n", b"X: \x7f\r\n", b"X: \x08\r\n",
        b"Content-Type: a\r\nContent-Type: b\r\n")
] + [line + b"\r\n" + HOST + b"\r\n" for line in (
    b"GET  /healthz HTTP/1.1", b"GET /healthz  HTTP/1.1", b"GET\t/healthz\tHTTP/1.1", b"GET /healthz HTTP/1.1 x", b"GET /healthz", b"GET /healthz HTTP/2.0",
    b"GET /healthz HTTP/0.9", b"GET /healthz http/1.1", b"GET /healthz HTTP/1.10", b"GET /healthz XTTP/1.1", b"G@T /healthz HTTP/1.1", b"GET healthz HTTP/1.1",
    b"GET http://x/healthz HTTP/1.1", b"GET * HTTP/1.1", b"GET /a\x00b HTTP/1.1", b"GET /a\x7fb HTTP/1.1", b"GET /\xc3\xa9 HTTP/1.1", b"GET /a#b HTTP/1.1",
    b"GET /a\"b HTTP/1.1", b"GET /<script> HTTP/1.1")
] + [b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\n" + HOST + b"\n\r\n\r\n",
     b"POST /api/quotes HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"] + [
    b"POST /api/quotes HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + body for body in (
        b"x\r\n\r\n", b"-1\r\na\r\n0\r\n\r\n", b"1;\x00\r\na\r\n0\r\n\r\n", b"1\na\n0\n\n", b"fffffffffffffffff\r\na\r\n0\r\n\r\n", b"1\r\nab\r\n0\r\n\r\n", b"0x1\r\na\r\n0\r\n\r\n")]

ELSEWHERE = ["https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/%2fevil.example", "%2f%2fevil.example",
             "http:evil.example", "https:/evil.example", "javascript:alert(1)", "data:text/html,x", "/history/../..//evil.example", "/ /evil.example",
             "/\t/evil.example", "/\n/evil.example", "\r\nLocation: https://evil.example", "/history\r\nSet-Cookie: a=b", "/@evil.example", "/.evil.example",
             "evil.example", "/history?next=//evil.example", "/history#//evil.example", "/History", "/history/", " /history", "/history ", "//", "/./history",
             "/%09/evil.example", "/%0a/evil.example", "/%5cevil.example", "https://127.0.0.1@evil.example", "https://evil.example/history",
             "ftp://evil.example", "file:///etc/passwd", "vbscript:x", "JaVaScRiPt:x", "about:blank", "blob:x", "/%00", "/\0", "/history;//evil.example",
             "/?//evil.example", "?next=https://evil.example", "#", "..", "../", "/..", "/../evil", "mailto:a@b", "tel:1", "//[::1]/", "///", "////evil.example",
             "/\u2028/evil.example", "/\uff0fevil.example", "\u3002evil", "/\u202eevil", "https:\\\\evil.example", "/api/me", "/sign-in/x", "/admin"]

MAIL = ["a@b.c\r\nBcc: x@y.z", "a@b.c\nBcc: x@y.z", "a@b.c\rx", "a@b.c%0d%0aBcc: x", "a@b.c,x@y.z", "a@b.c;x@y.z", "a@b.c x@y.z", "<a@b.c>", "A <a@b.c>",
        "\"a\"@b.c", "a@b@c", "@b.c", "a@", "a", "", " ", "a@b.c\0", "a@b.c\t", "-a@b.c", "a(x)@b.c", "a@[127.0.0.1]", "a\\@b.c", "a:b@c.d", "a@b.c\u2028x",
        "\u00e9@b.c", "a@\u00e9.c", "a@b.c\u0085", "a@b.c\x0b", "a@b.c\x0c", "a@b.c\x1b", "a@b.c\x7f", "a" * 65 + "@b.c", "a@" + "b" * 260, "a b@c.d", "a@b .c",
        "a@b.c\r\n\r\nbody", "a@b.c\r\nTo: x@y.z", "a@b.c\nSubject: x", "to:a@b.c", "a@b.c>", "<a@b.c", "a@b.c,", ",a@b.c", "a@b.c;", "[a@b.c]", "a@b.c)", "(a@b.c",
        "a@b.c\\", "\"a@b.c", "a@b.c\"", "a@b.c:25", "\r\na@b.c", "\na@b.c", "\x00a@b.c", "a\r\n@b.c", "a@\r\nb.c", "a@b.\nc", "RCPT TO:<x@y.z>", "a@b.c\r\nDATA",
        "a@b.c\r\n.\r\n", "a@b.c\u000d\u000ax", "\ufeffa@b.c", "a\u200b@b.c"]

SCRIPTS = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "'><b>", "</title><script>x</script>", "<iframe src=x>",
           "javascript:alert(1)", "<a href=javascript:x>", "<style>@import'x'</style>", "<!--", "-->", "<![CDATA[x]]>", "&lt;script&gt;", "&#60;script&#62;",
           "<body onload=x>", "<math><mi//xlink:href=\"data:x,<script>\">", "<details open ontoggle=x>", "<input autofocus onfocus=x>", "<object data=x>",
           "<embed src=x>", "<form action=x>", "<base href=//evil>", "<link rel=stylesheet href=x>", "<meta http-equiv=refresh content=0>", "\u003cscript\u003e",
           "\\u003cscript\\u003e", "{{7*7}}", "${7*7}", "<%= 7*7 %>", "<scr\0ipt>", "<SCRIPT>", "<script\n>", "</script>", "]]>", "=cmd|' /C calc'!A0", "+1+1=2", "@SUM(1)",
           "-1+1=0", "\t=1", "<script src=//evil></script>", "\u202e<script>", "<svg/onload=x>"]


class Wire(ServiceTest):
    def status(self, said):
        return int(said.split(b" ")[1]) if said.startswith(b"HTTP/1.1 ") else None

    def test_every_smuggled_request_is_refused_and_the_connection_closed(self):
        self.assertGreaterEqual(len(SMUGGLING), 60)
        for data in SMUGGLING:
            with self.subTest(data):
                said = self.talk(data, timeout=12)
                self.assertIn(self.status(said), (400, 408, 413, 501, 505), said[:200])  # 408: it never ends for us
                self.assertEqual(said.count(b"HTTP/1.1 "), 1)
                self.assertIn(b"Connection: close", said)
                self.assertIn(b"Content-Security-Policy", said)

    def test_what_is_well_formed_is_answered(self):
        two = OK + b"\r\n" + OK + b"Connection: close\r\n\r\n"
        self.assertEqual(self.talk(two).count(b"HTTP/1.1 200 OK"), 2)
        self.assertEqual(self.status(self.talk(b"GET /healthz HTTP/1.0\r\n\r\n")), 200)
        self.assertEqual(self.status(self.talk(b"\r\n" + OK + b"Connection: close\r\n\r\n")), 200)
        body = b'{"claim": "x", "model": "play"}'
        chunked = b"".join(b"%x\r\n%c\r\n" % (1, c) for c in body) + b"0\r\n\r\n"
        head = b"POST /api/quotes HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nConnection: close\r\n"
        self.assertEqual(self.status(self.talk(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked)), 200)
        self.assertEqual(self.status(self.talk(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)), 200)
        waited = self.talk(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.assertEqual(self.status(waited), 200)
        said = self.talk(b"HEAD / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        self.assertEqual((self.status(said), said.split(b"\r\n\r\n", 1)[1]), (200, b""))

    def test_sizes_have_limits_with_a_status_each(self):
        def with_body(n):
            return b"POST /api/quotes HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % n + b" " * n
        many = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 100) for i in range(200))
        for data, status in ((b"GET /" + b"a" * 8191 + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 404),
                             (b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414), (b"GET /" + b"a" * 200_000, 414),
                             (OK + many + b"\r\n", 431), (OK + b"X: " + b"y" * 17_000 + b"\r\n\r\n", 431), (OK + b"X: " + b"y" * 200_000, 431),
                             (with_body(65_537), 413), (with_body(65_536).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1), 400),
                             (b"POST /api/quotes HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + b"8000\r\n" * 1 + b"x" * 0x8000 + b"\r\n10000\r\n"
                              + b"x" * 0x10000 + b"\r\n0\r\n\r\n", 413)):
            with self.subTest(data[:40], status=status):
                self.assertEqual(self.status(self.talk(data)), status)

    def test_slow_clients_are_cut_off_and_others_served(self):
        sockets = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        for i in range(2000):  # of forty addresses: each may have 64
            slow = socket.create_connection(("127.0.0.1", self.port), 5, source_address=(f"127.0.1.{i % 40}", 0))
            slow.sendall(b"GET /healthz HTTP/1.1\r\nX-")
            sockets.append(slow)
        started = time.monotonic()
        self.assertEqual(self.client().get("/healthz").status, 200)
        self.assertLess(time.monotonic() - started, 1)
        said = []
        for slow in sockets:
            slow.settimeout(10)
            said.append(slow.recv(4096).split(b"\r\n")[0])
            slow.close()
        self.assertEqual(set(said), {b"HTTP/1.1 408 Request Timeout"})
        self.assertLess(time.monotonic() - started, 9)

    def test_an_address_has_64_connections(self):
        sockets = [socket.create_connection(("127.0.0.1", self.port), 5, source_address=("127.0.2.1", 0)) for _ in range(70)]
        time.sleep(0.5)  # all of them were accepted or refused
        alive = 0
        for one in sockets:
            try:
                one.sendall(OK + b"\r\n")
                one.settimeout(3)
                alive += one.recv(100).startswith(b"HTTP/1.1 200")
            except (ConnectionResetError, BrokenPipeError):
                pass
            one.close()
        self.assertEqual(alive, 64)
        self.assertEqual(self.client().get("/healthz").status, 200)

    def test_a_flood_of_heads_leaves_it_serving(self):
        def flood(i):
            for _ in range(20):
                self.talk(b"GET /" + bytes([97 + i]) * 3000 + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n" + b"A: b\r\n" * 300 + b"\r\n", timeout=3)
        threads = [threading.Thread(target=flood, args=(i,)) for i in range(16)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            self.assertEqual(self.client().get("/healthz").status, 200)
        for thread in threads:
            thread.join()

    def test_sign_in_leads_nowhere_else(self):
        self.assertGreaterEqual(len(ELSEWHERE), 60)
        client = self.client()
        for target in ELSEWHERE:
            with self.subTest(target):
                client.cookies.clear()
                link = self.link("ada@example.org")
                page = client.get(f"{link}?next={quote(target, safe='')}")
                self.assertNotIn(b"evil", page.body)
                used = client.request("POST", f"{link}?next={quote(target, safe='')}")
                self.assertEqual((used.status, used.headers["Location"]), (303, "/"))

    def test_no_address_reaches_into_a_mail(self):
        self.assertGreaterEqual(len(MAIL), 60)
        client = self.client()
        for address in MAIL:
            with self.subTest(address):
                self.assertEqual(client.post("/api/auth/magic-links", {"email": address}).status, 202 if address.strip(" \t") == "a@b.c" else 422)
        self.wait_for(lambda: self.rows("SELECT count(*) FROM jobs WHERE kind = 'mail.link' AND state <> 'done'") == [(0,)])
        self.assertEqual({to for to, _ in self.mails()}, {"a@b.c"})

    def test_other_sites_pages_change_nothing(self):
        client = self.signed_in()
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                        {"Origin": f"http://127.0.0.1:{self.port + 1}"}, {"Origin": f"https://127.0.0.1:{self.port}"}):
            for method, path, body in (("POST", "/api/checks", {"claim": "x", "model": "play"}), ("POST", "/api/auth/sign-out", {}), ("DELETE", "/api/me", {})):
                self.assertEqual(client.request(method, path, body, headers=headers).status, 403, (headers, path))
        link = self.link("grace@example.org")
        self.assertEqual(self.client().request("POST", link, headers={"Origin": "https://evil.example"}).status, 403)
        self.assertEqual(client.post("/api/quotes", {"claim": "x", "model": "play"}, headers={"Origin": f"http://127.0.0.1:{self.port}", "Sec-Fetch-Site": "same-origin"}).status, 200)
        own_form = self.client().request("POST", self.link("grace@example.org"), headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"})
        self.assertEqual(own_form.status, 303)  # what a browser sends under no-referrer

    def test_hostile_texts_stay_text(self):
        self.assertGreaterEqual(len(SCRIPTS), 40)
        client = self.signed_in(plan="pro")
        for text in SCRIPTS:
            if "\0" in text:
                self.assertEqual(client.post("/api/checks", {"claim": text, "model": "play"}).status, 422)
                continue
            made = self.check(client, text, depth="quick")
            told = client.get(f"/api/checks/{made['id']}")
            self.assertEqual((told.headers["Content-Type"], told.json()["claim"]), ("application/json", text))
            self.assertEqual(told.headers["X-Content-Type-Options"], "nosniff")
            model = client.post("/api/checks", {"claim": "x", "model": text})
            self.assertEqual((model.status, model.headers["Content-Type"]), (422, "application/problem+json"))

    def test_bodies_are_closed_and_strict(self):
        client = self.signed_in()
        ok = {"claim": "x", "model": "play"}
        for body, status in (({**ok, "more": 1}, 422), ({**ok, "K": 4}, 422), ({**ok, "depth": "custom", "K": "4"}, 422), ({**ok, "depth": "custom", "K": 0}, 422),
                             ({**ok, "depth": "x"}, 422), ({**ok, "seed": -1}, 422), ({**ok, "seed": 2**64}, 422), ({**ok, "fresh": 1}, 422), ({**ok, "claim": ""}, 422),
                             ({**ok, "claim": 1}, 422), ({"model": "play"}, 422), ({**ok, "readout": "token"}, 422), ({**ok, "claim": "x" * 17_000}, 422), ([], 400), ("x", 400)):
            with self.subTest(body=str(body)[:80]):
                self.assertEqual(client.post("/api/checks", body).status, status)
        for raw in ("{", "", '{"claim": "a", "claim": "b"}', '{"claim": "\\ud800"}', b'{"claim": "\xff"}', "[" * 1000, '{"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}}'):
            told = client.request("POST", "/api/checks", raw=raw, headers={"Content-Type": "application/json"})
            self.assertIn(told.status, (400, 422), raw)
        self.assertEqual(client.request("POST", "/api/checks", raw="{}", headers={"Content-Type": "text/plain"}).status, 415)
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 0)

    def test_every_response_carries_its_headers(self):
        for method, path in (("GET", "/"), ("GET", "/nothing"), ("POST", "/healthz"), ("GET", "/api/me"), ("GET", "/sign-in/x"), ("GET", "/healthz")):
            told = self.client().request(method, path, headers={"Content-Length": "0"} if method == "POST" else {})
            for name, part in (("Content-Security-Policy", "script-src 'self'"), ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer")):
                self.assertIn(part, told.headers[name], path)
            self.assertNotIn("unsafe", told.headers["Content-Security-Policy"])
            self.assertIsNone(told.headers["Strict-Transport-Security"])
        self.assertEqual(self.client().request("POST", "/healthz").headers["Allow"], "GET, HEAD")
        self.serve_anew(HERETIX_ORIGIN="https://heretix.example")
        self.assertIn("max-age", self.client().get("/").headers["Strict-Transport-Security"])
        link = self.link("ada@example.org")
        cookie = self.client().request("POST", link).headers["Set-Cookie"]
        self.assertRegex(cookie, r"^__Host-heretix=[\w-]{43}; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax; Path=/$")

    def test_a_proxy_is_believed_only_where_it_is_trusted(self):
        def networks():
            return len(set(self.rows("SELECT subject FROM rate_events WHERE scope = 'link.network'")))
        for i in range(3):
            self.client().post("/api/auth/magic-links", {"email": f"u{i}@example.org"}, headers={"X-Forwarded-For": f"192.0.{i}.1"})
        self.assertEqual(networks(), 1)
        self.serve_anew(HERETIX_TRUSTED_PROXIES="127.0.0.0/8, 10.0.0.0/8")
        for i in range(3):
            self.client().post("/api/auth/magic-links", {"email": f"v{i}@example.org"}, headers={"X-Forwarded-For": f"203.0.113.9, 192.0.{i}.1, 10.1.1.1"})
        self.assertEqual(networks(), 4)

    def test_it_drains(self):
        self.serve_slowly(400)
        client = self.signed_in(plan="pro")
        made = self.check(client, "Snow is white")
        stream = []
        thread = threading.Thread(target=lambda: stream.extend(events_of(self.port, made["id"], client.cookies)))
        thread.start()
        self.wait_for(lambda: client.get(f"/api/checks/{made['id']}").json()["state"] == "running")
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.wait_for(lambda: client.get("/readyz").status == 503, 2)
        self.assertEqual(client.get(f"/api/checks/{made['id']}").status, 200)
        self.process.wait(30)
        self.assertEqual(self.process.returncode, 0)
        self.assertGreater(time.monotonic() - started, 2.9)
        thread.join(5)
        self.assertGreater(len(stream), 2)
        self.assertEqual(self.rows("SELECT state FROM jobs WHERE kind = 'check'"), [("queued",)])  # handed back, not lost

    def test_metrics_have_a_fixed_set_of_labels(self):
        for i in range(30):
            Client(self.port).request("GET", f"/nothing/{i}")
            self.talk(b"BREW%d / HTTP/1.1\r\n" % i + HOST + b"Connection: close\r\n\r\n")
        text = Client(self.process.metrics_port).get("/metrics").body.decode()
        self.assertEqual(text.count('heretix_http_requests_total{method="GET",route="other"'), 1)
        self.assertNotIn("BREW", text)
        self.assertIn('method="other",route="other"', text)
        self.assertEqual(Client(self.process.metrics_port).get("/x").status, 404)
        self.assertEqual(self.client().get("/metrics").status, 404)


if __name__ == "__main__":
    unittest.main()
