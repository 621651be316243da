"""The checker of words sees what the glossary forbids wherever people read it, and leaves code alone."""
import pathlib
import tempfile
import unittest

import check_words

GLOSSARY = """# Glossary

## Words that are not used

| name | not |
|---|---|
| interval | confidence interval, error bar |
| model | LLM |

## More
| a | confidence interval |
"""


class Words(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = pathlib.Path(holder.name)
        self.write("docs/glossary.md", GLOSSARY)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def told(self, name, text):
        self.write(name, text)
        return check_words.check(self.root)

    def test_prose_is_read_and_told_by_line(self):
        self.assertEqual(self.told("docs/a.md", "One.\n\nIt has Error Bars.\n"), ["docs/a.md:3: 'error bar' is called 'interval' (docs/glossary.md)"])
        self.assertEqual(self.told("docs/a.md", "An error barrier, and an llm.\n"), [], "whole words only; capitals count where the table has them")
        self.assertEqual(len(self.told("docs/a.md", "An LLM.\n")), 1)

    def test_code_in_prose_is_not_read(self):
        self.assertEqual(self.told("docs/a.md", "Field `LLM`.\n\n```\nthe LLM\n```\n[this](LLM.md)\n"), [])

    def test_strings_of_sources_are_read(self):
        self.assertEqual(self.told("src/cli/a.cpp", '// an LLM\n\nf("what an LLM says");\n'), ["src/cli/a.cpp:3: 'LLM' is called 'model' (docs/glossary.md)"])
        self.assertEqual(self.told("src/cli/a.cpp", 'int LLM = 1; f("llm_name");\n'), [])

    def test_the_page_and_the_docstrings_are_read(self):
        self.assertEqual(len(self.told("web/src/a.tsx", "return <p>The error bar</p>;\n")), 1)
        self.assertEqual(len(self.told("python/src/heretix/a.py", 'def f():\n    """Its error bar.\n\n    More.\n    """\n')), 2, "with the page")

    def test_the_interface_is_read(self):
        self.assertEqual(self.told("api/openapi.yaml", "x: {description: an error bar}\nerror bar: 1\n"), ["api/openapi.yaml:1: 'error bar' is called 'interval' (docs/glossary.md)"])

    def test_a_glossary_without_the_table_is_told(self):
        self.write("docs/glossary.md", "# Glossary\n")
        self.assertIn("missing", check_words.check(self.root)[0])
