"""Many claims by several models: rows, tables, what a stopped batch says, and how it goes on."""
import csv
import json
import os
import re
import shlex
import signal
import subprocess
import time

from heretix import PROGRAM, ProgramTest

SMALL = ("-K", "4", "-R", "1", "-B", "50")
RECEIVED = "received"


class BatchTest(ProgramTest):
    def claims(self, number, name="claims.jsonl"):
        (self.folder / name).write_text("".join(json.dumps({"claim": f"Claim number {i}"}) + "\n" for i in range(number)))
        return name

    def received(self):
        ledger = self.folder / "ledger"
        return ledger.read_text().count(RECEIVED) if ledger.exists() else 0

    def start(self, *arguments, stdin=None):
        running = subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   stdin=subprocess.PIPE if stdin else None)
        if stdin:
            running.stdin.write(stdin)
            running.stdin.close()
            running.stdin = None
        return running


class SeveralModels(BatchTest):
    def test_each_claim_is_measured_by_each_model_in_the_order_of_the_file(self):
        claims = self.claims(2)
        models = ("--model", self.script("one.json"), "--model", self.script("two.json"))
        records = [json.loads(line) for line in self.ok("batch", claims, *models, *SMALL, "--json").splitlines()]
        self.assertEqual([(r["claim"], r["config"]["model"]) for r in records],
                         [(f"Claim number {i}", model) for i in range(2) for model in ("one", "two")])

        lines = self.ok("batch", claims, *models, *SMALL).splitlines()
        self.assertEqual(lines[0].split(), ["run", "p", "95", "%", "within", "model", "claim"])
        self.assertEqual([re.search(r"(one|two) \(mock\) +Claim number (\d)", line).groups() for line in lines[1:]],
                         [("one", "0"), ("two", "0"), ("one", "1"), ("two", "1")])

    def test_a_model_that_is_wrong_refuses_the_whole_call_before_anything_is_asked(self):
        claims = self.claims(2)
        good = self.script("good.json", ledger=str(self.folder / "ledger"))
        self.refused(2, "batch", claims, "--model", good, "--model", "nobody", *SMALL, says="there is no model 'nobody'")
        self.refused(2, "batch", claims, "--model", good, "--model", "openai/gpt-5", "--price", "1,2", *SMALL,
                     says=["--price is for one model, but several are given", "--prices"], OPENAI_API_KEY="sk-x")
        self.refused(2, "batch", claims, "--model", good, "--model", good, *SMALL, says=["is given twice", "name each model once"])
        (self.folder / "priced.jsonl").write_text('{"claim": "One", "base_url": "http://127.0.0.1:9/v1"}\n')
        self.refused(2, "batch", "priced.jsonl", "--model", good, "--model", self.script("other.json"), *SMALL,
                     says=["priced.jsonl:1: 'base_url' is for one provider, but several models are given"])
        self.assertFalse((self.folder / "runs").exists(), "nothing was made")
        self.assertEqual(self.received(), 0)

    def test_a_model_that_fails_a_claim_is_named_and_the_others_go_on(self):
        claims = self.claims(2)
        bad = self.script("bad.json", rules=[{"user_contains": "number 0", "ending": "refused"}])
        done = self.heretix("batch", claims, "--model", bad, "--model", self.script("good.json"), *SMALL, "-o", "r.jsonl")
        self.assertEqual(done.returncode, 2)
        self.assertIn("claims.jsonl:1 by bad: 0 of 4 answers are usable", done.stderr)
        rows = [json.loads(line) for line in (self.folder / "r.jsonl").read_text().splitlines()]
        self.assertEqual([(r["model"], r["p"] is None, r["error"] is None) for r in rows],
                         [("bad", True, False), ("good", False, True), ("bad", False, True), ("good", False, True)])

    def test_one_model_as_before_and_rows_that_name_their_own(self):
        (self.folder / "c.csv").write_text("claim,model\nOne,a\nTwo,b\n")
        records = [json.loads(line) for line in self.ok("batch", "c.csv", "--mock", *SMALL, "--json").splitlines()]
        self.assertEqual([r["config"]["model"] for r in records], ["a", "b"])
        records = [json.loads(line) for line in self.ok("batch", "c.csv", "--mock", "--model", "x", "--model", "y", *SMALL, "--json").splitlines()]
        self.assertEqual([r["config"]["model"] for r in records], ["x", "y", "x", "y"])


