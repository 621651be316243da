"""Files of claims as people's tools write them: read right, or refused with the place, the fault and what to do."""
import csv
import io
import json
import os
import unittest

from heretix import ProgramTest

SMALL = ("-K", "4", "-R", "1", "-B", "50")
GLOBE = "The earth \U0001f30d is round"
UTF8_ADVICE = "save the file as UTF-8"


class FilesTest(ProgramTest):
    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    def claims_of(self, name, *arguments):
        """What a batch of that file measures."""
        return [json.loads(line)["claim"] for line in self.ok("batch", name, "--mock", "--json", *SMALL, *arguments).splitlines()]

    def nothing_was_made(self):
        self.assertFalse((self.folder / "runs").exists(), "nothing was made")


class Encodings(FilesTest):
    LATIN = "claim,label\nSnow is white,true\nThe café is open,false\n".encode("latin-1")

    def test_text_that_is_not_utf8_is_refused_by_line_and_column(self):
        line = b'{"claim": "Snow is white"}\n{"claim": "The caf\xe9 is open"}\n'
        for name, content, command, place in (
                ("latin.csv", self.LATIN.replace(b",label", b"").replace(b",true", b"").replace(b",false", b""), "batch", "latin.csv:3:8"),
                ("labels.csv", self.LATIN, "calibrate", "labels.csv:3:8"),
                ("latin.jsonl", line, "batch", "latin.jsonl:2:19"),
                ("latin.yaml", b"mock: true\nclaim: The caf\xe9 is open\n", "run --config", "latin.yaml:2:15"),
                ("latin.json", b'{"mock": true,\n "claim": "The caf\xe9 is open"}\n', "run --config", "latin.json:2:19"),
                ("watch.csv", b"claim\nThe caf\xe9 is open\n", "drift baseline", "watch.csv:2:8")):
            with self.subTest(name):
                self.write(name, content)
                self.refused(2, *command.split(), name, "--mock", says=[f"{place}: the byte 0xe9 is not UTF-8", UTF8_ADVICE])
        self.nothing_was_made()

    def test_utf16_is_named_as_what_it_is(self):
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            for name, text, command in (("c.csv", "claim\tlabel\nSnow is white\ttrue\n", "calibrate"), ("b.csv", "claim\nSnow is white\n", "batch"),
                                        ("b.jsonl", '{"claim": "Snow is white"}\n', "batch"), ("c.yaml", "claim: Snow is white\n", "run --config"),
                                        ("c.json", '{"claim": "Snow is white"}\n', "run --config")):
                with self.subTest(encoding=encoding, name=name):
                    self.write(name, text.encode(encoding))
                    self.refused(2, *command.split(), name, "--mock", says=[f"{name}: the file is UTF-16, not UTF-8", UTF8_ADVICE, "Unicode Text"])
        self.nothing_was_made()

    def test_parquet_and_workbooks_are_named_as_what_they_are(self):
        for name, content, what, advice in (("r.parquet", b"PAR1\x15\x04", "Parquet", "CSV or JSON lines"), ("claims.csv", b"PAR1\n", "Parquet", "CSV or JSON lines"),
                                            ("c.xlsx", b"PK\x03\x04\x14\x00", "an Excel workbook", UTF8_ADVICE)):
            self.write(name, content)
            for command in ("batch", "calibrate"):
                with self.subTest(name=name, command=command):
                    self.refused(2, command, name, "--mock", says=[f"{name}: the file is {what}", advice])
        self.nothing_was_made()

    def test_claims_without_objects_are_told_how_to_be_written(self):
        for text in ("Snow is white\nGrass is green\n", '["Snow is white"]\n', '[{"claim": "Snow is white"}]\n', '"Snow is white"\n'):
            self.write("claims.txt", text)
            self.refused(2, "batch", "claims.txt", "--mock", says=["claims.txt:1:1: not", 'write one JSON object per line, such as {"claim": "Bees sleep"}', ".csv"])
        self.write("claims.jsonl", '{"claim": "Snow is white"}\n{"claim": \n')
        self.refused(2, "batch", "claims.jsonl", "--mock", says=["claims.jsonl:2:", "docs/configuration.md lists the fields"])

    def test_the_mark_that_excel_puts_before_utf8_is_no_part_of_the_text(self):
        self.write("c.csv", b"\xef\xbb\xbfclaim\r\nThe caf\xc3\xa9 is open\r\n")
        self.write("c.jsonl", b'\xef\xbb\xbf{"claim": "The caf\xc3\xa9 is open"}\r\n')
        self.write("c.json", b'\xef\xbb\xbf{"claim": "The caf\xc3\xa9 is open"}')
        self.assertEqual(self.claims_of("c.csv") + self.claims_of("c.jsonl"), ["The café is open"] * 2)
        self.assertEqual(self.json("run", "--config", "c.json", "--mock", *SMALL)["claim"], "The café is open")


