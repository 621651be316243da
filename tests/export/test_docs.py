"""docs/analytics.md shows what its queries give."""
import subprocess
import sys

from lake import PROGRAM, SOURCE, LakeTest


class Docs(LakeTest):
    def test_the_page_shows_the_results_and_the_schema(self):
        self.fill()
        self.export_all()
        done = subprocess.run([sys.executable, SOURCE / "tools/analytics_docs.py", PROGRAM, self.lake], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| bootstrap_seed | uint64 |", (SOURCE / "docs/analytics.md").read_text())


del LakeTest
