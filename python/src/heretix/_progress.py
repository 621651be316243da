"""Shows how far a measurement has come: in a notebook, in a terminal, or by calling a function."""
from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from typing import Any, Protocol


class Progress(Protocol):
    def show(self, event: dict[str, Any]) -> None: ...
    def close(self) -> None: ...


class _Silent:
    def show(self, event: dict[str, Any]) -> None:
        pass

    def close(self) -> None:
        pass


class _Told(_Silent):
    def __init__(self, tell: Callable[[dict[str, Any]], None]):
        self._tell = tell

    def show(self, event: dict[str, Any]) -> None:
        self._tell(event)


def _reached(event: dict[str, Any]) -> tuple[int, int]:
    """How much is done of all: questions of one claim, or checks of a set."""
    if "checks" in event:
        return event["finished"] + event["failed"], event["checks"]
    return event["answered"], event["questions"]


def _words(event: dict[str, Any]) -> str:
    done, all_of_it = _reached(event)
    if "checks" in event:
        parts = [f"{done}/{all_of_it} checks", f"{event['answers']} answers", f"{event['failed']} failed" if event["failed"] else ""]
    else:
        parts = [f"{done}/{all_of_it}", event["so_far"]]

    if event["billed_usd"]:
        parts.append(f"${event['billed_usd']:.6f}")
    seconds = event.get("seconds_left")
    if seconds is not None and seconds >= 1:
        parts.append(f"{seconds:.0f} s left")
    return "  ".join(part for part in parts if part)


class _Line(_Silent):
    def show(self, event: dict[str, Any]) -> None:
        sys.stderr.write(f"\r\x1b[K{_words(event)}")
        sys.stderr.flush()

    def close(self) -> None:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


class _Notebook(_Silent):
    """One output cell that changes in place."""

    def __init__(self) -> None:
        self._shown: Any = None

    def show(self, event: dict[str, Any]) -> None:
        from IPython.display import HTML, display
        done, all_of_it = _reached(event)
        html = HTML(f"<progress max='{all_of_it}' value='{done}'></progress> {escape(_words(event))}")
        if self._shown is None:
            self._shown = display(html, display_id=True)
        else:
            self._shown.update(html)


def _in_notebook() -> bool:
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module else None
    return shell is not None and hasattr(shell, "kernel")


def is_shown(progress: Progress) -> bool:
    return type(progress) is not _Silent


def progress_of(wanted: bool | Callable[[dict[str, Any]], None]) -> Progress:
    if callable(wanted):
        return _Told(wanted)
    if not wanted:
        return _Silent()
    if _in_notebook():
        return _Notebook()
    return _Line() if sys.stderr.isatty() else _Silent()