class WhatPythonWrites(FilesTest):
    def test_escapes_of_surrogate_pairs_are_the_character_that_they_name(self):
        written = json.dumps({"claim": GLOBE})
        self.assertIn("\\ud83c\\udf0d", written)
        self.write("c.jsonl", written + "\n")
        self.assertEqual(self.claims_of("c.jsonl"), [GLOBE])
        for name in ("c.json", "c.yaml", "c.conf"):  # JSON is JSON, whatever the file is called
            with self.subTest(name):
                self.write(name, written)
                self.assertEqual(self.json("run", "--config", name, "--mock", *SMALL)["claim"], GLOBE)

    def test_half_of_a_pair_is_refused_by_its_name(self):
        for escape in ("\\ud83c", "\\udf0d", "\\uD83C\\u0041"):
            lone = escape[:6]
            for name, text, command, place in (("c.jsonl", f'{{"claim": "a"}}\n{{"claim": "The {escape} is round"}}\n', "batch", "c.jsonl:2:"),
                                               ("c.json", f'{{"claim": "The {escape} is round"}}', "run --config", "c.json:1:"),
                                               ("c.yaml", f'claim: "The {escape} is round"\n', "run --config", "c.yaml:1:")):
                with self.subTest(name=name, escape=escape):
                    self.write(name, text)
                    done = self.refused(2, *command.split(), name, "--mock", says=[place, "is half of a surrogate pair"])
                    self.assertIn(lone.lower(), done.stderr.lower())
        self.nothing_was_made()

    def test_what_pandas_writes_with_its_index_is_refused_by_the_column(self):
        self.write("c.csv", ",claim\n0,Snow is white\n")
        self.refused(2, "batch", "c.csv", "--mock", says=["c.csv:2: the column 1 has no name", "to_csv(index=False)"])
        self.write("c.csv", "claim,\nSnow is white,\n")
        self.assertEqual(self.claims_of("c.csv"), ["Snow is white"])

    def test_whole_numbers_as_pandas_writes_them_beside_an_empty_cell(self):
        for name, text in (("c.csv", "claim,K\nSnow is white,3.0\nGrass is green,\n"), ("c.jsonl", '{"claim":"Snow is white","K":3.0}\n{"claim":"Grass is green","K":null}\n')):
            self.write(name, text)
            records = [json.loads(line) for line in self.ok("batch", name, "--mock", "--json", "-R", "1").splitlines()]
            self.assertEqual([r["config"]["K"] for r in records], [3, 8])
        self.write("c.csv", "claim,K\nSnow is white,3.5\n")
        self.refused(2, "batch", "c.csv", "--mock", says="c.csv:2: 'K' must be a whole number")

    def test_lines_that_end_as_on_an_old_macintosh(self):
        self.write("c.csv", b'claim\rSnow is white\r"Grass, too, is green"\r')
        self.assertEqual(self.claims_of("c.csv"), ["Snow is white", "Grass, too, is green"])

    def test_other_separators_are_told_before_what_they_do_to_a_row(self):
        for row in ('"He said ""no""";true', "Snow, grass and sky;true"):
            self.write("c.csv", f"claim;label\n{row}\n")
            for command in ("batch", "calibrate"):
                self.refused(2, command, "c.csv", "--mock", says=['there is no column "claim" in c.csv; it has: claim;label', "separate the columns by commas"])

    def test_the_csv_module_and_quotes_and_line_ends_inside(self):
        out = io.StringIO()
        claims = ['He said "no", and left', "One line\nand another", GLOBE]
        csv.writer(out).writerows([["claim"], *([c] for c in claims)])
        self.write("c.csv", out.getvalue())
        self.assertEqual(self.claims_of("c.csv"), claims)


