"""The results of a set as a whole: claims by models, and what the table says of them."""
from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ._batch import one_line, result_rows
from ._core import InputError
from ._program import HeretixError, database_flags, find_program, flags_of, output_of
from ._table import Fields, Table

CLAIM_FIELDS: Fields = [
    ("claim", "text"), ("truth", "bool"), ("tags", "text"), ("apart", "float64"), ("lowest", "text"), ("highest", "text")]
CELL_FIELDS: Fields = [
    ("claim", "text"), ("model", "text"), ("standing", "text"), ("p", "float64"), ("low", "float64"), ("high", "float64"), ("stable", "bool"),
    ("gates_failed", "text"), ("billed_usd", "float64"), ("execution_id", "text"), ("truth", "bool"), ("error", "text")]
MODEL_FIELDS: Fields = [
    ("model", "text"), ("provider", "text"), ("checks", "int64"), ("beliefs", "int64"), ("unstable", "int64"), ("none", "int64"), ("gate_failed", "int64"),
    ("answers", "int64"), ("from_store", "int64"), ("billed_usd", "float64"), ("seconds", "float64"), ("labelled", "int64"), ("right", "int64"),
    ("wrong", "int64"), ("brier", "float64"), ("miscalibration", "float64"), ("discrimination", "float64"), ("uncertainty", "float64"), ("mock", "bool")]
PAIR_FIELDS: Fields = [
    ("a", "text"), ("b", "text"), ("claims", "int64"), ("distance", "float64"), ("low", "float64"), ("high", "float64"), ("same_side", "float64")]
SCORE_FIELDS: Fields = [
    ("a", "text"), ("b", "text"), ("claims", "int64"), ("difference", "float64"), ("low", "float64"), ("high", "float64"), ("p_value", "float64"),
    ("p_adjusted", "float64"), ("right_difference", "float64"), ("right_low", "float64"), ("right_high", "float64")]
COMPONENT_FIELDS: Fields = [("source", "text"), ("variance", "float64"), ("share", "float64")]
WORDING_FIELDS: Fields = [("wording", "text"), ("claims", "int64"), ("checks", "int64"), ("pull", "float64"), ("low", "float64"), ("high", "float64")]

Results = Table | os.PathLike[str] | Iterable[Mapping[str, Any]]


@dataclass(frozen=True, repr=False)
class Atlas:
    """A set of claims by models (docs/atlas.md). ``data`` is what the program printed. With c claims and m models there are these tables:

    - ``claims``, c rows: ``truth``, ``tags`` (separated by semicolons), and ``apart``, the largest difference between two models that have a
      belief, in probability, with the ``lowest`` and the ``highest`` of them
    - ``cells``, a row for each claim and model: ``standing`` ("belief", "unstable" or "none"), ``p``, ``low`` and ``high`` from 0 to 1
    - ``models``, m rows: counts of checks and how they ended, US dollars, seconds; where the truth is known ``right`` and ``wrong``, the Brier
      score from 0 to 1 and its parts
    - ``agreement``: for each pair the mean ``distance`` of their probabilities with its 95 % interval, and the share on the ``same_side``
    - ``score_differences``, where the truth is known: of the Brier scores, A minus B, and of the shares on the right side
    - ``components``: where the spread comes from, in squared log-odds. ``wordings``: how far each one pulls, in log-odds, with its 95 %
      interval. Both are empty where the store lacks what the wordings said
    """
    claims: Table = field(compare=False)
    cells: Table = field(compare=False)
    models: Table = field(compare=False)
    agreement: Table = field(compare=False)
    score_differences: Table = field(compare=False)
    components: Table = field(compare=False)
    wordings: Table = field(compare=False)
    data: dict[str, Any] = field(compare=False)

    @property
    def mock(self) -> bool:
        """Whether a script answered for one of the models."""
        return any(model["mock"] for model in self.data["models"])

    def __repr__(self) -> str:
        totals = self.data["totals"]
        counts = f"{totals['beliefs']} beliefs, {totals['unstable']} unstable, {totals['none']} without"
        return f"<heretix.Atlas {len(self.claims)} claims by {len(self.models)} models{' (mock)' if self.mock else ''}: {counts}>"