class Tables(BatchTest):
    def test_csv_and_json_lines_hold_one_row_for_each_claim_and_model(self):
        (self.folder / "c.csv").write_text('claim\n"Three, quoted ""so"""\nFour\n')
        models = ("--mock", "--model", "a", "--model", "b")
        self.ok("batch", "c.csv", *models, *SMALL, "-o", "results.csv")
        records = [json.loads(line) for line in self.ok("batch", "c.csv", *models, *SMALL, "--json", "-o", "results.jsonl").splitlines()]
        with (self.folder / "results.csv").open(newline="") as file:
            cells = list(csv.DictReader(file))
        rows = [json.loads(line) for line in (self.folder / "results.jsonl").read_text().splitlines()]
        self.assertEqual(list(cells[0]), list(rows[0]))
        self.assertEqual(len(cells), 4)
        for cell, row, record in zip(cells, rows, records, strict=True):
            self.assertEqual((cell["claim"], cell["model"]), (record["claim"], record["config"]["model"]))
            self.assertEqual((row["claim"], row["model"], row["mode"]), (record["claim"], record["config"]["model"], "MOCK"))
            self.assertEqual(row["p"], record["belief_v2"]["p"])
            self.assertEqual(float(cell["p"]), row["p"])
            self.assertEqual([row["low"], row["high"]], record["belief_v2"]["ci"])
            self.assertEqual(cell["stable"], {True: "true", False: "false", None: ""}[row["stable"]])
            self.assertEqual(row["run_id"], record["run_id"])
        self.assertEqual([p.name for p in self.folder.glob("*.part")], [])

    def test_what_cannot_be_written_is_refused_before_anything_is_asked(self):
        claims = self.claims(1)
        (self.folder / "folder.csv").mkdir()
        for out, code, says in (("results.xlsx", 2, "ends neither in .csv nor in .jsonl nor in .parquet"), ("absent/results.csv", 4, "cannot write absent/results.csv.part"),
                                ("folder.csv", 4, "it is a folder")):
            self.refused(code, "batch", claims, "--mock", *SMALL, "-o", out, says=says)
        self.assertFalse((self.folder / "runs").exists(), "nothing was made")

    def test_a_stopped_batch_leaves_the_table_of_an_earlier_one_as_it_is(self):
        claims = self.claims(3)
        (self.folder / "results.csv").write_text("earlier\n")
        model = self.script(rules=[{"user_contains": "number 2", "fail": "bad_key"}])
        done = self.refused(4, "batch", claims, "--model", model, *SMALL, "-q", "-o", "results.csv", says="the rows so far are in results.csv.part")
        self.assertEqual((self.folder / "results.csv").read_text(), "earlier\n")
        self.assertEqual(len((self.folder / "results.csv.part").read_text().splitlines()), 3, "a header and two rows")
        self.assertIn("2 of 3 claims are finished", done.stderr)


class Carried(BatchTest):
    """Columns of the input that are no settings."""

    def test_they_stand_behind_the_results_and_keep_their_types(self):
        (self.folder / "c.jsonl").write_text('{"claim": "One", "topic": "a, b", "truth": true, "tags": ["x", "y"]}\n{"claim": "Two", "year": 1999}\n')
        self.ok("batch", "c.jsonl", "--mock", *SMALL, "-o", "r.jsonl")
        rows = [json.loads(line) for line in (self.folder / "r.jsonl").read_text().splitlines()]
        self.assertEqual(list(rows[0])[-6:], ["place", "error", "tags", "topic", "truth", "year"])
        self.assertEqual([rows[0][n] for n in ("topic", "truth", "tags", "year")], ["a, b", True, ["x", "y"], None])
        self.assertEqual([rows[1][n] for n in ("topic", "truth", "tags", "year")], [None, None, None, 1999])

        self.ok("batch", "c.jsonl", "--mock", *SMALL, "-o", "r.csv")
        with (self.folder / "r.csv").open(newline="") as file:
            cells = list(csv.DictReader(file))
        self.assertEqual([cells[0][n] for n in ("topic", "truth", "tags", "year")], ["a, b", "true", "x y", ""])

    def test_a_table_of_results_can_be_given_again(self):
        (self.folder / "c.csv").write_text("claim,topic\nOne,first\nTwo,\n")
        self.ok("batch", "c.csv", "--mock", *SMALL, "-o", "r.csv")
        self.ok("batch", "r.csv", *SMALL, "-o", "again.csv")
        first, again = ((self.folder / name).read_text() for name in ("r.csv", "again.csv"))
        self.assertEqual(again.splitlines()[0], first.splitlines()[0], "each column once")
        with (self.folder / "again.csv").open(newline="") as file:
            self.assertEqual([(row["claim"], row["topic"], row["from_store"]) for row in csv.DictReader(file)], [("One", "first", "4"), ("Two", "", "4")])

    def test_results_of_the_embedded_model_can_be_given_again(self):
        (self.folder / "c.csv").write_text("claim\nBees sleep\n")
        self.ok("batch", "c.csv", *SMALL, "-o", "r.csv")
        self.ok("batch", "r.csv", *SMALL, "-o", "again.csv")
        with (self.folder / "again.csv").open(newline="") as file:
            self.assertEqual([(row["claim"], row["from_store"]) for row in csv.DictReader(file)], [("Bees sleep", "4")])

    def test_the_results_never_replace_the_claims(self):
        for name, text in (("c.csv", "claim,K\nOne,4\n"), ("c.jsonl", '{"claim": "One", "K": 4}\n')):
            (self.folder / name).write_text(text)
            self.refused(2, "batch", name, "--mock", *SMALL, "-o", f"./{name}", says=[f"--out names ./{name}, which holds the claims", "name another file"])
            self.assertEqual((self.folder / name).read_text(), text)

    def test_a_misspelled_setting_is_refused(self):
        for name, text in (("c.csv", "claim,modle\nOne,x\n"), ("c.jsonl", '{"claim": "One", "Model": "x"}\n')):
            (self.folder / name).write_text(text)
            self.refused(2, "batch", name, "--mock", *SMALL, says="unknown field 'modle'" if "modle" in text else "unknown field 'Model'")


