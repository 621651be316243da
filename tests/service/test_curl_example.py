"""examples/curl/measure.sh, with curl and jq, against a service that runs."""
import http.cookiejar
import http.server
import json
import os
import subprocess
import threading
import urllib.request

from cases import ServiceTest, free_port

SCRIPT = os.path.join(os.environ["HERETIX_SOURCE"], "examples/curl/measure.sh")
CLAIM = "Tariffs cause inflation"


class Proxy(http.server.BaseHTTPRequestHandler):
    """Says what a proxy says that does not like a request."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(403)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>Forbidden</h1>")

    def log_message(self, *_):
        pass


class CurlExample(ServiceTest):
    def setUp(self):
        super().setUp()
        self.cookies = self.folder / "cookies"

    def start(self, *arguments, port=None, stderr=subprocess.PIPE):
        environment = {**os.environ, "HERETIX_URL": f"http://127.0.0.1:{port or self.port}/", "HERETIX_COOKIES": str(self.cookies)}
        return subprocess.Popen([SCRIPT, *arguments], env=environment, cwd=self.folder, stdout=subprocess.PIPE, stderr=stderr, text=True)

    def finish(self, process, expect=0):
        """What it printed and what it complained about."""
        printed, complaint = process.communicate(timeout=60)
        self.assertEqual(process.returncode, expect, (printed, complaint))
        return printed, complaint

    def measure(self, *arguments, expect=0, port=None):
        return self.finish(self.start(*arguments, port=port), expect)

    def refusal(self, *arguments, status=1, port=None):
        """The complaint, with nothing printed as if it were a result."""
        printed, complaint = self.measure(*arguments, expect=status, port=port)
        self.assertEqual(printed, "")
        return complaint

    def fetch(self, address):
        jar = http.cookiejar.MozillaCookieJar(self.cookies)
        jar.load()
        with urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar)).open(address, timeout=30) as answer:
            return json.load(answer)

    def own(self, claim):
        """The record that the program itself makes."""
        return self.json("run", claim, "--model", self.play, "--db", "own.sqlite", "--until-width", "0.2")

    def assert_is_of(self, own, printed):
        """The three lines are those of that record. Gives the check behind the printed address."""
        belief = own["belief_v2"]
        low, high = belief["ci"]
        title, numbers, address = printed.splitlines()
        self.assertEqual(title, own["claim"])
        self.assertEqual(numbers, f"p = {belief['p']:.2f}, 95 % interval {low:.2f} to {high:.2f}")
        self.assertRegex(address, rf"\Arecord: http://127\.0\.0\.1:{self.port}/api/checks/[0-9a-f-]{{36}}\Z")

        check = self.fetch(address.removeprefix("record: "))
        self.assertEqual((check["record"]["run_id"], check["record"]["belief_v2"]), (own["run_id"], belief))
        return check

    def test_it_prints_what_the_program_says_and_where_the_record_is(self):
        claim = '"Snow" is white & \\n 100 % <cold>'
        printed, complaint = self.measure(claim, "play")
        self.assertEqual(complaint, "", "progress is for a terminal")
        self.assertEqual(self.assert_is_of(self.own(claim), printed)["claim"], claim)
        self.assertEqual(self.cookies.stat().st_mode & 0o777, 0o600)

    def test_a_second_check_needs_an_account_and_a_link_signs_in(self):
        self.measure(CLAIM, "play")
        complaint = self.refusal("Snow is white", "play")
        self.assertRegex(complaint, r"\Ameasure\.sh: 402 Payment Required: the check without an account has been used[^\n]*\n"
                                    r"  request [0-9a-f]{16}\n  try: measure\.sh --sign-in LINK\n\Z")

        link = f"http://127.0.0.1:{self.port}{self.link('ada@example.org')}"
        self.assertEqual(self.measure("--sign-in", link), (f"signed in; the cookie is in {self.cookies}\n", ""))
        self.assert_is_of(self.own("Snow is white"), self.measure("Snow is white", "play")[0])
        self.assertIn("the link was not accepted", self.refusal("--sign-in", link))

    def test_what_is_refused_is_said_with_the_services_words(self):
        self.assertRegex(self.refusal("Is snow white?", "play"),
                         r"\Ameasure\.sh: 422 Unprocessable Content: the claim is a question[^\n]*\n  request [0-9a-f]{16}\n\Z")
        self.assertIn("there is no model 'nobody'; one of: play, local", self.refusal(CLAIM, "nobody"))
        self.assertIn("is heretix serve running there?", self.refusal(CLAIM, port=free_port()))
        for arguments in ((), ("a", "b", "c"), ("--help",), ("--sign-in",)):
            self.assertRegex(self.refusal(*arguments, status=2), r"\Ausage: measure\.sh CLAIM \[MODEL\] ")

    def test_an_error_of_something_in_between_has_its_status_and_address(self):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
            thread = threading.Thread(target=proxy.serve_forever)
            thread.start()
            try:
                port = proxy.server_address[1]
                self.assertEqual(self.refusal(CLAIM, port=port), f"measure.sh: HTTP 403 from http://127.0.0.1:{port}/api/checks, with no reason given\n")
            finally:
                proxy.shutdown()
                thread.join()

    def test_a_check_that_fails_is_no_result(self):
        bad = self.script("bad.json", model="bad", rules=[{"fail": "bad_key"}])
        self.serve_anew(HERETIX_MODELS=f"bad={bad}")
        self.assertRegex(self.refusal(CLAIM, "bad"), r"\Ameasure\.sh: the check failed: 401: the key was refused")

    def terminal(self):
        """Two ends of a terminal, and how to read what was shown there: its lines, each written over the one before."""
        shown, written = os.openpty()

        def lines():
            os.close(written)
            text = os.read(shown, 65536).decode()
            os.close(shown)
            return text.split("\r")
        return written, lines

    def test_a_terminal_shows_how_far_it_is(self):
        terminal, lines = self.terminal()
        self.finish(self.start(CLAIM, "play", stderr=terminal))
        shown = lines()
        self.assertEqual([text for text in shown if " of 9 " in text], ["9 of 9 answers "], shown)
        self.assertEqual(shown[-1], "\x1b[K", "the line is gone before the result is printed")

    def test_it_goes_on_where_the_service_restarts(self):
        models = self.serve_slowly(800)  # the service is back long before the last answer
        terminal, lines = self.terminal()
        process = self.start(CLAIM, "play", stderr=terminal)
        self.wait_for(lambda: self.rows("SELECT count(*) FROM check_events WHERE kind = 'progress'")[0][0] > 2)
        port = self.port
        self.stop(self.process)
        self.serve(port=port, **models)
        printed, _ = self.finish(process)
        [[run_id]] = self.rows("SELECT run_id FROM checks")
        check = self.assert_is_of(self.json("show", run_id.rsplit("-", 1)[0]), printed)
        self.assertGreater(check["record"]["cache_hit_rate"], 0)

        # Whoever looks on sees every step once, also after the restart.
        shown = lines()
        steps = [int(text.split()[0]) for text in shown if " of 8 answers" in text]
        self.assertEqual(steps[-1], 8, shown)
        self.assertEqual(steps, sorted(steps), shown)
        self.assertEqual(steps.count(0), 1, shown)
