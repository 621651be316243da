"""Measuring with the program ``heretix``, which keeps every answer as it arrives, whatever happens to this process."""
from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ._program import database_flags, find_program, flags_of, output_of, said_by
from ._progress import progress_of
from ._statistics import CentredInterval
from ._table import Fields, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ANSWER_FIELDS: Fields = [
    ("paraphrase_idx", "int64"), ("replicate_idx", "int64"), ("prob_true", "float64"), ("usable", "bool"), ("reason", "text"), ("raw_text", "text"),
    ("provider_model_id", "text"), ("response_id", "text"), ("tokens_in", "int64"), ("tokens_out", "int64"), ("latency_ms", "float64"),
    ("created_at", "time"), ("from_store", "bool"), ("attempt", "int64"), ("prompt_sha256", "text"), ("cache_key", "text"),
    ("claim_p", "float64"), ("negation_p", "float64"), ("mock", "bool")]
TEMPLATE_FIELDS: Fields = [
    ("paraphrase_idx", "int64"), ("slots", "int64"), ("answered", "int64"), ("usable", "int64"), ("mean_p", "float64"), ("mean_logit", "float64"),
    ("prompt_sha256", "text"), ("mock", "bool"), ("wording", "text")]


Readout = Literal["verbalized", "expected", "token", "frequency", "decision"]
Readout.__doc__ = "How an answer becomes a probability: the names that `heretix run --readout` takes (docs/readouts.md)."


@dataclass(frozen=True)
class Decision:
    """What a model stated about a claim and about its negation (docs/decisions.md); probabilities are centres over the wordings."""

    claim: float
    negation: float | None  # this and what follows: None where it was not asked (``negation=False``)
    sum_mean: float | None  # of the two numbers; 1 for a coherent model
    yes_bias: CentredInterval | None  # in log-odds, with its 95 % interval; above 0 the model says yes to both
    contradicting: int | None  # wordings that call both sides likely, or both unlikely
    contradicting_share: float | None
    wordings: int  # with a usable answer
    step: float  # of the model's numbers; 0: none was found


def _decision(facts: dict[str, Any]) -> Decision | None:
    if facts.get("kind") != "decision" or "claim" not in facts:
        return None
    bias = facts.get("yes_bias")
    return Decision(
        facts["claim"], facts.get("negation"), facts.get("sum_mean"),
        CentredInterval(bias["log_odds"], (bias["low"], bias["high"]) if "low" in bias else None) if bias else None,
        facts.get("contradicting"), facts.get("contradicting_share"), facts["answers"], facts["step"])


