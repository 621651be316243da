"""Many claims by one or several models, in one process of the program."""
from __future__ import annotations

import csv
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ._core import InputError
from ._measure import Readout
from ._program import Ended, Event, HeretixError, Stopped, call, database_flags, find_program, flags_of
from ._progress import Progress, is_shown, progress_of
from ._table import Fields, Table

# Those of docs/batch.md; `place` is a number here.
BATCH_FIELDS: Fields = [
    ("claim", "text"), ("model", "text"), ("provider", "text"), ("mode", "text"), ("p", "float64"), ("low", "float64"), ("high", "float64"),
    ("stable", "bool"), ("gates_failed", "text"), ("compliance", "float64"), ("answers", "int64"), ("from_store", "int64"), ("billed_usd", "float64"),
    ("seconds", "float64"), ("run_id", "text"), ("execution_id", "text"), ("mock", "bool"), ("place", "int64"), ("error", "text")]
OF_RESULTS = {name for name, _ in BATCH_FIELDS}
# What batch() says itself.
NOT_OPTIONS = {"out": "the rows come back as a table; write it with to_pandas() or to_arrow()", "json": "the rows come back as a table",
               "progress_json": "give progress a function", "quiet": "give progress=False"}

ROWS_AT_ONCE = 1000
SECONDS_BETWEEN_LOOKS = 0.1
MOST_RECENT = 4096  # checks; the events of more do not fit into the pipe between the two processes
LARGEST_INT64 = 2**63 - 1

ON_STANDARD_INPUT = re.compile(r"\bstandard input:(\d+)")
IS_PLACE = re.compile(r"standard input:(?P<line>\d+)(?::\d+)?: (?P<rest>.*)", re.DOTALL)
ROWS_SO_FAR = re.compile(r"; the rows so far are in \S+")

Claims = Iterable[str | Mapping[str, Any]] | os.PathLike[str]


def batch(claims: Claims, models: str | Sequence[str] = "local", *, db: str | Path | None = None,
          progress: bool | Callable[[dict[str, Any]], None] = True, program: str | None = None, readout: Readout | None = None,
          negation: bool = True, order: Literal["file", "finished"] = "file", **options: Any) -> Table:
    """Measures every claim by every model, as ``heretix batch`` does, in one process for the whole set.

    ``claims``: texts; or mappings, or a table (pandas, polars, Arrow), with the field ``claim``. Other fields are settings that hold for
    that claim alone (``slots``, …), or are carried through: tags, a topic, the truth. Any iterable will do, and is read as it is sent.
    A ``pathlib.Path`` names a file instead, .csv or .jsonl. ``models``: a name or several.

    Returns a table with a row for each claim and model, claim by claim and then model by model (``order="finished"``: as they come).
    Its columns, with n = claims × models rows:

    - ``claim``, ``model``, ``provider``, ``mode``, ``run_id``, ``execution_id``: texts
    - ``p``, ``low``, ``high``: the belief and the ends of its 95 % interval, from 0 to 1 (belief_v2, docs/estimator.md)
    - ``stable``: whether there is a stable belief; null without an interval. ``mock``: whether a script answered
    - ``gates_failed``: names, separated by a blank. ``compliance``: share of answers in the agreed form, from 0 to 1
    - ``answers``, ``from_store``: counts. ``billed_usd``: US dollars. ``seconds``: how long the execution took
    - ``place``: position in ``claims``, from 0; of a file the line, from 1
    - ``error``: why there is no belief, with null for all that it would have; null where there is one
    - then the fields that were carried through: bool, int64 or float64 where all their values are, else text

    ``progress``: as for ``run``; a function gets events with ``checks`` (of all), ``finished``, ``failed``, ``answers``, ``from_store``,
    ``billed_usd``, ``seconds_left`` (None until a speed was measured), and ``claim`` and ``model`` of the latest, ten times a second at
    most. ``options`` are the program's, in long form: ``slots=8``, ``budget=0.5`` (US dollars, for the set), ``concurrency=100``.

    Raises InputError, or HeretixError with the program's message, before anything is asked if ``claims``, ``models`` or an option will
    not do. An interrupt or a budget that is reached raises Stopped: what is in flight is awaited and kept, the exception's ``table``
    has the rows that were finished, and the same call asks only for the rest.
    """
    names = model_names(models)
    for name, remedy in NOT_OPTIONS.items():
        if name in options:
            raise InputError(f"{name} is not an option of batch() ({remedy})")
    source = _Source(claims)
    shown = progress_of(progress)

    with tempfile.TemporaryDirectory(prefix="heretix-") as folder:
        rows = _Rows(Path(folder) / "rows.jsonl", source)
        told = _SetProgress(shown, rows, source, len(names))
        command = [program or find_program(), "batch", source.argument, "--out", str(rows.path), "--order", order,
                   *(["--progress-json"] if is_shown(shown) else []), *(flag for name in names for flag in ("--model", name)), *database_flags(db),
                   *flags_of({"readout": readout, "no_negation": not negation, **options})]
        try:
            ended = call(command, told.take, lines=source.lines(), keeps_output=False)
            told.look()
        finally:
            shown.close()
        table = rows.table()
        if rows.are_complete() and (ended.code <= 1 or rows.failed > 0):
            return table
        error = _error_of(ended, names, options)
        error.table = table if rows.are_there() else None
        raise error from ended.cause()


