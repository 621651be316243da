"""The embedded model through the whole program."""
import random
import signal
import subprocess
import time
import unittest

from heretix import PROGRAM, ProgramTest

CLAIM = "Copper conducts electricity better than iron"


class LocalModel(ProgramTest):
    def raw_answers(self, run_id, db):
        return {a["cache_key"]: a["raw_text"] for a in self.json("answers", run_id, "--db", db)}

    def test_an_interrupted_run_gives_the_answers_of_an_uninterrupted_one(self):
        whole = self.json("run", CLAIM, "--db", "whole.sqlite")
        expected = self.raw_answers(whole["run_id"], "whole.sqlite")
        places = random.Random(3)
        for number, how in enumerate((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, "double")):
            db = f"cut{number}.sqlite"
            running = subprocess.Popen([PROGRAM, "run", CLAIM, "--db", db, "--concurrency", "5"], cwd=self.folder,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(places.uniform(0.5, 2.5))
            running.send_signal(signal.SIGINT if how == "double" else how)
            if how == "double":
                running.send_signal(signal.SIGINT)
            running.wait(timeout=60)
            resumed = self.json("run", CLAIM, "--db", db)
            self.assertEqual(self.raw_answers(resumed["run_id"], db), expected, f"{how} after {resumed['cache_hit_rate']:.0%}")
            self.assertEqual(resumed["estimate"], whole["estimate"])

    def test_any_gguf_file_has_keys_of_its_own(self):
        record = self.json("run", CLAIM, "-K", 3, "-R", 1)
        settings = record["execution"]["settings"]
        self.assertEqual(settings["model_file"], "SmolLM2-135M-Instruct.Q4_1.gguf")
        self.assertEqual(len(settings["model_sha256"]), 64)
        self.assertIn(settings["model_sha256"][:16], record["config"]["mode"])
        listed = self.json("models")[0]
        same = self.json("run", CLAIM, "--model", f"llama:{listed['file']}", "-K", 3, "-R", 1)
        self.assertEqual(same["execution"]["attempts"], 0, "the same file under another spelling is the same model")
        warm = self.json("run", CLAIM, "--temperature", 0, "-K", 3, "-R", 1)
        self.assertEqual(warm["execution"]["attempts"], 3, "another temperature is another question")
        self.ok("verify", record["run_id"])


if __name__ == "__main__":
    unittest.main()
