"""The table of a batch as one Parquet file, by heretix-export. A module of its own: Arrow would weigh on the sizes that test_batch.py measures."""
import json
import pathlib
import shutil
import subprocess

from pyarrow import parquet

from heretix import PROGRAM, ProgramTest

SMALL = ("-K", "4", "-R", "1", "-B", "50")


class Parquet(ProgramTest):

    CLAIMS = ('{"claim": "One", "topic": "a", "truth": true, "tags": ["x", "y"], "weight": 1, "more": {"a": 1}}\n'
              '{"claim": "Two", "year": 1999, "weight": 1.5, "more": "b"}\n')

    def test_it_holds_what_the_json_lines_hold(self):
        (self.folder / "c.jsonl").write_text(self.CLAIMS)
        models = ("--mock", "--model", "a", "--model", "b")
        self.ok("batch", "c.jsonl", *models, *SMALL, "-o", "r.jsonl")
        self.ok("batch", "c.jsonl", *models, *SMALL, "-o", "r.parquet")
        told = [json.loads(line) for line in (self.folder / "r.jsonl").read_text().splitlines()]
        for row in told:
            row["more"] = None if row["more"] is None else json.dumps(row["more"], separators=(",", ":"))

        table = parquet.read_table(self.folder / "r.parquet")
        rows = table.to_pylist()
        self.assertEqual(table.column_names, list(told[0]))
        for row in (*rows, *told):  # the second batch took its answers from the store
            for name in ("from_store", "execution_id", "seconds"):
                self.assertIn(name, row)
                del row[name]
        self.assertEqual(rows, told)
        self.assertEqual([p.name for p in self.folder.glob("r.parquet.*")], [], "nothing is left beside it")

    def test_columns_keep_their_kinds_where_every_cell_is_empty(self):
        (self.folder / "c.jsonl").write_text(self.CLAIMS)
        self.ok("batch", "c.jsonl", "--mock", *SMALL, "-T", 1, "-o", "r.parquet")
        table = parquet.read_table(self.folder / "r.parquet")
        self.assertEqual(table.column("low").null_count, 2, "one template has no interval")
        kinds = {field.name: str(field.type) for field in table.schema}
        self.assertEqual([kinds[n] for n in ("p", "low", "stable", "answers", "mock", "error", "truth", "year", "weight", "topic", "more")],
                         ["double", "double", "bool", "int64", "bool", "string", "bool", "int64", "double", "string", "string"])
        self.assertTrue(kinds["tags"].startswith("list<"), kinds["tags"])

    def test_a_stopped_batch_leaves_its_rows_and_they_can_be_turned_into_a_file(self):
        (self.folder / "c.jsonl").write_text("".join(json.dumps({"claim": f"Claim number {i}"}) + "\n" for i in range(3)))
        (self.folder / "results.parquet").write_text("earlier")
        model = self.script(rules=[{"user_contains": "number 2", "fail": "bad_key"}])
        self.refused(4, "batch", "c.jsonl", "--model", model, *SMALL, "-q", "-o", "results.parquet", says="the rows so far are in results.parquet.part")
        self.assertEqual((self.folder / "results.parquet").read_text(), "earlier")
        self.ok("export", "--results", "results.parquet.part", "--out", "so_far.parquet")
        self.assertEqual(parquet.read_table(self.folder / "so_far.parquet").column("claim").to_pylist(), ["Claim number 0", "Claim number 1"])

    def test_without_heretix_export_nothing_is_asked(self):
        (self.folder / "alone/bin").mkdir(parents=True)
        (self.folder / "c.jsonl").write_text(self.CLAIMS)
        shutil.copy(PROGRAM, self.folder / "alone/bin/heretix")
        (self.folder / "alone/share").symlink_to(pathlib.Path(PROGRAM).parent.parent / "share")
        done = subprocess.run(["alone/bin/heretix", "batch", "c.jsonl", "--mock", *SMALL, "-o", "r.parquet"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("a Parquet table needs heretix-export", done.stderr)
        self.assertFalse((self.folder / "runs").exists(), "nothing was made")

    def test_what_is_no_table_of_results_is_refused_by_its_line(self):
        (self.folder / "bad.jsonl").write_text('{"claim": "One"}\n[1]\n')
        (self.folder / "empty.jsonl").write_text("\n")
        for arguments, code, says in ((("bad.jsonl", "--out", "b.parquet"), 2, "bad.jsonl:2: this line is not a JSON object"),
                                      (("empty.jsonl", "--out", "b.parquet"), 2, "empty.jsonl has no rows"),
                                      (("absent.jsonl", "--out", "b.parquet"), 3, "cannot read absent.jsonl"),
                                      (("bad.jsonl", "--out", "absent/b.parquet"), 2, "bad.jsonl:2"),
                                      (("bad.jsonl", "--out", "b.csv"), 2, "does not end in .parquet"), (("bad.jsonl",), 2, "--results needs --out")):
            self.refused(code, "export", "--results", *arguments, says=says)
        self.assertEqual(list(self.folder.glob("*.parquet*")), [])
