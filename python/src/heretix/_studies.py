"""What was measured, read again: the stored runs, the difference of two measurements, and what a model's probabilities are worth."""
from __future__ import annotations

import csv
import datetime
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, overload

from ._batch import Claims, claims_with_fields, model_names
from ._core import InputError
from ._measure import Readout, Record
from ._program import database_flags, find_program, flags_of, output_of, said_by
from ._progress import progress_of
from ._statistics import CalibrationScores, CentredInterval
from ._table import Fields, Table

RUN_FIELDS: Fields = [
    ("run_id", "text"), ("created_at", "time"), ("claim", "text"), ("model", "text"), ("status", "text"), ("p", "float64"), ("low", "float64"),
    ("high", "float64"), ("stable", "bool"), ("compliance", "float64"), ("readout", "text"), ("K", "int64"), ("R", "int64"), ("T", "int64"),
    ("prompt_version", "text"), ("mock", "bool")]
COMPARED_FIELDS: Fields = [
    ("claim_a", "text"), ("claim_b", "text"), ("model_a", "text"), ("model_b", "text"), ("p_a", "float64"), ("p_b", "float64"),
    ("difference", "float64"), ("low", "float64"), ("high", "float64"), ("logit", "float64"), ("logit_low", "float64"), ("logit_high", "float64"),
    ("p_value", "float64"), ("p_adjusted", "float64"), ("finding", "text"), ("paired", "bool"), ("execution_a", "text"), ("execution_b", "text"),
    ("mock", "bool")]
COMPARED_TEMPLATE_FIELDS: Fields = [
    ("claim_a", "text"), ("claim_b", "text"), ("wording", "text"), ("a_logit", "float64"), ("b_logit", "float64"), ("difference", "float64"),
    ("centre_without", "float64"), ("mock", "bool")]
LABELLED_FIELDS: Fields = [("claim", "text"), ("label", "bool"), ("p", "float64"), ("execution_id", "text"), ("mock", "bool")]
CURVE_FIELDS: Fields = [("low", "float64"), ("high", "float64"), ("rate", "float64"), ("count", "int64")]
BAND_FIELDS: Fields = [("p", "float64"), ("low", "float64"), ("high", "float64")]
GROUP_FIELDS: Fields = [("group", "text"), ("labels", "int64"), ("right", "float64"), ("brier", "float64")]

SELECTORS = ("model", "bank", "on")
LABELS = {True: "true", False: "false"}  # 1 and 0 are equal to them
NO_LIMIT = 2**31 - 1

Finding = Literal["higher", "lower", "same", "inconclusive"]
Side = Record | str | Mapping[str, Any]


def runs(*, claim: str | None = None, model: str | None = None, since: str | datetime.date | None = None, most: int | None = None,
         mock: bool = False, db: str | Path | None = None, program: str | None = None) -> Table:
    """The stored runs, newest first, as ``heretix list`` shows them.

    ``claim``, ``model``: only runs with this text in their claim, or in the name of their model. ``since``: only from this day on, in UTC
    (a date, or "YYYY-MM-DD"). ``most``: how many at most; None: all. ``mock``: those of the store of mock runs.

    The columns of the n rows: ``run_id``, ``claim``, ``model``, ``prompt_version``; ``created_at`` (seconds since 1970, UTC);
    ``status`` ("done", or why there is no result); ``p``, ``low`` and ``high`` from 0 to 1, and ``stable``, null without a result;
    ``compliance``, a share; ``readout``; the plan ``K``, ``R``, ``T`` (slots, replicates, templates); ``mock``.
    """
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        raise InputError(f"most is {most!r} (give a whole number of at least 1, or None for all runs)")
    command = [program or find_program(), "list", "--json", *database_flags(db),
               *flags_of({"claim": claim, "model": model, "since": since, "most": NO_LIMIT if most is None else most, "mock": mock})]
    return Table([_run_row(run) for run in json.loads(output_of(command))], RUN_FIELDS)


def _run_row(run: dict[str, Any]) -> dict[str, Any]:
    belief = run.get("belief_v2") or {}
    low, high = belief.get("ci") or (None, None)
    return {**run, "p": belief.get("p"), "low": low, "high": high, "stable": belief.get("stable"), "compliance": run.get("rpl_compliance_rate"),
            "readout": run.get("readout", "verbalized")}


