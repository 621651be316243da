"""`heretix systemone` on a port of its own, and requests to it."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from heretix import PROGRAM, ProgramTest

TICKET = "I was charged twice and want my money back."
NOUL = {"type": "noul", "instructions": "Does the customer ask for a refund?"}
CHOICE = {"type": "choice", "instructions": "Which team?", "criteria": {"Billing": "invoices", "Technical": None, "Sales": "new contracts"}}
SCORE = {"type": "score", "instructions": "How angry is the customer?", "criteria": ["calm", "annoyed", "furious"]}


class SystemOneTest(ProgramTest):
    def serve(self, model, *arguments, **environment):
        """Starts a server; its address becomes `self.url`."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "RPL_"))}
        self.running = subprocess.Popen([PROGRAM, "systemone", "--model", model, "--port", "0", *map(str, arguments)], cwd=self.folder, text=True,
                                        stderr=subprocess.PIPE, env={**kept, **environment})
        self.addCleanup(self.running.stderr.close)
        self.addCleanup(self.running.wait)
        self.addCleanup(self.running.kill)
        said = self.running.stderr.readline()
        self.url = re.search(r"at (http://\S+)/v1/systemone", said)[1] if "/v1/systemone" in said else self.fail(said + self.running.stderr.read())
        return self.url

    def stop(self):
        self.running.terminate()
        self.assertEqual(self.running.wait(timeout=30), 0)

    def send(self, body, path="/v1/systemone", **headers):
        """Status, JSON and headers of the response."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, json.load(reply), reply.headers
        except urllib.error.HTTPError as e:
            return e.code, json.load(e), e.headers

    def ask(self, questions, state=TICKET, **more):
        status, said, _ = self.send({"model": "jev-latest", "state": state, "questions": questions, **more})
        self.assertEqual(status, 200, said)
        return said["answers"]

    def ask_until(self, questions, wordings=16, state=TICKET):
        """Asks again until every answer rests on that many wordings."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            status, said, _ = self.send({"model": "jev-latest", "state": state, "questions": questions})
            if status == 200 and all(a["x_wordings"] == wordings for a in said["answers"].values()):
                return said["answers"]
            time.sleep(0.1)
        return self.fail(said)
