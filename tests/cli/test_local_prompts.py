"""What a local model is shown: thinking off, today's date, and all of it in the record."""
import hashlib
import json
import os
import sqlite3
import subprocess
import time
import unittest

from heretix import ProgramTest

CLAIM = "Copper conducts electricity better than iron"
TEMPLATE = ("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
            "<|im_start|>system\nToday is {{ strftime_now('%Y-%m-%d') }}<|im_end|>\n<|im_start|>assistant\n{{ '<think>\\n' }}")
PLAN = ("-K", 3, "-R", 1, "-B", 50, "--readout", "token")


class LocalPrompts(ProgramTest):
    def made_model(self):
        """The embedded model's first two blocks, behind a template that opens thinking and tells the date."""
        small = self.json("models")[0]["file"]
        subprocess.run([os.environ["HERETIX_BUILD"] + "/bin/make_decision_gguf", small, self.folder / "thinks.gguf", "none", "2", "tokenizer.chat_template=" + TEMPLATE],
                       check=True, capture_output=True)
        return "llama:thinks.gguf"

    def test_the_record_holds_what_was_rendered_and_verify_checks_it(self):
        model = self.made_model()
        day = time.strftime("%Y-%m-%d", time.gmtime())
        record = self.json("run", CLAIM, "--model", model, *PLAN)
        settings = record["execution"]["settings"]
        frame = settings["prompt_frame"]
        if settings["today"] != day:  # midnight
            day = time.strftime("%Y-%m-%d", time.gmtime())
        self.assertEqual(settings["today"], day)
        self.assertEqual(frame["text"], "<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{USER}<|im_end|>\n"
                                        f"<|im_start|>system\nToday is {day}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n")
        self.assertEqual(frame["sha256"], hashlib.sha256(frame["text"].encode()).hexdigest())
        self.assertIn(f";frame={frame['sha256'][:16]};", record["config"]["mode"])
        self.ok("verify", record["run_id"])

        again = self.json("run", CLAIM, "--model", model, *PLAN)
        self.assertEqual((again["run_id"], again["execution"]["attempts"]), (record["run_id"], 0), "the same day")

        database = sqlite3.connect(self.folder / "runs/heretix.sqlite")
        stored = database.execute("SELECT execution_id, record_json FROM heretix_executions WHERE record_json IS NOT NULL").fetchall()
        for execution, text in stored:
            changed = json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False).replace(day, "1970-01-01")
            database.execute("UPDATE heretix_executions SET record_json = ?, record_sha256 = ? WHERE execution_id = ?",
                             (changed, hashlib.sha256(changed.encode()).hexdigest(), execution))
        database.commit()
        done = self.heretix("verify", record["run_id"])
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("prompt_frame: its hash is not its text's", done.stdout)
        self.assertIn("prompt_frame: the keys were made for another one", done.stdout)

    def test_the_embedded_model_keeps_its_keys(self):
        record = self.json("run", CLAIM, *PLAN)
        self.assertNotIn("frame=", record["config"]["mode"])
        self.assertTrue(record["execution"]["settings"]["prompt_frame"]["text"].endswith("{USER}<|im_end|>\n<|im_start|>assistant\n"))
        self.ok("verify", record["run_id"])


    def test_the_bank_of_words_makes_the_embedded_model_answer_by_the_two_words(self):
        def mass(*more):
            record = self.json("run", "Tariffs cause inflation", "-K", 8, "-R", 1, "-B", 50, "--readout", "token", *more)
            return next(g for g in record["gates"] if g["name"] == "mass")
        before, after = mass("--prompt-version", "heretix_v1"), mass()  # the one that it is asked by
        self.assertEqual((before["passed"], after["passed"]), (False, True))
        self.assertGreater(after["observed"], 0.7)
        self.refused(2, "run", CLAIM, "-K", 3, "--readout", "verbalized", "--prompt-version", "heretix_words_v1", says="asks for one word; the readout verbalized needs a number")


if __name__ == "__main__":
    unittest.main()
