"""What the wheel, the model's wheel and the image have beside the program. tests/packages/bare installs them."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest

PROGRAM, SOURCE = os.environ["HERETIX"], pathlib.Path(os.environ["HERETIX_SOURCE"])


class Launcher(unittest.TestCase):
    """The command `heretix` of the wheel, with a module beside it that must not be imported."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.module = self.folder / "site/heretix"
        self.module.mkdir(parents=True)
        (self.module / "__init__.py").write_text("raise SystemExit('the module was imported')\n")

    def launched(self, *arguments):
        return subprocess.run([sys.executable, SOURCE / "python/launcher/heretix", *arguments], capture_output=True, text=True, cwd=self.folder,
                              env={**os.environ, "PYTHONPATH": str(self.folder / "site")})

    def carry(self):
        (self.module / "_carried/bin").mkdir(parents=True)
        shutil.copy(PROGRAM, self.module / "_carried/bin/heretix")

    def test_it_becomes_the_program_that_the_wheel_carries(self):
        self.carry()
        done = self.launched("--version")
        self.assertEqual((done.returncode, done.stdout), (0, subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout), done.stderr)
        self.assertEqual(self.launched("no-such-command").returncode, 2)

    def test_it_says_what_to_do_where_the_program_is_not_there(self):
        done = self.launched("--version")
        self.assertEqual(done.returncode, 1)
        self.assertIn("pip install --force-reinstall heretix", done.stderr)


class FindsTheProgram(unittest.TestCase):
    def test_the_one_that_is_named_comes_before_the_carried_one_and_that_before_the_path(self):
        with tempfile.TemporaryDirectory() as folder:
            module = pathlib.Path(folder) / "_program.py"
            shutil.copy(SOURCE / "python/src/heretix/_program.py", module)
            asked = [sys.executable, "-c", "import _program; print(_program.find_program())"]

            def found(**environment):
                kept = {name: value for name, value in os.environ.items() if name != "HERETIX_PROGRAM"}
                return subprocess.run(asked, cwd=folder, env={**kept, "PYTHONPATH": folder, **environment}, capture_output=True, text=True, check=True).stdout.strip()

            on_path = pathlib.Path(folder) / "bin/heretix"
            on_path.parent.mkdir()
            shutil.copy(PROGRAM, on_path)
            self.assertEqual(found(PATH=str(on_path.parent)), str(on_path))

            carried = pathlib.Path(folder) / "_carried/bin/heretix"
            carried.parent.mkdir(parents=True)
            carried.write_text("")
            self.assertEqual(found(PATH=str(on_path.parent)), str(carried))
            self.assertEqual(found(HERETIX_PROGRAM="/named"), "/named")


class Versions(unittest.TestCase):
    def test_every_package_has_the_version_of_the_program(self):
        version = re.search(r"project\(heretix VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text())[1]
        for file in ("python/pyproject.toml", "packaging/model-wheel/pyproject.toml"):
            self.assertEqual(tomllib.loads((SOURCE / file).read_text())["project"]["version"], version, file)

    def test_the_model_has_one_name_in_every_package_and_message(self):
        name = re.search(r"set\(HERETIX_MODEL_PACKAGE (\S+)\)", (SOURCE / "cmake/program/CMakeLists.txt").read_text())[1]
        self.assertEqual(tomllib.loads((SOURCE / "packaging/model-wheel/pyproject.toml").read_text())["project"]["name"], name)
        for file in ("src/cli/resources.cpp", "src/cli/models_command.cpp", "README.md", "docs/packages.md"):
            self.assertIn(name, (SOURCE / file).read_text(), file)


class Image(unittest.TestCase):
    def test_both_ways_to_make_it_start_the_program_alike(self):
        def instructions(file):
            text = re.sub(r"(?m)^#.*\n", "", (SOURCE / file).read_text())
            return text[text.index("\nUSER "):].strip()

        self.assertEqual(instructions("packaging/image/Containerfile"), instructions("tools/deploy/Containerfile"))


if __name__ == "__main__":
    unittest.main()
