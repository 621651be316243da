"""The estimator and the statistics on arrays; the project's docs/ explain the formulas."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from . import _core

Values = npt.ArrayLike
Groups = npt.NDArray[np.float64] | Iterable[npt.ArrayLike]  # a row a template: a 2-D array, or 1-D ones of any length
Interval = tuple[float, float]


@dataclass(frozen=True)
class Belief:
    """What written answers say together: ``belief_v2`` (docs/estimator.md). For a single template, ``interval``, ``stable`` and the
    fields after ``method`` are None."""
    p: float
    interval: Interval | None
    stable: bool | None  # False: the wordings contradict each other, or the interval is wider than half of the scale
    verdict: str  # in words, as the program says it
    say_true: int  # wordings whose own probability is 0.60 or more
    say_false: int  # 0.40 or less
    undecided: int
    split: bool  # whether one wording says true and another one false, among those that the centre is made of
    logit: float
    template_logits: list[float]
    templates: int
    answers: int
    level: float
    status: str
    method: str
    sd_logit: float | None = None
    half_logit: float | None = None
    grid: float | None = None
    flags: list[str] | None = None


@dataclass(frozen=True)
class Estimate:
    """The frozen estimator (docs/estimator.md). The log-odds equal the program's bit for bit."""
    p: float
    interval: Interval
    logit: float
    logit_interval: Interval
    spread_logit: float
    stability: float
    imbalance: float
    counts: list[int]
    method: str


@dataclass(frozen=True)
class HonestInterval:
    """For a single template, ``interval`` and the fields after it are None."""
    p: float
    logit: float
    templates: int
    answers: int
    level: float
    status: str
    interval: Interval | None
    method: str
    no_hull: Interval | None = None
    sd_logit: float | None = None
    half_logit: float | None = None
    grid: float | None = None
    flags: list[str] | None = None


@dataclass(frozen=True)
class CentredInterval:
    centre: float
    interval: Interval | None


@dataclass(frozen=True)
class Welch:
    centre: float
    interval: Interval | None
    p_value: float | None


@dataclass(frozen=True)
class WordingVariance:
    """In squared log-odds. ``replicate`` is None if no template has two answers."""
    wording: float
    replicate: float | None
    harmonic_replicates: float


@dataclass(frozen=True)
class CalibrationScores:
    brier: float
    log_score: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    spiegelhalter_z: float
    squared_error_debiased: float


def belief(groups: Groups, decimals: Iterable[npt.ArrayLike] | None = None, level: float = 0.95) -> Belief:
    """``belief_v2`` of the probabilities that a model wrote, by template; ``level`` is 0.90, 0.95 or 0.99.

    ``decimals``: with how many decimals each was written, in the same groups ("1.000" has 3); without it, those of the shortest decimal
    that reads back as the same number (1.0 has none). It matters only for answers near 0 and 1: up to two decimals a 1 is read as
    0.995, from three on as 0.999.
    """
    return Belief(**_core.belief(groups, decimals, level))


def estimate(groups: Groups, seed: int, draws: int = 5000) -> Estimate:
    """One probability from the answers (probabilities) of each template, with the frozen bootstrap interval."""
    return Estimate(**_core.estimate(groups, seed, draws))


def honest_interval(groups: Groups, level: float = 0.95, frozen: Interval | None = None) -> HonestInterval:
    """``honest_v1``; ``level`` is 0.90, 0.95 or 0.99. ``frozen`` is an interval that it must contain, as in the program's results."""
    return HonestInterval(**_core.honest_interval(groups, level, frozen))


def centred_interval(differences: Values, level: float = 0.95) -> CentredInterval:
    """The trimmed centre of paired differences, with its interval (docs/compare.md)."""
    return CentredInterval(**_core.centred_interval(differences, level))


def sign_flip_p(differences: Values, seed: int = 0) -> float:
    """The two-sided p-value; exact up to 20 differences, from 9,999 flips drawn with ``seed`` beyond that."""
    return _core.sign_flip_p(differences, seed)


def welch(a: Values, b: Values, level: float = 0.95) -> Welch:
    """The difference a - b of two sets of template means."""
    return Welch(**_core.welch(a, b, level))


def benjamini_hochberg(p: Values) -> npt.NDArray[np.float64]:
    """The adjusted p-values, in the given order."""
    return _core.benjamini_hochberg(p)


def wording_variance(logits: Groups) -> WordingVariance:
    """The spread of answers in log-odds, by wording and replicate (docs/variance.md)."""
    return WordingVariance(**_core.wording_variance(logits))


def best_replicates(wording: float, replicate: float, wording_cost: float = 1.0, answer_cost: float = 1.0) -> int:
    """How many answers per template make the most of a budget, from 1 to 8."""
    return _core.best_replicates(wording, replicate, wording_cost, answer_cost)


def calibration_scores(p: Values, is_true: npt.ArrayLike) -> CalibrationScores:
    """Scores beliefs about claims whose truth is known (docs/calibrate.md)."""
    return CalibrationScores(**_core.calibration_scores(p, is_true))
