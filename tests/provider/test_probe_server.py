"""heretix probe on a real server: llama.cpp's own, with the same weights behind its two kinds of prompt.

Of the model's 30 blocks few are kept, as a probe asks some 600 questions. With eight the second kind still shifts by 0.07."""
import json

from cases import CLAIM, HostedTest
from real_servers import decision_model, llama_cpp


class ProbedServer(HostedTest):
    def serve_decisions(self, kind, blocks):
        """Under `openjev` each question has a prompt of its own; under `nimble` all questions of a request share one."""
        return {"SYSTEMONE_BASE_URL": llama_cpp(self, decision_model(self, kind, blocks)), "XDG_CONFIG_HOME": str(self.folder)}

    def probe(self, environment):
        done = self.heretix("probe", "systemone/smollm2", "--repeats", 2, "--timeout", 120, "--concurrency", 2, "--json", **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def mode_of(self, environment):
        described = self.heretix("describe", CLAIM, "--model", "systemone/smollm2", "-K", 16, "-R", 1, "--json", **environment)
        self.assertEqual(described.returncode, 0, described.stderr)
        return json.loads(described.stdout)["config"]["mode"]

    def test_where_each_question_has_its_own_prompt_wordings_may_go_together(self):
        environment = self.serve_decisions("openjev", 2)
        profile = self.probe(environment)
        self.assertIn("server=llama.cpp/", profile["mode"])
        self.assertIs(profile["isolation"]["allows"], True, profile["isolation"])
        self.assertEqual([w["in_one_request"] for w in profile["isolation"]["ways"]], [6, 6, 6, 16])
        self.assertEqual(profile["numbers"]["step"], 0)
        self.assertLess(profile["noise"]["sd"]["ci"][1], 0.001)
        self.assertIn("together=16", self.mode_of(environment))

    def test_where_questions_share_a_prompt_each_is_asked_alone(self):
        environment = self.serve_decisions("nimble", 8)
        profile = self.probe(environment)
        self.assertIs(profile["isolation"]["allows"], False, profile["isolation"])
        self.assertGreater(profile["isolation"]["largest_shift"]["ci"][0], 0.02)
        self.assertNotIn("together", self.mode_of(environment))
