"""TLS, HTTP/2, proxies: real peers (nghttpx terminates TLS and HTTP/2 in front of the fault server; tinyproxy tunnels)."""
import datetime
import ipaddress
import os
import signal
import socket
import subprocess
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cases import KEY, HostedTest
from fault_server import server_context

DAY = datetime.timedelta(days=1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Authority:
    """Makes certificates, and is trusted by SSL_CERT_FILE."""

    def __init__(self, folder):
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.own = self.signed(self.name, self.key, x509.BasicConstraints(True, None))
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.own.public_bytes(serialization.Encoding.PEM))

    def signed(self, subject, key, constraint, names=(), days=(-1, 30), by_itself=False):
        now = datetime.datetime.now(datetime.UTC)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject if by_itself else self.name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now + days[0] * DAY).not_valid_after(now + days[1] * DAY)
                   .add_extension(constraint, True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        return builder.sign(key if by_itself else self.key, hashes.SHA256())

    def certificate(self, label, names=None, **more):
        """The files of a certificate for 127.0.0.1 and localhost, unless `names` says otherwise."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = names or [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        made = self.signed(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, label)]), key, x509.BasicConstraints(False, None), names, **more)
        certificate, private = self.folder / f"{label}.pem", self.folder / f"{label}.key"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return str(certificate), str(private)


class Proxy:
    """Answers the first `refusals` CONNECTs with `answer` (None: with nothing at all, and stays) and tunnels the others to that port."""

    def __init__(self, answer, then, refusals):
        self.answer, self.then, self.refusals, self.heard = answer, then, refusals, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.kept = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        heard = client.recv(65536)
        self.heard += heard
        if not heard.startswith(b"CONNECT "):
            client.close()
            return
        self.refusals -= 1
        if self.refusals < 0:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            there = socket.create_connection(("127.0.0.1", self.then))
            threading.Thread(target=self.pass_on, args=(there, client), daemon=True).start()
            self.pass_on(client, there)
        elif self.answer is None:
            self.kept.append(client)
        else:
            client.sendall(self.answer)
            client.close()

    @staticmethod
    def pass_on(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        for each in (one, other):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        self.listener.close()
        for client in self.kept:
            client.close()


class Transport(HostedTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)

    def started(self, port, *command):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.ended, running)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.fail(f"{command[0]} does not start")

    @staticmethod
    def ended(running):
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(5)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()

    def test_p7_a_certificate_that_is_not_trusted_stops_the_run_before_a_byte(self):
        kinds = {"expired": {"days": (-30, -1)}, "wrong-host": {"names": [x509.DNSName("api.example.org")]}, "self-signed": {"by_itself": True}}
        for label, how in kinds.items():
            with self.subTest(label=label):
                server = self.serve(tls=server_context(*self.authority.certificate(label, **how)))
                done = self.ask(server, SSL_CERT_FILE=str(self.authority.file))
                self.assertEqual(done.returncode, 4, done.stderr)
                self.assertIn("certificate", done.stderr.lower())
                self.assertNotIn(KEY, done.stderr)
                self.assertEqual(server.ledger, [])
                self.assertEqual(self.rows("SELECT count(*) FROM heretix_attempts WHERE outcome IS NOT 'failed'")[0][0], 0)

    def test_a_trusted_certificate_and_one_that_only_we_do_not_know(self):
        server = self.serve(tls=server_context(*self.authority.certificate("good")))
        self.assertEqual(self.asked(server, SSL_CERT_FILE=str(self.authority.file))["usable"], 4)
        self.assert_ledger(server)
        self.assertEqual(self.ask(server, claim="another").returncode, 4)
        self.assertIn("SSL_CERT_FILE", self.ask(server, claim="another").stderr)

    def test_http2_many_questions_share_one_connection(self):
        server = self.serve(latency=0.05)
        certificate, key = self.authority.certificate("good")
        port = free_port()
        log = self.folder / "access.log"
        self.started(port, "nghttpx", "--conf=/dev/null", f"--frontend=127.0.0.1,{port}", f"--backend=127.0.0.1,{server.port}", "--workers=1",
                     "--accesslog-format=$alpn $status", f"--accesslog-file={log}", key, certificate)
        record = self.asked(server, url=f"https://127.0.0.1:{port}", SSL_CERT_FILE=str(self.authority.file), plan={"K": 16, "R": 4})
        self.assertEqual(record["usable"], 64)
        self.assert_ledger(server)
        self.assertEqual(set(log.read_text().split("\n")) - {""}, {"h2 200"})

    def test_http2_a_stream_that_is_reset_may_have_been_billed(self):
        from fault_server import Reply
        server = self.serve(lambda asked, _: Reply(raw=b"", then="reset") if asked.number == 1 else None)
        certificate, key = self.authority.certificate("good")
        port = free_port()
        self.started(port, "nghttpx", "--conf=/dev/null", f"--frontend=127.0.0.1,{port}", f"--backend=127.0.0.1,{server.port}", "--workers=1", key, certificate)
        record = self.asked(server, url=f"https://127.0.0.1:{port}", SSL_CERT_FILE=str(self.authority.file))
        self.assertEqual((record["usable"], record["execution"]["billing_unknown"]), (4, 1))

    def test_https_proxy_is_used_and_sees_no_key(self):
        server = self.serve(tls=server_context(*self.authority.certificate("good")))
        port = free_port()
        conf, log = self.folder / "tinyproxy.conf", self.folder / "tinyproxy.log"
        conf.write_text(f'Port {port}\nListen 127.0.0.1\nLogFile "{log}"\nLogLevel Connect\nConnectPort {server.port}\nMaxClients 100\n')
        self.started(port, "tinyproxy", "-d", "-c", str(conf))
        record = self.asked(server, SSL_CERT_FILE=str(self.authority.file), HTTPS_PROXY=f"http://127.0.0.1:{port}", NO_PROXY="")
        self.assertEqual(record["usable"], 4)
        self.assertIn(f"CONNECT 127.0.0.1:{server.port}", log.read_text())
        self.assertNotIn(KEY, log.read_text())

    def test_a_proxy_that_opens_no_tunnel_has_cost_nothing_and_is_named(self):
        """Whatever it says to CONNECT, and where it says nothing: the provider saw no byte."""
        server = self.serve(tls=server_context(*self.authority.certificate("good")))
        says = {"407": (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n", "CONNECT with 407"),
                "403": (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nRetry-After: 900\r\n\r\n", "CONNECT with 403"),
                "502": (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "CONNECT with 502"),
                "garbage": (b"\x00\x01 no HTTP\r\n\r\n", "the proxy did not open a tunnel"), "closed": (b"", "the proxy did not open a tunnel"),
                "cut": (b"HTTP/1.1 200 Conn", "the proxy did not open a tunnel"), "silent": (None, "the proxy did not open a tunnel")}
        for label, (answer, told) in says.items():
            with self.subTest(label=label):
                proxy = Proxy(answer, then=server.port, refusals=1)
                self.addCleanup(proxy.stop)
                more = {"SSL_CERT_FILE": str(self.authority.file), "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": ""}
                before = len(server.ledger)
                record = self.asked(server, "--concurrency", "1", "--timeout", "2", claim=f"proxy {label}", **more)
                self.assertEqual((record["usable"], record["execution"]["attempts"], record["execution"]["billing_unknown"]), (4, 5, 0))
                self.assertEqual(len(server.ledger) - before, 4)
                failed = self.rows("SELECT * FROM heretix_attempts WHERE outcome = 'failed' ORDER BY rowid DESC LIMIT 1")[0]
                self.assertEqual(failed["billed_micro_usd"], 0)
                self.assertIn(told, failed["error"])
                self.assertNotIn(KEY.encode(), proxy.heard)

    def test_a_proxy_that_never_opens_a_tunnel_ends_the_run_with_its_name(self):
        server = self.serve(tls=server_context(*self.authority.certificate("good")))
        proxy = Proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", then=server.port, refusals=10 ** 6)
        self.addCleanup(proxy.stop)
        done = self.ask(server, SSL_CERT_FILE=str(self.authority.file), HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}", NO_PROXY="")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("it answered CONNECT with 407", done.stderr)
        self.assertEqual(server.ledger, [])
        self.assertEqual(self.rows("SELECT count(*) FROM heretix_attempts WHERE billed_micro_usd IS NOT 0")[0][0], 0)

    def test_a_proxy_that_refuses_by_its_rules(self):
        server = self.serve(tls=server_context(*self.authority.certificate("good")))
        port = free_port()
        conf = self.folder / "tinyproxy.conf"
        conf.write_text(f"Port {port}\nListen 127.0.0.1\nLogLevel Connect\nConnectPort 1\nMaxClients 100\n")
        self.started(port, "tinyproxy", "-d", "-c", str(conf))
        done = self.ask(server, SSL_CERT_FILE=str(self.authority.file), HTTPS_PROXY=f"http://127.0.0.1:{port}", NO_PROXY="")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("it answered CONNECT with 403", done.stderr)
        self.assertEqual(server.ledger, [])
        self.assertEqual(self.rows("SELECT count(*) FROM heretix_attempts WHERE billed_micro_usd IS NOT 0")[0][0], 0)

    def test_plain_http_to_another_machine_would_show_the_key(self):
        for host in ("api.example.org", "127.0.0.1.evil.example", "localhost.evil.example", "127.evil.example", "[::2]", "localhost."):
            done = self.ask(None, url=f"http://{host}")
            self.assertEqual(done.returncode, 2, host)
            self.assertIn("unencrypted", done.stderr)

    def test_an_argument_that_is_not_expected_is_shown_without_its_password(self):
        """CLI11 quotes what it does not understand: a flag of another command, a misspelt one, a value of the wrong type."""
        address = "http://user:sekret@127.0.0.1:9/v1?key=sekret"
        for arguments in (["list", "--base-url", address], ["show", "x", f"--base-url={address}"], ["run", "A claim", f"--baseurl={address}"], ["run", "A claim", "--baseurl", address],
                          ["run", "A claim", "--slots", address], ["models", address], ["run", "A claim", "--base-url", address, "--no-such-flag"]):
            with self.subTest(arguments=arguments[:-1]):
                done = self.heretix(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertNotIn("sekret", done.stdout + done.stderr)

    def test_an_address_that_is_none_is_refused_without_its_password(self):
        for url in ("https://me:s3cret@api.example.org", "https://me:s3@cret@api.example.org", "https://api.example.org?token=s3cret", "ftp://me:s3cret@h",
                    "https://me:s3cret@h:port"):
            done = self.ask(None, url=url)
            self.assertEqual(done.returncode, 2, url)
            self.assertNotIn("s3cret", done.stderr)
            self.assertNotIn("cret@", done.stderr)
        self.assertFalse(os.path.exists(self.folder / "runs"))
