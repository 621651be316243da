"""The program on a terminal of a given width, and what is wider than that."""
import os
import pty
import re
import select
import subprocess
import unicodedata

SECONDS = 120  # that a command may take
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

# All that may be wider than the terminal: one word that cannot be broken without being destroyed, alone on its line.
UNBREAKABLE = re.compile(
    r"""\(?(
        [a-z]+://\S+                           # an address
      | (--[a-z-]+=)?[^\s/]*/\S+               # a path
      | (heretix-rpl|exec|probe)-[0-9a-f-]+    # the id of a run, an execution, a probe
      | [0-9a-f]{40,}                          # a hash
    )[).,:;']*""", re.VERBOSE)


def width_of(text):
    """Columns that a text takes: two for a character of an East Asian script, none for a combining mark."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pieces_of(terminal, seconds=SECONDS):
    """What arrives at our end of a terminal, piece by piece, until the other end is closed. Fails if nothing comes for that long."""
    while True:
        if not select.select([terminal], [], [], seconds)[0]:
            raise TimeoutError(f"nothing was printed for {seconds} s")
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how the end of a terminal is told
            return
        if not piece:
            return
        yield piece


def on_terminal(columns, arguments, folder, program, environment=None, stdin=None):
    """Exit code and everything printed, to stdout and stderr alike, on a terminal of that width."""
    ours, theirs = pty.openpty()
    subprocess.run(["stty", "cols", str(columns), "-onlcr", "-F", os.ttyname(theirs)], check=True)
    running = subprocess.Popen(["timeout", "--foreground", str(SECONDS), program, *map(str, arguments)], cwd=folder, stdin=stdin or subprocess.DEVNULL,
                               stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    text = b"".join(pieces_of(ours, SECONDS + 5))
    code = running.wait()
    os.close(ours)
    return code, text.decode()


def too_wide(text, columns):
    """The lines that a terminal of that width would break by itself. A line of progress is written over the one before."""
    lines = [line for whole in text.split("\n") for line in ESCAPES.sub("", whole).split("\r")]
    return [line for line in lines if width_of(line) > columns and not UNBREAKABLE.fullmatch(line.strip())]