@dataclass(frozen=True, repr=False)
class Comparison:
    """The difference of two measurements, A minus B (docs/compare.md). ``data`` is what the program printed.

    ``claims`` has a row for each claim: ``p_a``, ``p_b`` and their ``difference``, with ``low`` and ``high``, in probability; the same
    in natural log-odds as ``logit``, ``logit_low`` and ``logit_high``; ``p_value``, and over several claims ``p_adjusted`` (Benjamini &
    Hochberg); ``finding``. ``templates`` has a row for each wording that both sides asked, with what the difference would be without it
    (``centre_without``), in natural log-odds; ``wording`` has {CLAIM} where the claim stands.
    """
    finding: Finding
    logit: CentredInterval  # the difference in natural log-odds, with its 95 % interval; over several claims that of their mean
    difference: CentredInterval | None  # of one claim in probability, from -1 to 1; None over several claims
    p_value: float | None
    claims: Table = field(compare=False)
    templates: Table = field(compare=False)
    data: dict[str, Any] = field(compare=False)

    def __repr__(self) -> str:
        shown, unit = (self.difference, "") if self.difference else (self.logit, " in log-odds")
        interval = ", 95 % {:+.2f} to {:+.2f}".format(*shown.interval) if shown.interval else ""
        return f"<heretix.Comparison {self.data['a']} - {self.data['b']}: {self.finding}, {shown.centre:+.2f}{interval}{unit}, {len(self.claims)} claims>"


def compare(a: Side, b: Side, *, claims: Iterable[str] | os.PathLike[str] | None = None, mock: bool | None = None, db: str | Path | None = None,
            program: str | None = None) -> Comparison:
    """Whether two measurements differ, by how much, and how sure that is, as ``heretix compare`` says it.

    ``a``, ``b``: a Record, the beginning of the id of a run or execution, or what selects the newest run of each claim:
    ``{"model": "openai/gpt-5"}``, ``{"bank": …, "on": date}``. ``claims``: only these, as texts or as a ``pathlib.Path`` to a file.
    ``mock``: read the store of mock runs; None: if a Record is one.
    """
    sides = [_side_of(name, side) for name, side in (("a", a), ("b", b))]
    if mock is None:
        mock = any(isinstance(side, Record) and side.mock for side in (a, b))
    with tempfile.TemporaryDirectory(prefix="heretix-") as folder:
        file = _claims_file(claims, Path(folder)) if claims is not None else None
        command = [program or find_program(), "compare", "--json", *database_flags(db), *flags_of({"mock": mock, "claims": file}), "--", *sides]
        return _comparison(json.loads(output_of(command)))


def _side_of(name: str, side: Side) -> str:
    if isinstance(side, Record):
        return side.execution_id
    if isinstance(side, str):
        return side
    if not isinstance(side, Mapping) or not side:
        raise InputError(f"{name} is {side!r} (give a Record, the id of a run, or a selection such as {{'model': 'openai/gpt-5'}})")
    unknown = [key for key in side if key not in SELECTORS]
    if unknown:
        raise InputError(f"{name} selects by {unknown[0]!r} (it can select by model, bank and on)")
    return ",".join(f"{key}={value}" for key, value in side.items())


def _claims_file(claims: Iterable[str] | os.PathLike[str], folder: Path) -> str:
    if isinstance(claims, os.PathLike):
        return os.fspath(claims)
    file = folder / "claims.jsonl"
    file.write_text("".join(json.dumps({"claim": row["claim"]}) + "\n" for row in claims_with_fields(claims)), encoding="utf-8")
    return str(file)


def _interval_of(found: dict[str, Any]) -> CentredInterval:
    ends = found.get("ci")
    return CentredInterval(found["centre"], (ends[0], ends[1]) if ends else None)


def _comparison(data: dict[str, Any]) -> Comparison:
    mock = bool(data.get("mock"))
    rows, templates = [], []
    for claim in data["claims"]:
        difference, logit = _interval_of(claim["difference_95"]), _interval_of(claim["logit"])
        low, high = difference.interval or (None, None)
        logit_low, logit_high = logit.interval or (None, None)
        rows.append({**claim, "difference": difference.centre, "low": low, "high": high, "logit": logit.centre, "logit_low": logit_low,
                     "logit_high": logit_high, "mock": mock})
        templates += [{**template, "claim_a": claim["claim_a"], "claim_b": claim["claim_b"], "mock": mock} for template in claim["templates"]]
    single = _interval_of(data["claims"][0]["difference_95"]) if len(rows) == 1 else None
    return Comparison(data["finding"], _interval_of(data["logit"]), single, data["p_value"], Table(rows, COMPARED_FIELDS),
                      Table(templates, COMPARED_TEMPLATE_FIELDS), data)


