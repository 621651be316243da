"""The Python module, as its wheel installs it, in a fresh virtual environment; each script runs in a process of its own."""
import pathlib
import signal
import subprocess
import sys
import textwrap
import time
import unittest

from installed import BUILD, PYTHON, SOURCE, ModuleTest, places

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from hardening import lacking


class Hardening(unittest.TestCase):
    def test_the_module_is_hardened(self):
        [module] = (BUILD / "python/venv").glob("lib/python3*/site-packages/heretix/_core*.so")
        self.assertEqual(lacking(str(module), "PyInit__core"), [])


class Module(ModuleTest):
    DECISION = """
        import json, heretix
        both = heretix.run("Snow is white", "mock", mock=True, readout="decision", slots=16, progress=False)
        alone = heretix.run("Snow is white", "mock", mock=True, readout="decision", negation=False, slots=16, progress=False)
        written = heretix.run("Snow is white", "mock", mock=True, slots=16, replicates=1, progress=False)
        d = both.decision
        table = both.answers.to_arrow()
        print(json.dumps({"readouts": [both.readout, alone.readout, written.readout], "claim": d.claim, "negation": d.negation, "sum": d.sum_mean,
                          "bias": [d.yes_bias.centre, *d.yes_bias.interval], "share": d.contradicting_share, "wordings": d.wordings, "step": d.step,
                          "facts": both.data["readout"], "alone": [alone.decision.negation, alone.decision.yes_bias, alone.decision.contradicting],
                          "written": written.decision, "columns": [table["claim_p"].null_count, table["negation_p"].null_count],
                          "alone_columns": alone.answers.to_arrow()["negation_p"].null_count, "written_columns": written.answers.to_arrow()["claim_p"].null_count}))"""

    def test_a_decision_has_typed_fields(self):
        told = self.python(self.DECISION)
        facts = told["facts"]
        self.assertEqual(told["readouts"], ["decision", "decision", "verbalized"])
        self.assertEqual([told["claim"], told["negation"], told["sum"], told["share"], told["wordings"], told["step"]],
                         [facts[name] for name in ("claim", "negation", "sum_mean", "contradicting_share", "answers", "step")])
        self.assertEqual(told["bias"], [facts["yes_bias"][name] for name in ("log_odds", "low", "high")])
        self.assertEqual((told["alone"], told["written"]), ([None, None, None], None))
        self.assertEqual((told["columns"], told["alone_columns"], told["written_columns"]), ([0, 0], 16, 16))

    ARROW = """
        import gc, json, heretix, pyarrow
        record = heretix.run("Snow is white", "scripted:m.json", slots=16, replicates=1, progress=False)
        table = pyarrow.table(record.answers)
        assert table.num_rows == 16 and table.schema.field("created_at").type == pyarrow.timestamp("s", "UTC"), table.schema
        assert table.schema.field("prob_true").type == pyarrow.float64() and table.schema.field("usable").type == pyarrow.bool_()
        assert record.mock and "m (mock):" in repr(record) and "m (mock)" in record._repr_html_(), repr(record)
        assert table["mock"].to_pylist() == [True] * 16 and pyarrow.table(record.templates)["mock"].to_pylist() == [True] * 16
        table.validate(full=True)
        refused = table.filter(pyarrow.compute.is_null(table["prob_true"]))
        assert refused["raw_text"].to_pylist() == ["I cannot say"], refused
        templates = record.templates
        view = templates.view("slots")
        arrow = pyarrow.table(templates)
        shared = arrow["slots"].chunk(0).buffers()[1].address == view.__array_interface__["data"][0]
        names = templates.column_names
        del templates, record; gc.collect()
        arrow.validate(full=True)
        print(json.dumps({"shared": shared, "slots": arrow["slots"].to_pylist(), "view": view.tolist(), "writeable": view.flags.writeable,
                          "version": pyarrow.__version__, "refused": refused.num_rows, "names": names}))
        """

    def check_arrow(self, packages, version):
        self.script_model()
        found = self.python("import pyarrow.compute\n" + textwrap.dedent(self.ARROW), packages)
        self.assertTrue(found["version"].startswith(version))
        self.assertTrue(found["shared"], "the memory of the table is handed over, not copied")
        self.assertEqual((found["slots"], found["view"], found["writeable"]), ([1] * 16, [1] * 16, False))

    def test_answers_are_arrow_tables_without_copying(self):
        self.check_arrow(None, "26.")

    def test_the_oldest_pyarrow_takes_them_too(self):
        self.check_arrow(places()["oldest"], "14.")

    def test_pandas_frames(self):
        self.script_model()
        found = self.python("""
            import json, heretix
            record = heretix.run("Snow is white", "scripted:m.json", slots=16, replicates=1, progress=False)
            frame = record.answers.to_pandas()
            print(json.dumps({"mean": frame.prob_true.mean(), "refused": int((~frame.usable).sum()), "p": record.p, "reason": frame[~frame.usable].reason.tolist(),
                              "again": heretix.load(record.run_id).p, "html": "0.70" in record._repr_html_(), "rows": len(frame)}))
            """)
        self.assertEqual((found["rows"], found["refused"], found["reason"], found["html"]), (16, 1, ["not_json"], True))
        self.assertAlmostEqual(found["mean"], 0.7)
        self.assertAlmostEqual(found["p"], 0.7)
        self.assertEqual(found["again"], found["p"])

    def test_the_estimator_is_the_programs_own_to_the_bit(self):
        found = self.python("""
            import json, struct, numpy, heretix
            record = heretix.run("Snow is white", "local", mock=True, slots=8, replicates=2, seed=7, progress=False)
            groups = [t["prob_true"] for t in record.data["templates"]]
            e = heretix.estimate(groups, seed=7)
            assert e == heretix.estimate(numpy.array(groups), seed=7)
            honest = heretix.honest_interval(groups, frozen=e.interval)
            frozen = (record.frozen_p, record.frozen_interval) == (e.p, e.interval)
            bits = [struct.pack(">d", x).hex() for x in (e.logit, *e.logit_interval)]
            print(json.dumps({"bits": bits, "record": record.data["estimate"]["logit_bits"], "honest": honest.interval, "kept": record.data["honest"]["ci"], "counts": e.counts,
                              "frozen": frozen}))
            """)
        self.assertEqual(found["bits"], found["record"])
        self.assertEqual((found["honest"], found["counts"]), (found["kept"], [2] * 8))
        self.assertTrue(found["frozen"], "the frozen numbers of a record are the estimator's")

    def test_belief_v2_is_that_of_the_documentation(self):
        """The first two examples of docs/estimator.md, and what decimals change."""
        found = self.python("""
            import dataclasses, json, numpy, heretix
            split = heretix.belief([[p] for p in (1, 0.074, 1, 0.8, 0, 0.12, 0, 1)])
            agreed = heretix.belief([[p] for p in (0.95, 1.0, 0.9, 1, 0.95, 0.5, 0.85, 0.9)])
            ones = numpy.ones((8, 1))
            print(json.dumps({"split": dataclasses.asdict(split), "agreed": dataclasses.asdict(agreed), "single": dataclasses.asdict(heretix.belief([[0.3, 0.4]])),
                              "ones": [heretix.belief(ones).p, heretix.belief(ones, decimals=numpy.full((8, 1), 3)).p]}))
            """)
        split, agreed = found["split"], found["agreed"]
        self.assertEqual([round(x, 6) for x in (split["logit"], split["p"], *split["interval"])], [0.360060, 0.589055, 0.023937, 0.988205])
        self.assertEqual([split[name] for name in ("stable", "split", "say_true", "say_false", "undecided", "grid")], [False, True, 4, 4, 0, 0.01])
        self.assertEqual(split["verdict"], "No stable belief: 4 wordings say true, 4 say false")
        self.assertEqual(split["flags"], ["extreme_answers", "template_contradiction"])
        self.assertEqual([round(x, 6) for x in (agreed["logit"], agreed["p"], *agreed["interval"])], [2.885205, 0.947110, 0.790907, 0.988342])
        self.assertEqual([agreed[name] for name in ("stable", "split", "say_true", "say_false", "undecided", "grid")], [True, False, 7, 0, 1, 0.05])
        self.assertEqual((agreed["verdict"], agreed["method"], agreed["templates"]), ("likely true", "belief_v2", 8))
        self.assertEqual([found["single"][name] for name in ("interval", "stable", "flags")], [None] * 3)
        self.assertEqual([round(p, 6) for p in found["ones"]], [0.995, 0.999], "a written 1 and a written 1.000")

    def test_a_record_shows_belief_v2_and_an_earlier_one_the_honest_interval(self):
        numbers = (1, 0.074, 1, 0.8, 0, 0.12, 0, 1)
        self.script_model(rules=[{"paraphrase_idx": i, "prob_true": numbers[i % 8]} for i in range(16)])
        found = self.python("""
            import json, heretix
            record = heretix.run("Snow is white", "scripted:m.json", slots=8, replicates=1, progress=False)
            made = heretix.belief([t["prob_true"] for t in record.data["templates"]])
            kept = record.data["belief_v2"]
            earlier = heretix.Record({name: value for name, value in record.data.items() if name != "belief_v2"}, "heretix", [])
            honest = record.data["honest"]
            print(json.dumps({"made": [made.p, made.interval, made.stable, made.verdict], "shown": [record.p, record.interval, record.stable, record.verdict],
                              "kept": [kept["p"], kept["ci"], kept["stable"], kept["verdict"]], "said": [repr(record), record._repr_html_()],
                              "earlier": [earlier.p, earlier.interval, earlier.stable, earlier.verdict],
                              "honest": [honest["p"], honest["ci"], None, record.data["verdict"]], "frozen": [record.frozen_p, *record.frozen_interval],
                              "estimate": [record.data["estimate"]["prob_true_rpl"], *record.data["estimate"]["ci"]]}))
            """)
        self.assertEqual(found["shown"], found["kept"])
        self.assertEqual(found["shown"], found["made"])
        self.assertNotEqual(found["shown"][0], found["frozen"][0])
        for said in found["said"]:
            self.assertIn("No stable belief", said)
        self.assertEqual(found["earlier"], found["honest"])
        self.assertEqual(found["frozen"], found["estimate"])

    def test_statistics_agree_with_numbers_worked_out_here(self):
        found = self.python("""
            import json, math, numpy, heretix
            d = [0.3, -0.1, 0.4, 0.2, 0.5, 0.1, 0.3, 0.2]
            exact = sum(abs(sum(x if b >> i & 1 else -x for i, x in enumerate(d))) >= abs(sum(d)) - 1e-12 for b in range(256)) / 256
            scores = heretix.calibration_scores(numpy.array([0.9, 0.2, 0.8, 0.4]), [True, False, True, False])
            watch = heretix.DriftDetector(numpy.linspace(0, 1, 12))
            for _ in range(40): watch.add(3.0)
            w = heretix.wording_variance([[1.0, 1.2], [0.0, 0.2], [2.0, 2.2]])
            print(json.dumps({"p": heretix.sign_flip_p(d), "exact": exact, "brier": scores.brier, "adjusted": heretix.benjamini_hochberg([0.01, 0.04, 0.03]).tolist(),
                              "alarm": watch.value > 400, "replicate": w.replicate, "wording": w.wording, "centre": heretix.centred_interval(d).centre,
                              "welch": heretix.welch(d, [0.0, 0.1, -0.1, 0.0, 0.05]).p_value, "single": heretix.honest_interval([[0.5]]).interval,
                              "replicates": heretix.best_replicates(0.1, 0.4)}))
            """)
        self.assertEqual(found["p"], found["exact"])
        self.assertAlmostEqual(found["brier"], (0.01 + 0.04 + 0.04 + 0.16) / 4)
        for got, wanted in zip(found["adjusted"], (0.03, 0.04, 0.04), strict=True):
            self.assertAlmostEqual(got, wanted)
        self.assertTrue(found["alarm"])
        self.assertAlmostEqual(found["replicate"], 0.02)
        self.assertAlmostEqual(found["wording"], 0.99)
        self.assertAlmostEqual(found["centre"], sum(sorted([0.3, -0.1, 0.4, 0.2, 0.5, 0.1, 0.3, 0.2])[1:-1]) / 6)
        self.assertLess(found["welch"], 0.1)
        self.assertIsNone(found["single"])
        self.assertEqual(found["replicates"], 2)

    def test_bad_input_names_what_is_wrong(self):
        found = self.python("""
            import json, heretix
            said = []
            for call in (lambda: heretix.estimate([[1.5]], 1), lambda: heretix.honest_interval([[0.5]], level=0.5), lambda: heretix.sign_flip_p([]),
                         lambda: heretix.belief([[0.5]], [[1, 2]]), lambda: heretix.belief([[0.5]], [[1.5]]), lambda: heretix.belief([]),
                         lambda: heretix.centred_interval([[1.0]]), lambda: heretix.calibration_scores([0.1], [True, False]),
                         lambda: heretix.run("Snow", "no-such-model", progress=False), lambda: heretix.run("", mock=True, progress=False),
                         lambda: heretix.Table([{"a": 1}], [("a", "int64")]).view("b")):
                try:
                    call(); said.append("nothing")
                except (heretix.InputError, heretix.HeretixError, KeyError) as e:
                    said.append(f"{type(e).__name__}: {e}")
            print(json.dumps(said))
            """)
        wanted = ("1.5", "0.90, 0.95 or 0.99", "InputError", "the same lengths", "1.5 is not a number of decimals", "no template", "one dimension",
                  "the same length", "no model 'no-such-model'", "claim", "no column 'b'")
        for words, said in zip(wanted, found, strict=True):
            self.assertIn(words, said)

    def test_progress_is_told_as_it_goes(self):
        self.script_model(delay_ms=20, concurrency=2)
        found = self.python("""
            import json, heretix
            events = []
            heretix.run("Snow is white", "scripted:m.json", slots=8, replicates=2, progress=events.append)
            print(json.dumps([[e["answered"], e["questions"]] for e in events]))
            """)
        self.assertGreater(len(found), 3)
        self.assertEqual(found, sorted(found))
        self.assertEqual(found[-1], [16, 16])

    def test_a_notebook_shows_one_bar_that_moves(self):
        """Only what Jupyter draws is played: display() and the handle that it returns."""
        self.script_model(delay_ms=5, concurrency=2)
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
            heretix.run("Snow is white", "scripted:m.json", slots=8)
            print(json.dumps(shown))
            """)
        self.assertEqual([how for how, _ in found].count("display"), 1)
        self.assertIn("<progress max='16' value='16'>", found[-1][1])

    def test_an_interrupt_keeps_what_was_answered(self):
        self.script_model(delay_ms=100, concurrency=1, price_micro_usd=5)
        script = textwrap.dedent("""
            import heretix, sys
            def tell(event):
                if event["answered"] == 3: print("three", flush=True)
            try:
                heretix.run("Snow is white", "scripted:m.json", slots=16, replicates=2, progress=tell)
            except heretix.Stopped as e:
                print("stopped", e.exit_code, e)
            """)
        running = subprocess.Popen([PYTHON, "-c", script], cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(running.stdout.readline(), "three\n")
        time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        said, complaints = running.communicate(timeout=60)
        self.assertIn("stopped 7", said, complaints)
        self.assertIn("answers are kept", said)
        found = self.python("""
            import json, heretix
            record = heretix.run("Snow is white", "scripted:m.json", slots=16, replicates=2, progress=False)
            print(json.dumps([record.data["answered"], sum(record.answers.to_arrow()["from_store"].to_pylist())]))
            """)
        self.assertEqual(found[0], 32)
        self.assertTrue(3 <= found[1] < 32, found)

    def test_it_is_typed_and_documented(self):
        found = self.python("""
            import inspect, json, pathlib, heretix
            bare = [name for name in heretix.__all__ if not inspect.getdoc(getattr(heretix, name))]
            folder = pathlib.Path(heretix.__file__).parent
            print(json.dumps({"bare": bare, "typed": (folder / "py.typed").exists() and (folder / "_core.pyi").exists(),
                              "untyped": [n for n in heretix.__all__ if inspect.isfunction(getattr(heretix, n)) and "return" not in getattr(heretix, n).__annotations__]}))
            """)
        self.assertEqual(found, {"bare": [], "typed": True, "untyped": []})
        documented = (SOURCE / "docs/python.md").read_text()
        names = self.python("import json, heretix; print(json.dumps(heretix.__all__))")
        self.assertEqual([name for name in names if name not in documented], [])


del ModuleTest
