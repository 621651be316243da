"""Writes docs/statistics.md anew: every study of `heretix simulate`, as it is published.

usage: statistics_docs.py HERETIX docs/statistics.md
"""
import pathlib
import subprocess
import sys

STUDIES = {
    "coverage": "Claims are drawn with a belief between -2 and 2 in log-odds, the wordings' spread between 0.2 and 1; one answer a template, rounded or not. "
                "The belief is the law's mean with the same share of wordings left out at each end as the interval leaves out. A row counts as broken where it lies "
                "more than two standard errors of the simulation below 94 %: the constants were chosen so that skewed laws are covered in just that.",
    "belief": "2,400 scenarios are drawn from the seed: one of the four laws, to either side, 5 to 16 templates, rounding to 0.01, 0.05 or 0.1, and in half of them up to "
              "10 % of the answers replaced by a plain 0 or 1 in any proportion; belief and spread of each draw as in the first study. The belief to be held is that of the "
              "population of wordings at that resolution: answers rounded and read by the rules of belief_v2 (docs/estimator.md), the share k/T left out at each end. In trials "
              "with 20 % of plain zeros or ones on one side the interval held 84 % in the worst case: with 7 wordings one run in five sees none of them.",
    "stopping": "The whole ladder of docs/ladder.md on a bank of 24 wordings, answers rounded to 0.01; `rule` is the interval that it stops by, which has to hold the belief "
                "(docs/ladder.md: earlier builds went by honest_v1), and `asked` the mean number of templates.",
    "drift": "One sentinel; the shift begins with the first check and is in standard deviations of a run. Watches are followed for 4,000 checks.",
    "calibration": "Forecasters state probabilities of spread 2 in log-odds; a claim is true with 0.5 + slope (p - 0.5).",
    "coherence": "A claim and its negation in 16 wordings, of which each moves both sides; the leaning to yes is in log-odds.",
    "decisions": "What docs/decisions.md does with the numbers of a model that states probabilities. Beliefs are drawn in log-odds to either side, wordings around "
                 "them, and a tendency to say yes between -2 and 2; both sides are stated and rounded, or held within bounds of the service's own. The interval has to hold "
                 "the centre of the unrounded beliefs; of bounded numbers that of the bounded ones. `holds` goes by the step that a run finds in its own numbers, `step known` "
                 "by the one that there is; `width` and `yes-bias` (how often its interval holds it) by what the row is judged by.\n\n"
                 "Two things were learned here. The resolution cell was first p ± s/2 around the belief, as for written answers. That is too small where a model leans to yes: "
                 "with a yes-bias of 2, beliefs of 2 to 5 and numbers in hundredths it held the belief in 29 % (close wordings) and 49 % of 4,000 draws. A claim's side of 1.00 "
                 "may be 0.995 or 0.9999, and what that does to the half-difference shows in neither the spread nor the belief. So the cell is now worked out from both sides "
                 "(docs/estimator.md). And a step above 0.01 often cannot be seen in one run: confident answers are 0 and 1 with at most one number between, which lie on "
                 "hundredths too. There the interval misses more than it says, down to 44 % in the worst row, and only knowing the step would mend it. No service is known that rounds so.",
}

HEAD = """# What the statistics promise, counted

Every table is printed by `heretix simulate STUDY --markdown`; `make stats` writes this page anew (the seed is in each table, the same
numbers come on any number of threads). A short version of every study runs in the tests, which also see the interval's constants
shrunk by 2 %. In the first study the frozen interval stands beside the honest one (200 draws of its bootstrap, a twentieth of the draws). Methods and
sources: docs/estimator.md, docs/ladder.md, docs/drift.md, docs/calibrate.md, docs/coherence.md, docs/decisions.md.
"""


def main(program, page):
    text = HEAD
    for study, what in STUDIES.items():
        print(f"statistics: {study}", file=sys.stderr)
        done = subprocess.run([program, "simulate", study, "--markdown", "-q"], capture_output=True, text=True, check=True)
        text += f"\n## {study}\n\n{what}\n\n{done.stdout}"
    pathlib.Path(page).write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
