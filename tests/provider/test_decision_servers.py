"""Decisions by real models: in process, by llama.cpp's own server and by typed-gguf, all with the weights of the embedded model."""
import json
import os
import pathlib

import yaml

from cases import CLAIM, HostedTest
from real_servers import decision_model, llama_cpp, stated_by, typed_gguf

BANK = yaml.safe_load((pathlib.Path(os.environ["HERETIX_SOURCE"]) / "prompts/heretix_decisions_v1.yaml").read_text(encoding="utf-8"))


class RealDecisions(HostedTest):
    def decided(self, model, wordings, **environment):
        """A record, and by wording the numbers of both sides."""
        done = self.heretix("run", CLAIM, "--model", model, "--readout", "decision", "-K", wordings, "-R", 1, "-B", 50, "--concurrency", 1, "--timeout", 250, "--json",
                            XDG_CONFIG_HOME=str(self.folder), NO_PROXY="127.0.0.1", **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        record = json.loads(done.stdout)
        made = self.rows("SELECT s.paraphrase_idx, a.raw_text FROM samples s JOIN heretix_answers a USING (cache_key) WHERE s.run_id = ?", record["run_id"])
        self.assertEqual(len(made), wordings)
        sides = {}
        for wording, text in made:
            read = json.loads(text)["readout"]
            for side in ("claim", "negation"):
                sides[BANK["statements"][wording][side].replace("{CLAIM}", CLAIM)] = read[side]
        return record, sides

    def test_a_decision_model_in_process_states_what_llama_cpps_server_states(self):
        """A server of its own for each statement: one that goes on from what it evaluated earlier rounds the rest of a prompt in another way, and with these
        weights the same question then gets a number that is up to 0.05 away (docs/decisions_forms.md)."""
        for kind in ("openjev", "lev", "nimble"):
            model = decision_model(self, kind)
            record, here = self.decided(f"llama:{model}", 3)
            self.assertIn(f"asked=systemone_1/{kind}", record["config"]["mode"])
            self.assertEqual(len(here), 6)
            for statement, number in list(here.items())[:2]:
                with self.subTest(kind, statement=statement):
                    self.assertAlmostEqual(stated_by(llama_cpp(self, model), BANK["state"], statement), number, delta=1e-3)

    def test_an_ordinary_model_in_process_is_asked_for_true_or_false(self):
        record, here = self.decided("local", 16)
        self.assertIn("asked=word_1", record["config"]["mode"])
        self.assertEqual(record["usable"], 16)
        self.assertTrue(all(0 < number < 1 for number in here.values()))
        self.assertEqual(len(set(here.values())), 32)

    def test_llama_cpps_server_is_measured(self):
        model = decision_model(self, "openjev")
        record, there = self.decided("systemone/smollm2", 3, SYSTEMONE_BASE_URL=llama_cpp(self, model))
        self.assertIn("server=llama.cpp", record["config"]["mode"])
        _, here = self.decided(f"llama:{model}", 16)  # the two names are asked other wordings first
        for statement, number in there.items():
            self.assertAlmostEqual(here[statement], number, delta=0.1, msg=statement)  # what its cache makes of it

    def test_typed_gguf_is_measured(self):
        url = typed_gguf(self)
        record, there = self.decided("systemone/smollm2", 3, SYSTEMONE_BASE_URL=url)
        self.assertIn("server=typed-gguf", record["config"]["mode"])
        for statement, number in there.items():
            self.assertAlmostEqual(stated_by(url, BANK["state"], statement), number, delta=1e-3)