@dataclass(frozen=True, repr=False)
class Certificate:
    """What the probabilities of one model are worth, on claims whose truth is known (docs/calibrate.md). ``data`` is what the program printed.

    Scores of probabilities p from 0 to 1 against labels 0 and 1: the Brier score is from 0 to 1, 0.25 for a coin. ``claims`` has a row
    for each claim with a belief: ``claim``, ``label``, ``p``, ``execution_id``. ``curve`` is the reliability diagram: of what is stated
    between ``low`` and ``high``, the share ``rate`` of ``count`` claims is true. ``band``: where that share lies by chance alone in
    95 %, at 21 values of ``p``. ``groups``: the scores by field and level, where the claims have them.
    """
    model: str
    labels: int  # claims
    judged: int  # of them with a belief
    right: float  # the share whose belief lies on the right side of one half
    scores: CalibrationScores
    recalibrated: CalibrationScores | None  # by the map that mends them, cross-fitted
    claims: Table = field(compare=False)
    curve: Table = field(compare=False)
    band: Table = field(compare=False)
    groups: Table = field(compare=False)
    mock: bool
    data: dict[str, Any] = field(compare=False)

    def __repr__(self) -> str:
        model = f"{self.model} (mock)" if self.mock else self.model
        return f"<heretix.Certificate {model}: Brier {self.scores.brier:.3f}, right on {self.right:.0%} of {self.judged} claims>"


@overload
def calibrate(models: str = "local", claims: Claims | None = None, *, field: str | Sequence[str] | None = None, level: int | Sequence[int] | None = None,
              db: str | Path | None = None, progress: bool | Callable[[dict[str, Any]], None] = True, program: str | None = None,
              readout: Readout | None = None, **options: Any) -> Certificate: ...
@overload
def calibrate(models: Sequence[str], claims: Claims | None = None, *, field: str | Sequence[str] | None = None, level: int | Sequence[int] | None = None,
              db: str | Path | None = None, progress: bool | Callable[[dict[str, Any]], None] = True, program: str | None = None,
              readout: Readout | None = None, **options: Any) -> list[Certificate]: ...
def calibrate(models: str | Sequence[str] = "local", claims: Claims | None = None, *, field: str | Sequence[str] | None = None,
              level: int | Sequence[int] | None = None, db: str | Path | None = None, progress: bool | Callable[[dict[str, Any]], None] = True,
              program: str | None = None, readout: Readout | None = None, **options: Any) -> Certificate | list[Certificate]:
    """Asks claims whose truth is known, and says what the model's probabilities are worth, as ``heretix calibrate`` does.

    ``claims``: mappings or a table with the columns ``claim`` and ``label`` (True or False), and ``field`` and ``level`` if you like; a
    ``pathlib.Path`` names a CSV file; None: the 300 claims that come with Heretix. ``field``, ``level``: only those of these. ``options``
    are the program's, in long form. Returns a Certificate, or a list of them where ``models`` is a sequence. What was asked before is
    not asked again. Raises Stopped on an interrupt, with every answer kept.
    """
    names = model_names(models)
    shown = progress_of(progress)
    with tempfile.TemporaryDirectory(prefix="heretix-") as folder:
        file = [_labelled_file(claims, Path(folder))] if claims is not None else []
        command = [program or find_program(), "calibrate", "--json", "--progress-json", *(flag for name in names for flag in ("--model", name)),
                   *database_flags(db), *flags_of({"readout": readout, "field": field, "level": level, **options}), "--", *file]
        said = json.loads(said_by(command, shown))
    certificates = [_certificate(data) for data in (said if isinstance(said, list) else [said])]
    return certificates[0] if isinstance(models, str) else certificates


def _labelled_file(claims: Claims, folder: Path) -> str:
    if isinstance(claims, os.PathLike):
        return os.fspath(claims)
    file = folder / "labelled.csv"
    with open(file, "w", newline="", encoding="utf-8") as written:
        table = csv.DictWriter(written, ["claim", "label", "field", "level"], extrasaction="ignore")
        table.writeheader()
        for number, row in enumerate(claims_with_fields(claims)):
            if row.get("label") not in LABELS:
                raise InputError(f"claims[{number}] has the label {row.get('label')!r} (give True or False)")
            table.writerow({**row, "label": LABELS[row["label"]]})
    return str(file)


def _certificate(data: dict[str, Any]) -> Certificate:
    mock = bool(data.get("mock"))
    claims = [{**claim, "execution_id": claim["execution"], "mock": mock} for claim in data["claims"]]
    recalibrated = data.get("recalibrated")
    return Certificate(
        data["model"], data["labels"], data["judged"], data["right"], CalibrationScores(**data["scores"]),
        CalibrationScores(**recalibrated) if recalibrated else None, Table(claims, LABELLED_FIELDS), Table(data["curve"], CURVE_FIELDS),
        Table(data["band_95"], BAND_FIELDS), Table(data["groups"], GROUP_FIELDS), mock, data)
