"""TLS, HTTP/2, proxies: real peers (nghttpx terminates TLS and HTTP/2 in front of the fault server; tinyproxy tunnels)."""
import datetime
import ipaddress
import os
import signal
import socket
import subprocess
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
        now = datetime.datetime.now(datetime.timezone.utc)
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

    def test_plain_http_to_another_machine_would_show_the_key(self):
        done = self.ask(None, url="http://api.example.org")
        self.assertEqual(done.returncode, 2)
        self.assertIn("unencrypted", done.stderr)
        self.assertFalse(os.path.exists(self.folder / "runs"))
