"""heretix atlas on tables that heretix batch wrote, by models whose beliefs are known."""
import csv
import json
import math
import re
import statistics

from heretix import ProgramTest

# The claim, its word, what the three models state, and whether it is true.
CLAIMS = (
    ("Snow is white", "Snow", (0.9, 0.7, 0.6), "true", "weather;colour", "nature"),
    ("Iron floats on water", "Iron", (0.2, 0.3, 0.8), "0", "metal", "nature"),
    ("Bees sing opera", "Bees", (0.1, 0.6, 0.3), "False", "animal", "nature"),
    ("Rome is in Italy", "Rome", (0.8, 0.9, 0.7), "yes", "place", "geography"),
    ("Oslo is in Norway", "Oslo", (0.7, 0.4, 0.9), "", "place", "geography"),
)
MODELS = ("alpha", "beta", "gamma")
STEPS = (0.03, 0.02, 0.0, -0.01, -0.02, 0.01, -0.03, 0.0)  # what the wordings add, of eight


def logit(p):
    return math.log(p / (1 - p))


def t_95(freedom):
    """The two-sided 95 % quantile of Student's t for few degrees of freedom, from a printed table."""
    return {1: 12.7062, 2: 4.30265, 3: 3.18245, 4: 2.77645}[freedom]


