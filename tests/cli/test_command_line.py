"""What the command line understands: near misses, claims without quotes, the newest run, filters of the list."""
from heretix import PROGRAM, ProgramTest
from terminals import on_terminal

CLAIM = "Bees sleep"


class CommandLine(ProgramTest):
    def test_alone_it_prints_the_help(self):
        self.assertEqual(self.ok(), self.ok("--help"))

    def test_a_command_that_does_not_exist_gets_the_nearest_one(self):
        self.refused(2, "rnu", CLAIM, says=["there is no command 'rnu'", "did you mean heretix run? heretix --help lists the commands"])
        self.refused(2, "db", "upgrad", says=["there is no command 'upgrad'", "did you mean heretix db upgrade?"])
        far = self.refused(2, "astrology", says=["there is no command 'astrology'", "heretix --help lists the commands"])
        self.assertNotIn("did you mean", far.stderr)

    def test_a_flag_that_does_not_exist_gets_the_nearest_one(self):
        self.refused(2, "run", CLAIM, "--modle", "local", says=["--modle", "did you mean --model? heretix run --help lists the options"])
        self.refused(2, "list", "--snice=2026-01-01", says="did you mean --since?")
        far = self.refused(2, "run", CLAIM, "--astrology", says="--astrology")
        self.assertNotIn("did you mean", far.stderr)

    def test_an_option_is_named_as_it_was_typed(self):
        help_of_run = "heretix run --help lists the options"
        self.refused(2, "run", CLAIM, "-K", "3.5", says=["-K is '3.5'; it must be a whole number", help_of_run])
        self.refused(2, "run", CLAIM, "--slots", "x", says="--slots is 'x'; it must be a whole number")
        self.refused(2, "run", CLAIM, "-K", "99999999999", says="-K is '99999999999', which is too large")
        self.refused(2, "run", CLAIM, "--until-width", "wide", says="--until-width is 'wide'; it must be a number")
        self.refused(2, "run", CLAIM, "-Q", says=["heretix run has no option -Q", help_of_run])
        self.refused(2, "list", "--db", says=["--db needs a value: FILE", "heretix list --help"])
        self.refused(2, "run", CLAIM, "--db", "a", "--db", "b", says="--db is given 2 times, and takes one value")
        self.refused(2, "--mock", "run", CLAIM, says=["--mock stands before the command", "write it behind heretix run"])

    def test_a_flag_takes_true_or_false(self):
        self.refused(2, "run", CLAIM, "--mock=maybe", says=["--mock is 'maybe'; it must be true or false", "heretix run --help"])

    def test_what_is_missing_behind_a_command_is_named(self):
        self.refused(2, "show", says=["heretix show needs its argument RUN", "heretix show --help shows what it takes"])
        self.refused(2, "compare", "last", says="heretix compare needs its arguments A B")
        self.refused(2, "show", "last", "more", says=["heretix show does not expect the argument 'more'", "heretix show --help shows what it takes"])
        self.refused(2, "drift", says=["heretix drift needs a command: baseline, check, show", "heretix drift --help says what each does"])

    def test_a_password_is_not_repeated(self):
        for arguments in (("postgresql://me:secret@db/x",), ("show", "last", "postgresql://me:secret@db/x"), ("run", CLAIM, "--base=http://me:secret@host")):
            told = self.refused(2, *arguments)
            self.assertNotIn("secret", told.stderr)

    def test_a_model_without_its_prefix_gets_the_one_that_is_meant(self):
        (self.folder / "model.gguf").write_text("GGUF")
        self.refused(2, "run", CLAIM, "--model", "model.gguf", says="did you mean llama:model.gguf?")
        self.refused(2, "run", CLAIM, "--model", "llama/Another-7B.Q4_K_M", says="results call a model of this machine so; name its file (llama:FILE.gguf)")

    def test_the_name_that_results_show_means_the_embedded_model(self):
        shown = self.json("describe", CLAIM)
        named = self.json("describe", CLAIM, "--model", shown["config"]["model"])
        self.assertEqual((named["run_id"], named["config"]["model"]), (shown["run_id"], shown["config"]["model"]))

    def test_limits_hold_for_a_model_that_has_no_use_for_them(self):
        self.refused(2, "run", CLAIM, "--mock", "--concurrency", "0", says="concurrency is 0; it must be from 1 to 1000")
        self.refused(2, "run", CLAIM, "--mock", "--timeout", "0", says="timeout is 0; it must be from 0.1 to 3600")

    def test_a_claim_without_a_command_is_told_how_to_measure_it(self):
        self.refused(2, CLAIM, says=[f"there is no command '{CLAIM}'", 'heretix run "CLAIM" measures a claim'])

    def test_a_claim_without_quotes_is_the_same_claim(self):
        whole = self.json("run", CLAIM, "--mock")
        words = self.json("run", "Bees", "--mock", "sleep")
        self.assertEqual((words["claim"], words["run_id"]), (CLAIM, whole["run_id"]))
        self.assertEqual(self.json("describe", "Bees", "sleep", "--mock")["run_id"], whole["run_id"])

    def test_a_plan_that_can_never_give_three_answers_is_refused_before_anything(self):
        for plan, answers in ((("-K", 1, "-R", 2), "2 answers"), (("-K", 1, "-R", 1), "1 answer"), (("-K", 2, "-R", 1, "--readout", "frequency"), "2 answers")):
            self.refused(2, "run", CLAIM, "--mock", *plan, says=[f"the plan asks for {answers}; an estimate needs at least 3", "-K", "-R"])
        self.assertFalse((self.folder / "runs").exists())

    def test_describe_needs_no_key(self):
        told = self.ok("describe", CLAIM, "--model", "openai/gpt-5", XDG_CONFIG_HOME=str(self.folder))
        self.assertIn("gpt-5", told)
        self.refused(4, "run", CLAIM, "--model", "openai/gpt-5", "-q", XDG_CONFIG_HOME=str(self.folder), says="no key for OpenAI")

    def test_last_is_the_newest_run_with_a_result(self):
        self.refused(3, "show", "last", says="there is no ")
        self.ok("run", CLAIM, "--mock")
        newest = self.json("run", "Snow is white", "--mock")["run_id"]
        self.assertEqual(self.json("show", "last")["run_id"], newest)
        self.assertIn("equal to what is stored", self.ok("verify", "last"))
        self.assertIn("prob_true", self.ok("answers", "last"))
        self.ok("report", "last", "-o", "last.html")
        self.assertIn("Snow is white", (self.folder / "last.html").read_text())

    def listed(self, *filters):
        return [(r["claim"], r["model"]) for r in self.json("list", *filters)]

    def test_the_list_is_filtered(self):
        for claim, model in ((CLAIM, "a/one"), ("Snow is white", "a/two"), ("bees dance", "a/two")):
            self.ok("run", claim, "--mock", "--model", model)
        self.assertEqual(self.listed("--claim", "BEES"), [("bees dance", "a/two"), (CLAIM, "a/one")])
        self.assertEqual(self.listed("--model", "two", "--claim", "bees"), [("bees dance", "a/two")])
        self.assertEqual(self.listed("--model", "two", "-n", 1), [("bees dance", "a/two")])
        self.assertEqual(len(self.listed("--since", "2026-01-01")), 3)
        self.assertEqual(self.listed("--since", "2999-01-01"), [])
        self.assertEqual(self.ok("list", "--claim", "nothing of the kind"), "no run fits\n")
        self.refused(2, "list", "--since", "2026-02-30", says="--since is '2026-02-30'; it must be a date as YYYY-MM-DD")

    def test_the_list_fits_the_terminal_and_is_whole_in_a_pipe(self):
        claim = "A claim that goes on for " + "very " * 20 + "long"
        self.ok("run", claim, "--mock")
        for columns in (60, 80, 120, 200):
            code, text = on_terminal(columns, ["list"], self.folder, PROGRAM)
            self.assertEqual(code, 0, text)
            self.assertLessEqual(max(map(len, text.splitlines())), columns, text)
            self.assertIn("A claim that goes", text)
        day, p = self.ok("list").splitlines()[1].split()[1:3]
        self.assertRegex(f"{day} {p}", r"\A\d{4}-\d\d-\d\d 0\.\d\d\Z")
