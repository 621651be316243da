"""heretix.batch: many claims by several models in one process of the program, as a table."""
import json
import signal
import subprocess
import textwrap
import unittest

from installed import PYTHON, ModuleTest, places

COUNTED = """
    import heretix._program, subprocess
    started = []
    class Counted(subprocess.Popen):
        def __init__(self, command, **options):
            started.append(command)
            super().__init__(command, **options)
    heretix._program.subprocess.Popen = Counted
    """


class ManyClaims(ModuleTest):
    def setUp(self):
        super().setUp()
        self.script_model()
        (self.folder / "refusing.json").write_text(json.dumps({"model": "refusing", "rules": [{"text": "I cannot say"}]}))

    def told_by(self, script):
        """By each call of `told`, the error's type and words, or "nothing"."""
        return self.python("""
            import json, pathlib, heretix, pandas
            said = []
            def told(*arguments, **options):
                try: heretix.batch(*arguments, **{"progress": False, "mock": True, **options}); said.append("nothing")
                except (heretix.InputError, heretix.HeretixError) as e: said.append(f"{type(e).__name__}: {e}")
            """ + textwrap.indent(textwrap.dedent(script), " " * 12) + """
            print(json.dumps(said))
            """)

    def test_one_process_makes_a_row_for_each_claim_and_model(self):
        found = self.python(COUNTED + """
    import json
    claims = ["Snow is white", {"claim": "Bees sleep", "topic": "nature", "truth": True, "year": 2001, "share": 1},
              {"claim": "Cats bark", "topic": None, "truth": False, "share": 0.5, "tags": ["a", 1]}]
    table = heretix.batch(claims, ["scripted:m.json", "scripted:refusing.json"], progress=False)
    arrow = table.to_arrow()
    single = heretix.run("Bees sleep", "scripted:m.json", slots=16, replicates=1, progress=False)
    print(json.dumps({"rows": arrow.to_pylist(), "types": {f.name: str(f.type) for f in arrow.schema}, "processes": [c[1] for c in started],
                      "single": [single.p, *single.interval], "names": table.column_names}))
    """)
        rows = found["rows"]
        self.assertEqual(found["processes"], ["batch", "run"])
        self.assertEqual([(row["claim"], row["model"], row["place"]) for row in rows],
                         [(claim, model, i) for i, claim in enumerate(("Snow is white", "Bees sleep", "Cats bark")) for model in ("m", "refusing")])
        self.assertEqual([round(x, 6) for x in found["single"]], [round(rows[2][name], 6) for name in ("p", "low", "high")])
        self.assertEqual([(row["answers"], row["from_store"], row["stable"], row["mock"], row["error"]) for row in rows[::2]], [(16, 0, True, True, None)] * 3)

        # What cannot be measured is a row too, and says why.
        for row in rows[1::2]:
            self.assertIn("0 of 16 answers are usable", row["error"])
            self.assertEqual([row[name] for name in ("p", "low", "high", "stable", "run_id")], [None] * 5)

        # What stood beside the claims, in its order and with its types.
        self.assertEqual(found["names"][-5:], ["topic", "truth", "year", "share", "tags"])
        self.assertEqual([found["types"][name] for name in found["names"][-5:]], ["large_string", "bool", "int64", "double", "large_string"])
        self.assertEqual([[row[name] for name in found["names"][-5:]] for row in rows[::2]],
                         [[None] * 5, ["nature", True, 2001, 1.0, None], [None, False, None, 0.5, '["a", 1]']])
        self.assertEqual(found["types"]["place"], "int64")

    def test_claims_come_from_any_table_iterator_or_file(self):
        (self.folder / "claims.csv").write_text("claim,topic\nSnow is white,x\n\nBees sleep,y\n")
        found = self.python("""
            import json, pathlib, heretix, numpy, pandas, polars, pyarrow
            columns = {"claim": ["Snow is white", "Bees sleep"], "topic": ["x", None], "weight": [1.5, float("nan")]}
            sent = []
            def claims():
                for claim in columns["claim"]:
                    sent.append(claim)
                    yield claim
            many = {"pandas": pandas.DataFrame(columns), "polars": polars.DataFrame(columns), "arrow": pyarrow.table(columns), "series": pandas.Series(columns["claim"]),
                    "array": pyarrow.array(columns["claim"]), "numpy": numpy.array(columns["claim"]), "iterator": claims(), "file": pathlib.Path("claims.csv")}
            first = heretix.batch(columns["claim"], "mock", mock=True, progress=False)
            many["own"] = first
            print(json.dumps({name: [[row["claim"], row["p"], row.get("topic"), row.get("weight"), row["place"]]
                                     for row in heretix.batch(claims, "mock", mock=True, progress=False).to_arrow().to_pylist()]
                              for name, claims in many.items()} | {"p": first.to_arrow()["p"].to_pylist(), "sent": sent}))
            """)
        p, sent = found.pop("p"), found.pop("sent")
        self.assertEqual(sent, ["Snow is white", "Bees sleep"])
        for name, rows in found.items():
            self.assertEqual([row[:2] for row in rows], [["Snow is white", p[0]], ["Bees sleep", p[1]]], name)
        for name in ("pandas", "polars", "arrow"):
            self.assertEqual([row[2:] for row in found[name]], [["x", 1.5, 0], [None, None, 1]], name)
        self.assertEqual([row[2:] for row in found["file"]], [["x", None, 2], ["y", None, 4]], "of a file the lines")

    def test_errors_name_the_argument(self):
        found = self.told_by("""
            def failing():
                yield "Snow is white"
                raise heretix.InputError("the caller's own")
            told("Snow is white")
            told([])
            told(["Snow is white", 3])
            told([{"claim": "Snow is white"}, {"clam": "Bees sleep"}])
            told(pandas.DataFrame({"text": ["Snow is white"]}))
            told(pathlib.Path("nowhere.csv"))
            told(["Snow is white"], [])
            told(["Snow is white"], ["scripted:m.json", "no-such-model"], mock=False)
            told(["Snow is white"], ["mock", 3])
            told(["Snow is white", "Is snow white?"])
            told(["Snow is white", {"claim": "Bees sleep", "K": 0}])
            told(["Snow is white"], slots=0)
            told(["Snow is white"], slots="many")
            told(["Snow is white"], slotz=3)
            told(["Snow is white"], budget=-1)
            told(["Snow is white"], order="any")
            told(["Snow is white"], out="x.csv")
            told(failing())
            """)
        wanted = ("InputError: claims is one str (give a list", "InputError: claims is empty", "InputError: claims[1] is of type int", "InputError: claims[1] has no text in its field",
                  "InputError: claims has no column 'claim', but 'text'", "cannot read nowhere.csv", "InputError: models is empty", "models[1]: there is no model 'no-such-model'",
                  "InputError: models[1] is of type int", "claims[1]: the claim is a question", "claims[1]: K (slots) is 0", "slots=0: K (slots) is 0; it must be from 1",
                  "slots is 'many'; it must be a whole number", "slotz is not an option (did you mean slots?", "budget is -1", "order: any not in", "InputError: out is not an option of batch()",
                  "InputError: the caller's own")
        for words, said in zip(wanted, found, strict=True):
            self.assertIn(words, said)
        for said in found:
            self.assertNotIn("standard input", said)
        self.assertFalse((self.folder / "runs").exists(), "nothing was asked")

    def test_progress_covers_the_set(self):
        self.script_model(delay_ms=40, concurrency=2, price_micro_usd=5)
        found = self.python("""
            import json, heretix
            events = []
            heretix.batch([f"Claim {i}" for i in range(8)], ["scripted:m.json", "scripted:refusing.json"], slots=4, replicates=1, progress=events.append)
            print(json.dumps(events))
            """)
        self.assertGreater(len(found), 3)
        for name in ("answers", "finished", "billed_usd"):
            values = [event[name] for event in found]
            self.assertEqual(values, sorted(values), name)
        self.assertEqual([found[-1][name] for name in ("checks", "finished", "failed", "answers", "seconds_left")], [16, 8, 8, 64, 0])
        self.assertTrue(any(event["seconds_left"] for event in found))

    def test_a_notebook_shows_one_bar_for_the_set(self):
        self.script_model(delay_ms=20, concurrency=2)
        found = self.python("""
            import json, sys, types
            shown = []
            class Handle:
                def update(self, html): shown.append(["update", html])
            def display(html, display_id): shown.append(["display", html]); return Handle()
            notebook = types.ModuleType("IPython"); notebook.get_ipython = lambda: types.SimpleNamespace(kernel=True)
            drawing = types.ModuleType("IPython.display"); drawing.HTML = str; drawing.display = display
            sys.modules.update({"IPython": notebook, "IPython.display": drawing})
            import heretix
            heretix.batch([f"Claim {i}" for i in range(4)], "scripted:m.json", slots=4, replicates=1)
            print(json.dumps(shown))
            """)
        self.assertEqual([how for how, _ in found].count("display"), 1)
        self.assertIn("<progress max='4' value='4'></progress> 4/4 checks", found[-1][1])

    def test_an_interrupt_keeps_everything_and_tells_what_was_kept(self):
        self.script_model(delay_ms=100, concurrency=2, price_micro_usd=5)
        script = """
            import json, sys, heretix
            asked = [{"claim": f"Claim {i}", "number": i} for i in range(12)]
            def tell(event):
                if event["finished"] == 2: print("two", flush=True)
            try:
                heretix.batch(asked, "scripted:m.json", slots=4, replicates=1, progress=tell)
            except heretix.Stopped as e:
                print(json.dumps([e.exit_code, str(e), e.hint, e.table.to_arrow().to_pylist()]))
            """
        running = subprocess.Popen([PYTHON, "-c", textwrap.dedent(script)], cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(running.stdout.readline(), "two\n")
        running.send_signal(signal.SIGINT)
        said, complaints = running.communicate(timeout=60)
        code, words, hint, rows = json.loads(said.splitlines()[-1])
        self.assertEqual(code, 7, complaints)
        self.assertTrue(2 <= len(rows) < 12, len(rows))
        self.assertIn(f"{len(rows)} of 12 claims are finished", words)
        self.assertNotIn("rows so far", words, "their file is gone")
        self.assertRegex(hint, r"\Athe same call asks the \d+ questions that are missing")
        self.assertEqual([(row["claim"], row["number"], row["answers"]) for row in rows], [(f"Claim {i}", i, 4) for i in range(len(rows))])

        missing = int(hint.split()[5])
        found = self.python("""
            import json, heretix
            table = heretix.batch([f"Claim {i}" for i in range(12)], "scripted:m.json", slots=4, replicates=1, progress=False).to_arrow()
            print(json.dumps([sum(table["answers"].to_pylist()), sum(table["from_store"].to_pylist())]))
            """)
        self.assertEqual(found, [48, 48 - missing])

    def test_a_budget_that_is_reached_says_which_one_suffices(self):
        self.script_model(price_micro_usd=1000, concurrency=2)
        found = self.python("""
            import json, heretix
            claims = [f"Claim {i}" for i in range(10)]
            try: heretix.batch(claims, "scripted:m.json", slots=4, replicates=1, budget=0.012, progress=False)
            except heretix.Stopped as e: stopped = [str(e), e.hint, len(e.table)]
            again = heretix.batch(claims, "scripted:m.json", slots=4, replicates=1, budget=0.03, progress=False)
            print(json.dumps([*stopped, len(again)]))
            """)
        words, hint, kept, rows = found
        self.assertIn(f"the budget of $0.012000 is reached: $0.012000 has been spent or may have been billed, and the next question can cost $0.001000. {kept} of 10", words)
        self.assertIn("the same call with budget=0.03 asks the 28 questions that are missing", hint)
        self.assertEqual(rows, 10)

    def test_of_many_rows_only_some_are_in_memory_as_objects(self):
        """20,000 rows as they come from the program: the table of them, without their objects, is small."""
        found = self.python("""
            import json, pathlib, resource, sys, heretix
            from heretix._batch import _Rows, _Source
            row = {"claim": "Snow is white", "model": "m", "provider": "scripted", "mode": "MOCK", "p": 0.7, "low": 0.6, "high": 0.8, "stable": True, "gates_failed": ["a", "b"],
                   "compliance": 1.0, "answers": 16, "from_store": 0, "billed_usd": 0.0, "seconds": 1, "run_id": "heretix-rpl-000000000000", "execution_id": "exec-000000000000",
                   "mock": True, "error": None}
            path = pathlib.Path("rows.jsonl")
            with open(path, "w") as file:
                for i in range(20_000): file.write(json.dumps({**row, "place": f"standard input:{i + 1}"}) + "\\n")
            rows = _Rows(path, _Source([]))
            read = len(rows.read_more())
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            table = rows.table()
            view = table.view("place")
            print(json.dumps([read, len(table), int(view[0]), int(view[-1]), table.to_arrow()["gates_failed"][0].as_py(), path.stat().st_size // 1024]))
            """)
        self.assertEqual(found[:5], [20_000, 20_000, 0, 19_999, "a b"])

    def test_the_oldest_pyarrow_takes_the_table_too(self):
        found = self.python("""
            import json, heretix, pyarrow
            table = heretix.batch(pyarrow.table({"claim": ["Snow is white"], "topic": ["x"]}), "mock", mock=True, progress=False)
            print(json.dumps([pyarrow.__version__.split(".")[0], pyarrow.table(table)["topic"].to_pylist()]))
            """, places()["oldest"])
        self.assertEqual(found, ["14", ["x"]])


del ModuleTest

if __name__ == "__main__":
    unittest.main()
