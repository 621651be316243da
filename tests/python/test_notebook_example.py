"""examples/notebook/measure.ipynb, run from the first cell to the last by nbclient with a real kernel."""
import ast
import base64
import html
import json
import os
import re
import subprocess

from installed import PYTHON, SOURCE, ModuleTest, places

NOTEBOOK = SOURCE / "examples/notebook/measure.ipynb"
CLAIM = "Tariffs cause inflation"
EXECUTE = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], 4)
nbformat.validate(notebook)
nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
print(nbformat.writes(notebook))
"""


def rows_of(data):
    """The cells of a table as a notebook draws it, without the heads of its rows."""
    rows = re.findall(r"<tr>(.*?)</tr>", data["text/html"], re.DOTALL)
    found = [[html.unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)] for row in rows]
    return [cells for cells in found if cells]


class NotebookExample(ModuleTest):
    def outputs(self):
        """By the id of a cell, what it shows as its value: by media type."""
        # The kernel and Jupyter keep their files in the folder of the test, and the kernel is the interpreter that starts it.
        packages = places()["notebook"] + os.pathsep + os.environ["PYTHONPATH"]
        environment = self.environment(packages, HOME=str(self.folder), HERETIX_MOCK="1")
        done = subprocess.run([PYTHON, "-c", EXECUTE, NOTEBOOK], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        cells = json.loads(done.stdout)["cells"]
        self.drawn = {c["id"]: [o["data"]["image/png"] for o in c.get("outputs", []) if "image/png" in o.get("data", {})] for c in cells}
        results = {c["id"]: [o["data"] for o in c["outputs"] if o["output_type"] == "execute_result"] for c in cells if c["cell_type"] == "code"}
        return {name: {kind: "".join(text) for kind, text in data.items()} for name, [data] in results.items()}

    def test_it_shows_what_the_program_says(self):
        shown = self.outputs()
        own = self.program("run", CLAIM, "--model", "local", "--slots", "8", "--replicates", "2", "--db", "own.sqlite", HERETIX_MOCK="1")
        answers = self.program("answers", own["run_id"], "--db", "own.sqlite")
        belief = own["belief_v2"]
        low, high = belief["ci"]
        self.assertIn(f"p = {belief['p']:.2f}, 95&nbsp;% {low:.2f} to {high:.2f}", shown["measure"]["text/html"])

        # The least likely wording comes first, each with the text that was sent.
        self.assertIn(f"&lt;claim&gt;{CLAIM}&lt;/claim&gt;", shown["wordings"]["text/html"], "a browser would take the marks for its own")
        rows = rows_of(shown["wordings"])
        templates = sorted(own["templates"], key=lambda template: template["mean_p"])
        self.assertEqual([row[:2] for row in rows], [[str(t["paraphrase_idx"]), f"{t['mean_p']:.2f}"] for t in templates])
        self.assertEqual(len({text for _, _, text in rows if f"<claim>{CLAIM}</claim>" in text}), 8)

        rows = [(int(wording), int(replicate), float(p), *rest) for wording, replicate, p, *rest in rows_of(shown["answers"])]
        self.assertEqual(rows, [(a["paraphrase_idx"], a["replicate_idx"], a["prob_true"], "True", "", a["raw_text"]) for a in answers])

        again, record = ast.literal_eval(shown["again"]["text/plain"])
        self.assertEqual(record, (belief["p"], (low, high)))
        self.assertEqual(again, record)

        # The picture, with the title that it was given.
        self.assertEqual(ast.literal_eval(shown["plot"]["text/plain"]), f"{CLAIM}\nlocal (mock): {belief['verdict']}")
        [picture] = self.drawn["plot"]
        self.assertEqual(base64.b64decode(picture)[:4], b"\x89PNG")

    def test_many_claims_are_what_the_program_says_of_each(self):
        shown = self.outputs()
        asked = {"Tariffs cause inflation": ("economics", "None"), "Copper conducts electricity better than iron": ("physics", "True"),
                 "Bees sleep": ("biology", "True"), "The Moon is larger than the Earth": ("astronomy", "False")}
        own = {claim: self.program("run", claim, "--model", "local", "--slots", "8", "--replicates", "2", "--db", "own.sqlite", HERETIX_MOCK="1")["belief_v2"] for claim in asked}
        rows = [(topic, claim, *(round(float(x), 6) for x in (p, low, high)), stable, truth) for topic, claim, p, low, high, stable, truth in rows_of(shown["many"])]
        expected = [(asked[claim][0], claim, *(round(x, 6) for x in (b["p"], *b["ci"])), str(b["stable"]), asked[claim][1])
                    for claim, b in sorted(own.items(), key=lambda item: item[1]["p"])]
        self.assertEqual(rows, expected)

        # The atlas of the same results, by the program itself.
        lines = [{"claim": claim, "model": "local", "p": b["p"], "truth": {"None": None, "True": True, "False": False}[asked[claim][1]]} for claim, b in own.items()]
        (self.folder / "results.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        atlas = self.program("atlas", "results.jsonl", "--db", "own.sqlite")
        [row] = rows_of(shown["atlas"])
        self.assertEqual(row[:1] + row[4:6], ["local", str(atlas["truth"][0]["right"]), str(atlas["truth"][0]["wrong"])])
        self.assertAlmostEqual(float(row[6]), atlas["truth"][0]["scores"]["brier"], places=5)
        self.assertEqual(len(rows_of(shown["pull"])), 4)
        self.assertIn("<title>", (self.folder / "atlas.html").read_text())

        stored = rows_of(shown["runs"])
        self.assertEqual(sorted(row[0] for row in stored), sorted(asked))

    def test_it_is_kept_without_outputs(self):
        for cell in json.loads(NOTEBOOK.read_text())["cells"]:
            if cell["cell_type"] == "code":
                self.assertEqual((cell["outputs"], cell["execution_count"]), ([], None), cell["id"])


del ModuleTest
