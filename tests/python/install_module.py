"""Builds the module's wheel from the tree and installs it, alone, in a fresh virtual environment.

usage: install_module.py FOLDER   afterwards FOLDER/venv/bin/python imports heretix; what it needs comes by PYTHONPATH
"""
import os
import pathlib
import shutil
import subprocess
import sys
import venv

folder = pathlib.Path(sys.argv[1]).resolve()
shutil.rmtree(folder, ignore_errors=True)
pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
# Not isolated: the tools to build with are the pinned ones of the tests.
subprocess.run([*pip, "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", folder / "wheel",
                "--config-settings", f"build-dir={folder}/build", pathlib.Path(os.environ["HERETIX_SOURCE"]) / "python"], check=True)
venv.create(folder / "venv", with_pip=False)
[wheel] = (folder / "wheel").glob("heretix-*.whl")
[site] = (folder / "venv").glob("lib/python3*/site-packages")
subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", "--target", site, wheel], check=True,
               env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"})
