"""heretix drift: silent while nothing changes, an alarm when it does, and everybody is told once."""
import email
import http.server
import json
import os
import random
import socket
import sqlite3
import ssl
import subprocess
import threading
import unittest

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from heretix import ProgramTest

CLAIMS = ["Snow is white", "Grass is green"]


class Inbox:
    """What an SMTP server got, and what it answers."""

    def __init__(self):
        self.mails, self.refuse = [], None

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 taken"


class Drift(ProgramTest):
    def setUp(self):
        super().setUp()
        (self.folder / "watch.csv").write_text("claim\n" + "\n".join(CLAIMS) + "\n")
        self.noise = random.Random(7)

    def model(self, shift=0.0, name="m", failing=None):
        """A model whose answers vary: from command to command, and within one by the number of the question."""
        rules = [{"every": n, "prob_true": round(0.5 + shift + self.noise.gauss(0, 0.05), 3)} for n in (3, 5, 7, 11)] + [
            {"paraphrase_idx": i, "prob_true": round(0.5 + shift + self.noise.gauss(0, 0.02), 3)} for i in range(16)]
        return self.script(model=name, rules=([failing] if failing else []) + rules)

    def drift(self, *arguments, shift=0.0, **more):
        done = self.heretix("drift", "check", "watch.csv", "--model", self.model(shift), "--json", *arguments, **more)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        state = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if state["alarm"] == "none" else 1)
        return state, done.stderr

    def watching(self):
        self.ok("drift", "baseline", "watch.csv", "--model", self.model(), "-q")
        return self.json("drift", "show", "watch.csv")

    def smtp(self, **options):
        inbox = Inbox()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        controller = Controller(inbox, hostname="127.0.0.1", port=port, **options)
        controller.start()
        self.addCleanup(controller.stop)
        return inbox, port

    MAIL = ("--mail-to", "a@example.org", "--mail-to", "b@example.org", "--mail-from", "heretix@example.org")

    def until_alarm(self, *arguments, **more):
        for number in range(1, 30):
            state, told = self.drift(*arguments, shift=0.2, **more)
            if state["alarm"] != "none":
                return number, state, told
        self.fail("no alarm in 30 checks")

    def test_a_baseline_is_measured_afresh_and_completed(self):
        state = self.watching()
        self.assertTrue(state["watching"])
        self.assertEqual([s["baseline_runs"] for s in state["sentinels"]], [10, 10])
        self.assertEqual(self.database().execute("SELECT count(*) FROM heretix_answers").fetchone()[0], 2 * 10 * 16)
        self.ok("drift", "baseline", "watch.csv", "--model", self.model(), "-q")
        self.assertEqual(self.database().execute("SELECT count(*) FROM heretix_drift_measurements").fetchone()[0], 20, "it was whole already")

    def test_a_shift_is_an_alarm_and_is_told_once(self):
        self.watching()
        inbox, port = self.smtp()
        seen = []

        class Hook(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        told = ("--webhook", f"http://127.0.0.1:{server.server_address[1]}/x", *self.MAIL)
        number, state, _ = self.until_alarm(*told, HERETIX_SMTP_URL=f"smtp://127.0.0.1:{port}")
        self.assertLess(number, 12)
        self.assertEqual((state["alarm"], state["new"]), ("drift", True))
        self.assertTrue(any(s["named"] for s in state["sentinels"]))
        self.assertEqual([s["format"] for s in seen], ["heretix_drift"])
        sender, to, content = inbox.mails[0]
        self.assertEqual((sender, to), ("heretix@example.org", ["a@example.org", "b@example.org"]))
        mail = email.message_from_bytes(content)
        self.assertEqual(mail["Subject"], "Heretix: (mock) drift in watch watch")
        self.assertIn("ALARM: the beliefs have drifted", mail.get_payload(decode=True).decode())
        again, _ = self.drift(*told, shift=0.2, HERETIX_SMTP_URL=f"smtp://127.0.0.1:{port}")
        self.assertEqual((again["alarm"], again["new"], len(inbox.mails), len(seen)), ("drift", False, 1, 1))
        self.assertEqual(self.heretix("drift", "show", "watch.csv", "-o", "d.html").returncode, 1)
        self.assertIn("<svg", (self.folder / "d.html").read_text())

    def test_nothing_changed_is_no_alarm(self):
        self.watching()
        for _ in range(8):
            self.assertEqual(self.drift()[0]["alarm"], "none")

    def test_a_changed_model_id_is_an_alarm_of_its_own(self):
        self.watching()
        database = sqlite3.connect(self.folder / self.usual_store())
        self.drift()
        newest = database.execute("SELECT execution_id FROM heretix_drift_measurements WHERE is_baseline = 0 LIMIT 1").fetchone()[0]
        text = json.loads(database.execute("SELECT record_json FROM heretix_executions WHERE execution_id = ?", (newest,)).fetchone()[0])
        text["execution"]["answered_by"] = {"m-2026-12": 16}
        database.execute("UPDATE heretix_executions SET record_json = ? WHERE execution_id = ?", (json.dumps(text), newest))
        database.commit()
        database.close()
        done = self.heretix("drift", "show", "watch.csv", "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["alarm"]), (1, "model_changed"))

    def test_an_interrupted_check_is_completed(self):
        self.watching()
        self.refused(4, "drift", "check", "watch.csv", "--model", self.model(failing={"user_contains": CLAIMS[1], "fail": "bad_key"}), "-q",
                     says="the key was refused")
        shown = self.json("drift", "show", "watch.csv")
        self.assertEqual(([s["checks"] for s in shown["sentinels"]], shown["R"]), ([1, 0], []))
        state, _ = self.drift()
        self.assertEqual(([s["checks"] for s in state["sentinels"]], len(state["R"])), ([1, 1], 1))

    def test_a_watch_keeps_its_sentinels(self):
        self.watching()
        self.drift()
        (self.folder / "watch.csv").write_text("claim\nWater is wet\n" + "\n".join(CLAIMS) + "\n")
        self.refused(2, "drift", "check", "watch.csv", "--model", self.model(), says="no complete baseline")
        self.refused(2, "drift", "baseline", "watch.csv", "--model", self.model(), says=["'Water is wet' is new", "--anew"])
        (self.folder / "watch.csv").write_text(f"claim\n{CLAIMS[0]}\n")
        self.assertEqual(len(self.drift()[0]["sentinels"]), 1)

    def test_a_mail_that_cannot_go_waits_in_the_outbox(self):
        self.watching()
        inbox, port = self.smtp()
        inbox.refuse = "451 later"
        _, _, told = self.until_alarm(*self.MAIL, HERETIX_SMTP_URL=f"smtp://127.0.0.1:{port}")
        self.assertIn("did not accept the mail", told)
        waiting = list((self.folder / "runs/outbox").glob("*.eml"))
        self.assertEqual(len(waiting), 1)
        self.assertEqual(os.stat(waiting[0]).st_mode & 0o777, 0o600)
        inbox.refuse = None
        self.drift(*self.MAIL, shift=0.2, HERETIX_SMTP_URL=f"smtp://127.0.0.1:{port}")
        self.assertEqual((len(inbox.mails), list((self.folder / "runs/outbox").glob("*.eml"))), (1, []))

    def test_a_mail_that_is_refused_for_good_is_set_aside(self):
        self.watching()
        inbox, port = self.smtp()
        inbox.refuse = "550 no such user"
        self.until_alarm(*self.MAIL, HERETIX_SMTP_URL=f"smtp://127.0.0.1:{port}")
        self.assertEqual(len(list((self.folder / "runs/outbox").glob("*.refused"))), 1)

    def test_without_a_server_the_outbox_keeps_it(self):
        self.watching()
        _, _, told = self.until_alarm(*self.MAIL)
        self.assertIn("1 mails wait in runs/outbox; set HERETIX_SMTP_URL to have them sent", told)

    def test_sign_in_over_tls(self):
        self.watching()
        certificate, key = self.folder / "c.pem", self.folder / "k.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "1", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        signed_in = []

        def authenticate(server, session, envelope, mechanism, data):
            signed_in.append((data.login, data.password))
            return AuthResult(success=data.password == b"p:w", handled=False)

        inbox, port = self.smtp(tls_context=context, require_starttls=True, authenticator=authenticate, auth_required=True)
        _, _, told = self.until_alarm(*self.MAIL, HERETIX_SMTP_URL=f"smtp://me:wrong@127.0.0.1:{port}", SSL_CERT_FILE=str(certificate))
        self.assertEqual(inbox.mails, [])
        self.assertEqual(len(list((self.folder / "runs/outbox").glob("*.refused"))), 1, told)  # a wrong password is final
        refused = list((self.folder / "runs/outbox").glob("*.refused"))[0]
        refused.rename(refused.with_suffix(".eml"))
        self.drift(*self.MAIL, shift=0.2, HERETIX_SMTP_URL=f"smtp://me:p%3Aw@127.0.0.1:{port}", SSL_CERT_FILE=str(certificate))
        self.assertEqual((len(inbox.mails), signed_in[-1]), (1, (b"me", b"p:w")))

    def test_what_is_wrong_is_named_before_anything_is_asked(self):
        self.refused(2, "drift", "check", "watch.csv", "--mock", says=["has no complete baseline yet", "heretix drift baseline watch.csv"])
        self.refused(2, "drift", "baseline", "watch.csv", "--mock", "--runs", 9, says="--runs is 9")
        (self.folder / "twice.csv").write_text("claim\na\na\n")
        self.refused(2, "drift", "baseline", "twice.csv", "--mock", says=["twice.csv:3", "twice"])
        (self.folder / "none.csv").write_text("claim\n")
        self.refused(2, "drift", "baseline", "none.csv", "--mock", says="contains no sentinels")
        self.watching()
        for arguments, says in ((("--mail-to", "a@b.c"), "--mail-to and --mail-from"), (("--mail-to", "a b", "--mail-from", "c@d.e"), "is not a mail address"),
                                (("--webhook", "ftp://x"), "is not an https:// or http:// address"), (("--alpha", "2"), "alpha is 2")):
            self.refused(2, "drift", "check", "watch.csv", "--model", self.model(), *arguments, says=says)
        self.refused(2, "drift", "check", "watch.csv", "--model", self.model(), says="SMTP address", HERETIX_SMTP_URL="mail.example")
        self.refused(2, "drift", "check", "watch.csv", "--model", self.model(name="other"), says=["belongs to m (mock), not to other (mock)", "--anew"])
        self.ok("drift", "baseline", "watch.csv", "--model", self.model(name="other"), "--anew", "-q")
        self.assertEqual(self.json("drift", "show", "watch.csv")["model"], "other")


if __name__ == "__main__":
    unittest.main()
