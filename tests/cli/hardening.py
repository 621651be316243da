"""What a binary says of how it was built, by readelf and objdump."""
import re
import subprocess


def told(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def lacking(binary, function):
    """What the binary lacks of what cmake/hardening.cmake asks for, in words; `function`: one of its own, by symbol."""
    header, segments, dynamic = (told("readelf", "-W", what, binary) for what in ("--file-header", "--program-headers", "--dynamic"))
    symbols = told("readelf", "-W", "--dyn-syms", binary)
    wanted = {
        "position-independent code": re.search(r"Type: +DYN", header),
        "read-only relocations": "GNU_RELRO" in segments,
        "binding at start": re.search(r"FLAGS_1\).*\bNOW\b", dynamic),
        "a stack that cannot be executed": re.search(r"GNU_STACK .* RW +0x", segments),
        "the stack protector": "__stack_chk_fail" in symbols,
        "checked copies (_FORTIFY_SOURCE)": re.search(r"\b__\w+_chk\b(?<!__stack_chk_fail)", symbols),
    }
    if "X86-64" in header:
        wanted["landing pads (CET)"] = "endbr64" in told("objdump", "--no-show-raw-insn", f"--disassemble={function}", binary)
    return [what for what, is_there in wanted.items() if not is_there]
