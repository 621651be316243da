"""The documentation as a site: it builds without a warning, in its order, and a link that leads nowhere ends the build."""
import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["HERETIX_SOURCE"])
ORDER = ["Start", "Measure", "Understand", "Many claims", "Serve", "Analyse", "Statistics", "Reference"]


class Page(html.parser.HTMLParser):
    """The ids of a page, and where its links lead."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links = set(), []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        self.ids.add(told.get("id"))
        self.links += [told[name] for name in ("href", "src") if told.get(name)]


class Site(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="heretix-site-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def built(self, source=SOURCE):
        return subprocess.run([source / "tools/docs.sh", self.folder / "site"], capture_output=True, text=True, timeout=300, check=False)

    def test_the_site_builds_and_every_link_within_it_leads_somewhere(self):
        done = self.built()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        site = self.folder / "site"
        pages = {path: Page(path) for path in site.rglob("*.html")}
        self.assertGreater(len(pages), 50)
        for path, page in pages.items():
            for link in page.links:
                if re.match(r"[a-z]+:|/", link):
                    continue
                target, _, anchor = link.partition("#")
                led = (path.parent / target).resolve() if target else path
                self.assertTrue(led.exists(), f"{path.relative_to(site)} leads to {link}")
                if anchor and led.suffix == ".html":
                    self.assertIn(anchor, pages[led].ids, f"{path.relative_to(site)} leads to {link}")

        names = re.findall(r'"(\w+)"', re.search(r"(?s)__all__ = \[(.*?)\]", (SOURCE / "python/src/heretix/__init__.py").read_text())[1])
        self.assertLessEqual({f"heretix.{name}" for name in names}, pages[site / "reference/python.html"].ids)
        reference = (site / "reference/belief.html").read_text()
        for header in (SOURCE / "src/belief").glob("*/*.hpp"):
            if header.parent.name != "selftest":
                self.assertIn(f"belief/{header.parent.name}/{header.name}", reference)

    def test_the_order_of_reading_names_every_page(self):
        text = (SOURCE / "mkdocs.yml").read_text()
        self.assertEqual(re.findall(r"(?m)^  - ([^:\n]+):$", text[text.index("\nnav:"):]), ORDER)

    def test_what_leads_nowhere_ends_the_build(self):
        tree = self.folder / "tree"
        tree.mkdir()
        for path in SOURCE.iterdir():
            if path.name in ("docs", "mkdocs.yml"):
                shutil.copytree(path, tree / path.name) if path.is_dir() else shutil.copy(path, tree)
            elif path.name not in ("build", ".git"):
                (tree / path.name).symlink_to(path)
        page = tree / "docs/glossary.md"
        text = page.read_text()
        for wrong, says in (("[x](nowhere.md)", "which is not there"), ("[x](models.md#nowhere)", "does not contain an anchor")):
            page.write_text(f"{text}\n{wrong}\n")
            done = self.built(tree)
            self.assertEqual(done.returncode, 1, wrong)
            self.assertIn(says, done.stderr)
