#!/usr/bin/env python3
"""Each thing has one name: finds the words that docs/glossary.md says are not used, wherever people read.

usage: tools/check_words.py [ROOT]

The table "Words that are not used" of the glossary is the list: the first column is the name of a thing, the second the words that are not used for
it. Read are: Markdown without its code, strings of the C++ sources, of the page and of the Python module, with its docstrings, and the descriptions
of the service's interface. Names in code (`paraphrase_idx`) are contracts and stay. Prints every place as FILE:LINE, and exits with 1 if there is one.
"""
import pathlib
import re
import sys

GLOSSARY = "docs/glossary.md"
MARKDOWN = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/*.md", "examples/**/*.md", "python/README.md", "web/README.md"]
CODE = ["src/cli/*.cpp", "src/report/*.cpp", "src/studies/*/*.cpp", "src/belief/*/*.cpp", "src/measure/*.cpp", "src/models/**/*.cpp", "src/archive/**/*.cpp",
        "src/service/**/*.cpp", "python/src/**/*.py", "python/src/**/*.pyi"]
PAGE = ["web/src/**/*.ts", "web/src/**/*.tsx"]
CONTRACT = ["api/openapi.yaml"]

DOCSTRING = re.compile(r'"""(?:[^"]|"(?!""))*"""')
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
PAGE_STRING = re.compile(STRING.pattern + r"|`(?:\\.|[^`\\])*`|>[^<>{}=;()]*<")
NAME = re.compile(r"^[a-z0-9_.:/;=-]*$")  # a field, a path, an option: a name in code and no prose


def names_and_others(text):
    """Each name of the glossary's table, with the words that are not used in its place."""
    section = re.search(r"^## Words that are not used\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section[1], re.MULTILINE)[1:] if section else []
    return {name: [word.strip() for word in others.split(",")] for name, others in rows if not name.startswith("---")}


def blanked(match):
    """As many lines as before, and no words."""
    return "\n" * match.group().count("\n")


def prose_of_markdown(text):
    text = re.sub(r"^```.*?^```", blanked, text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`|\]\([^)]*\)", blanked, text)


def prose_of_code(text, string=STRING):
    """The strings of a source, each in its place."""
    text = re.sub(r"^[ \t]*(//|#|import |\*).*$", "", text, flags=re.MULTILINE)
    kept = [""] * (text.count("\n") + 1)
    covered = re.compile(f"{DOCSTRING.pattern}|{string.pattern}")
    for found in covered.finditer(text):
        words = found.group()
        inner = words.strip("\"`<>")
        if NAME.match(inner):
            continue
        for i, line in enumerate(words.split("\n")):
            kept[text.count("\n", 0, found.start()) + i] += " " + line
    return "\n".join(re.sub(r"`[^`]*`|'[^' ]*'|\{[^}]*\}|\\\"[^\"]*\\\"", " ", line) for line in kept)


def prose_of_page(text):
    return prose_of_code(text, PAGE_STRING)


def prose_of_contract(text):
    return "\n".join(re.sub(r"`[^`]*`", " ", line.split("description:", 1)[1]) if "description:" in line else "" for line in text.split("\n"))


def found_in(prose, table):
    """Line number, the word that is there, and the name that should be."""
    for number, line in enumerate(prose.split("\n"), 1):
        for name, others in table.items():
            for word in others:
                pattern = rf"(?<![\w-]){re.escape(word)}(?:s|es)?(?![\w-])"
                if re.search(pattern, line, re.IGNORECASE if word.islower() else 0):
                    yield number, word, name


def check(root):
    table = names_and_others((root / GLOSSARY).read_text(encoding="utf-8"))
    if not table:
        return [f"{GLOSSARY}: the table of words that are not used is missing"]
    problems = []
    for patterns, reader in ((MARKDOWN, prose_of_markdown), (CODE, prose_of_code), (PAGE, prose_of_page), (CONTRACT, prose_of_contract)):
        for path in sorted({p for pattern in patterns for p in root.glob(pattern)}):
            if str(path.relative_to(root)) == GLOSSARY or path.stem.endswith(("_test", ".test")) or "node_modules" in path.parts:
                continue
            for number, word, name in found_in(reader(path.read_text(encoding="utf-8")), table):
                problems.append(f"{path.relative_to(root)}:{number}: '{word}' is called '{name}' ({GLOSSARY})")
    return problems


if __name__ == "__main__":
    told = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent))
    print("\n".join(told) if told else "each thing has one name")
    sys.exit(1 if told else 0)
