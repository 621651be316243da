"""Finds files and functions that hold more than one concept: none over 800 lines, none over 80; nine in ten under 300 and 25.

usage: check_size.py FILE…
"""
import re
import sys

# A function's body, by our format: it ends at the first closing brace in the same column as its signature; a lambda's
# that a statement opens too.
SIGNATURE = re.compile(r"^( {0,4})(?!namespace|class|struct|enum|using|#|//|\}|const |constexpr std)[A-Za-z~].*\) ?(const|noexcept|override|final| )* ?\{$")


def function_lengths(lines):
    for start, line in enumerate(lines):
        found = SIGNATURE.match(line)
        if found:
            closing = found[1] + "}"
            end = next((i for i in range(start + 1, len(lines)) if lines[i].startswith(closing)), start)
            yield start + 1, end - start + 1


def main():
    files, functions, wrong = [], [], []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        files.append(len(lines))
        if len(lines) > 800:
            wrong.append(f"{path} has {len(lines)} lines; at most 800 are allowed: split it where a concept ends")
        for line, length in function_lengths(lines):
            functions.append(length)
            if length > 80:
                wrong.append(f"{path}:{line}: this function has {length} lines; at most 80 are allowed")
    for name, lengths, limit in (("files", files, 300), ("functions", functions, 25)):
        share = sum(length < limit for length in lengths) / max(1, len(lengths))
        if share < 0.9:
            wrong.append(f"{share:.0%} of {name} are under {limit} lines; nine in ten should be")
    print("\n".join(wrong) or f"sizes: ok ({len(files)} files, {len(functions)} functions)")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
