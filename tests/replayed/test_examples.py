"""Every command and every option of the program has an example in docs/examples, and every example prints what its page shows (replay.py)."""
import re
import unittest

from replay import PAGES, SOURCE, Place, examples_in, fits, options_of, uses_postgres


def documented():
    """Every command with its options, from docs/commands.md: (the option as it is written, what it means)."""
    commands = {}
    for line in (SOURCE / "docs/commands.md").read_text().splitlines():
        if found := re.match(r"## heretix (.+)", line):
            options = commands.setdefault(found[1], [])
        elif found := re.match(r"\| `([^`]+)` \| (.*) \|$", line):
            options.append((found[1], found[2]))
    return commands


def used_by(words, commands):
    """The command that is called by these words, and which of its options."""
    name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in commands), None)
    if name is None:
        return None, set()
    options, used, rest = commands[name], set(), words[len(name.split()):]
    by_name = {spelled: (written, meaning) for written, meaning in options if written.startswith("-") for spelled in written.split(" ")[0].split(",")}
    positions = [option for option in options if not option[0].startswith("-")]
    while rest:
        word = rest.pop(0)
        spelled, equals, _ = word.partition("=")
        if spelled in by_name and word.startswith("-"):
            option = by_name[spelled]
            used.add(option)
            if " " in option[0] and not equals and rest:
                rest.pop(0)
        elif not word.startswith("-") or word == "-":
            used.update(positions)
    return name, used


class Examples(unittest.TestCase):
    def replayed(self, name):
        place = Place(uses_postgres(PAGES / f"{name}.md"))
        self.addCleanup(place.close)
        for examples in examples_in((PAGES / f"{name}.md").read_text()):
            for example in examples:
                printed = place.run(example.command)
                if not fits(printed, example):
                    self.fail(f"docs/examples/{name}.md: $ {example.command}\nprints\n" + "\n".join(printed) + "\nand the page shows\n" + "\n".join(example.shown))

    def test_start(self):
        self.replayed("start")

    def test_measure(self):
        self.replayed("measure")

    def test_understand(self):
        self.replayed("understand")

    def test_many_claims(self):
        self.replayed("many_claims")

    def test_serve(self):
        self.replayed("serve")

    def test_analyse(self):
        self.replayed("analyse")

    def test_postgres(self):
        self.replayed("postgres")

    def test_reference(self):
        self.replayed("reference")

    def test_every_page_is_replayed(self):
        tests = {name.removeprefix("test_") for name in dir(self) if name.startswith("test_")}
        self.assertLessEqual({page.stem for page in PAGES.glob("*.md")}, tests)

    # An option that several commands take with the same meaning needs one example.
    def test_every_command_and_every_option_has_an_example(self):
        commands, called, used = documented(), set(), set()
        for page in PAGES.glob("*.md"):
            for examples in examples_in(page.read_text()):
                for example in examples:
                    for words in options_of(example.command):
                        name, options = used_by(words, commands)
                        called.add(name)
                        used |= options
        self.assertEqual(sorted(set(commands) - called), [], "commands without an example")
        wanted = {option: name for name, options in commands.items() for option in options}
        missing = sorted(f"heretix {name} {written}" for (written, meaning), name in wanted.items() if (written, meaning) not in used)
        self.assertEqual(missing, [], "options without an example")


if __name__ == "__main__":
    unittest.main()