class Atlas(ProgramTest):
    def setUp(self):
        super().setUp()
        with open(self.folder / "claims.csv", "w", newline="") as file:
            csv.writer(file).writerows([("claim", "truth", "tags", "topic"), *((c[0], *c[3:]) for c in CLAIMS)])

    def model(self, place, more=()):
        rules = [*more, *({"user_contains": word, "paraphrase_idx": i, "prob_true": round(stated[place] + STEPS[i % 8], 4)}
                          for _, word, stated, *_ in CLAIMS for i in range(16))]
        return self.script(f"{MODELS[place]}.json", model=MODELS[place], rules=rules)

    def batch(self, *arguments, out="results.csv", models=(0, 1, 2), more=(), claims="claims.csv"):
        named = [word for place in models for word in ("--model", self.model(place, more))]
        self.ok("batch", claims, *named, "-K", 8, "-R", 1, "-o", out, *arguments)
        return out

    def rows(self, name="results.csv"):
        with open(self.folder / name, newline="") as file:
            return list(csv.DictReader(file))

    def cells(self, atlas):
        """p by claim and model."""
        names = [m["name"] for m in atlas["models"]]
        return {(c["claim"], names[cell["model"]].removesuffix(" (mock)")): cell for c in atlas["claims"] for cell in c["cells"]}

    def test_matrix_holds_what_the_batch_wrote(self):
        self.batch()
        atlas = self.json("atlas", "results.csv")
        self.assertEqual((atlas["format"], atlas["version"], atlas["totals"]["checks"]), ("heretix_atlas", 1, 15))
        cells = self.cells(atlas)
        for row in self.rows():
            cell = cells[row["claim"], row["model"]]
            self.assertEqual((cell["p"], cell["low"], cell["high"], cell["execution_id"]),
                             (float(row["p"]), float(row["low"]), float(row["high"]), row["execution_id"]))
        for claim in atlas["claims"]:
            numbers = [cell["p"] for cell in claim["cells"] if cell["standing"] == "belief"]
            self.assertEqual(claim["disagreement"]["difference"], max(numbers) - min(numbers))
        self.assertEqual([c["truth"] for c in atlas["claims"]], [True, False, False, True, None])
        self.assertEqual(atlas["claims"][0]["tags"], ["weather", "colour", "topic: nature"])

        # In the text the difference is that of the two printed numbers, and the widest comes first.
        text = self.ok("atlas", "results.csv")
        self.assertIn("Atlas of 5 claims by 3 models", text)
        lines = [line for line in text.splitlines() if line.strip().startswith(tuple(c[0] for c in CLAIMS))]
        self.assertTrue(lines[0].strip().startswith("Iron"), text)
        for line in lines:
            printed = [float(p) for p in re.findall(r"(\d\.\d\d) \[", line)]
            self.assertAlmostEqual(float(line.split()[-1]), max(printed) - min(printed), places=9, msg=line)

    def test_json_lines_are_the_same_table(self):
        self.batch()
        self.batch(out="results.jsonl")
        a, b = self.json("atlas", "results.csv"), self.json("atlas", "results.jsonl")
        for atlas in (a, b):
            for claim in atlas["claims"]:
                for cell in claim["cells"]:
                    del cell["execution_id"]
            for counted in (atlas["totals"], *atlas["models"]):
                del counted["seconds"], counted["from_store"]
        self.assertEqual(a, b)

    def test_truth(self):
        self.batch()
        atlas = self.json("atlas", "results.csv")
        truth = {c[0]: c[3] in ("true", "yes") for c in CLAIMS if c[3]}
        p = {(row["claim"], row["model"]): float(row["p"]) for row in self.rows()}
        loss = {m: [(p[c, m] - truth[c]) ** 2 for c in truth] for m in MODELS}
        for place, found in enumerate(atlas["truth"]):
            name = MODELS[place]
            scores = found["scores"]
            self.assertAlmostEqual(scores["brier"], statistics.fmean(loss[name]), places=12)
            self.assertAlmostEqual(scores["brier"], scores["miscalibration"] - scores["discrimination"] + scores["uncertainty"], places=12)
            right = sum((p[c, name] > 0.5) == truth[c] for c in truth)
            self.assertEqual((found["right"], found["wrong"], found["unstable"], found["labelled"]), (right, 4 - right, 0, 4))
            self.assertEqual(sum(b["claims"] for b in found["histogram"]), 4)
            self.assertEqual(len(found["band_95"]), 21)
        for pair in atlas["score_differences"]:
            d = [x - y for x, y in zip(loss[MODELS[pair["a"]]], loss[MODELS[pair["b"]]], strict=True)]
            half = t_95(3) * statistics.stdev(d) / 2
            self.assertEqual(pair["brier"]["difference"], pair["brier"]["a"] - pair["brier"]["b"])
            self.assertAlmostEqual(pair["brier"]["ci_95"][0], statistics.fmean(d) - half, places=5)
            self.assertAlmostEqual(pair["brier"]["ci_95"][1], statistics.fmean(d) + half, places=5)

        text = self.ok("atlas", "results.csv")
        for words in ("Where the truth is known", "Reliability of alpha", "isotonic fit", "uncertainty", "Dimitriadis"):
            self.assertIn(words, text)
        part = text[text.index("Differences between models"):text.index("Reliability of")]
        rows = re.findall(r"(\d\.\d{3}) +(\d\.\d{3}) +([+-]\d\.\d{3}) \[", part)
        self.assertEqual(len(rows), 3, part)
        for a, b, d in rows:
            self.assertAlmostEqual(float(a) - float(b), float(d), places=9)

        # Without the column there is nothing of it, and another can be named.
        (self.folder / "other.csv").write_text((self.folder / "results.csv").read_text().replace(",truth,", ",verdict,"))
        self.assertEqual(self.json("atlas", "other.csv")["truth"], [])
        self.assertEqual(self.json("atlas", "other.csv", "--truth", "verdict")["truth"], atlas["truth"])

    def test_agreement_and_spread(self):
        self.batch()
        atlas = self.json("atlas", "results.csv")
        p = {(row["claim"], row["model"]): float(row["p"]) for row in self.rows()}
        distances = {}
        for pair in atlas["agreement"]:
            a, b = MODELS[pair["a"]], MODELS[pair["b"]]
            distances[a, b] = statistics.fmean(abs(p[c[0], a] - p[c[0], b]) for c in CLAIMS)
            self.assertAlmostEqual(pair["distance"], distances[a, b], places=12)
        self.assertEqual([pair["distance"] for pair in atlas["agreement"]], sorted(pair["distance"] for pair in atlas["agreement"]))
        self.assertEqual(atlas["checks_with_wordings"], 15)
        self.assertEqual({c["source"] for c in atlas["components"]},
                         {"claim", "model", "wording", "claim x model", "claim x wording", "model x wording", "rest"})
        self.assertAlmostEqual(sum(c["share"] for c in atlas["components"]), 1)

    def test_pulls_are_those_of_the_answers(self):
        """A written 1.000 says more than a written 1, which only the answer itself tells."""
        answer = {"assumptions": [], "belief": {"label": "very_likely", "prob_true": "@"}, "flags": {"off_topic": False, "refused": False},
                  "reasons": ["said"], "uncertainties": []}
        written = [{"paraphrase_idx": i, "text": json.dumps(answer).replace('"@"', literal)} for i, literal in ((0, "1.000"), (1, "1"), (2, "0.998"))]
        self.batch(models=(0,), more=written)
        read = {0: logit(0.999), 1: logit(0.995), 2: logit(0.998)}
        deviations = {}
        for row in self.rows():
            record = self.json("show", row["execution_id"])
            values = {t["paraphrase_idx"]: read.get(t["paraphrase_idx"]) or statistics.fmean(map(logit, t["prob_true"])) for t in record["templates"]}
            mean = statistics.fmean(values.values())
            for i, value in values.items():
                deviations.setdefault(i, []).append(value - mean)
        found = sorted((pull["claims"], pull["pull"]) for pull in self.json("atlas", "results.csv")["wordings"])
        expected = sorted((len(d), statistics.fmean(d)) for d in deviations.values())
        self.assertEqual(len(found), len(expected))
        for (claims, pull), (of_claims, mean) in zip(found, expected, strict=True):
            self.assertEqual(claims, of_claims)
            self.assertAlmostEqual(pull, mean, places=9)

    def test_without_the_store_the_parts_about_wordings_are_left_out(self):
        self.batch()
        store = "../" + self.usual_store()
        (self.folder / "elsewhere").mkdir()
        (self.folder / "elsewhere/results.csv").write_text((self.folder / "results.csv").read_text())
        self.folder = self.folder / "elsewhere"
        text = self.ok("atlas", "results.csv")
        self.assertIn("What the wordings said is not in the store", text)
        self.assertNotIn("Which wordings pull", text)
        self.assertIn("Which models agree", text)
        atlas = self.json("atlas", "results.csv")
        self.assertEqual((atlas["checks_with_wordings"], atlas["components"], atlas["wordings"]), (0, [], []))
        self.assertEqual(self.json("atlas", "results.csv", "--db", store)["checks_with_wordings"], 15)
        self.refused(3, "atlas", "results.csv", "--db", "nowhere.sqlite", says="nowhere.sqlite")

        # Of a store that lacks some of them.
        database = self.database(store)
        with database:
            database.execute("DELETE FROM heretix_executions WHERE model = 'alpha'")
        self.assertIn("in the store for 10 of 15 checks", self.ok("atlas", "results.csv", "--db", store))

    def test_order_and_part_of_the_set(self):
        self.batch()
        first = lambda *arguments: [line.split("  ")[1] for line in self.ok("atlas", "results.csv", *arguments).splitlines()  # noqa: E731
                                    if line.strip().startswith(tuple(c[0] for c in CLAIMS))]
        self.assertEqual(first("--sort", "claim"), sorted(c[0] for c in CLAIMS))
        self.assertEqual(first("--sort", "gamma"), ["Oslo is in Norway", "Iron floats on water", "Rome is in Italy", "Snow is white", "Bees sing opera"])
        self.assertEqual(first("--sort", "claim", "--rows", 2), ["Bees sing opera", "Iron floats on water"])
        self.assertEqual(len(self.json("atlas", "results.csv", "--tag", "place", "--tag", "metal")["claims"]), 3)
        self.assertEqual([m["name"] for m in self.json("atlas", "results.csv", "--model", "beta")["models"]], ["beta"])
        self.assertEqual(len(self.json("atlas", "results.csv", "--tag", "topic: geography")["claims"]), 2)
        self.refused(2, "atlas", "results.csv", "--tag", "nothing", says=("--tag 'nothing': no row of the set has this tag", "weather"))
        self.refused(2, "atlas", "results.csv", "--model", "delta", says=("--model 'delta'", "the set has: alpha, beta, gamma"))
        self.refused(2, "atlas", "results.csv", "--sort", "delta", says=("--sort 'delta' is neither", "alpha, beta, gamma"))
        self.refused(2, "atlas", "results.csv", "--gate", "nothing", says="--gate 'nothing'")

    def test_gates_and_beliefs_that_are_not_there(self):
        rows = [{"claim": "a", "model": "X", "p": 0.4, "low": 0.1, "high": 0.9, "stable": False, "gates_failed": ["stability", "mass"]},
                {"claim": "a", "model": "Y", "p": None, "error": "too few usable answers"},
                {"claim": "b", "model": "X", "p": 0.9, "low": 0.8, "high": 0.95, "stable": True, "truth": 1, "tags": ["x", 2]},
                {"claim": "b", "model": "Y", "p": 0.5, "truth": None}]
        (self.folder / "set.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
        atlas = self.json("atlas", "set.jsonl")
        cells = self.cells(atlas)
        self.assertEqual([cells[key]["standing"] for key in (("a", "X"), ("a", "Y"), ("b", "X"), ("b", "Y"))], ["unstable", "none", "belief", "belief"])
        self.assertIsNone(atlas["claims"][0]["disagreement"])
        self.assertEqual(atlas["claims"][1]["tags"], ["x", "2"])
        self.assertEqual([c["claim"] for c in self.json("atlas", "set.jsonl", "--gate", "mass")["claims"]], ["a"])
        text = self.ok("atlas", "set.jsonl")
        for words in ("unstable 0.40", "none", "0.90 [0.80, 0.95]", "1 without a stable one, 1 without any; a gate failed in 1"):
            self.assertIn(words, text)

    def test_bad_tables_are_named_by_line(self):
        head = "claim,model,p,low,high,stable,gates_failed,execution_id,truth\n"
        good = "a,X,0.5,0.4,0.6,true,,exec-1,true\n"
        for name, text, says in (
                ("p.csv", head + good + "b,X,1.5,,,,,,\n", "p.csv:3: 'p' is 1.5; it must be from 0 to 1"),
                ("n.csv", head + good + "b,X,x,,,,,,\n", "n.csv:3: 'p' is 'x', which is not a number"),
                ("h.csv", head + "b,X,0.5,0.4,,,,,\n", "h.csv:2: only one of 'low' and 'high' is there"),
                ("i.csv", head + "b,X,0.5,0.6,0.4,,,,\n", "i.csv:2: 'low' is 0.6 and 'high' 0.4"),
                ("s.csv", head + "b,X,0.5,,,maybe,,,\n", "s.csv:2: 'stable' is 'maybe'; it must be true or false"),
                ("t.csv", head + "b,X,0.5,,,,,,perhaps\n", "t.csv:2: the label 'perhaps' is neither true nor false"),
                ("c.csv", head + ",X,0.5,,,,,,\n", "c.csv:2: no 'claim' in this row"),
                ("m.csv", "claim,model\nb,X\n", "p"),
                ("w.csv", head + "b,X\n", "w.csv:2"),
                ("twice.csv", head + good + "a,X,0.7,,,,,exec-2,\n", "twice.csv:3: \"a\" was measured twice by X, first in twice.csv:2"),
                ("both.csv", head + good + "a,Y,0.7,,,,,exec-2,no\n", "is said to be true in one row and false in another"),
                ("empty.csv", head, "empty.csv holds no result"),
                ("j.jsonl", '{"claim": "a", "model": "X", "p": 0.5}\n{"claim": "b"\n', "j.jsonl:2"),
                ("k.jsonl", '{"claim": "a", "model": "X", "p": 0.5, "p": 0.6}\n', "k.jsonl:1"),
                ("l.jsonl", '{"claim": "a", "model": "X", "p": [0.5]}\n', "l.jsonl:1: 'p' is a list or an object"),
                ("o.jsonl", "[1]\n", "o.jsonl:1: not a JSON object"),
                ("r.parquet", "PAR1", "r.parquet is Parquet")):
            with self.subTest(name):
                (self.folder / name).write_text(text)
                self.refused(2, "atlas", name, says=says)
        (self.folder / "latin.csv").write_bytes((head + "caf\xe9,X,0.5,,,,,,\n").encode("latin-1"))
        self.refused(2, "atlas", "latin.csv", says="latin.csv:2")
        (self.folder / "good.csv").write_text(head + good)
        self.refused(2, "atlas", "good.csv", "--truth", "nope", says="nope")
        self.refused(2, "atlas", "good.csv", "--tags", "nope", says="nope")
        self.refused(3, "atlas", "nowhere.csv", says="cannot read nowhere.csv")

    def test_page_is_one_file_that_nothing_in_it_can_break(self):
        hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
        rows = [{"claim": hostile, "model": "<b>X</b>", "p": 0.7, "low": 0.6, "high": 0.8, "stable": True, "tags": [hostile], "execution_id": "exec-1"},
                {"claim": hostile, "model": "Y", "p": 0.2, "low": 0.1, "high": 0.3, "stable": True}]
        (self.folder / "set.jsonl").write_text("\n".join(map(json.dumps, rows)))
        self.assertIn("written to page.html", self.heretix("atlas", "set.jsonl", "-o", "page.html").stderr)
        page = (self.folder / "page.html").read_text()
        self.assertNotIn("<img", page)
        self.assertNotIn("<b>X", page)
        self.assertNotRegex(page, r'(src|href)="')
        self.assertEqual(page.count("<script"), 2)
        self.assertRegex(page, r"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-[A-Za-z0-9+/]{43}='")
        data = json.loads(re.search(r'<script type="application/json" id="atlas-data">(.*?)</script>', page, re.S)[1])
        self.assertEqual(data["claims"][0][0], hostile)
        self.assertEqual(data["models"], ["<b>X</b>", "Y"])

    def test_mock_numbers_are_marked(self):
        self.ok("batch", "claims.csv", "--mock", "--model", "m", "-K", 4, "-R", 1, "-o", "mock.csv")
        self.assertIn("MOCK NUMBERS", self.ok("atlas", "mock.csv", "-o", "mock.html"))
        self.assertIn("MOCK NUMBERS", (self.folder / "mock.html").read_text())
        atlas = self.json("atlas", "mock.csv")
        self.assertTrue(atlas["mock"])
        self.assertEqual(atlas["checks_with_wordings"], 5)