def model_names(models: str | Sequence[str]) -> list[str]:
    names = [models] if isinstance(models, str) else list(models)
    if not names:
        raise InputError("models is empty (name at least one model)")
    for i, name in enumerate(names):
        if not isinstance(name, str):
            raise InputError(f"models[{i}] is of type {type(name).__name__} (name a model as for heretix run: 'openai/gpt-5')")
    return names


class _Source:
    """The claims as the program reads them: JSON lines on standard input, or the name of a file."""

    def __init__(self, claims: Claims):
        self.path = os.fspath(claims) if isinstance(claims, os.PathLike) else None
        self.count = 0
        self.names: dict[str, None] = {}  # fields beside the claim, in the order in which they came
        self._claims: Iterable[Any] = () if isinstance(claims, os.PathLike) else _rows_of(claims)

    @property
    def argument(self) -> str:
        return self.path if self.path is not None else "-"

    def lines(self) -> Iterator[str] | None:
        return None if self.path is not None else self._lines()

    def count_of_claims(self) -> int:
        """Of a file the lines are counted, for progress alone."""
        if self.path is not None and self.count == 0:
            with open(self.path, newline="", encoding="utf-8-sig", errors="replace") as file:
                if self.path.lower().endswith(".csv"):
                    self.count = max(0, sum(1 for row in csv.reader(file) if row) - 1)
                else:
                    self.count = sum(1 for line in file if line.strip())
        return self.count

    def place_of(self, text: str) -> int:
        number = int(text.rsplit(":", 1)[1])
        return number if self.path is not None else number - 1

    def _lines(self) -> Iterator[str]:
        for fields in _with_fields(self._claims):
            for name in fields:
                self.names.setdefault(name)
            self.count += 1
            yield one_line(fields)
        if self.count == 0:
            raise InputError("claims is empty (give at least one claim)")


def _rows_of(claims: Any, argument: str = "claims") -> Iterable[Any]:
    """The rows of a table of any library; of anything else what it gives by itself."""
    if isinstance(claims, str | bytes | Mapping):
        raise InputError(f"{argument} is one {type(claims).__name__} (give a list or a table, or pathlib.Path(…) for a file)")
    if not isinstance(claims, Iterable) and not hasattr(claims, "__arrow_c_stream__"):
        raise InputError(f"{argument} is of type {type(claims).__name__} (give a list or a table with the column 'claim', or pathlib.Path(…) for a file)")
    names = getattr(claims, "column_names", None)  # of Arrow, whose `columns` are the columns themselves
    if names is None:
        names = getattr(claims, "columns", None)
    if names is None:
        return claims
    if "claim" not in list(names):
        raise InputError(f"{argument} has no column 'claim', but {', '.join(map(repr, list(names)[:8]))} (name the column of the claims 'claim')")
    if type(claims).__module__.startswith("pandas"):
        return _of_pandas(claims)
    if hasattr(claims, "__arrow_c_stream__"):
        return _of_arrow(claims)
    return claims


def _of_pandas(frame: Any) -> Iterator[dict[str, Any]]:
    import pandas
    for row in frame.itertuples(index=False, name=None):
        yield {name: None if pandas.api.types.is_scalar(value) and pandas.isna(value) else value for name, value in zip(frame.columns, row, strict=True)}


def _of_arrow(table: Any) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError("a table is read with pyarrow: pip install 'heretix[arrow]'") from error
    for some in pyarrow.table(table).to_batches(max_chunksize=ROWS_AT_ONCE):
        yield from some.to_pylist()


