"""examples/cpp builds against what Heretix installs, and computes what the program computes."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

SOURCE, BUILD = (pathlib.Path(os.environ[name]) for name in ("HERETIX_SOURCE", "HERETIX_BUILD"))


def run(*arguments, **more):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, **more)
    assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
    return done.stdout


class CppExample(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        prefix, build = cls.folder / "prefix", cls.folder / "build"
        run("cmake", "--install", BUILD, "--component", "development", "--prefix", prefix)
        run("cmake", "-S", SOURCE / "examples/cpp", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Debug")
        run("cmake", "--build", build)
        cls.program = build / "belief_of_answers"

    def answered(self, text):
        return subprocess.run([self.program], input=text, capture_output=True, text=True)

    def test_it_says_what_the_program_says_of_the_same_answers(self):
        record = json.loads(run(os.environ["HERETIX"], "run", "--mock", "--json", "-K", "8", "-R", "2", "Snow is white", cwd=self.folder))
        lines = [" ".join(map(repr, template["prob_true"])) for template in record["templates"] if template["prob_true"]]
        told = self.answered("\n".join(lines) + "\n")
        self.assertEqual(told.stderr, "")
        low, high = record["belief_v2"]["ci"]
        numbers = [float(n) for n in re.findall(r"[01]\.\d{4}", told.stdout)]
        for found, wanted in zip(numbers, (record["belief_v2"]["p"], low, high), strict=True):
            self.assertAlmostEqual(found, wanted, places=4)

    def test_where_there_is_no_stable_belief_it_says_so(self):
        told = self.answered("1\n0.074\n1\n0.8\n0\n0.12\n0\n1\n")
        self.assertEqual(told.stdout.splitlines(), ["p = 0.5891 from 8 answers to 8 wordings", "95 % interval 0.0239 to 0.9882",
                                                    "No stable belief: 4 wordings say true, 4 say false"])

    def test_what_is_no_number_is_told(self):
        told = self.answered("0.5\nhalf\n")
        self.assertEqual((told.returncode, told.stderr), (2, "belief_of_answers: a line holds something other than numbers\n"))

    def test_what_is_no_probability_is_told(self):
        told = self.answered("0.5\n1.5\n")
        self.assertEqual(told.returncode, 2)
        self.assertIn("1.5", told.stderr)

    def test_the_library_needs_no_libcurl(self):
        self.assertNotIn("curl", run("ldd", self.program))
        self.assertNotIn("curl_", run("nm", "--undefined-only", "--demangle", self.program))


if __name__ == "__main__":
    unittest.main()
