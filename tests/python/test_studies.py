"""What is read again with the Python module: stored runs, comparisons, certificates, the texts of the wordings, and pictures."""
import json
import os
import pathlib
import unittest

from installed import ModuleTest, places


class Studies(ModuleTest):
    def model(self, name, numbers):
        rules = [{"paraphrase_idx": i, "prob_true": p} for i, p in enumerate(numbers)] + [{"prob_true": 0.5}]
        (self.folder / f"{name}.json").write_text(json.dumps({"model": name, "rules": rules}))
        return f"scripted:{name}.json"

    def setUp(self):
        super().setUp()
        self.high = self.model("high", [0.6 + i / 50 for i in range(16)])
        self.low = self.model("low", [0.2 + i / 50 for i in range(16)])

    def test_stored_runs_are_a_table(self):
        found = self.python("""
            import datetime, json, heretix
            heretix.batch(["Snow is white", "Bees sleep"], ["scripted:high.json", "scripted:low.json"], slots=16, replicates=1, progress=False)
            heretix.run("Snow is white", "scripted:high.json", slots=8, replicates=2, progress=False)
            everything = heretix.runs(mock=True)
            print(json.dumps({"rows": everything.to_arrow().drop_columns(["created_at"]).to_pylist(), "time": str(everything.to_arrow().schema.field("created_at").type),
                              "some": heretix.runs(mock=True, claim="snow", model="HIGH").to_arrow()["K"].to_pylist(), "one": len(heretix.runs(mock=True, most=1)),
                              "later": len(heretix.runs(mock=True, since=datetime.date(2100, 1, 1)))}))
            """)
        own = self.program("list", "--mock")
        self.assertEqual([(row["run_id"], row["claim"], row["model"], row["p"], [row["low"], row["high"]], row["stable"], row["K"], row["R"], row["T"]) for row in found["rows"]],
                         [(r["run_id"], r["claim"], r["model"], r["belief_v2"]["p"], r["belief_v2"]["ci"], r["belief_v2"]["stable"], r["K"], r["R"], r["T"]) for r in own])
        self.assertEqual(len(own), 5)
        self.assertEqual({(row["status"], row["readout"], row["mock"], row["compliance"]) for row in found["rows"]}, {("done", "verbalized", True, 1.0)})
        self.assertEqual((found["some"], found["one"], found["later"], found["time"]), ([8, 16], 1, 0, "timestamp[s, tz=UTC]"))

    def test_a_comparison_says_what_the_program_says(self):
        found = self.python("""
            import json, heretix
            claims = ["Snow is white", "Bees sleep", "Cats bark"]
            heretix.batch(claims, ["scripted:high.json", "scripted:low.json"], slots=16, replicates=1, progress=False)
            a, b = (heretix.run(claims[0], f"scripted:{name}.json", slots=16, replicates=1, progress=False) for name in ("high", "low"))
            def shown(c):
                return {"finding": c.finding, "logit": [c.logit.centre, *c.logit.interval], "difference": c.difference and [c.difference.centre, *c.difference.interval],
                        "p_value": c.p_value, "claims": c.claims.to_arrow().to_pylist(), "templates": c.templates.to_arrow().to_pylist(), "repr": repr(c)}
            print(json.dumps({"records": shown(heretix.compare(a, b)), "models": shown(heretix.compare({"model": "high"}, {"model": "low"}, mock=True)),
                              "two": len(heretix.compare({"model": "high"}, {"model": "low"}, claims=claims[:2], mock=True).claims), "ids": [a.run_id, b.run_id]}))
            """)
        for name, sides in (("records", found["ids"]), ("models", ["model=high", "model=low"])):
            own, shown = self.program("compare", *sides, "--mock"), found[name]
            self.assertEqual((shown["finding"], shown["p_value"], shown["logit"]), (own["finding"], own["p_value"], [own["logit"]["centre"], *own["logit"]["ci"]]))
            self.assertEqual([(row["claim_a"], row["p_a"] - row["p_b"], [row["low"], row["high"]], row["p_adjusted"]) for row in shown["claims"]],
                             [(c["claim_a"], c["p_a"] - c["p_b"], c["difference_95"]["ci"], c["p_adjusted"]) for c in own["claims"]])
            self.assertEqual([row["wording"] for row in shown["templates"]], [t["wording"] for c in own["claims"] for t in c["templates"]])
        self.assertEqual([len(found[name]["claims"]) for name in ("records", "models")] + [found["two"]], [1, 3, 2])
        self.assertEqual((found["records"]["finding"], found["models"]["difference"]), ("higher", None))
        self.assertAlmostEqual(found["records"]["difference"][0], found["records"]["claims"][0]["p_a"] - found["records"]["claims"][0]["p_b"])
        self.assertIn("higher, +0.", found["records"]["repr"])
        self.assertIn("in log-odds, 3 claims>", found["models"]["repr"])

    def test_a_certificate_says_what_the_program_says(self):
        (self.folder / "labelled.csv").write_text("claim,label,field,level\nSnow is white,true,nature,1\nBees sleep,true,nature,2\nCats bark,false,nature,1\nIron floats,false,matter,1\n")
        found = self.python("""
            import csv, dataclasses, json, pathlib, heretix, pandas
            rows = pandas.read_csv("labelled.csv")
            def shown(c):
                return {"model": c.model, "right": c.right, "labels": [c.labels, c.judged], "scores": dataclasses.asdict(c.scores), "claims": c.claims.to_arrow().to_pylist(),
                        "curve": c.curve.to_arrow().to_pylist(), "band": len(c.band), "groups": c.groups.to_arrow().to_pylist(), "mock": c.mock, "repr": repr(c)}
            one = heretix.calibrate("scripted:high.json", rows, progress=False)
            two = heretix.calibrate(["scripted:high.json", "scripted:low.json"], pathlib.Path("labelled.csv"), progress=False)
            part = heretix.calibrate("scripted:high.json", level=1, field=["biology", "rules"], progress=False)
            print(json.dumps({"one": shown(one), "two": [shown(c) for c in two], "part": part.labels}))
            """)
        own = self.program("calibrate", "labelled.csv", "--model", self.high, "--model", self.low, "-q")
        self.assertEqual(found["one"]["claims"], found["two"][0]["claims"][:0] or [{**row, "execution_id": mine["execution_id"]} for row, mine
                                                                                  in zip(found["two"][0]["claims"], found["one"]["claims"], strict=True)])
        for shown, said in zip(found["two"], own, strict=True):
            self.assertEqual((shown["model"], shown["right"], shown["labels"], shown["scores"]), (said["model"], said["right"], [said["labels"], said["judged"]], said["scores"]))
            self.assertEqual([(row["claim"], row["label"], row["p"]) for row in shown["claims"]], [(c["claim"], c["label"], c["p"]) for c in said["claims"]])
            self.assertEqual((shown["curve"], shown["band"], shown["groups"], shown["mock"]), (said["curve"], 21, said["groups"], True))
        self.assertIn("high (mock): Brier 0.", found["one"]["repr"])
        self.assertEqual(found["part"], 20)

    def test_errors_name_the_argument(self):
        found = self.python("""
            import json, heretix
            record = heretix.run("Snow is white", "mock", mock=True, progress=False)
            said = []
            for call in (lambda: heretix.runs(most=0), lambda: heretix.runs(since="yesterday", mock=True), lambda: heretix.compare({}, record),
                         lambda: heretix.compare(record, {"modle": "x"}), lambda: heretix.compare(3, record), lambda: heretix.compare(record, record, claims="Snow is white"),
                         lambda: heretix.calibrate("mock", [{"claim": "Snow is white", "label": "yes"}], mock=True), lambda: heretix.calibrate([]),
                         lambda: heretix.calibrate("mock", fields="biology", mock=True), lambda: heretix.run("Snow is white", "mock", mock=True, slots=0),
                         lambda: heretix.run("Snow is white", "mock", mock=True, replicats=3), lambda: heretix.run("Is snow white?", "mock", mock=True)):
                try: call(); said.append("nothing")
                except (heretix.InputError, heretix.HeretixError) as e: said.append(str(e))
            print(json.dumps(said))
            """)
        wanted = ("most is 0", "since is 'yesterday'", "a is {}", "b selects by 'modle'", "a is 3", "claims is one str", "claims[0] has the label 'yes'", "models is empty",
                  "fields is not an option (did you mean field?", "K (slots) is 0", "replicats is not an option (did you mean replicates?", "; allow_question measures it as it is")
        for words, said in zip(wanted, found, strict=True):
            self.assertIn(words, said)

    def test_templates_hold_the_texts_that_were_asked(self):
        found = self.python("""
            import json, os, pathlib, shutil, heretix
            record = heretix.run("Snow is white", "scripted:high.json", slots=8, replicates=2, db="some/store.sqlite", progress=False)
            loaded = heretix.load(record.run_id, db="some/mock.sqlite" if pathlib.Path("some/mock.sqlite").exists() else "some/store.sqlite")
            os.chdir("some")
            rows = record.templates.to_arrow().to_pylist()
            again = loaded.templates.to_arrow()["wording"].to_pylist()
            bank = json.loads(pathlib.Path("artifacts", record.execution_id + ".json").read_text())["bank"]["paraphrases"]
            shutil.rmtree("artifacts")
            os.chdir("..")
            gone = heretix.load(record.run_id, db="some/store.sqlite").templates.to_arrow()["wording"].to_pylist()
            print(json.dumps({"rows": rows, "again": again, "bank": bank, "gone": gone}))
            """)
        self.assertEqual(len(found["rows"]), 8)
        for row in found["rows"]:
            self.assertEqual(row["wording"], found["bank"][row["paraphrase_idx"]].replace("{CLAIM}", "Snow is white"))
        self.assertEqual(found["again"], [row["wording"] for row in found["rows"]])
        self.assertEqual(found["gone"], [None] * 8)

    def drawn(self, script):
        packages = places()["notebook"] + os.pathsep + os.environ["PYTHONPATH"]
        return self.python(script, packages, MPLBACKEND="agg", MPLCONFIGDIR=str(self.folder))

    def test_a_record_is_drawn_as_a_forest_plot(self):
        self.model("split", [1, 0.074, 1, 0.8, 0, 0.12, 0, 1] * 2)
        found = self.drawn("""
            import json, heretix
            from matplotlib import pyplot
            def shown(record, ax=None):
                drawn = record.plot(ax)
                drawn.figure.canvas.draw()
                lines = [[list(map(float, line.get_xdata())), list(map(float, line.get_ydata())), line.get_marker(), line.get_color()] for line in drawn.get_lines()]
                return {"labels": [label.get_text() for label in drawn.get_yticklabels()], "lines": lines, "title": drawn.get_title(loc="right"), "xlim": drawn.get_xlim(),
                        "interval": record.interval, "p": record.p, "templates": record.templates.to_arrow().to_pylist(), "same": drawn is ax}
            record = heretix.run("Between $5 and $6 is a fair price", "scripted:high.json", slots=8, replicates=2, progress=False)
            split = heretix.run("Snow is white", "scripted:split.json", slots=8, replicates=1, progress=False)
            figure, axes = pyplot.subplots(1, 2)
            result = [shown(record), shown(split, axes[1])]
            figure.savefig("plot.png")
            print(json.dumps(result))
            """)
        agreed, split = found
        means = sorted(t["mean_p"] for t in agreed["templates"])
        dots = [line for line in agreed["lines"] if line[2] == "o"]
        self.assertEqual([(x[0], y[0]) for x, y, *_ in dots], [(p, i) for i, p in enumerate(means, start=1)])
        self.assertIn([agreed["interval"], [0, 0]], [line[:2] for line in agreed["lines"]])
        self.assertIn([[agreed["p"]], [0]], [line[:2] for line in agreed["lines"]])
        self.assertEqual(agreed["labels"][0], "belief {:.2f}, 95 % {:.2f} to {:.2f}".format(agreed["p"], *agreed["interval"]))
        texts = {t["mean_p"]: t["wording"].replace("Between $5 and $6 is a fair price", "…") for t in agreed["templates"]}
        for p, label in zip(means, agreed["labels"][1:], strict=True):
            self.assertEqual(texts[p][:40], label.replace("\\n", " ").replace("\n", " ")[:40])
        self.assertTrue(agreed["title"].startswith("Between $5 and $6 is a fair price\nhigh (mock): "), agreed["title"])
        self.assertEqual(agreed["xlim"], [0, 1])

        # Where there is no stable belief the picture says so.
        self.assertIn("No stable belief: 4 wordings say true, 4 say false", split["title"])
        [belief] = [line for line in split["lines"] if line[2] == "D"]
        self.assertNotEqual(belief[3], dots[0][3])
        self.assertEqual((agreed["same"], split["same"]), (False, True))
        self.assertEqual((self.folder / "plot.png").read_bytes()[:4], b"\x89PNG")

    def test_without_matplotlib_the_error_names_the_extra(self):
        found = self.python("""
            import json, heretix
            try: heretix.run("Snow is white", "mock", mock=True, progress=False).plot()
            except ImportError as error: print(json.dumps(str(error)))
            """)
        self.assertEqual(found, "plot() needs matplotlib: pip install 'heretix[plot]', or pip install matplotlib")
        extras = (pathlib.Path(os.environ["HERETIX_SOURCE"]) / "python/pyproject.toml").read_text()
        self.assertIn('\nplot = ["matplotlib', extras)


del ModuleTest

if __name__ == "__main__":
    unittest.main()
