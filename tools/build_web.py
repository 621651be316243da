#!/usr/bin/env python3
"""Builds the page (types, type check, bundle) and writes its files as C++: build_web.py NODE NODE_MODULES SOURCE INTO"""
import gzip
import pathlib
import shutil
import subprocess
import sys

MOST_SCRIPT = 200_000  # bytes of script, packed: what a phone is asked to load
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


def run(node, modules, script, *arguments, cwd):
    done = subprocess.run([node, str(modules / script), *arguments], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{script} failed:\n{done.stdout}{done.stderr}")


def prepared(node, modules, source, work):
    """A copy of the page with its packages and the types of the interface, in a fresh folder `work`."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(source / "web", work / "web", ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(source / "api", work / "api")
    web = work / "web"
    (web / "node_modules").symlink_to(modules)
    run(node, modules, "openapi-typescript/bin/cli.js", "../api/openapi.yaml", "--output", "src/schema.d.ts", cwd=web)
    return web


def literal(data):
    """As a C++ string; octal escapes end after three digits, whatever follows."""
    text = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in data)
    lines, start = [], 0
    while start < len(text):
        end = min(start + 8000, len(text))
        while end < len(text) and "\\" in text[end - 3:end]:  # not within an escape
            end -= 1
        lines.append(f'"{text[start:end]}"')
        start = end
    return "\n    ".join(lines) or '""'


def main():
    node, modules, source, into = sys.argv[1], *map(pathlib.Path, sys.argv[2:5])
    web = prepared(node, modules, source, into / "source")
    run(node, modules, "typescript/bin/tsc", "--noEmit", cwd=web)
    run(node, modules, "vite/bin/vite.js", "build", "--outDir", "dist", cwd=web)
    files, script = [], 0
    for path in sorted((web / "dist").rglob("*")):
        if path.is_dir():
            continue
        data = path.read_bytes()
        packed = gzip.compress(data, 9, mtime=0)
        script += len(packed) if path.suffix == ".js" else 0
        name = path.relative_to(web / "dist").as_posix()
        files.append(f'  {{"{name}", "{TYPES[path.suffix]}",\n   std::string_view({literal(data)}, {len(data)}),\n   std::string_view({literal(packed)}, {len(packed)})}}')
    if script > MOST_SCRIPT:
        sys.exit(f"the page has {script} bytes of packed script; at most {MOST_SCRIPT} are allowed")
    lines = ",\n".join(files)
    (into / "web_files.cpp").write_text(f"""#include <array>

#include "service/http/web_files.hpp"

namespace heretix::http {{
namespace {{
constexpr std::array kFiles = std::to_array<WebFile>({{
{lines}}});
}}

std::span<const WebFile> web_files() {{ return kFiles; }}

}}  // namespace heretix::http
""")
    print(f"page: {script} bytes of packed script")


if __name__ == "__main__":
    main()
