"""heretix history: what models have believed about one claim, by day, with versions and alarms."""
import json
import random
import sqlite3
import xml.etree.ElementTree as ElementTree

from heretix import ProgramTest

CLAIM = "Snow is white"
STORE = "runs/mock.sqlite"
DAY = 86_400
PLAN = ("-K", "4", "-R", "1", "-B", "50")


class History(ProgramTest):
    measured = 0

    def measure(self, day, p, version="m-1", model="m"):
        """As if it had been measured that many days ago."""
        self.measured += 1  # each a second later than the one before
        script = self.script(model=model, rules=[{"paraphrase_idx": i, "prob_true": round(p + 0.01 * (i % 3), 3)} for i in range(16)])
        self.ok("run", CLAIM, "--model", script, *PLAN, "--fresh", "-q", "--db", STORE)
        with sqlite3.connect(self.folder / STORE) as store:
            number, record = store.execute("SELECT rowid, record_json FROM heretix_executions ORDER BY rowid DESC").fetchone()
            record = json.loads(record)
            record["execution"]["answered_by"] = {version: 4}
            store.execute("UPDATE heretix_executions SET created_at = created_at - ?, record_json = ? WHERE rowid = ?", (day * DAY - self.measured, json.dumps(record), number))

    def history(self, *arguments):
        return json.loads(self.ok("history", *(arguments or (CLAIM,)), "--db", STORE, "--json"))

    def test_a_line_for_each_model_and_a_point_for_each_day(self):
        for day, p in ((6, 0.2), (3, 0.4), (3, 0.5), (0, 0.6)):
            self.measure(day, p)
        self.measure(1, 0.9, model="n")
        told = self.history()
        self.assertEqual((told["format"], told["claim"], told["mock"]), ("heretix_history", CLAIM, True))
        self.assertEqual([line["model"] for line in told["lines"]], ["m", "n"])
        points = told["lines"][0]["points"]
        self.assertEqual([p["runs"] for p in points], [1, 2, 1])
        self.assertEqual(sorted(p["day"] for p in points), [p["day"] for p in points])
        for point, p in zip(points, (0.2, 0.5, 0.6), strict=True):
            self.assertAlmostEqual(point["p"], p, delta=0.03)
            shown = json.loads(self.ok("show", point["name"], "--db", STORE, "--json"))
            if point is points[-1]:  # of one recipe show has the newest execution
                self.assertEqual([point["p"], point["ci"]], [shown["belief_v2"]["p"], shown["belief_v2"]["ci"]])

        text = self.ok("history", CLAIM, "--db", STORE)
        self.assertIn("Belief over time: Snow is white", text)
        self.assertIn("(last of 2)", text)
        self.assertEqual(self.history("last")["claim"], CLAIM)

    def test_versions_are_marked(self):
        for day, version in ((5, "m-1"), (4, "m-1"), (2, "m-2")):
            self.measure(day, 0.5, version)
        points = self.history()["lines"][0]["points"]
        self.assertEqual([p["is_new_version"] for p in points], [False, False, True])
        self.assertRegex(self.ok("history", CLAIM, "--db", STORE), r"answered by m-2, before that by m-1")

    def test_alarms_of_the_drift_watches_are_marked(self):
        noise = random.Random(7)

        def model(shift):
            rules = [{"every": n, "prob_true": round(0.5 + shift + noise.gauss(0, 0.05), 3)} for n in (3, 5, 7, 11)]
            return self.script(model="m", rules=rules + [{"paraphrase_idx": i, "prob_true": round(0.5 + shift + noise.gauss(0, 0.02), 3)} for i in range(16)])

        (self.folder / "watch.csv").write_text(f"claim\n{CLAIM}\nGrass is green\n")
        self.ok("drift", "baseline", "watch.csv", "--model", model(0), "-q", "--db", STORE)
        self.assertEqual(self.history()["lines"][0]["alarms"], [], "nothing has changed yet")
        for _ in range(12):
            done = self.heretix("drift", "check", "watch.csv", "--model", model(0.3), "-q", "--db", STORE)
            if done.returncode == 1:
                break
        self.assertEqual(done.returncode, 1, "the watch has seen it")
        alarms = self.history()["lines"][0]["alarms"]
        self.assertEqual([a["watch"] for a in alarms], ["watch"])
        self.assertEqual(alarms[0]["day"], self.history()["lines"][0]["points"][-1]["day"])
        self.assertIn("drift alarm of the watch watch", self.ok("history", CLAIM, "--db", STORE))

    def test_the_picture_is_a_file_of_its_own(self):
        self.measure(3, 0.2)
        self.measure(0, 0.6)
        self.ok("history", CLAIM, "--db", STORE, "--svg", "belief.svg", "-o", "belief.html")
        svg = (self.folder / "belief.svg").read_text()
        ElementTree.fromstring(svg)
        self.assertNotIn("var(", svg, "its colours are written out, for places without style sheets")
        self.assertNotRegex(svg, r"(href|url\()", "it asks for nothing outside")
        page = (self.folder / "belief.html").read_text()
        self.assertIn("MOCK NUMBERS", page)
        self.assertIn('stroke="var(--series-1)"', page, "the page has its colours, light and dark")

    def test_what_is_narrowed(self):
        self.measure(9, 0.2)
        self.measure(0, 0.6, model="Other")
        self.assertEqual([line["model"] for line in self.history(CLAIM, "--model", "other")["lines"]], ["Other"])
        day = self.history(CLAIM, "--model", "other")["lines"][0]["points"][0]["day"]
        self.assertEqual([line["model"] for line in self.history(CLAIM, "--since", day)["lines"]], ["Other"])

    def test_what_cannot_be_shown(self):
        self.measure(0, 0.6)
        self.refused(3, "history", "Another claim", "--db", STORE, says="has no finished measurement of 'Another claim'")
        self.refused(3, "history", CLAIM, "--model", "nobody", "--db", STORE, says="that fits")
        self.refused(2, "history", CLAIM, "--since", "yesterday", "--db", STORE, says="--since is 'yesterday'")
        self.refused(2, "history", CLAIM, "--alpha", 2, "--db", STORE, says="--alpha is 2")
        with sqlite3.connect(self.folder / STORE) as store:
            store.execute("DELETE FROM heretix_answers")
        done = self.refused(3, "history", CLAIM, "--db", STORE, says="has no finished measurement")
        self.assertNotIn("Traceback", done.stderr)
