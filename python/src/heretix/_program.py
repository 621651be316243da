"""Calling the program ``heretix``: its flags, its events while it works, and what its errors become."""
from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._progress import Progress
    from ._table import Table

Event = dict[str, Any]

NOT_FOUND = 127
STOPPED = 7
BAD_INPUT = 2
SHORT_FLAGS = {"K": "slots", "R": "replicates", "T": "templates", "B": "draws"}

# A command that is quoted stays as it is; elsewhere a flag becomes the argument that it is here.
FLAGS = re.compile(r"(?P<command>heretix(?: [a-z-]+)+|--help)|--(?P<long>[a-z][a-z-]*)|(?<![\w-])-(?P<short>[KRTB])\b")
NO_SUCH_OPTION = re.compile(r"heretix [a-z-]+(?: [a-z-]+)* has no option (--\S+)")


class HeretixError(RuntimeError):
    """The program's error message; ``hint`` says what to do, and `heretix --help` explains ``exit_code``.

    ``table`` holds the rows that were finished, where ``batch`` was ended half-way; else it is None.
    """

    def __init__(self, message: str, hint: str, exit_code: int):
        super().__init__(f"{message} ({hint})" if hint else message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
        self.table: Table | None = None


class Stopped(HeretixError):
    """Interrupted, or the budget is reached. The answers so far are kept, and the same call asks only for the rest."""


CARRIED = Path(__file__).with_name("_carried") / "bin" / "heretix"  # by the wheel of tools/packages.sh; not by one made from the source tree alone


def find_program() -> str:
    """The path in HERETIX_PROGRAM, or else the program that the wheel carries, or else ``heretix`` on the PATH."""
    named = os.environ.get("HERETIX_PROGRAM")
    if named:
        return named
    if CARRIED.exists():
        return str(CARRIED)
    found = shutil.which("heretix")
    if found:
        return found
    raise HeretixError("the program heretix was not found", "set HERETIX_PROGRAM to its path, or put it on the PATH; `make build` builds it", NOT_FOUND)


def started(command: list[str], **options: Any) -> subprocess.Popen[str]:
    """The program, in a session of its own: an interrupt reaches it once, from here."""
    try:
        return subprocess.Popen(command, text=True, encoding="utf-8", start_new_session=True, **options)
    except OSError as error:
        raise HeretixError(f"the program {command[0]} cannot be started: {error.strerror}", "set HERETIX_PROGRAM or program= to its path", NOT_FOUND) from error


def as_arguments(text: str) -> str:
    """The program's words with its flags as they are called here: --until-width is until_width, and -K slots."""
    def renamed(found: re.Match[str]) -> str:
        if found["command"]:
            return found["command"]
        return SHORT_FLAGS[found["short"]] if found["short"] else found["long"].replace("-", "_")
    return FLAGS.sub(renamed, text)


def failure(complaints: list[str], code: int) -> HeretixError:
    """The error that the program's last words become."""
    message = next((line.removeprefix("heretix: ") for line in reversed(complaints) if line.startswith("heretix: ")), "heretix failed")
    hint = next((line.removeprefix("  try: ") for line in reversed(complaints) if line.startswith("  try: ")), "")
    if code == BAD_INPUT:
        if unknown := NO_SUCH_OPTION.fullmatch(message):
            message = f"{unknown[1]} is not an option"
        message, hint = as_arguments(message), as_arguments(hint)
    return (Stopped if code == STOPPED else HeretixError)(message, hint, code)


def output_of(command: list[str]) -> str:
    """What the program prints. Raises HeretixError for any exit code but 0."""
    running = started(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        said, complaints = running.communicate()
    except BaseException:
        running.kill()
        running.communicate()
        raise
    if running.returncode != 0:
        raise failure(complaints.splitlines(), running.returncode)
    return said


def flags_of(options: dict[str, Any]) -> list[str]:
    """slots=8 becomes --slots 8, fixed=True becomes --fixed, field=["a", "b"] a flag for each; None and False are left out."""
    flags = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            flags.append(flag)
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            flags += [flag, str(one)]
    return flags


def database_flags(db: str | Path | None) -> list[str]:
    return ["--db", str(db)] if db is not None else []


@dataclass(frozen=True)
class Ended:
    """How a call of the program ended."""
    code: int
    said: str  # on standard output; empty where that was not kept
    complaints: list[str]  # the lines on standard error that are no events
    interrupted: bool

    def error(self) -> HeretixError:
        return failure(self.complaints, self.code)

    def cause(self) -> BaseException | None:
        return KeyboardInterrupt() if self.interrupted else None


def call(command: list[str], tell: Callable[[Event], None], *, lines: Iterable[str] | None = None, keeps_output: bool = True) -> Ended:
    """Runs the program to its end and tells its events as they come.

    ``lines`` go to its standard input. An interrupt is passed on, so that the program keeps what is in flight; an error of ``lines``
    or of ``tell`` ends the program, and is raised when it has ended.
    """
    running = started(command, stdin=subprocess.DEVNULL if lines is None else subprocess.PIPE,
                      stdout=subprocess.PIPE if keeps_output else subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert running.stderr is not None
    said: list[str] = []
    reader = None
    if running.stdout is not None:
        reader = threading.Thread(target=lambda stream: said.append(stream.read()), args=(running.stdout,))
        reader.start()
    complaints = []
    interrupted = False
    try:
        if lines is not None:
            _feed(running, lines)
        while True:
            try:
                line = running.stderr.readline()
                if not line:
                    break
                event = _event(line)
                if event is None:
                    complaints.append(line.rstrip("\n"))
                else:
                    tell(event)
            except KeyboardInterrupt:
                interrupted = True
                running.send_signal(signal.SIGINT)
        code = running.wait()
    except BaseException:
        running.send_signal(signal.SIGINT)
        running.wait()
        raise
    finally:
        if reader is not None:
            reader.join()
        for stream in (running.stdin, running.stdout, running.stderr):
            if stream is not None:
                stream.close()
    return Ended(code, said[0] if said else "", complaints, interrupted)


def said_by(command: list[str], shown: Progress) -> str:
    """What the program says on its standard output; its progress is shown meanwhile. Raises what it complains of."""
    try:
        ended = call(command, shown.show)
    finally:
        shown.close()
    if ended.code != 0:
        raise ended.error() from ended.cause()
    return ended.said


def _feed(running: subprocess.Popen[str], lines: Iterable[str]) -> None:
    """The program asks nothing before its input has ended, so that a bad line costs nothing; where the caller's own lines fail, it must not go on
    with some of them."""
    assert running.stdin is not None
    try:
        for line in lines:
            running.stdin.write(line)
        running.stdin.close()
    except BrokenPipeError:
        _close(running.stdin)  # it has said why
    except BaseException:
        running.kill()
        _close(running.stdin)
        raise


def _close(pipe: IO[str]) -> None:
    with contextlib.suppress(OSError):  # what it still holds goes nowhere
        pipe.close()


def _event(line: str) -> Event | None:
    if not line.startswith('{"'):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if "event" in event else None