class Faults(FilesTest):
    def test_a_column_that_is_there_twice(self):
        self.write("b.csv", "claim,K,claim\nSnow is white,4,Snow is black\n")
        self.refused(2, "batch", "b.csv", "--mock", says=['b.csv:1: the column "claim" appears twice', "rename or remove"])
        self.write("l.csv", "claim,label,label\nSnow is white,true,false\n")
        self.refused(2, "calibrate", "l.csv", "--mock", says=['l.csv:1: the column "label" appears twice', "rename or remove"])
        self.nothing_was_made()

    def test_a_key_that_is_there_twice(self):
        for name, text, command, place in (("c.yaml", "claim: a\nclaim: b\n", "run --config", "c.yaml:2:1"), ("c.json", '{"claim": "a",\n "claim": "b"}', "run --config", "c.json:2:2"),
                                           ("c.jsonl", '{"claim": "z"}\n\n{"claim": "a", "claim": "b"}\n', "batch", "c.jsonl:3:16")):
            with self.subTest(name):
                self.write(name, text)
                self.refused(2, *command.split(), name, "--mock", says=f"{place}: field 'claim' is given twice")
        self.nothing_was_made()

    def test_a_second_yaml_document(self):
        for text, place in (("claim: Snow is white\n---\nclaim: Snow is black\n", "c.yaml:2:1"), ("---\nclaim: a\n---\n", "c.yaml:3:1")):
            self.write("c.yaml", text)
            self.refused(2, "run", "--config", "c.yaml", "--mock", says=[place, "a second YAML document begins here"])
        self.write("c.yaml", "claim: Snow is white\n...\nmodel: m\n")
        self.refused(2, "run", "--config", "c.yaml", "--mock", says="c.yaml:3:1: the YAML document ends before this")
        self.nothing_was_made()
        for text in ("---\nclaim: Snow is white\n", "%YAML 1.2\n---\nclaim: Snow is white\n...\n"):
            self.write("c.yaml", text)
            self.assertEqual(self.json("run", "--config", "c.yaml", "--mock", *SMALL)["claim"], "Snow is white")

    def test_a_claim_that_is_a_number_or_a_truth_value(self):
        for name, text, command, says in (("c.yaml", "claim: 42\n", "run --config", "c.yaml:1:8: 'claim' must be a statement; 42 is a number"),
                                          ("c.yaml", "claim: true\n", "run --config", "'claim' must be a statement; true is a truth value"),
                                          ("c.yaml", 'claim: "42"\n', "run --config", "the claim '42' is only a number"),
                                          ("c.json", '{"claim": 42}', "run --config", "c.json:1:2: 'claim' must be a statement; 42 is a number"),
                                          ("c.json", '{"claim": false}', "run --config", "false is a truth value"),
                                          ("c.json", '{"claim": ["a"]}', "run --config", "'claim' must be text"),
                                          ("c.jsonl", '{"claim": "a"}\n{"claim": 4.5e1}\n', "batch", "c.jsonl:2:2: 'claim' must be a statement; 45.0 is a number"),
                                          ("c.csv", "claim\nSnow is white\n42\n", "batch", "c.csv:3: the claim '42' is only a number"),
                                          ("l.csv", "claim,label\nSnow is white,true\n\"1,000 \",false\n", "calibrate", "l.csv:3: the claim '1,000' is only a number")):
            with self.subTest(text):
                self.write(name, text)
                self.refused(2, *command.split(), name, "--mock", says=says)
        for number in ("42", "1e6", "3.5 %", "1'000"):
            self.refused(2, "run", number, "--mock", says=f"the claim '{number}' is only a number")
        self.nothing_was_made()
        self.assertEqual(self.json("run", "2 + 2 = 4", "--mock", *SMALL)["claim"], "2 + 2 = 4")

    def test_the_ending_of_a_name_counts_in_any_case(self):
        for name, text in (("C.CSV", "claim\nSnow is white\n"), ("c.Csv", "claim\nSnow is white\n"), ("C.JSONL", '{"claim": "Snow is white"}\n')):
            with self.subTest(name):
                self.write(name, text)
                self.assertEqual(self.claims_of(name), ["Snow is white"])
        for name, text in (("C.YAML", "claim: Snow is white\n"), ("C.JSON", '{"claim": "Snow is white"}')):
            self.write(name, text)
            self.assertEqual(self.json("run", "--config", name, "--mock", *SMALL)["claim"], "Snow is white")
        self.write("bad.JSON", "claim: Snow is white\n")
        self.refused(2, "run", "--config", "bad.JSON", "--mock", says="bad.JSON:1:1: not JSON")

    def test_a_missing_column_is_named_with_the_columns_that_there_are(self):
        for header, command, missing, says in (
                ("text,K", "batch", "claim", ["it has: text, K", "the first line names the columns"]),
                ("Claim", "batch", "claim", ["it has: Claim", 'rename the column "Claim" to "claim"']),
                (" claim,K", "batch", "claim", ["it has:  claim, K", 'rename the column " claim" to "claim"']),
                ("claim;label", "calibrate", "claim", ["it has: claim;label", "separate the columns by commas"]),
                ("claim\tlabel", "calibrate", "claim", ["it has: claim\\tlabel", "separate the columns by commas"]),
                ("claim;K", "batch", "claim", ["it has: claim;K", "separate the columns by commas"]),
                ("claim,truth", "calibrate", "label", ["it has: claim, truth"]),
                ("claim,Label", "calibrate", "label", ["it has: claim, Label", 'rename the column "Label" to "label"']),
                ("sentence", "drift baseline", "claim", ["it has: sentence"])):
            with self.subTest(header):
                self.write("bad.csv", header + "\n" + ",".join("x" for _ in header.split(",")) + "\n")
                self.refused(2, *command.split(), "bad.csv", "--mock", says=[f'no column "{missing}" in bad.csv; ', *says])
        self.nothing_was_made()

    def test_the_same_labelled_claim_twice_whatever_stands_around_it(self):
        for again in ("Snow is white", " Snow is white", "Snow is white\t", '"Snow is white\n"'):
            with self.subTest(again):
                self.write("l.csv", f"claim,label\nSnow is white,true\nGrass is blue,false\n{again},true\n")
                self.refused(2, "calibrate", "l.csv", "--mock", says=["l.csv:4: the claim appears twice, first in line 2", "remove one"])


