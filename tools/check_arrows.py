"""Fails when src/ and tools/arrows.txt disagree: includes point one way only.

usage: check_arrows.py SRC ARROWS [ARCHITECTURE.md]

A line of the table names a room of src/, or a folder of a room; a file belongs to the longest name that its path begins
with. What a line may see is a folder, or a room with all of its folders.

Fails on an include that the table does not allow, on a quoted include that does not start with a known folder, on
`..`, on a file with another suffix than .cpp or .hpp, on a folder without a line and a line without a folder, on a
cycle, on a type that two headers define, and where the table in ARCHITECTURE.md differs.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')
TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)(?: final)?(?: :[^;{]*)? \{", re.MULTILINE)
ROW = re.compile(r"^\| ([a-z/]+) \| [^|]* \| ([a-z/ ]*)\|$")


def lies_in(path, folder):
    return path == folder or path.startswith(folder + "/")


def folder_of(path, allowed):
    """The longest of the table's names that the path begins with; None for a path in none of them."""
    return max((name for name in allowed if lies_in(path, name)), key=len, default=None)


def folders_of(targets, allowed):
    """Every name of the table that the targets stand for."""
    return {name for name in allowed if any(lies_in(name, target) for target in targets)}


def read_arrows(path):
    allowed = {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            folder, targets = line.split(":")
            allowed[folder] = set(targets.split())
    return allowed


def wrong_includes(src, allowed):
    for file in sorted(p for p in src.rglob("*") if p.is_file()):
        folder = folder_of(file.relative_to(src).as_posix(), allowed)
        if file.suffix not in (".cpp", ".hpp"):
            yield f"{file}: only .cpp and .hpp belong under src/"
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            target = folder_of(found[1], allowed)
            if ".." in found[1] or target is None or target == found[1]:
                yield f'{file}:{number}: "{found[1]}" does not start with a folder of src/'
            elif target not in {folder, "base"} | folders_of(allowed.get(folder, set()), allowed):
                yield f"{file}:{number}: {folder}/ may not include {target}/"


def types_named_twice(src):
    """One namespace holds all headers: two types of one name there are merged by the linker without a word."""
    seen = {}
    for file in sorted(src.rglob("*.hpp")):
        for name in TYPE.findall(file.read_text()):
            if name in seen:
                yield f"{file}: the type {name} already exists, in {seen[name]}"
            seen.setdefault(name, file)


def wrong_folders(src, allowed):
    # Of a room that no line names as a whole, every folder has a line of its own.
    rooms = {p.name for p in src.iterdir()}
    for name in sorted(rooms - set(allowed)):
        inside = sorted(p for p in (src / name).iterdir())
        for path in inside:
            if f"{name}/{path.name}" not in allowed:
                yield f"src/{name}/{path.name} has no line in arrows.txt"
        if not inside:
            yield f"src/{name} has no line in arrows.txt"
    for name in sorted(allowed):
        if not (src / name).is_dir():
            yield f"arrows.txt names {name}, which is not in src/"
    for name, targets in allowed.items():
        for target in sorted(targets):
            if not folders_of([target], allowed):
                yield f"arrows.txt: {name} may see {target}, which has no line"


def cycles(allowed):
    done, path = set(), []

    def visit(folder):
        if folder in path:
            yield "cycle: " + " -> ".join([*path[path.index(folder):], folder])
            return
        if folder in done:
            return
        path.append(folder)
        for target in sorted(folders_of(allowed.get(folder, ()), allowed) - {folder}):
            yield from visit(target)
        path.pop()
        done.add(folder)

    for folder in allowed:
        yield from visit(folder)


def wrong_document(document, allowed):
    told = {m[1]: set(m[2].split()) for m in map(ROW.match, document.read_text().splitlines()) if m}
    for folder in sorted(set(told) | set(allowed)):
        if told.get(folder) != allowed.get(folder):
            yield f"{document.name} and arrows.txt differ on {folder}"


def main():
    src, arrows = map(pathlib.Path, sys.argv[1:3])
    allowed = read_arrows(arrows)
    found = [*wrong_folders(src, allowed), *wrong_includes(src, allowed), *types_named_twice(src), *cycles(allowed)]
    if len(sys.argv) > 3:
        found += wrong_document(pathlib.Path(sys.argv[3]), allowed)
    print("\n".join(found) or "arrows: ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
