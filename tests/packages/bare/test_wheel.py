"""The wheels in a bare Debian 12 that has Python and nothing else: installed, used, uninstalled."""
import json
import pathlib
import re
import shutil
import unittest

from roots import CLAIM, RootTest, Timed, package, places, told

MODEL = "heretix_model_smollm2_135m"
MODULE = """
import json, heretix
record = heretix.run({claim!r}, progress=False)
print(json.dumps([record.p, len(record.answers), heretix.__version__, float(heretix.belief([[0.7], [0.8], [0.65], [0.75], [0.7]]).p)]))
"""


class Wheel(RootTest):
    needs = ("python3", "python3-venv")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wheel = package("heretix-*.whl")
        for file in (cls.wheel, package(f"{MODEL}-*.whl")):
            told(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB")
            shutil.copy(file, cls.root / "tmp")
        for file in pathlib.Path(places()["numpy-wheel"]).glob("*.whl"):
            shutil.copy(file, cls.root / "tmp")
        cls.inside("python3", "-m", "venv", "/opt/venv")
        with Timed() as whole:
            with Timed() as installing:
                cls.inside("/opt/venv/bin/pip", "install", "--no-index", "--find-links", "/tmp", "heretix", MODEL)
            cls.said = cls.venv("heretix", "run", CLAIM)
        told(f"pip install {installing}, with the first result {whole}")

    @classmethod
    def venv(cls, *command, **more):
        (cls.root / "work").mkdir(exist_ok=True)
        return cls.inside(*command, folder="/work", PATH=f"/opt/venv/bin:{'/usr/bin:/bin'}", **more)

    def test_1_the_main_job_is_done(self):
        self.assertMeasured(self.said)

    def test_1_its_name_says_which_systems_it_runs_on(self):
        self.assertRegex(self.wheel.name, r"^heretix-\d+\.\d+\.\d+-cp3\d+-cp3\d+-manylinux_2_\d+_x86_64\.whl$")
        self.assertLessEqual(int(re.search(r"manylinux_2_(\d+)", self.wheel.name)[1]), 36, "Debian 12 has version 2.36 of the C library")

    def test_2_the_module_asks_the_program_of_the_wheel(self):
        p, answers, version, belief = json.loads(self.venv("python3", "-c", MODULE.format(claim=CLAIM)))
        self.assertEqual(f"{p:.2f}", self.belief_in(self.said))
        self.assertGreaterEqual(answers, 8)
        self.assertEqual(version, self.venv("heretix", "--version").split()[1])
        self.assertAlmostEqual(belief, 0.72, delta=0.03)

    def test_2_the_carried_program_computes_what_it_should(self):
        self.venv("heretix", "selftest")
        self.venv("heretix", "verify", "last")

    def test_2_the_export_program_finds_arrow_and_duckdb(self):
        self.venv("heretix", "export", "lake")
        self.assertEqual(self.venv("heretix", "export", "lake", "--query", "SELECT count(*) AS n FROM checks").splitlines()[0], "n")

    def test_2_libraries_that_are_loaded_late_are_the_carried_ones(self):
        for arguments in (("run", CLAIM, "--model", "openai/gpt-5", "--budget", "1"), ("db", "status")):
            done = self.call("/opt/venv/bin/heretix", *arguments, folder="/tmp", OPENAI_API_KEY="sk-made-up", DATABASE_URL="postgresql://a:b@127.0.0.1:1/c")
            self.assertIn(done.returncode, (5, 6), done.stdout + done.stderr)
            self.assertNotIn("cannot load", done.stderr)

    def test_2_the_notices_of_carried_libraries_come_along(self):
        [folder] = self.root.glob("opt/venv/lib/python3*/site-packages/heretix/_carried/share/doc/heretix")
        for name in ("Arrow.txt", "SmolLM2.txt", "third_party_notices.md", "debian/libssl3.txt", "debian/libcurl4.txt", "debian/libpq5.txt"):
            self.assertTrue((folder / name).is_file(), name)

    def test_3_uninstalling_leaves_data_alone(self):
        store = self.root / "work/runs/heretix.sqlite"
        before = store.read_bytes()
        self.inside("/opt/venv/bin/pip", "uninstall", "-y", "heretix", MODEL)
        self.assertEqual(store.read_bytes(), before)
        left = {path for path in self.files() if path.startswith("opt/venv/") and "heretix" in path}
        self.assertEqual(left, set())


if __name__ == "__main__":
    unittest.main()
