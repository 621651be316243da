"""Pictures with matplotlib, which is optional: ``pip install 'heretix[plot]'``."""
from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ._measure import Record

BELIEF = "#0072b2"  # Okabe and Ito's blue and orange, which colour-blind readers tell apart
UNSTABLE = "#d55e00"
ANSWER = "#999999"
ROW_INCHES = 0.42
WIDTH_INCHES = 9.0
WORDING_COLUMNS = 60
MOST_LINES = 2


def _axes(rows: int) -> Axes:
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("plot() needs matplotlib: pip install 'heretix[plot]', or pip install matplotlib") from error
    _, ax = pyplot.subplots(figsize=(WIDTH_INCHES, 1.2 + ROW_INCHES * rows), layout="constrained")
    return ax


def _in_lines(text: str) -> str:
    return "\n".join(textwrap.wrap(" ".join(text.split()), WORDING_COLUMNS, max_lines=MOST_LINES, placeholder=" …"))


def forest_plot(record: Record, ax: Axes | None) -> Axes:
    usable = [t for t in record.data["templates"] if t["mean_p"] is not None]
    templates = sorted(usable, key=lambda t: (t["mean_p"], t["paraphrase_idx"]))
    if ax is None:
        ax = _axes(len(templates) + 1)
    # The claim stands in the title.
    wordings = {number: text.replace(record.claim, "…") for number, text in record._texts().items()}

    for row, template in enumerate(templates, start=1):
        answers = [p for p in template["prob_true"] if p is not None]
        ax.plot(answers, [row] * len(answers), linestyle="none", marker="|", markersize=9, color=ANSWER, clip_on=False, zorder=2)
        ax.plot([template["mean_p"]], [row], linestyle="none", marker="o", markersize=5, color=BELIEF, clip_on=False, zorder=3)

    colour = UNSTABLE if record.stable is False else BELIEF
    if record.interval:
        ax.plot(record.interval, [0, 0], linewidth=3, color=colour, solid_capstyle="butt", zorder=2)
        ax.axvspan(*record.interval, color=colour, alpha=0.12, linewidth=0, zorder=0)
    ax.plot([record.p], [0], linestyle="none", marker="D", markersize=8, color=colour, clip_on=False, zorder=3)

    belief = f"belief {record.p:.2f}"
    if record.interval:
        belief += ", 95 % {:.2f} to {:.2f}".format(*record.interval)
    numbers = [t["paraphrase_idx"] for t in templates]
    labels = [belief, *(_in_lines(wordings.get(number, f"wording {number + 1}")) for number in numbers)]
    # Two dollar signs in a claim are amounts, not a formula.
    ax.set_yticks(range(len(labels)), labels, parse_math=False)
    ax.axvline(0.5, color="black", linewidth=0.5, linestyle=":", zorder=1)
    ax.axhline(0.5, color="black", linewidth=0.5, zorder=1)
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.7, len(labels) - 0.3)
    ax.set_xlabel("probability that the claim is true")
    ax.set_title(f"{_in_lines(record.claim)}\n{record._shown_model}: {record.verdict}", loc="right", fontsize="medium", parse_math=False)
    return ax
