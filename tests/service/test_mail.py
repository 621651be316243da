"""Mails of the service at a real SMTP server, and a real browser that opens their links as mail scanners do."""
import email
import email.policy
import re
import shutil
import subprocess

from aiosmtpd.controller import Controller

from cases import EachStore, free_port


class Inbox:
    """What an SMTP server took; `refusals` are its first answers."""

    def __init__(self, *refusals):
        self.mails, self.refusals, self.tries = [], list(refusals), 0

    async def handle_DATA(self, _server, _session, envelope):
        self.tries += 1
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 taken"


class Mail(EachStore):
    serves = False

    def begin(self, *refusals, **environment):
        inbox, port = Inbox(*refusals), free_port()
        controller = Controller(inbox, hostname="127.0.0.1", port=port)
        controller.start()
        self.addCleanup(controller.stop)
        self.serve(HERETIX_SMTP_URL=f"smtp://127.0.0.1:{port}", HERETIX_MAIL_FROM="heretix@example.org", **environment)
        return inbox

    def ask(self, address="ada@example.org"):
        self.assertEqual(self.client().post("/api/auth/magic-links", {"email": address}).status, 202)

    def link_in(self, mail):
        return re.search(r"http://127\.0\.0\.1:\d+(/sign-in/[0-9a-f]{32}:[\w-]{43})", mail[2].get_content())[1]

    def test_a_link_comes_by_smtp_once_and_signs_in(self):
        inbox = self.begin()
        self.ask()
        self.wait_for(lambda: inbox.mails)
        sender, recipients, message = inbox.mails[0]
        self.assertEqual((sender, recipients), ("heretix@example.org", ["ada@example.org"]))
        self.assertEqual((message["To"].addresses[0].addr_spec, message["From"].addresses[0].addr_spec), ("ada@example.org", "heretix@example.org"))
        self.assertIsNotNone(message["Date"])
        self.assertRegex(message["Message-ID"], r"^<[^<> ]+@[^<> ]+>$")
        self.assertFalse(message.defects)
        self.assertEqual(self.client().request("POST", self.link_in(inbox.mails[0])).status, 303)
        self.assertEqual((len(inbox.mails), inbox.tries), (1, 1))
        self.assertEqual(self.rows("SELECT state FROM jobs WHERE kind = 'mail.link'"), [("done",)])
        self.assertNotIn(self.link_in(inbox.mails[0]).split(":")[1], self.log())

    def test_a_server_that_is_busy_is_asked_again(self):
        inbox = self.begin("451 come again")
        self.ask()
        self.wait_for(lambda: inbox.mails, 30)
        self.assertEqual((len(inbox.mails), inbox.tries), (1, 2))
        self.assertEqual(self.client().request("POST", self.link_in(inbox.mails[0])).status, 303)

    def test_a_refusal_for_good_is_kept_for_the_operator(self):
        inbox = self.begin("550 <ada@example.org> is nobody here", "550 <ada@example.org> is nobody here")
        self.ask()
        self.wait_for(lambda: self.rows("SELECT 1 FROM jobs WHERE kind = 'mail.link' AND state = 'dead'"), 30)
        self.assertEqual((inbox.mails, inbox.tries), ([], 1))
        self.assertIn("did not accept the mail", self.rows("SELECT error FROM jobs WHERE kind = 'mail.link'")[0][0])
        # The server's answer names the address; nothing that is logged or kept of the failure does.
        self.wait_for(lambda: "did not accept the mail" in self.log())
        self.assertNotIn("ada@", self.log() + str(self.rows("SELECT error FROM jobs")))

    def test_a_browser_that_opens_every_link_uses_none(self):
        """A scanner's browser: it runs scripts and fetches what the page names, and presses nothing."""
        inbox = self.begin()
        self.ask()
        self.wait_for(lambda: inbox.mails)
        link = self.link_in(inbox.mails[0])
        for _ in range(2):
            page = subprocess.run([shutil.which("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.folder / 'browser'}",
                                   "--virtual-time-budget=3000", "--dump-dom", f"http://127.0.0.1:{self.port}{link}"],
                                  capture_output=True, text=True, timeout=120, check=True).stdout
            self.assertIn("ada@example.org", page)
            self.assertIn("<button", page)
        self.assertEqual(self.rows("SELECT count(*) FROM sessions"), [(0,)])
        self.assertEqual(self.client().request("POST", link).status, 303)
        self.assertEqual(self.rows("SELECT count(*) FROM sessions"), [(1,)])