class Questions(FilesTest):
    QUESTION = "Is the earth flat?"
    TOLD = ["the claim is a question", "write it as a statement", "--allow-question"]

    def test_every_command_that_measures_tells_that_a_claim_is_a_question(self):
        self.write("b.csv", f"claim\nSnow is white\n{self.QUESTION}\n")
        self.write("b.jsonl", '{"claim": "Snow is white"}\n\n{"claim": "Is the earth flat?"}\n')
        self.write("l.csv", f"claim,label\nSnow is white,true\n{self.QUESTION},false\n")
        self.write("c.yaml", f"claim: {self.QUESTION}\n")
        for command, place in ((["run", self.QUESTION], ""), (["describe", self.QUESTION], ""), (["run", "--config", "c.yaml"], ""), (["batch", "b.csv"], "b.csv:3: "),
                               (["batch", "b.jsonl"], "b.jsonl:3: "), (["calibrate", "l.csv"], "l.csv:3: "), (["drift", "baseline", "b.csv"], "b.csv:3: "),
                               (["drift", "check", "b.jsonl"], "b.jsonl:3: "), (["readouts", self.QUESTION], ""), (["coherence", self.QUESTION], ""),
                               (["coherence", "Snow is white", "--not", "Is snow not white?"], '"Is snow not white?": '),
                               (["coherence", "Snow is white", "--implies", self.QUESTION], f'"{self.QUESTION}": ')):
            with self.subTest(command):
                self.refused(2, *command, "--mock", says=[f"heretix: {place}the claim is a question", *self.TOLD])
        self.nothing_was_made()

    def test_it_is_measured_where_that_is_asked_for(self):
        self.assertEqual(self.json("run", self.QUESTION, "--mock", "--allow-question", *SMALL)["claim"], self.QUESTION)
        self.assertEqual(self.json("run", self.QUESTION, "--mock", *SMALL, HERETIX_ALLOW_QUESTION="1")["claim"], self.QUESTION)
        self.refused(2, "run", self.QUESTION, "--mock", "--allow-question=false", says=self.TOLD, HERETIX_ALLOW_QUESTION="1")
        self.write("c.yaml", f"claim: {self.QUESTION}\nallow_question: true\n")
        self.assertEqual(self.json("run", "--config", "c.yaml", "--mock", *SMALL)["claim"], self.QUESTION)
        self.write("b.jsonl", '{"claim": "Is the earth flat?", "allow_question": true}\n')
        self.assertEqual(self.claims_of("b.jsonl"), [self.QUESTION])
        self.write("b.csv", "claim,allow_question\nIs the earth flat?,TRUE\nSnow is white,\n")
        self.assertEqual(self.claims_of("b.csv"), [self.QUESTION, "Snow is white"])
        self.ok("coherence", self.QUESTION, "--not", "Is the earth not flat?", "--mock", "--allow-question", *SMALL)
        self.write("l.csv", f"claim,label\nSnow is white,true\n{self.QUESTION},false\n")
        self.ok("calibrate", "l.csv", "--mock", "--allow-question", "-q")
        self.ok("drift", "baseline", "b.csv", "--mock", "--allow-question", "-q", *SMALL)

    def test_what_was_measured_before_stays_readable_and_true(self):
        """A record of a question is as good as any: it is shown, verified, compared and exported."""
        record = self.json("run", self.QUESTION, "--mock", "--allow-question")
        again = self.json("run", self.QUESTION, "--mock", "--allow-question", "--seed", "7")
        for command in ("show", "answers", "verify", "report"):
            self.ok(command, record["run_id"])
        self.ok("compare", record["execution"]["execution_id"], again["execution"]["execution_id"])
        self.write("b.csv", f"claim\n{self.QUESTION}\n")
        self.ok("compare", "model=mock", "model=mock", "--claims", "b.csv")
        self.ok("export", "lake", "-q", "--db", "runs/mock.sqlite")

    def test_a_sentinel_that_is_a_question_is_still_shown(self):
        self.write("w.csv", f"claim\n{self.QUESTION}\n")
        self.ok("drift", "baseline", "w.csv", "--mock", "--allow-question", "-q", *SMALL)
        self.assertIn(self.QUESTION, self.ok("drift", "show", "w.csv"))


