# Run by hand (python3 -m unittest by_hand_probe_server): it asks a real server for minutes.
"""heretix probe on a real server: llama.cpp's own, with the same weights behind its two kinds of prompt."""
import glob
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

from cases import CLAIM, HostedTest
from test_transport import free_port


class ProbedServer(HostedTest):
    def serve_decisions(self, kind):
        """Under `openjev` each question has a prompt of its own; under `nimble` all questions of a request share one."""
        places = dict(line.split(" ", 1) for line in subprocess.run([os.environ["HERETIX_SOURCE"] + "/tools/setup.sh", "where"], capture_output=True, text=True,
                                                                    check=True).stdout.splitlines() if line.count(" ") == 1)
        model = self.folder / f"{kind}.gguf"
        subprocess.run([os.environ["HERETIX_BUILD"] + "/bin/make_decision_gguf", glob.glob(places["model"] + "/*.gguf")[0], model, kind], check=True, capture_output=True)
        port = free_port()
        running = subprocess.Popen([sys.executable, pathlib.Path(__file__).with_name("decision_server.py"), model, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(running.wait)
        self.addCleanup(running.kill)
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                urllib.request.urlopen(url + "/health", timeout=1)
                return {"SYSTEMONE_BASE_URL": url, "XDG_CONFIG_HOME": str(self.folder)}
            except OSError:
                self.assertIsNone(running.poll(), "the server ended")
                time.sleep(0.1)
        self.fail("the server does not start")

    def probe(self, environment):
        done = self.heretix("probe", "systemone/smollm2", "--repeats", 2, "--timeout", 120, "--concurrency", 2, "--json", **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def mode_of(self, environment):
        described = self.heretix("describe", CLAIM, "--model", "systemone/smollm2", "-K", 16, "-R", 1, "--json", **environment)
        self.assertEqual(described.returncode, 0, described.stderr)
        return json.loads(described.stdout)["config"]["mode"]

    def test_where_each_question_has_its_own_prompt_wordings_may_go_together(self):
        environment = self.serve_decisions("openjev")
        profile = self.probe(environment)
        self.assertIn("server=llama.cpp/", profile["mode"])
        self.assertIs(profile["isolation"]["allows"], True, profile["isolation"])
        self.assertEqual([w["in_one_request"] for w in profile["isolation"]["ways"]], [6, 6, 6, 16])
        self.assertEqual(profile["numbers"]["step"], 0)
        self.assertLess(profile["noise"]["sd"]["ci"][1], 0.001)
        self.assertIn("together=16", self.mode_of(environment))

    def test_where_questions_share_a_prompt_each_is_asked_alone(self):
        environment = self.serve_decisions("nimble")
        profile = self.probe(environment)
        self.assertIs(profile["isolation"]["allows"], False, profile["isolation"])
        self.assertGreater(profile["isolation"]["largest_shift"]["ci"][0], 0.02)
        self.assertNotIn("together", self.mode_of(environment))