class Together(BatchTest):
    """Questions of many claims in flight at the same time."""

    def test_as_many_as_the_model_takes_and_no_more(self):
        model = self.script(concurrency=8, delay_ms=200, ledger=str(self.folder / "ledger"))
        claims = self.claims(12)
        began = time.monotonic()
        self.ok("batch", claims, "--model", model, *SMALL, "-q")
        took = time.monotonic() - began
        self.assertGreater(took, 48 / 8 * 0.2, "48 questions, 8 at a time")
        self.assertLess(took, 12 * 0.4, "one claim after the other would take two rounds each")

        open_now, most = set(), 0
        for line in (self.folder / "ledger").read_text().splitlines():
            what, key, _ = line.split()
            open_now.add(key) if what == RECEIVED else open_now.discard(key)
            most = max(most, len(open_now))
        self.assertEqual(most, 8)

    def test_several_models_are_asked_side_by_side(self):
        models = [argument for name in ("one.json", "two.json") for argument in ("--model", self.script(name, concurrency=4, delay_ms=400))]
        began = time.monotonic()
        self.ok("batch", self.claims(4), *models, *SMALL, "-q")
        self.assertLess(time.monotonic() - began, 2 * 4 * 0.4, "one after the other they would take twice four rounds")

    def test_a_claim_that_stands_there_twice_is_asked_once(self):
        (self.folder / "c.jsonl").write_text('{"claim": "The same"}\n' * 6)
        self.ok("batch", "c.jsonl", "--model", self.script(concurrency=8, delay_ms=50, ledger=str(self.folder / "ledger")), *SMALL)
        self.assertEqual(self.received(), 4)

    def test_results_come_in_the_order_of_the_file_or_as_they_are_finished(self):
        model = self.script(concurrency=16, rules=[{"user_contains": "number 0", "delay_ms": 1600}, {"user_contains": "number 1", "delay_ms": 800}])
        claims = self.claims(3)
        for order, expected in ((), [0, 1, 2]), (("--order", "finished"), [2, 1, 0]):
            rows = self.ok("batch", claims, "--model", model, *SMALL, "--fresh", *order).splitlines()[1:]
            self.assertEqual([int(row.split()[-1]) for row in rows], expected)
        self.refused(2, "batch", claims, "--mock", "--order", "random", says="finished")

    def test_a_long_file_is_streamed(self):
        """The size does not grow with the file."""
        sizes = []
        for times in (1, 3):
            (self.folder / "long.jsonl").write_text("".join(json.dumps({"claim": f"Claim number {i}", "topic": "x" * 4000}) + "\n" for i in range(800 * times)))
            running = self.start("batch", "long.jsonl", "--mock", *SMALL, "-q")
            running.stdout.read()
            _, status, usage = os.wait4(running.pid, 0)
            running.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(running.returncode, 0, running.stderr.read())
            running.communicate()
            sizes.append(usage.ru_maxrss)
        self.assertLess(sizes[1], 80 * 1024)
        self.assertLess(sizes[1], sizes[0] * 1.25)


