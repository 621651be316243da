"""ESLint over the page, whose rules need the types that its build makes: lint_web.py NODE NODE_MODULES SOURCE INTO"""
import pathlib
import subprocess
import sys

from build_web import prepared


def main():
    node, (modules, source, into) = sys.argv[1], map(pathlib.Path, sys.argv[2:5])
    web = prepared(node, modules, source.resolve(), into.resolve())
    done = subprocess.run([node, modules / "eslint/bin/eslint.js", "--max-warnings", "0", "."], cwd=web, capture_output=True, text=True)
    # What is found in the copy is to be mended in the tree.
    sys.stdout.write(done.stdout.replace(f"{web}/", "web/"))
    sys.stderr.write(done.stderr.replace(f"{web}/", "web/"))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