class Databases(FilesTest):
    def test_what_cannot_keep_anything_is_refused_with_the_reason(self):
        (self.folder / "folder").mkdir()
        os.mkfifo(self.folder / "pipe")
        for path, why in ((":memory:", "is in memory"), ("/dev/null", "is a device"), ("folder", "is a folder"), ("pipe", "is a pipe"), ("file:x.sqlite?mode=memory", "is a URI of SQLite"),
                          ("file:x.sqlite", "is a URI of SQLite")):
            says = [f"'{path}' cannot be the database: it {why}", "name a file"]
            self.write("c.yaml", f'claim: Snow is white\ndb: "{path}"\n')
            self.write("b.jsonl", json.dumps({"claim": "Snow is white", "db": path}) + "\n")
            with self.subTest(path):
                self.refused(2, "run", "Snow is white", "--mock", "--db", path, says=says)
                self.refused(2, "run", "Snow is white", "--mock", says=says, HERETIX_DB=path)
                self.refused(2, "run", "--config", "c.yaml", "--mock", says=says)
                self.refused(2, "batch", "b.jsonl", "--mock", says=["b.jsonl:1: ", *says])
                self.refused(2, "describe", "Snow is white", "--mock", "--db", path, says=says)
                for command in (["list"], ["show", "x"], ["verify", "x"], ["costs"], ["user", "list"]):
                    self.refused(2, *command, "--app-db" if command[0] == "user" else "--db", path, says=says)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir() if p.name != "runs"), ["b.jsonl", "c.yaml", "folder", "pipe"])
        self.ok("run", "Snow is white", "--mock", "--db", "./file:x.sqlite", *SMALL)
        self.assertTrue((self.folder / "file:x.sqlite").is_file())


