"""Measure what a language model believes about a claim, with Heretix.

``run`` asks a model through the program ``heretix``; a ``Record`` holds the result, with its answers and templates
as Arrow tables. ``batch`` measures many claims by several models and returns a table. The estimator and the statistics work
on arrays without the program.
"""
from ._atlas import Atlas, atlas
from ._batch import batch
from ._core import DriftDetector, InputError
from ._measure import Decision, Readout, Record, load, run
from ._program import HeretixError, Stopped
from ._statistics import (
    Belief,
    CalibrationScores,
    CentredInterval,
    Estimate,
    HonestInterval,
    Welch,
    WordingVariance,
    belief,
    benjamini_hochberg,
    best_replicates,
    calibration_scores,
    centred_interval,
    estimate,
    honest_interval,
    sign_flip_p,
    welch,
    wording_variance,
)
from ._studies import Certificate, Comparison, calibrate, compare, runs
from ._table import Table

__version__ = "0.1.0"
__all__ = [
    "Atlas", "Belief", "CalibrationScores", "CentredInterval", "Certificate", "Comparison", "Decision", "DriftDetector", "Estimate", "HeretixError", "HonestInterval",
    "InputError", "Readout", "Record", "Stopped", "Table", "Welch", "WordingVariance", "atlas", "batch", "belief", "benjamini_hochberg", "best_replicates", "calibrate",
    "calibration_scores", "centred_interval", "compare", "estimate", "honest_interval", "load", "run", "runs", "sign_flip_p", "welch", "wording_variance",
]
