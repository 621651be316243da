"""The running service against its own contract: Schemathesis, all checks and phases."""
import json
import os
import pathlib
import re
import subprocess
import sys

from cases import EachStore

HERE = pathlib.Path(__file__).parent
ENDS_THE_SESSION = ("signOut", "closeAccount", "endSession", "useLink")


class Contract(EachStore):
    def schemathesis(self, *arguments, **environment):
        packages = next(line.split(" ", 1)[1] for line in subprocess.run([os.environ["HERETIX_SOURCE"] + "/tools/setup.sh", "where"], capture_output=True, text=True,
                                                                         check=True).stdout.splitlines() if line.startswith("service "))
        done = subprocess.run([sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "--config-file", str(HERE / "schemathesis.toml"), "run",
                               f"http://127.0.0.1:{self.port}/api/openapi.yaml", "--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "25",
                               "--request-timeout", "30",  # the account has thousands of checks by then, all of which its download holds
                               "--seed", "20261124", "--no-color", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=600,
                              env={**os.environ, "PYTHONPATH": packages, "COLUMNS": "160", **environment})
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
        return int(re.search(r"(\d+) generated", done.stdout)[1])

    def test_signed_in_it_says_what_it_may_say(self):
        client = self.signed_in(plan="pro")
        finished = self.finished(client, self.check(client, "Copper conducts electricity better than iron")["id"])
        self.assertEqual(finished["state"], "done")
        skipped = [word for name in ENDS_THE_SESSION for word in ("--exclude-operation-id", name)]
        key = self.command("user", "key", "ada@example.org", "--name", "contract").strip()
        cases = self.schemathesis(*skipped, HERETIX_TEST_COOKIE=client.cookies["heretix"], HERETIX_TEST_KEY=key, HERETIX_TEST_CHECK=finished["id"],
                                  HERETIX_TEST_LINK=self.link("bob@example.org").removeprefix("/sign-in/"))
        self.assertGreater(cases, 400)
        self.assertEqual(client.get("/api/me").status, 200)  # it was signed in to the end
        self.assertIn('"level":"info"', self.log())  # so that the next line looks for what would be there
        self.assertNotIn('"level":"error"', self.log())

    def test_what_ends_a_session_and_what_a_stranger_may_do(self):
        cases = self.schemathesis(HERETIX_TEST_COOKIE="of-nobody", HERETIX_TEST_KEY="of-nobody", HERETIX_TEST_CHECK="00000000-0000-4000-8000-000000000000",
                                  HERETIX_TEST_LINK=self.link("bob@example.org").removeprefix("/sign-in/"))
        self.assertGreater(cases, 400)
        self.assertIn('"level":"info"', self.log())  # so that the next line looks for what would be there
        self.assertNotIn('"level":"error"', self.log())
        self.assertEqual(json.loads(self.client().get("/healthz").body), {"status": "ok"})