class AppEnv(FilesTest):
    def test_a_word_of_other_software_stops_nothing_that_needs_no_postgres(self):
        for word in ("production", "staging", "development", "test"):
            with self.subTest(word):
                run = self.json("run", "Snow is white", "--mock", *SMALL, APP_ENV=word)["run_id"]
                for command in (["list"], ["show", run], ["verify", run], ["models"], ["keys", "list"], ["costs"], ["describe", "Snow is white", "--mock"], ["db", "history"],
                                ["export", "lake", "-q", "--db", "runs/mock.sqlite"], ["plan", "list"], ["usage"]):
                    self.ok(*command, APP_ENV=word)
                self.refused(2, "db", "current", says=[f"APP_ENV is '{word}'", "unset it"], APP_ENV=word)


class PriceFiles(FilesTest):
    PRICE = '"input": 1, "output": 2'

    def refusal(self, text, *says):
        self.write("p.json", text)
        self.refused(2, "models", "--prices", says=says, HERETIX_PRICES="p.json")

    def test_the_line_of_what_is_wrong(self):
        head = '{"version": 2, "date": "2026-01-02", "models": [\n'
        one = f' {{"model": "a/b", "prices": [{{{self.PRICE}}}]}},\n'
        self.refusal(head + one + one[:-2] + "]}", "p.json:3:2: a second entry for a/b, the first is in line 2", "'prices' of one entry")
        self.refusal(head + one + f' {{"model": "a/c", "also": ["a/b"], "prices": [{{{self.PRICE}}}]}}]}}', "p.json:3:2: a second entry for a/b")
        self.refusal(f'{{"date": "2026-01-02", "models": [\n{{"model": "m", {self.PRICE}}},\n{{"model": "m", {self.PRICE}}}]}}', "p.json:3:1: a second entry for m")
        self.refusal(head + f' {{"model": "a/b", "prices": [\n  {{"from": "2026-02-30", {self.PRICE}}}]}}]}}', "p.json:3:4: a/b: 'from' is 2026-02-30, which is not a date in any calendar")
        self.refusal(head + ' {"model": "a/b",\n  "retires": "2026-04-31", "prices": []}]}', "p.json:3:3: a/b: 'retires' is 2026-04-31, which is not a date in any calendar")
        self.refusal('{"date":\n "2026-13-01", "models": []}', "p.json:1:2: 'date' is 2026-13-01, which is not a date in any calendar")
        self.refusal(head + f' {{"model": "a/b", "prices": [\n  {{"from": "2026-01-01", {self.PRICE}}},\n  {{"from": "2026-01-01", {self.PRICE}}}]}}]}}',
                     "p.json:4:4: a/b: there is a second price from 2026-01-01 on")
        self.refusal(head + f' {{"model": "a/b",\n  "model": "a/c", "prices": [{{{self.PRICE}}}]}}]}}', "p.json:3:3: field 'model' is given twice")
        self.refusal(head + f' {{"model": "a/b", "prices": [{{{self.PRICE},\n  "input": 3}}]}}]}}', "p.json:3:3: field 'input' is given twice")
        self.refusal(head + " nonsense", "p.json:2:", "not JSON")

    def test_prices_of_one_model_from_different_days_are_one_entry(self):
        self.write("p.json", f'{{"version": 2, "date": "2026-01-02", "models": [{{"model": "a/b", "prices": [{{{self.PRICE}}}, {{"from": "2026-02-28", {self.PRICE}}}]}}]}}')
        self.assertRegex(self.ok("models", "--prices", HERETIX_PRICES="p.json"), r"a/b +2026-02-28")

    def test_a_key_that_the_key_file_has_twice(self):
        keys = self.folder / "heretix"
        keys.mkdir()
        (keys / "keys").write_text("# mine\nOPENAI_API_KEY=sk-1\nXAI_API_KEY=x\nOPENAI_API_KEY=sk-2\n")
        (keys / "keys").chmod(0o600)
        self.refused(2, "keys", "list", says=["heretix/keys:4: OPENAI_API_KEY appears twice", "remove one"], XDG_CONFIG_HOME=str(self.folder))


if __name__ == "__main__":
    unittest.main()
