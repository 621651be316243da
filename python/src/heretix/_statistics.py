"""The estimator and the statistics on arrays; docs/ of the project has the formulas."""
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
class Estimate:
    """The frozen estimator (docs/estimator.md). Log-odds are equal to the program's to the bit."""
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
    """``interval`` is None for a single template; the fields after it too."""
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
    """In squared log-odds. ``replicate`` is None where no template has two answers."""
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


def estimate(groups: Groups, seed: int, draws: int = 5000) -> Estimate:
    """One probability of the answers by template (probabilities), with the frozen bootstrap interval."""
    return Estimate(**_core.estimate(groups, seed, draws))


def honest_interval(groups: Groups, level: float = 0.95, frozen: Interval | None = None) -> HonestInterval:
    """``honest_v1``; ``level`` 0.90, 0.95 or 0.99. ``frozen`` is the interval that it must hold, as the program's results do."""
    return HonestInterval(**_core.honest_interval(groups, level, frozen))


def centred_interval(differences: Values, level: float = 0.95) -> CentredInterval:
    """Trimmed centre of paired differences, with its interval (docs/compare.md)."""
    return CentredInterval(**_core.centred_interval(differences, level))


def sign_flip_p(differences: Values, seed: int = 0) -> float:
    """Two-sided; exact up to 20 differences, 9,999 flips drawn from ``seed`` beyond."""
    return _core.sign_flip_p(differences, seed)


def welch(a: Values, b: Values, level: float = 0.95) -> Welch:
    """The difference a - b of two sets of template means."""
    return Welch(**_core.welch(a, b, level))


def benjamini_hochberg(p: Values) -> npt.NDArray[np.float64]:
    """Adjusted p-values, in the order given."""
    return _core.benjamini_hochberg(p)


def wording_variance(logits: Groups) -> WordingVariance:
    """Spread of answers in log-odds, by wording and replicate (docs/variance.md)."""
    return WordingVariance(**_core.wording_variance(logits))


def best_replicates(wording: float, replicate: float, wording_cost: float = 1.0, answer_cost: float = 1.0) -> int:
    """Answers a template that make the most of a budget, 1 to 8."""
    return _core.best_replicates(wording, replicate, wording_cost, answer_cost)


def calibration_scores(p: Values, is_true: npt.ArrayLike) -> CalibrationScores:
    """Of beliefs about claims whose truth is known (docs/calibrate.md)."""
    return CalibrationScores(**_core.calibration_scores(p, is_true))