def _with_fields(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for number, claim in enumerate(rows):
        yield _fields_of(claim, number)


def claims_with_fields(claims: Any) -> Iterator[dict[str, Any]]:
    """Each claim with the fields beside it, from what `batch` takes but a file. Raises InputError that names the claim."""
    return _with_fields(_rows_of(claims))


def result_rows(results: Any) -> Iterator[dict[str, Any]]:
    """Each row of a table of results, with null where it has no value."""
    for number, row in enumerate(_rows_of(results, "results")):
        if not isinstance(row, Mapping):
            raise InputError(f"results[{number}] is of type {type(row).__name__} (give the table that batch() returned)")
        yield {str(name): None if _is_missing(value) else value for name, value in row.items()}


def one_line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, default=_plain) + "\n"


def _fields_of(claim: Any, number: int) -> dict[str, Any]:
    """One claim with the fields beside it; without those that have no value, as an empty cell of a CSV file is none."""
    if hasattr(claim, "as_py"):
        claim = claim.as_py()  # of an Arrow array
    if isinstance(claim, str):
        return {"claim": claim}
    if not isinstance(claim, Mapping):
        raise InputError(f"claims[{number}] is of type {type(claim).__name__} (give a text, or a mapping with the field 'claim')")
    fields = {str(name): value for name, value in claim.items() if not _is_missing(value)}
    if not isinstance(fields.get("claim"), str):
        raise InputError(f"claims[{number}] has no text in its field 'claim'")
    return fields


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _plain(value: Any) -> Any:
    """What JSON has no form for: numbers of NumPy, and times, which become text."""
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


