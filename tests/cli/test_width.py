"""Every text fits a terminal of 60, 80 and 120 columns: results, tables, pictures, help, errors and hints."""
import json
import os
import re
import subprocess

from heretix import PROGRAM, ProgramTest
from terminals import on_terminal, too_wide, width_of

WIDTHS = (60, 80, 120)
CLAIM = "Tariffs on imported goods cause inflation in the country that imposes them"
WIDE = "関税はインフレを引き起こし、輸入国の物価を長期にわたって押し上げる傾向があると多くの経済学者は考えている"

CONTRADICTORY = json.dumps({"assumptions": [], "belief": {"label": "very_likely", "prob_true": 0.1}, "flags": {"off_topic": False, "refused": False},
                            "reasons": ["said at some length and to no end"], "uncertainties": []}, separators=(",", ":"))

# What is printed for another program, word for word, and never for a person to read on a terminal.
FOR_PROGRAMS = {"completion", "man", "commands"}

# These need a server, or stay until they are stopped: what they say without one is tried, and their help.
RUNS_ON = {"serve", "worker", "systemone", "mcp"}


def commands_of(program):
    """The names of all commands, as the program lists them."""
    text = subprocess.run([program, "commands"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^## heretix (.*)$", text, re.MULTILINE)


class Width(ProgramTest):
    def setUp(self):
        super().setUp()
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "RPL_", "NO_COLOR"))} | {
            "XDG_CONFIG_HOME": str(self.folder), "HERETIX_DB": "runs/heretix.sqlite"}
        (self.folder / "claims.csv").write_text(f"claim\n{CLAIM}\nBees sleep\n")
        (self.folder / "labels.csv").write_text("claim,label,field,level\n" + "".join(
            f"Claim number {i:03d} is about something that is long to tell,{'true' if i % 4 else 'false'},field,{i % 3 + 1}\n" for i in range(24)))
        rules = [{"user_contains": "number", "paraphrase_idx": i, "prob_true": 0.8 - i / 40} for i in range(16)] + [
            {"paraphrase_idx": 1, "text": CONTRADICTORY}, {"paraphrase_idx": 2, "text": "I would rather not say anything about that, if you please"}] + [
            {"paraphrase_idx": i, "prob_true": round(0.2 + (i * 7 % 11) / 16, 3)} for i in range(16)]
        self.model = self.script(model="maker-of-models/a-model-with-a-rather-long-name-2026-11-30", rules=rules)
        self.tried = set()

    def assert_fits(self, columns, *arguments, code=0):
        found, text = on_terminal(columns, arguments, self.folder, PROGRAM, self.environment)
        with self.subTest(columns=columns, command=" ".join(map(str, arguments))):
            if code is not None:
                self.assertEqual(found, code, text)
            self.assertEqual(too_wide(text, columns), [], text)
            self.assertTrue(text.strip())
        words = " ".join(map(str, arguments)) + " "
        self.tried |= {name for name in self.commands if words.startswith(name + " ")}
        return text

    def try_all(self, columns):
        self.commands = commands_of(PROGRAM)
        fits = lambda *arguments, code=0: self.assert_fits(columns, *arguments, code=code)  # noqa: E731
        asked = ("--model", self.model)

        fits("run", CLAIM, *asked, "--fixed")
        fits("run", CLAIM, *asked, "--fixed", "--verbose")
        fits("run", CLAIM, "--mock")
        fits("run", CLAIM, "--mock", "--readout", "token", "--fixed", code=None)
        fits("run", WIDE, "--mock")
        fits("run", CLAIM, "--mock", "--model", "maker/a-model-with-a-rather-long-name-2026-11-30", "--model", "other/model")
        fits("describe", CLAIM, *asked)
        fits("describe", WIDE, "--mock")
        fits("batch", "claims.csv", *asked)
        fits("batch", "labels.csv", *asked, "--model", "maker/a-model-with-a-rather-long-name-2026-11-30", "--mock", "-o", "results.csv", code=None)
        fits("atlas", "results.csv", "--truth", "label")
        fits("atlas", "results.csv", "--truth", "label", "--sort", "nothing", code=2)
        runs = [row["run_id"] for row in self.json("list", HERETIX_DB="runs/heretix.sqlite")]

        fits("list")
        fits("list", "--claim", "nothing of the kind")
        fits("show", "last")
        fits("show", runs[-1], "--verbose")
        fits("answers", runs[-1])
        fits("answers", runs[-1], "--raw")
        fits("report", "last", "-o", "report.html")
        fits("report", runs[-1], "--text")
        fits("verify", "last")
        fits("variance", *runs[:2], code=None)
        fits("compare", runs[-1], runs[0])
        fits("compare", "model=maker/a-model-with-a-rather-long-name-2026-11-30", "model=other/model")
        fits("coherence", "Snow is white", *asked)
        fits("coherence", CLAIM, "--negation", f"It is not so that {CLAIM}", "--and", "Snow is white", *asked)
        fits("readouts", CLAIM, "--mock", code=None)
        fits("probe", self.model, "--repeats", 2, code=None)
        fits("calibrate", "labels.csv", *asked, code=None)
        fits("simulate", "coverage", "--draws", 200, code=None)

        (self.folder / "watch.csv").write_text(f"claim\n{CLAIM}\n{WIDE}\n")
        fits("drift", "show", code=None)
        fits("history", "last", code=None)
        for command in ("baseline", "check", "check"):
            fits("drift", command, "watch.csv", *asked, "-K", 4, "-R", 1, code=None)
            fits("drift", "show", "watch.csv", code=None)

        fits("costs")
        fits("keys", "list")
        fits("keys", "set", "openai", code=None)
        fits("keys", "path")
        fits("models")
        fits("models", "--prices")
        fits("selftest")
        fits("export", code=None)
        fits("health", code=None)
        fits("usage", "nobody@example.org", code=None)
        for name in ("list", "show nobody@example.org", "link nobody@example.org", "suspend nobody@example.org", "resume nobody@example.org",
                     "delete nobody@example.org", "key nobody@example.org --list"):
            fits("user", *name.split(), code=None)
        fits("plan", "list")
        fits("plan", "set", "nobody@example.org", "core", code=None)
        for name in ("upgrade", "downgrade", "current", "history", "check", "status", "stamp 0", "convert", "catalogue", "psql", "personal-data",
                     "import runs/heretix.sqlite"):
            fits("db", *name.split(), code=None)

        # A command that is named nowhere above is tried as it is.
        for name in sorted(set(self.commands) - self.tried - FOR_PROGRAMS - RUNS_ON):
            fits(*name.split(), code=None)

    def try_errors(self, columns):
        self.commands = commands_of(PROGRAM)
        for arguments in (("rnu", CLAIM), ("run",), ("run", CLAIM, "--modle", "x"), (CLAIM,), ("run", "Is it a question, and a long one at that?"),
                          ("run", CLAIM, "--mock", "-K", 1, "-R", 1), ("run", CLAIM, "--mock", "--prompts", "/no/such/folder"),
                          ("run", CLAIM, "--model", "openai/gpt-5"), ("run", CLAIM, "--model", "no-such-maker/model"),
                          ("run", CLAIM, "--mock", "-K", 900), ("run", CLAIM, "--mock", "--readout", "decision"),
                          ("show", "heretix-rpl-000000000000"), ("list", "--since", "yesterday"), ("batch", "nothing.csv"),
                          ("compare", "one", "two"), ("coherence", CLAIM, "--mock"), ("drift", "check", "nothing.csv", "--mock"),
                          ("drift", "check", "--mock"), ("keys", "set", "nobody"), ("simulate", "astrology"), ("calibrate", "nothing.csv", "--mock"),
                          ("run", CLAIM, "--model", "llama:/no/such/file.gguf"), ("serve", "--port", "not-a-port"), ("systemone", "--wordings", "5"), ("worker", "--jobs", "x")):
            self.assert_fits(columns, *arguments, code=None)

    def try_help(self, columns):
        self.commands = commands_of(PROGRAM)
        self.assert_fits(columns)
        self.assert_fits(columns, "--help")
        self.assert_fits(columns, "--version")
        for name in self.commands:
            self.assert_fits(columns, *name.split(), "--help")
            if " " in name:
                self.assert_fits(columns, name.split()[0], "--help")

    def test_every_command_fits_sixty_columns(self):
        self.try_all(60)

    def test_every_command_fits_eighty_columns(self):
        self.try_all(80)

    def test_every_command_fits_one_hundred_and_twenty_columns(self):
        self.try_all(120)

    def test_every_error_and_hint_fits(self):
        for columns in WIDTHS:
            self.try_errors(columns)

    def test_every_help_fits(self):
        for columns in WIDTHS:
            self.try_help(columns)

    def test_a_pipe_gets_the_lines_unbroken(self):
        text = self.ok("run", CLAIM, "--mock", "--db", "x.sqlite")
        self.assertIn(CLAIM, text)
        self.assertGreater(max(map(width_of, text.splitlines())), 60)

    def test_the_measure_sees_what_is_too_wide(self):
        self.assertEqual(too_wide("x" * 60 + "\n" + "y " * 31, 60), ["y " * 31])
        self.assertEqual(too_wide("\x1b[1m" + "x" * 60 + "\x1b[0m", 60), [])
        self.assertEqual(too_wide("雪" * 31, 60), ["雪" * 31])
        self.assertEqual(too_wide("  https://example.org/" + "x" * 60, 60), [])
        self.assertEqual(len(too_wide("see https://example.org/" + "x" * 60, 60)), 1, "an address has its own line")
