"""heretix demo: six recorded claims through the whole instrument, and every command that it prints."""
import json
import os
import re
import shlex
import subprocess

from heretix import PROGRAM, SOURCE, ProgramTest
from terminals import on_terminal

FINDINGS = ["agreed true", "agreed false", "split", "flips by wording", "refused", "drifted"]
NOTICE = "MOCK NUMBERS: a script answered in the model's place; no model was asked."


def commands_in(text):
    """The commands that it prints, each as a list of arguments without the program's name."""
    found = re.findall(r"^ +(heretix (?:.*\\\n)*.*)$", text, re.M)
    return [shlex.split(command.replace("\\\n", " "))[1:] for command in found]


class Demo(ProgramTest):
    def test_it_shows_six_claims_of_six_kinds(self):
        shown = self.json("demo")
        self.assertEqual([c["finding"] for c in shown["claims"]], FINDINGS)
        self.assertGreaterEqual(len({c["model"] for c in shown["claims"]}), 4)
        beliefs = [c["record"] and c["record"]["belief_v2"] for c in shown["claims"]]
        true, false, split, flips, refused, drifted = beliefs
        self.assertTrue(true["ci"][0] > 0.9 and true["stable"], true)
        self.assertTrue(false["ci"][1] < 0.1 and false["stable"], false)
        self.assertTrue(split["split"] and split["stable"] is False, split)
        self.assertTrue(flips["stable"] and "template_contradiction" in flips["flags"], flips)
        self.assertIsNone(refused)
        self.assertIn("usable", shown["claims"][4]["error"])
        self.assertEqual((shown["drift"]["alarm"], shown["drift"]["mock"]), ("drift", True))
        self.assertAlmostEqual(drifted["p"], shown["drift"]["sentinels"][0]["last_p"], delta=0.05)
        self.assertEqual(shown["comparison"]["finding"], "higher" if shown["comparison"]["claims"][0]["p_a"] > 0.5 else "lower")
        self.assertEqual(shown["coherence"]["checks"][0]["finding"], "incoherent")
        self.assertGreater(len(shown["verified"]), 15)
        self.assertTrue(all(v["passed"] for v in shown["verified"]))

    def test_its_numbers_are_those_of_its_store(self):
        shown = self.json("demo")
        for claim in shown["claims"]:
            if claim["record"]:
                stored = self.json("show", claim["record"]["run_id"], "--db", shown["store"])
                for part in ("belief_v2", "estimate", "templates"):
                    self.assertEqual(stored[part], claim["record"][part], part)
        listed = self.json("list", "--db", shown["store"])
        self.assertEqual({r["mock"] for r in listed}, {True})
        self.assertEqual(sum(r["status"] == "failed" for r in listed), 1, "the claim that was refused")

    def test_every_command_that_it_prints_runs_as_printed(self):
        text = self.ok("demo")
        commands = commands_in(text)
        self.assertEqual([c[0] for c in commands], ["list", "show", "report", "compare", "coherence", "drift", "verify"])
        for command in commands:
            with self.subTest(command):
                done = self.heretix(*command)
                self.assertEqual(done.returncode, 1 if command[0] == "drift" else 0, done.stderr)  # drift says by it that there is an alarm
                self.assertIn("(mock)" if command[0] == "list" else "MOCK NUMBERS", done.stdout)
        self.assertIn("equal to what is stored", self.ok(*commands[-1]))
        self.assertIn("ALARM", self.heretix(*commands[5]).stdout)

    def test_the_printed_numbers_are_those_of_the_commands(self):
        text, shown = self.ok("demo"), self.json("demo")
        for claim in shown["claims"]:
            self.assertIn(claim["claim"].split(",")[0][:40], text)
            if claim["record"] and claim["record"]["belief_v2"]["stable"]:
                self.assertIn(f"p = {claim['record']['belief_v2']['p']:.2f}", text)
        self.assertIn("8 wordings say true, 8 say false" if shown["claims"][2]["record"]["usable"] == 16 else "say true", text)
        comparison = shown["comparison"]["claims"][0]
        self.assertIn(f"{comparison['p_a']:.3f}", text)
        self.assertRegex(text, r"(\d+) of \1\s+measurements")

    def test_it_is_marked_and_says_how_it_was_recorded(self):
        text = self.ok("demo")
        self.assertIn(NOTICE, text)
        self.assertIn("written by hand and are played by the scripted model", " ".join(text.split()))
        self.assertIs(self.json("demo")["mock"], True)
        self.assertIn("MOCK NUMBERS", (self.folder / "runs/demo/report.html").read_text())

    def test_it_needs_no_model_no_key_and_no_network(self):
        """Nothing outside can be reached, no key is set, and no model's file is there."""
        empty = self.folder / "elsewhere"
        empty.mkdir()
        done = subprocess.run(["unshare", "--net", PROGRAM, "demo"], cwd=empty, capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "HOME": str(empty)}, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")

    def test_it_leaves_the_usual_store_alone_and_can_be_shown_again(self):
        first = self.json("demo")
        again = self.json("demo")
        self.assertEqual(sorted(p.name for p in (self.folder / "runs").iterdir()), ["demo"])
        for a, b in zip(first["claims"], again["claims"], strict=True):
            self.assertEqual((a["record"] or {}).get("belief_v2"), (b["record"] or {}).get("belief_v2"))
        self.assertEqual(first["drift"]["R"], again["drift"]["R"])
        self.assertTrue(all(v["passed"] for v in again["verified"]))

    def test_another_folder_and_one_that_cannot_be_made(self):
        self.assertIn("there/demo.sqlite", self.ok("demo", "--folder", "there"))
        (self.folder / "file").write_text("")
        self.refused(4, "demo", "--folder", "file/below", says=("cannot create the folder file/below", "heretix demo --folder FOLDER"))

    def on_a_terminal(self, columns):
        code, text = on_terminal(columns, ["demo"], self.folder, PROGRAM, {**os.environ, "NO_COLOR": "1"})
        self.assertEqual(code, 0)
        return text

    def test_it_fits_narrow_and_wide_terminals(self):
        for columns in (60, 80, 120):
            text = self.on_a_terminal(columns)
            widest = max(text.splitlines(), key=len)
            self.assertLessEqual(len(widest), columns, widest)
            self.assertEqual(len(commands_in(text)), 7)

    def test_recordings_of_real_models_may_take_their_place(self):
        """data/demo.json as docs/demo.md describes it: what a model said word for word, in place of a number."""
        demo = json.loads((SOURCE / "data/demo.json").read_text())
        self.assertEqual((demo["format"], demo["version"]), ("heretix_demo", 1))
        for model in demo["models"].values():
            for answers in model["answers"].values():
                self.assertTrue(isinstance(answers, str) or (len(answers) == 16 and all(isinstance(a, str) or 0 <= a <= 1 for a in answers)))
