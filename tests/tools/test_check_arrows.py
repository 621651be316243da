"""The include checker sees what it should."""
import pathlib
import tempfile
import unittest

import check_arrows


class Arrows(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.src = pathlib.Path(holder.name)
        for folder in ("base", "plan", "ask"):
            (self.src / folder).mkdir()
        self.allowed = {"base": set(), "plan": set(), "ask": {"plan"}}

    def includes(self, folder, text, name="x.cpp"):
        (self.src / folder / name).write_text(text)
        return list(check_arrows.wrong_includes(self.src, self.allowed))

    def test_what_is_allowed_passes(self):
        self.assertEqual(self.includes("ask", '#include "plan/plan.hpp"\n#include "base/e.hpp"\n#include "ask/a.hpp"\n#include <plan>\n'), [])

    def test_an_arrow_against_the_table(self):
        self.assertIn("plan/ may not include ask/", self.includes("plan", '#include "ask/ask.hpp"\n')[0])

    def test_unknown_starts_dots_and_suffixes(self):
        self.assertEqual(len(self.includes("ask", '#include "ask.hpp"\n')), 1)
        self.assertEqual(len(self.includes("ask", '#include "other/ask.hpp"\n')), 1)
        self.assertEqual(len(self.includes("ask", '#include "plan/../ask/x.hpp"\n')), 1)
        self.assertEqual(len(self.includes("ask", "", name="x.h")), 2)

    def test_folders_without_a_line_and_lines_without_a_folder(self):
        (self.src / "stray").mkdir()
        self.allowed["ghost"] = set()
        self.assertEqual(len(list(check_arrows.wrong_folders(self.src, self.allowed))), 2)

    def test_a_room_stands_for_its_folders(self):
        for folder in ("room/one", "room/two"):
            (self.src / folder).mkdir(parents=True)
        self.allowed |= {"room/one": set(), "room/two": {"room/one"}, "ask": {"room"}}
        self.assertEqual(list(check_arrows.wrong_folders(self.src, self.allowed)), [])
        self.assertEqual(self.includes("ask", '#include "room/one/a.hpp"\n#include "room/two/b.hpp"\n'), [])
        self.assertEqual(self.includes("room/two", '#include "room/one/a.hpp"\n'), [])
        self.assertIn("room/one/ may not include room/two/", self.includes("room/one", '#include "room/two/b.hpp"\n')[0])
        self.assertEqual(len(list(check_arrows.cycles(self.allowed | {"room/one": {"ask"}}))), 1)
        (self.src / "room/three").mkdir()
        self.assertIn("room/three has no line", list(check_arrows.wrong_folders(self.src, self.allowed))[0])

    def test_a_type_that_two_headers_define(self):
        (self.src / "ask" / "a.hpp").write_text("struct Row {\n  struct Inner {\n  };\n};\nclass Known;\n")
        (self.src / "plan" / "b.hpp").write_text("enum class Known { a };\nstruct Inner {\n};\n")
        self.assertEqual(list(check_arrows.types_named_twice(self.src)), [])
        (self.src / "plan" / "c.hpp").write_text("class Row final : public Known {\n};\n")
        self.assertIn("the type Row already exists", list(check_arrows.types_named_twice(self.src))[0])

    def test_cycles(self):
        self.assertEqual(list(check_arrows.cycles(self.allowed)), [])
        self.assertEqual(len(list(check_arrows.cycles({"a": {"b"}, "b": {"a"}}))), 1)

    def test_a_document_that_differs(self):
        document = self.src / "A.md"
        document.write_text("| plan | x | |\n| ask | x | |\n| base | x | |\n")
        self.assertEqual(list(check_arrows.wrong_document(document, self.allowed)), ["A.md and arrows.txt differ on ask"])


if __name__ == "__main__":
    unittest.main()
