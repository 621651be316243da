"""docs/systemone.md shows what its commands give: the embedded model, asked as the page asks."""
import json
import re
import subprocess

from systemone_cases import SystemOneTest

# isort: split
from heretix import SOURCE

PAGE = (SOURCE / "docs/systemone.md").read_text()
BLOCKS = re.findall(r"^```(?:\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8765"  # of the page; a free port takes its place
FAR = 0.02  # two processors round a model's arithmetic differently


def only_block(beginning):
    found = [block for block in BLOCKS if block.startswith(beginning)]
    assert len(found) == 1, (beginning, len(found))
    return found[0]


class Documented(SystemOneTest):
    def test_the_reply_is_that_of_the_embedded_model_to_the_command_above_it(self):
        self.serve("local", "--seconds", "600")
        done = subprocess.run(["bash", "-c", only_block("curl ").replace(ADDRESS, self.url)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.same(json.loads(only_block('{"model"')), json.loads(done.stdout), "reply")

    def same(self, shown, given, place):
        """Everything that the page shows, and nothing else."""
        if isinstance(shown, dict):
            self.assertEqual(list(shown), list(given), place)
            for name, value in shown.items():
                self.same(value, given[name], f"{place}.{name}")
        elif isinstance(shown, float):
            self.assertAlmostEqual(shown, given, delta=FAR, msg=place)
        else:
            self.assertEqual(shown, given, place)

    def test_the_python_example_runs_as_it_stands(self):
        self.serve(self.script(rules=[{"prob_true": 0.7}]))
        example = only_block("from typesafe_sdk import")
        said = []
        exec(compile(example.replace(ADDRESS, self.url), "docs/systemone.md", "exec"), {"print": said.append})
        self.assertEqual(len(said), 1)
        self.assertTrue(0 < said[0] < 1)
