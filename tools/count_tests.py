"""Adds up JUnit files and prints, as the last line, 'N passed, N failed'.

usage: count_tests.py BROKEN_STEPS FOLDER

A skipped or disabled test counts as failed: nothing passes by not being run. Exits 1 on any failure, or where nothing ran.
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def main():
    failed = int(sys.argv[1])
    passed = 0
    for path in sorted(pathlib.Path(sys.argv[2]).glob("*.xml")):
        for case in ElementTree.parse(path).iter("testcase"):
            if case.get("status") == "run" and case.find("failure") is None:
                passed += 1
            else:
                failed += 1
                print(f"failed: {path.stem}: {case.get('name')}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
