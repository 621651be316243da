"""heretix.atlas: the results of a set as a whole, as tables."""
import json
import unittest

from installed import ModuleTest


class AtlasOfAModule(ModuleTest):
    def setUp(self):
        super().setUp()
        for name, first in (("high", 0.6), ("low", 0.2)):
            rules = [{"paraphrase_idx": i, "prob_true": round(first + i / 50, 2)} for i in range(16)]
            (self.folder / f"{name}.json").write_text(json.dumps({"model": name, "rules": rules}))
        (self.folder / "refusing.json").write_text(json.dumps({"model": "refusing", "rules": [{"text": "I cannot say"}]}))

    SET = """
            import json, pathlib, heretix
            claims = [{"claim": f"Claim {i}", "truth": None if i == 0 else i % 2 == 0, "topic": "ab"[i % 2]} for i in range(6)]
            models = ["scripted:high.json", "scripted:low.json", "scripted:refusing.json"]
            results = heretix.batch(claims, models, slots=8, replicates=1, progress=False)
            """

    def test_it_is_what_the_program_says_of_the_same_results(self):
        found = self.python(self.SET + """
            pathlib.Path("results.jsonl").write_text("".join(json.dumps(row) + "\\n" for row in results.to_arrow().to_pylist()))
            atlas = heretix.atlas(results, page="atlas.html")
            tables = ("claims", "cells", "models", "agreement", "score_differences", "components", "wordings")
            frame = heretix.atlas(results.to_pandas(), model=["high", "low"], tag="topic: a")
            print(json.dumps({name: getattr(atlas, name).to_arrow().to_pylist() for name in tables} | {
                "data": atlas.data, "repr": repr(atlas), "file": heretix.atlas(pathlib.Path("results.jsonl"), mock=True).data == atlas.data,
                "part": [len(frame.claims), len(frame.models)], "mock": atlas.mock}))
            """)
        own = self.program("atlas", "results.jsonl", "--mock")
        self.assertEqual((found["data"], found["file"], found["part"], found["mock"]), (own, True, [3, 2], True))
        names = [model["name"] for model in own["models"]]
        self.assertEqual(names, ["high", "low", "refusing"])
        self.assertEqual([(row["claim"], row["truth"], row["tags"], row["apart"], row["lowest"], row["highest"]) for row in found["claims"]],
                         [(c["claim"], c["truth"], c["tags"][0], c["disagreement"]["difference"], "low", "high") for c in own["claims"]])
        self.assertEqual([(row["claim"], row["model"], row["p"], row["low"], row["high"], row["standing"], row["error"]) for row in found["cells"]],
                         [(c["claim"], names[x["model"]], x["p"], x["low"], x["high"], x["standing"], x["error"]) for c in own["claims"] for x in c["cells"]])
        self.assertEqual([(row["model"], row["checks"], row["beliefs"], row["unstable"], row["none"]) for row in found["models"]],
                         [(m["name"], m["checks"], m["beliefs"], m["unstable"], m["none"]) for m in own["models"]])
        scores = {names[t["model"]]: t for t in own["truth"]}
        for row in found["models"][:2]:
            told = scores[row["model"]]
            self.assertEqual([row[name] for name in ("labelled", "right", "wrong", "brier")], [told["labelled"], told["right"], told["wrong"], told["scores"]["brier"]])
        self.assertEqual([(row["a"], row["b"], row["distance"], row["same_side"]) for row in found["agreement"]],
                         [(names[x["a"]], names[x["b"]], x["distance"], x["same_side"]) for x in own["agreement"]])
        self.assertEqual([(row["difference"], row["p_value"], row["right_difference"]) for row in found["score_differences"]],
                         [(x["brier"]["difference"], x["brier"]["p_value"], x["right"]["difference"]) for x in own["score_differences"]])
        self.assertEqual(found["components"], own["components"])
        self.assertEqual([(row["wording"], row["pull"], [row["low"], row["high"]]) for row in found["wordings"]], [(w["wording"], w["pull"], w["ci_95"]) for w in own["wordings"]])
        self.assertGreater(len(found["wordings"]), 7)
        self.assertEqual(found["repr"], "<heretix.Atlas 6 claims by 3 models (mock): 12 beliefs, 0 unstable, 6 without>")
        self.assertIn("Claim 5", (self.folder / "atlas.html").read_text())

    def test_errors_name_the_argument(self):
        found = self.python(self.SET + """
            said = []
            for call in (lambda: heretix.atlas([]), lambda: heretix.atlas([3]), lambda: heretix.atlas("results.csv"), lambda: heretix.atlas(results, model="nope"),
                         lambda: heretix.atlas([{"claim": "Claim 0", "model": "high", "p": 0.5}, {"claim": "Claim 1", "p": 0.5}]),
                         lambda: heretix.atlas(results, truth="true"), lambda: heretix.atlas(pathlib.Path("nowhere.csv"))):
                try: call(); said.append("nothing")
                except (heretix.InputError, heretix.HeretixError) as error: said.append(str(error))
            print(json.dumps(said))
            """)
        wanted = ("results has no rows", "results[0] is of type int", "results is one str", "model 'nope'", "results[1]: no 'model' in this row", "results: no line has the field 'true'",
                  "nowhere.csv")
        for words, said in zip(wanted, found, strict=True):
            self.assertIn(words, said)


del ModuleTest

if __name__ == "__main__":
    unittest.main()