def _with_sides(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers with what was stated of each side as columns."""
    return [{**answer, "claim_p": (answer.get("sides") or {}).get("claim"), "negation_p": (answer.get("sides") or {}).get("negation")} for answer in answers]


class Record:
    """A finished check. ``data`` is the record as the program prints it (docs/record.md).

    Probabilities are from 0 to 1, log-odds natural.
    """

    def __init__(self, data: dict[str, Any], program: str, database: list[str], store: Path | None = None):
        self.data = data
        self._program = program
        self._database = database
        self._store = store
        self._answers: Table | None = None
        self._wordings: dict[int, str] | None = None

    @property
    def claim(self) -> str:
        return self.data["claim"]

    @property
    def model(self) -> str:
        return self.data["config"]["model"]

    @property
    def mock(self) -> bool:
        """True: a script answered in the model's place (docs/scripted.md), so that these numbers are no model's."""
        mode = str(self.data["config"].get("mode", ""))
        return bool(self.data.get("mock")) or mode.split(";")[0] == "MOCK"

    @property
    def _shown_model(self) -> str:
        return f"{self.model} (mock)" if self.mock else self.model

    def _marked(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows of a table, each of which says whether it is mock."""
        return [{**row, "mock": self.mock} for row in rows]

    @property
    def _shown(self) -> dict[str, Any]:
        """belief_v2; of a record from before there was one, the honest interval with the verdict that belongs to it."""
        return self.data.get("belief_v2") or {**self.data["honest"], "verdict": self.data["verdict"]}

    @property
    def p(self) -> float:
        """The probability that people are shown (``belief_v2``, docs/estimator.md); of records that lack it, the frozen one."""
        return self._shown["p"]

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its 95 % interval, or the honest interval of records that lack it; None if only a single template answered."""
        found = self._shown.get("ci")
        return (found[0], found[1]) if found else None

    @property
    def stable(self) -> bool | None:
        """False: there is no stable belief, and ``verdict`` says why. None if a single template answered, or in records that lack it."""
        return self._shown.get("stable")

    @property
    def verdict(self) -> str:
        """In words: "likely true; the interval reaches into uncertain", or "No stable belief: 4 wordings say true, 4 say false"."""
        return self._shown["verdict"]

    @property
    def frozen_p(self) -> float:
        """The probability of the frozen estimator, for comparison with earlier runs."""
        return self.data["estimate"]["prob_true_rpl"]

    @property
    def frozen_interval(self) -> tuple[float, float]:
        """The bootstrap interval of the frozen estimator; ``data["honest"]`` has the honest one."""
        low, high = self.data["estimate"]["ci"]
        return (low, high)

    @property
    def readout(self) -> Readout:
        """How the belief was read (docs/readouts.md)."""
        return self.data.get("readout", {}).get("kind", "verbalized")

    @property
    def decision(self) -> Decision | None:
        """Both sides, if the belief was read with ``readout="decision"``; else None."""
        return _decision(self.data.get("readout", {}))

    @property
    def run_id(self) -> str:
        return self.data["run_id"]

    @property
    def execution_id(self) -> str:
        return self.data["execution"]["execution_id"]

    @property
    def templates(self) -> Table:
        """One row per template, in the order of the plan.

        ``paraphrase_idx`` counts from 0, ``mean_p`` is from 0 to 1 and ``mean_logit`` in natural log-odds, both null where no answer is
        usable. ``wording`` is the text of the template with the claim in its place; null where the artifact, a file beside the store
        (docs/storage.md), is gone.
        """
        wordings = self._texts()
        rows = [{**row, "wording": wordings.get(row["paraphrase_idx"])} for row in self.data["templates"]]
        return Table(self._marked(rows), TEMPLATE_FIELDS)

    def _texts(self) -> dict[int, str]:
        """The wordings by their number; empty where the artifact is gone."""
        if self._wordings is None:
            self._wordings = {}
            if self._store is not None:
                artifact = self._store.parent / "artifacts" / f"{self.execution_id}.json"
                try:
                    texts = json.loads(artifact.read_text(encoding="utf-8"))["bank"]["paraphrases"]
                except OSError:
                    texts = []
                self._wordings = {i: text.replace("{CLAIM}", self.claim) for i, text in enumerate(texts)}
        return self._wordings

    @property
    def answers(self) -> Table:
        """One row per question, with raw texts; read from the store once.

        ``prob_true``, ``claim_p`` and ``negation_p`` are from 0 to 1, ``latency_ms`` in milliseconds, ``tokens_in`` and ``tokens_out`` in
        tokens, ``created_at`` in seconds since 1970, UTC.
        """
        if self._answers is None:
            said = output_of([self._program, "answers", self.execution_id, "--json", *self._database])
            self._answers = Table(self._marked(_with_sides(json.loads(said))), ANSWER_FIELDS)
        return self._answers

    def plot(self, ax: Axes | None = None) -> Axes:
        """A forest plot: a row for each wording, the least likely at the bottom, with every usable answer and its mean; under them the
        belief with its 95 % interval. The axis is the probability, from 0 to 1.

        Drawn on ``ax``, else on a figure of its own; returns the axes. Needs matplotlib (``pip install 'heretix[plot]'``).
        """
        from ._plot import forest_plot
        return forest_plot(self, ax)

    def __repr__(self) -> str:
        low, high = self.interval or (float("nan"), float("nan"))
        said = f"{self.verdict}; " if self.stable is False else ""
        return f"<heretix.Record {self.claim!r} {self._shown_model}: {said}p {self.p:.2f}, 95 % {low:.2f} to {high:.2f}>"

    def _repr_html_(self) -> str:
        from html import escape
        low, high = self.interval or (0.0, 1.0)
        said = f"<b>{escape(self.verdict)}</b><br>" if self.stable is False else ""
        return (f"<div><b>{escape(self.claim)}</b><br>{said}{escape(self._shown_model)}: p = {self.p:.2f}, 95&nbsp;% {low:.2f} to {high:.2f}"
                f"<div style='position:relative;height:10px;width:300px;background:#ddd'><div style='position:absolute;height:10px;"
                f"left:{300 * low:.0f}px;width:{max(2, 300 * (high - low)):.0f}px;background:#0072b2'></div></div></div>")


def _store_of(db: str | Path | None) -> Path:
    """Where the program keeps the answers. Mock runs are kept in another file of the same folder, whose artifacts are the same."""
    return Path(db if db is not None else os.environ.get("HERETIX_DB") or "runs/heretix.sqlite").absolute()


def run(claim: str, model: str = "local", *, db: str | Path | None = None,
        progress: bool | Callable[[dict[str, Any]], None] = True, program: str | None = None, readout: Readout | None = None,
        negation: bool = True, **options: Any) -> Record:
    """Measures a claim, as ``heretix run`` does; questions whose answers are already stored are not asked again.

    ``readout``: how the belief is read; ``"decision"`` reads it from a model that states probabilities, and ``negation=False`` then asks
    only the claim's side, at half the cost. Other ``options`` are the program's own, in long form: ``until_width=0.1``, ``slots=8``,
    ``budget=0.5`` (US dollars), ``fresh=True``. ``progress``: True for a bar in a notebook or terminal, False for none, or a function
    that is called with each event. Raises HeretixError with the program's message, and Stopped on an interrupt, with every answer kept.
    """
    program = program or find_program()
    database = database_flags(db)
    store = _store_of(db)
    # Behind "--" the program would take the claim for what it did not expect, where an option is misspelled.
    stated = ["--", claim] if claim.startswith("-") else [claim]
    command = [program, "run", "--json", "--progress-json", "--model", model, *database,
               *flags_of({"readout": readout, "no_negation": not negation, **options}), *stated]
    said = said_by(command, progress_of(progress))
    return Record(json.loads(said), program, database, store)


def load(run: str, *, db: str | Path | None = None, program: str | None = None) -> Record:
    """Loads a stored run or execution by the beginning of its id."""
    program = program or find_program()
    database = database_flags(db)
    return Record(json.loads(output_of([program, "show", run, "--json", *database])), program, database, _store_of(db))
