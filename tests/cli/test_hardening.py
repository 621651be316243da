"""The binaries are built as cmake/hardening.cmake says."""
import pathlib
import unittest

from hardening import lacking
from heretix import PROGRAM


class Hardening(unittest.TestCase):
    def test_the_program_is_hardened(self):
        self.assertEqual(lacking(PROGRAM, "main"), [])

    def test_the_export_is_hardened(self):
        self.assertEqual(lacking(str(pathlib.Path(PROGRAM).parent / "heretix-export"), "main"), [])


if __name__ == "__main__":
    unittest.main()
