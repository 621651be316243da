"""Fills docs/analytics.md with the results of its queries and the schema, or says where it differs.

usage: analytics_docs.py HERETIX LAKE [--write]     LAKE: an export of tools/sample_data.py's store, local and prod
"""
import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs/analytics.md"


def told(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def filled(page, heretix, lake):
    def with_result(found):
        return f"```sql\n{found[1]}```\n\n```text\n{told(heretix, 'export', lake, '--query', found[1].strip())}```\n"

    page = re.sub(r"```sql\n(.*?)```\n\n```text\n.*?```\n", with_result, page, flags=re.S)
    schema = told(heretix, "export", "--schema")
    return re.sub(r"<!-- schema -->\n.*<!-- /schema -->", lambda _: f"<!-- schema -->\n{schema}<!-- /schema -->", page, flags=re.S)


def main():
    page = PAGE.read_text()
    new = filled(page, sys.argv[1], sys.argv[2])
    if "--write" in sys.argv:
        PAGE.write_text(new)
    elif new != page:
        import difflib
        sys.exit("\n".join(difflib.unified_diff(page.splitlines(), new.splitlines(), "docs/analytics.md", "what it should say", lineterm="")))


if __name__ == "__main__":
    main()
