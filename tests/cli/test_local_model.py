"""The embedded model through the whole program."""
import json
import random
import shutil
import signal
import subprocess
import time
import unittest

from heretix import PROGRAM, SOURCE, ProgramTest

CLAIM = "Copper conducts electricity better than iron"
DEFAULT = "token"  # the readout of the embedded model where none is named


class LocalModel(ProgramTest):
    def raw_answers(self, run_id, db):
        return {a["cache_key"]: a["raw_text"] for a in self.json("answers", run_id, "--db", db)}

    def test_an_interrupted_run_gives_the_answers_of_an_uninterrupted_one(self):
        self.interrupt("verbalized", (0.5, 2.5))

    def test_an_interrupted_readout_gives_the_answers_of_an_uninterrupted_one(self):
        self.interrupt("expected", (0.3, 1.5))

    def interrupt(self, readout, within):
        readout = ("--readout", readout)
        whole = self.json("run", CLAIM, "--db", "whole.sqlite", *readout)
        expected = self.raw_answers(whole["run_id"], "whole.sqlite")
        places = random.Random(3)
        for number, how in enumerate((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, "double")):
            db = f"cut{number}.sqlite"
            running = subprocess.Popen([PROGRAM, "run", CLAIM, "--db", db, "--concurrency", "5", *readout], cwd=self.folder,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(places.uniform(*within))
            running.send_signal(signal.SIGINT if how == "double" else how)
            if how == "double":
                running.send_signal(signal.SIGINT)
            running.wait(timeout=60)
            resumed = self.json("run", CLAIM, "--db", db, *readout)
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

    def test_a_tree_of_an_earlier_build_keeps_its_number_and_verifies(self):
        """old_expected_store.sqlite was made by the build of 29 November 2026, which walked trees until a hundredth of their mass was open."""
        shutil.copy(SOURCE / "tests/cli/old_expected_store.sqlite", self.folder / "old.sqlite")
        (self.folder / "old.sqlite").chmod(0o600)
        before = self.evidence("old.sqlite")
        self.assertEqual({"explored_to" in one for one in before}, {False})
        self.assertIn("each mean known to within 0.0001", self.ok("show", "last", "--db", "old.sqlite"))
        self.ok("verify", "last", "--db", "old.sqlite")
        again = self.json("run", "Tariffs cause inflation", "--readout", "expected", "-K", 3, "-R", 1, "--db", "old.sqlite")
        self.assertEqual(again["execution"]["attempts"], 0, "what was read by the earlier rule is not asked again")
        self.assertEqual(self.evidence("old.sqlite"), before)

        now = self.json("run", "Tariffs cause inflation", "--readout", "expected", "-K", 3, "-R", 1)
        found = self.evidence("runs/heretix.sqlite")
        self.assertEqual([one["explored_to"] for one in found], [0.003] * 3)
        for one in found:
            self.assertLessEqual(one["high"] - one["low"], 0.003 + 1e-6)
        self.ok("verify", now["run_id"])

    def evidence(self, db):
        answers = self.json("answers", "last", "--db", db)
        return [json.loads(a["raw_text"])["readout"] for a in answers]

    def readout_of(self, *arguments):
        mode = self.json("describe", CLAIM, *arguments)["config"]["mode"]
        return dict(part.split("=", 1) for part in mode.split(";")[1:]).get("readout", "verbalized")

    def test_the_embedded_model_is_read_by_its_next_word_unless_something_needs_written_answers(self):
        self.plan = ()  # as a user runs it
        self.assertEqual(self.readout_of(), DEFAULT)
        self.assertEqual(self.readout_of("-K", 4), DEFAULT)
        self.assertEqual(self.readout_of("--readout", "verbalized"), "verbalized")
        self.assertEqual(self.readout_of("-R", 2), "verbalized")
        self.assertEqual(self.readout_of("--fixed"), "verbalized")
        self.assertEqual(self.readout_of("--temperature", 0), "verbalized")
        self.assertEqual(self.readout_of("--mock"), "verbalized")
        file = self.json("models")[0]["file"]
        self.assertEqual(self.readout_of("--model", f"llama:{file}"), DEFAULT, "the same file under another spelling is the same model")
        shutil.copy(file, self.folder / "another.gguf")
        self.assertEqual(self.readout_of("--model", "llama:another.gguf"), "verbalized")

    def bank_of(self, *arguments):
        return self.json("describe", CLAIM, *arguments)["config"]["prompt_version"]

    def test_the_embedded_model_is_asked_for_a_word_by_the_bank_of_words(self):
        self.plan = ()
        self.assertEqual(self.bank_of(), "heretix_words_v1_2026-11-30")
        self.assertEqual(self.bank_of("--readout", "frequency"), "heretix_words_v1_2026-11-30")
        self.assertEqual(self.bank_of("--readout", "verbalized"), "heretix_v1_2026-11-23")
        self.assertEqual(self.bank_of("--prompt-version", "heretix_v1"), "heretix_v1_2026-11-23+word")
        self.assertEqual(self.bank_of("--mock"), "heretix_v1_2026-11-23")
        shutil.copy(self.json("models")[0]["file"], self.folder / "another.gguf")
        self.assertEqual(self.bank_of("--model", "llama:another.gguf", "--readout", "token"), "heretix_v1_2026-11-23+word",
                         "other models go on with the answers that they gave")

    def test_a_run_says_what_the_embedded_model_is_and_what_to_use_instead(self):
        self.plan = ()
        done = self.heretix("run", CLAIM)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout.splitlines()[2], r"\ASmolLM2-135M is a demonstration: right on 1\d\d of 300 labelled claims\Z")
        self.assertTrue(done.stderr.splitlines()[-1].startswith("for a real measurement use a larger model: --model llama:FILE.gguf"), done.stderr)
        self.assertEqual(self.ok("show", "last").splitlines()[2], done.stdout.splitlines()[2])
        self.assertNotIn("demonstration", self.ok("run", CLAIM, "--mock"))


if __name__ == "__main__":
    unittest.main()