class Stopped(BatchTest):
    SAYS = re.compile(r"(\d+) of (\d+) claims are finished(?:, and (\d+) of the (\d+) answers of (?:another one|\d others) are kept)?; "
                      r"in all (\d+) answers are kept \((\d+) of them from the store\)")

    def command_in(self, told):
        """The command that the program says goes on, and how many questions it will ask."""
        found = re.search(r"(?:try|then): (?:[^\n]*: )?heretix (batch [^\n]*)\n\s+which asks the (\d+) questions", told)
        self.assertTrue(found, told)
        return shlex.split(found[1]), int(found[2])

    def stop_after(self, questions, number, *arguments, stdin=None):
        model = self.script(concurrency=2, delay_ms=60, ledger=str(self.folder / "ledger"))
        running = self.start("batch", "-" if stdin else self.claims(10), "--model", model, *SMALL, "-q", *arguments, stdin=stdin)
        self.wait_for(lambda: self.received() >= questions)
        running.send_signal(number)
        out, told = running.communicate(timeout=30)
        self.assertEqual(running.returncode, 7, told)
        return out, told

    def test_an_interrupt_says_what_is_kept_of_the_whole_set_and_its_command_goes_on(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                out, told = self.stop_after(self.received() + 14, number, "--db", f"store of {number}.sqlite")
                finished, claims, some, of, answers, stored = (int(x or 0) for x in self.SAYS.search(told).groups())
                self.assertEqual((claims, stored), (10, 0))
                self.assertEqual(len(out.splitlines()), finished + 1, "a header and a row for each claim")
                self.assertEqual(answers, 4 * finished + some)
                self.assertEqual(of % 4, 0)
                self.assertGreaterEqual(finished, 3)

                command, asks = self.command_in(told)
                self.assertEqual(asks, 40 - answers)
                before = self.received()
                self.assertEqual(len(self.ok(*command).splitlines()), 11)
                self.assertEqual(self.received() - before, asks)

    def test_claims_on_standard_input(self):
        lines = "".join(json.dumps({"claim": f"Piped claim {i}"}) + "\n" for i in range(5))
        _, told = self.stop_after(6, signal.SIGINT, stdin=lines)
        command, asks = self.command_in(told)
        self.assertIn("give it the same lines on standard input", told)
        before = self.received()
        self.ok(*command, stdin=lines)
        self.assertEqual(self.received() - before, asks)

    def test_several_models_are_counted_as_checks(self):
        bad = self.script("bad.json", rules=[{"user_contains": "number 2", "fail": "bad_key"}])
        done = self.refused(4, "batch", self.claims(4), "--model", self.script("good.json"), "--model", bad, *SMALL, "-q",
                            says=["claims.jsonl:3 by bad: 401: the key was refused."])
        finished, answers = (int(n) for n in re.search(r"(\d) of 8 checks \(4 claims by 2 models\) are finished(?:, and [^;]*)?; in all (\d+) answers are kept",
                                                       done.stderr).groups())
        self.assertLess(finished, 8)
        self.assertGreaterEqual(answers, 4 * finished)
        command, asks = self.command_in(done.stderr)
        self.assertEqual(asks, 32 - answers)
        self.assertEqual(command.count("--model"), 2)

    def test_a_budget_that_is_reached_names_one_that_suffices(self):
        model = self.script(price_micro_usd=10_000, concurrency=1)
        done = self.refused(7, "batch", self.claims(5), "--model", model, *SMALL, "-q", "--budget", "0.10", says="the budget of $0.100000 is reached")
        self.assertIn("2 of 5 claims are finished, and 2 of the 4 answers of another one are kept; in all 10 answers are kept (0 of them from the store); it cost $0.100000",
                      done.stderr)
        command, asks = self.command_in(done.stderr)
        self.assertEqual((asks, command[command.index("--budget") + 1]), (10, "0.10"))
        self.assertEqual(len(self.ok(*command).splitlines()), 6)

        done = self.refused(7, "batch", self.claims(8, "more.jsonl"), "--model", model, *SMALL, "-q", "--budget-day", "0.10",
                            says=["after midnight UTC, or with a higher --budget-day"])
        self.assertEqual(self.command_in(done.stderr)[1], 12, "of the three claims that are new")

    def test_what_is_asked_afresh_cannot_be_gone_on_with(self):
        _, told = self.stop_after(6, signal.SIGINT, "--fresh")
        self.assertRegex(told, r"give it the lines from claims\.jsonl:\d on; with --fresh this command asks every claim anew")

    def test_a_password_is_not_repeated(self):
        bad = self.script(rules=[{"fail": "bad_key"}])
        done = self.refused(4, "batch", self.claims(2), "--model", bad, "--base-url=http://somebody:secret@127.0.0.1:9/v1", *SMALL, "-q")
        self.assertIn("--base-url=http://127.0.0.1:9/v1", done.stderr)
        self.assertNotIn("secret", done.stderr)


if __name__ == "__main__":
    import unittest
    unittest.main()