def atlas(results: Results, *, truth: str | None = None, tags: str | Sequence[str] | None = None, model: str | Sequence[str] | None = None,
          tag: str | Sequence[str] | None = None, gate: str | Sequence[str] | None = None, page: str | os.PathLike[str] | None = None,
          mock: bool | None = None, db: str | Path | None = None, program: str | None = None) -> Atlas:
    """The results of ``batch`` as a whole, as ``heretix atlas`` shows them: where models disagree, what their probabilities are worth where
    the truth is known, what the spread is due to, and which wordings pull.

    ``results``: the table that ``batch`` returned; or another one, or mappings, with at least the columns ``claim``, ``model`` and ``p``;
    or a ``pathlib.Path`` to what `heretix batch --out` wrote. ``truth``: the column that says whether a claim is true (default "truth");
    ``tags``: columns of tags. ``model``, ``tag``, ``gate``: only these models, claims with these tags, claims at which these gates failed.
    ``page``: also write one HTML file that sorts and filters. ``mock``: read what the wordings said from the store of mock runs; None: if
    the results are mock.
    """
    with tempfile.TemporaryDirectory(prefix="heretix-") as folder:
        own = None  # a file that only the program and we know
        if isinstance(results, os.PathLike):
            file = os.fspath(results)
        else:
            own, are_mock = _written(results, Path(folder))
            file = str(own)
            mock = are_mock if mock is None else mock
        command = [program or find_program(), "atlas", file, "--json", *database_flags(db),
                   *flags_of({"truth": truth, "tags": tags, "model": model, "tag": tag, "gate": gate, "mock": mock,
                              "out": os.fspath(page) if page is not None else None})]
        try:
            return _atlas(json.loads(output_of(command)))
        except HeretixError as error:
            if own is None:
                raise
            raise type(error)(_of_results(error.message, own), error.hint, error.exit_code) from None


def _of_results(message: str, own: Path) -> str:
    """The program names a line of the file, from 1."""
    message = re.sub(rf"{re.escape(str(own))}:(\d+)", lambda line: f"results[{int(line[1]) - 1}]", message)
    return message.replace(str(own), "results")


def _written(results: Any, folder: Path) -> tuple[Path, bool]:
    file = folder / "results.jsonl"
    number, are_mock = 0, False
    with open(file, "w", encoding="utf-8") as lines:
        for row in result_rows(results):
            lines.write(one_line(row))
            number += 1
            are_mock = are_mock or row.get("mock") is True
    if number == 0:
        raise InputError("results has no rows (give the table that batch() returned)")
    return file, are_mock


def _ends(found: dict[str, Any]) -> tuple[float | None, float | None]:
    ends = found.get("ci_95")
    return (ends[0], ends[1]) if ends else (None, None)


def _atlas(data: dict[str, Any]) -> Atlas:
    names = [model["name"] for model in data["models"]]
    scores = {of_model["model"]: of_model for of_model in data.get("truth", [])}
    claims = [_claim_row(claim, names) for claim in data["claims"]]
    cells = [_cell_row(claim, cell, names) for claim in data["claims"] for cell in claim["cells"]]
    models = [{**model, "model": names[i], **_scores_of(scores.get(i))} for i, model in enumerate(data["models"])]
    return Atlas(
        Table(claims, CLAIM_FIELDS), Table(cells, CELL_FIELDS), Table(models, MODEL_FIELDS),
        Table([_pair_row(pair, names) for pair in data.get("agreement", [])], PAIR_FIELDS),
        Table([_difference_row(pair, names) for pair in data.get("score_differences", [])], SCORE_FIELDS),
        Table(data.get("components") or [], COMPONENT_FIELDS),
        Table([dict(zip(("low", "high"), _ends(wording), strict=True)) | wording for wording in data.get("wordings") or []], WORDING_FIELDS), data)


def _claim_row(claim: dict[str, Any], names: list[str]) -> dict[str, Any]:
    apart = claim.get("disagreement") or {}
    return {"claim": claim["claim"], "truth": claim.get("truth"), "tags": "; ".join(claim["tags"]), "apart": apart.get("difference"),
            **{end: names[apart[end]] for end in ("lowest", "highest") if end in apart}}


def _cell_row(claim: dict[str, Any], cell: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {**cell, "claim": claim["claim"], "truth": claim.get("truth"), "model": names[cell["model"]], "gates_failed": " ".join(cell.get("gates_failed") or [])}


def _scores_of(found: dict[str, Any] | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {**(found.get("scores") or {}), **{name: found.get(name) for name in ("labelled", "right", "wrong")}}


def _pair_row(pair: dict[str, Any], names: list[str]) -> dict[str, Any]:
    low, high = _ends(pair)
    return {**pair, "a": names[pair["a"]], "b": names[pair["b"]], "low": low, "high": high}


def _difference_row(pair: dict[str, Any], names: list[str]) -> dict[str, Any]:
    brier, right = pair["brier"], pair["right"]
    (low, high), (right_low, right_high) = _ends(brier), _ends(right)
    return {"a": names[pair["a"]], "b": names[pair["b"]], "claims": pair["claims"], "difference": brier["difference"], "low": low, "high": high,
            "p_value": brier.get("p_value"), "p_adjusted": brier.get("adjusted"), "right_difference": right["difference"], "right_low": right_low,
            "right_high": right_high}
