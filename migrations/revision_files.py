"""Makes Alembic revisions of the SQL files that `heretix db` runs: a folder a revision, with up.sql and down.sql."""
import pathlib

from alembic import op

FOLDER = pathlib.Path(__file__).parent


def header(text):
    """The '-- name: value' lines that open a file."""
    fields = {}
    for line in text.splitlines():
        if not line.startswith("-- "):
            break
        name, colon, value = line[3:].partition(": ")
        if colon:
            fields[name] = value
    return fields


def statements(text):
    """A statement ends where a line ends with ';'."""
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [part.strip() for part in code.split(";\n") if part.strip(" \n;")]


def revision_of(identifier):
    """What an Alembic version file must define: revision, down_revision, upgrade, downgrade."""
    texts = {name: (FOLDER / identifier / f"{name}.sql").read_text() + "\n" for name in ("up", "down")}
    fields = header(texts["up"])

    def run(text):
        for statement in statements(text):
            op.execute(statement.replace(":", r"\:"))

    parent = None if fields["parent"] == "base" else fields["parent"]
    return fields["revision"], parent, lambda: run(texts["up"]), lambda: run(texts["down"])