class _Rows:
    """The rows that the program writes, read while it works: once as they come, for what there is to tell, and again for the table. Only counts are kept between."""

    def __init__(self, path: Path, source: _Source):
        self.path = path
        self.finished = self.failed = self.asked = self.answers = self.from_store = 0
        self.billed_usd = 0.0
        self._source = source
        self._file: Any = None
        self._begun = b""  # of the line that is being written
        self._kinds: dict[str, set[type]] = {}  # of the fields that are carried through

    def _open(self) -> bool:
        if self._file is None:
            for path in (self.path, self.path.with_name(self.path.name + ".part")):
                if path.exists():
                    self._file = open(path, "rb")
                    break
        return self._file is not None

    def are_there(self) -> bool:
        return self._open()

    def are_complete(self) -> bool:
        """The file takes its name when it is whole."""
        return self.path.exists()

    def read_more(self) -> list[dict[str, Any]]:
        """The rows that came since the last call."""
        if not self._open():
            return []
        *lines, self._begun = (self._begun + self._file.read()).split(b"\n")
        rows = [json.loads(line) for line in lines]
        for row in rows:
            self._count(row)
        return rows

    def _count(self, row: dict[str, Any]) -> None:
        if row["error"] is None:
            self.finished += 1
            self.asked += row["answers"] > row["from_store"]
            self.answers += row["answers"]
            self.from_store += row["from_store"]
            self.billed_usd += row["billed_usd"]
        else:
            self.failed += 1
        for name, value in row.items():
            if name not in OF_RESULTS:
                kinds = self._kinds.setdefault(name, set())
                if value is not None:
                    kinds.add(float if type(value) is int and abs(value) > LARGEST_INT64 else type(value))

    def table(self) -> Table:
        # In the order in which the fields came; the program sorts those of JSON.
        order = {name: i for i, name in enumerate(self._source.names)}
        carried = sorted(self._kinds, key=lambda name: order.get(name, len(order)))
        types = {name: _type_of(self._kinds[name]) for name in carried}
        return Table(self._in_parts(types), [*BATCH_FIELDS, *types.items()])

    def _in_parts(self, types: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
        if not self._open():
            return
        self._file.seek(0)
        part: list[dict[str, Any]] = []
        for line in self._file:
            if not line.endswith(b"\n"):
                break  # it was being written when the program ended
            row = json.loads(line)
            row["place"] = self._source.place_of(row["place"])
            if row["gates_failed"] is not None:
                row["gates_failed"] = " ".join(row["gates_failed"])
            for name, kind in types.items():
                if kind == "text" and row.get(name) is not None and not isinstance(row[name], str):
                    row[name] = json.dumps(row[name], ensure_ascii=False)
            part.append(row)
            if len(part) == ROWS_AT_ONCE:
                yield part
                part = []
        yield part
        self._file.close()


def _type_of(kinds: set[type]) -> str:
    if kinds == {bool}:
        return "bool"
    if kinds == {int}:
        return "int64"
    return "float64" if kinds and kinds <= {int, float} else "text"


class _SetProgress:
    """Adds up the events of the checks that are being made, and the rows of those that are done."""

    def __init__(self, shown: Progress, rows: _Rows, source: _Source, models: int):
        self._shown = shown
        self._rows = rows
        self._source = source
        self._models = models
        self._running: dict[tuple[str, str], Event] = {}
        self._recent: dict[tuple[str, str], None] = {}  # checks that are done; their last events may still be on their way
        self._of_failed = {"answered": 0, "from_store": 0, "billed_usd": 0.0}  # a row without a belief has no counts
        self._began: float | None = None
        self._looked = 0.0
        self._latest: Event = {"claim": None, "model": None}

    def take(self, event: Event) -> None:
        check = (event["claim"], event["model"])
        if check not in self._recent:
            self._running[check] = event
        self._latest = event
        now = time.monotonic()
        if self._began is None:
            self._began = now
        if now - self._looked >= SECONDS_BETWEEN_LOOKS:
            self._looked = now
            self.look()

    def look(self) -> None:
        for row in self._rows.read_more():
            self._done(row)
        self._show()

    def _done(self, row: dict[str, Any]) -> None:
        check = (row["claim"], row["model"])
        event = self._running.pop(check, None)
        if event and row["error"] is not None:
            self._of_failed["answered"] += event["answered"]
            self._of_failed["from_store"] += event["from_store"]
            self._of_failed["billed_usd"] += event["billed_usd"]
        self._recent[check] = None
        if len(self._recent) > MOST_RECENT:
            del self._recent[next(iter(self._recent))]

    def _show(self) -> None:
        if not is_shown(self._shown) or self._began is None:
            return
        rows = self._rows
        is_over = rows.finished + rows.failed >= self._checks()
        others = [self._of_failed, *([] if is_over else self._running.values())]
        self._shown.show({
            "event": "progress", "checks": self._checks(), "finished": rows.finished, "failed": rows.failed,
            "answers": rows.answers + sum(e["answered"] for e in others), "from_store": rows.from_store + sum(e["from_store"] for e in others),
            "billed_usd": rows.billed_usd + sum(e["billed_usd"] for e in others), "seconds_left": self._seconds_left(),
            "claim": self._latest["claim"], "model": self._latest["model"]})

    def _checks(self) -> int:
        return self._source.count_of_claims() * self._models

    def _seconds_left(self) -> float | None:
        """By the pace of the checks that asked anything."""
        if self._rows.asked == 0 or self._began is None:
            return None
        left = self._checks() - self._rows.finished - self._rows.failed
        return max(0, left) * (time.monotonic() - self._began) / self._rows.asked


def _error_of(ended: Ended, models: list[str], options: dict[str, Any]) -> HeretixError:
    """The program's error in the words of the caller: with the argument that it is about, and without files that only the two of us know."""
    error = ended.error()
    message = ROWS_SO_FAR.sub("", error.message)
    found = IS_PLACE.fullmatch(message)
    if found:
        message = _argument_of(int(found["line"]) - 1, found["rest"], models, options) + ": " + found["rest"]
    message = ON_STANDARD_INPUT.sub(lambda place: f"claims[{int(place[1]) - 1}]", message)
    hint = _how_to_go_on(ended.complaints, options) if isinstance(error, Stopped) else error.hint
    return type(error)(message, hint, error.exit_code)


def _argument_of(number: int, words: str, models: list[str], options: dict[str, Any]) -> str:
    """What holds for all claims is found at the first of them."""
    if number == 0:
        for i, model in enumerate(models):
            if f"no model '{model}'" in words:
                return f"models[{i}]" if len(models) > 1 else "models"
        for name, value in options.items():
            if re.search(rf"\b{re.escape(name)}\b", words):
                return f"{name}={value!r}"
    return f"claims[{number}]"


def _how_to_go_on(complaints: list[str], options: dict[str, Any]) -> str:
    """The program prints the command that goes on, with a budget that suffices, and what it asks."""
    said = " ".join(complaints)
    asks = re.search(r"which (asks .*?)(?:; give it the same lines on standard input)?$", said.strip())
    budget = re.search(r"--budget[ =](\S+)", said)
    same = f"the same call with budget={budget[1]}" if budget and "budget" in options and budget[1] != str(options["budget"]) else "the same call"
    return f"{same} {asks[1] if asks else 'asks only what is missing'}"
