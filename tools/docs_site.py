"""What `make docs` adds to the pages of docs/ (a hook of MkDocs, named in mkdocs.yml): the pages that lie elsewhere in the tree, the references of the Python
module and of heretix::belief, and links that fit the site.

A link of a page names a file of the source tree, as it must for those who read it there. On the site it leads to the page that is made of that file, or,
for a file that is no page, it is shown as the file's name. A link to a file that is not there ends the build.
"""
import pathlib
import posixpath
import re

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

SOURCE = pathlib.Path(__file__).resolve().parent.parent

# Files outside docs/ that are pages of the site.
ELSEWHERE = {
    "README.md": "index.md", "ARCHITECTURE.md": "project/architecture.md", "CHANGELOG.md": "project/changelog.md", "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md", "examples/README.md": "project/examples.md", "examples/spark/README.md": "project/spark.md", "findings/README.md": "project/findings.md",
    "web/README.md": "project/web.md",
}
LINK = re.compile(r"(!?)\[([^\]\[]*(?:\[[^\]]*\][^\]\[]*)*)\]\(([^()\s]+)\)")


# Pages that are made.

def python_reference():
    names = re.findall(r'"(\w+)"', re.search(r"(?s)__all__ = \[(.*?)\]", (SOURCE / "python/src/heretix/__init__.py").read_text())[1])
    head = "# Python: `heretix`\n\nMade of the module's own signatures and docstrings. [The Python module](../python.md) says how to install it and shows it at work.\n"
    return head + "".join(f"\n::: heretix.{name}\n" for name in names)


def prose_of(comment):
    """The lines of a comment as Markdown: names that are code look like it."""
    text = "\n".join(line.strip().removeprefix("//").removeprefix(" ") for line in comment)
    text = re.sub(r"(?<![`\w])((?:\w+::)*\w+\(\)|k[A-Z]\w+|\w+_\w+|[A-Z]\w+\{\w+\})(?![`\w])", r"`\1`", text)
    return text.replace("<", "&lt;").replace("|", "\\|")


def parts_of(header):
    """A header's idea, and its declarations as pairs of the comment above one and its code."""
    lines = header.splitlines()
    end = next(i for i, line in enumerate(lines) if not line.startswith("//"))
    idea, body = prose_of(lines[:end]), "\n".join(lines[end:])
    inside = re.search(r"(?s)\nnamespace heretix \{\n(.*)\n\}  // namespace heretix", body)
    declarations = []
    for block in re.split(r"\n\s*\n(?=\S)", inside[1].strip("\n") if inside else ""):
        code = block.strip("\n").splitlines()
        above = next((i for i, line in enumerate(code) if not line.startswith("//")), len(code))
        if above < len(code):
            declarations.append((prose_of(code[:above]), "\n".join(code[above:])))
    return idea, declarations


def seen_by(headers):
    """The headers of src/base that these include, and those that they include in turn."""
    seen = set()
    while headers:
        included = re.findall(r'#include "(base/[^"]+)"', headers.pop().read_text())
        new = {SOURCE / "src" / name for name in included} - seen
        seen |= new
        headers += new
    return sorted(seen)


def without_private(code):
    """A class as its users see it."""
    return re.sub(r"(?ms)\n*^ (?:private|protected):\n.*?(?=^(?:\};| public:))", "\n", code)


def belief_reference():
    """Of the pure zone from a claim to its record, and of what its headers need of base."""
    text = ("# C++: `heretix::belief`\n\nThe library from a claim to its record, without clock, network, database or terminal. `cmake --install` puts it and its headers "
            "where `find_package(heretix)` finds them; `examples/cpp` is a program that uses it. This page is made of the headers themselves.\n")
    folders = {f"belief/{name}": sorted((SOURCE / "src/belief" / name).glob("*.hpp"))
               for name in ("claim", "prompt", "plan", "answer", "readout", "estimate", "stats", "judge", "decide", "record")}
    folders["base"] = seen_by([header for headers in folders.values() for header in headers])
    for folder, headers in folders.items():
        text += f"\n## {folder}\n"
        for header in headers:
            idea, declarations = parts_of(header.read_text())
            text += f"\n### {folder}/{header.name}\n\n{idea}\n"
            for prose, code in declarations:
                text += f"\n{prose}\n\n```cpp\n{without_private(code)}\n```\n"
    return text


# The hooks.

def on_files(files, config):
    for source, page in ELSEWHERE.items():
        files.append(File.generated(config, page, content=(SOURCE / source).read_text()))
    files.append(File.generated(config, "reference/python.md", content=python_reference()))
    files.append(File.generated(config, "reference/belief.md", content=belief_reference()))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links as the site has them. Blocks of code are left as they are."""
    own = next((source for source, made in ELSEWHERE.items() if made == page.file.src_uri), f"docs/{page.file.src_uri}")
    here = posixpath.dirname(page.file.src_uri)

    def fitted(found):
        image, text, target = found.groups()
        path, mark, anchor = target.partition("#")
        if not path or re.match(r"[a-z]+:", path) or page.file.src_uri.startswith("reference/"):
            return found[0]
        named = posixpath.normpath(posixpath.join(posixpath.dirname(own), path))
        if not (SOURCE / named).exists():
            raise PluginError(f"{own} has a link to {target}, which is not there")
        made = ELSEWHERE.get(named) or (named.removeprefix("docs/") if named.startswith("docs/") else None)
        if made is None or not files.get_file_from_path(made):
            return f"{text} (`{named}`)" if text.strip("`") != named else f"`{named}`"
        return f"{image}[{text}]({posixpath.relpath(made, here or '.')}{mark}{anchor})"

    pieces = re.split(r"(?ms)(^ *```.*?^ *```$|`[^`\n]+`(?!\]))", markdown)
    return "".join(piece if piece.lstrip().startswith("`") and not piece.startswith("`[") else LINK.sub(fitted, piece) for piece in pieces)
