#!/usr/bin/env python3
"""Writes tests/golden/belief.json: runs of answers with the belief_v2 that follows from them (docs/estimator.md).

It shares no code with src/: literals are read as decimal fractions, and every rule is written out anew.

usage: belief_golden.py tests/golden/belief.json
"""
import json
import math
import random
import sys
from decimal import Decimal
from fractions import Fraction

STEPS = (Fraction(1, 10), Fraction(1, 20), Fraction(1, 100), Fraction(1, 1000))
# c_T for T = 2 … 64; beyond them 2.132.
SCALES = (
    12.707, 4.303, 3.183, 3.015, 2.752, 2.586, 2.471, 2.390, 2.367, 2.323, 2.287, 2.258, 2.233, 2.259, 2.238, 2.219,
    2.203, 2.188, 2.213, 2.199, 2.187, 2.175, 2.165, 2.187, 2.177, 2.168, 2.160, 2.151, 2.170, 2.162, 2.155, 2.148,
    2.142, 2.159, 2.153, 2.146, 2.141, 2.136, 2.151, 2.145, 2.140, 2.136, 2.131, 2.144, 2.139, 2.135, 2.131, 2.127,
    2.139, 2.135, 2.131, 2.128, 2.124, 2.135, 2.132, 2.128, 2.125, 2.122, 2.132, 2.129, 2.125, 2.122, 2.120,
)
RUNGS = {8: 2.67, 12: 2.45, 16: 2.39}


def decimals(literal):
    """Digits behind the point less the exponent, never below 0; trailing zeros count."""
    return max(0, -Decimal(literal).as_tuple().exponent)


def cell(literal):
    return 0.005 if decimals(literal) <= 2 else 0.001


def log_odds(v):
    return math.log(v / (1 - v))


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def value_read(literal):
    e = cell(literal)
    return min(max(float(literal), e), 1 - e)


def grid_of(numbers):
    for step in STEPS:
        on = sum(abs(Fraction(p) - round(Fraction(p) / step) * step) <= Fraction(1, 10**9) for p in numbers)
        if 5 * on >= 4 * len(numbers):
            return float(step)
    return 0.0


def belief(groups, scale):
    """groups: literals by template. scale(T): standard errors to either side."""
    means = sorted(sum(log_odds(value_read(a)) for a in group) / len(group) for group in groups)
    t = len(means)
    k = t // 5
    kept = means[k:t - k]
    centre = sum(kept) / len(kept)
    p = sigmoid(centre)
    answered = [float(a) for group in groups for a in group]
    says_true = [sigmoid(m) >= 0.60 - 1e-9 for m in means]
    says_false = [sigmoid(m) <= 0.40 + 1e-9 for m in means]
    found = {"method": "belief_v2", "level": 0.95, "T": t, "k": k, "n": len(answered), "centre_logit": centre, "p": p,
             "say_true": sum(says_true), "say_false": sum(says_false), "split": any(says_true[k:t - k]) and any(says_false[k:t - k])}
    if t < 2:
        return {**found, "status": "unavailable_T<2", "lo": None, "hi": None, "stable": None}

    grid = grid_of(answered)
    z = list(means)
    if grid > 0 and k > 0:
        d = min(grid, 0.01) / 2
        cap = math.log((1 - d) / d)
        for i in range(k):
            z[i] = max(z[i], min(means[k], -cap))
            z[t - 1 - i] = min(z[t - 1 - i], max(means[t - k - 1], cap))
    mean = sum(z) / t
    sd = math.sqrt(sum((x - mean) ** 2 for x in z) / (t - 1))
    half = scale(t) * sd / math.sqrt(t)
    core = sigmoid(centre - half), sigmoid(centre + half)
    low = min(core[0], max(0.0, p - grid / 2))
    high = max(core[1], min(1.0, p + grid / 2))

    median = means[t // 2] if t % 2 else (means[t // 2 - 1] + means[t // 2]) / 2
    flags = []
    if t < 5:
        flags.append("few_templates")
    if any(a < .005 or a > .995 for a in answered):
        flags.append("extreme_answers")
    if any(m * median < 0 and abs(m - median) > 2 for m in means):
        flags.append("template_contradiction")
    if half < 1e-9:
        flags.append("no_spread_resolution_only")
    return {**found, "status": "ok", "sd_logit": sd, "c_T": scale(t), "half_logit": half, "lo_core": core[0], "hi_core": core[1], "grid": grid,
            "lo": low, "hi": high, "width": high - low, "flags": flags, "stable": not (high - low > 0.5 or found["split"])}


NAMED = {
    "the newcomer's": "1, 0.074, 1, 0.8, 0, 0.12, 0, 1",
    "on twentieths": "0.95, 1.0, 0.9, 1, 0.95, 0.5, 0.85, 0.9",
    "certain": "1, 1, 1, 1, 1, 1, 1, 1",
    "agreed": "0.7, 0.7, 0.7, 0.7, 0.7, 0.7",
    "replicates": "1+0.9, 0.95+1.0, 0.8+0.85, 0.9+0.9, 1.000+0.7",
    "one template": "0.3+0.4",
    "two templates": "0.3, 0.4",
    "exponents": "9.5e-1, 1e0, 1E-4, 5e-1, 0.0004, 0.9995",
    "undecided in the middle": "0.5, 0.5, 0.45, 0.55, 0.58, 0.42",
    "on the thresholds": "0.6, 0.6, 0.4, 0.4, 0.6",
    "split among those kept": "0.9, 0.9, 0.9, 0.9, 0.2, 0.2, 0.2, 0.2, 0.5, 0.5",
    "split only among those left out": "0.9, 0.9, 0.9, 0.9, 0.1",
}


def drawn_literal(rng, center, digits):
    p = sigmoid(center + rng.gauss(0, 1) * rng.choice((0.2, 1, 3)))
    if rng.random() < 0.1:
        p = rng.choice((0.0, 1.0))
    text = f"{p:.{digits}f}"
    form = rng.randrange(6)
    if form == 0:
        return f"{float(text):g}"
    if form == 1 and float(text) > 0:
        return f"{float(text) * 10:.{max(digits - 1, 0)}f}e-1"
    return text


def drawn_groups(rng):
    digits = rng.choice((1, 2, 2, 3, 4, 17))
    center = rng.uniform(-4, 4)
    replicates = rng.choice((1, 1, 2, 3))
    return [[drawn_literal(rng, center, digits) for _ in range(rng.randint(1, replicates))] for _ in range(rng.choice((1, 2, 3, 4, 5, 8, 8, 12, 16, 33, 70)))]


def fixed_scale(templates):
    return SCALES[templates - 2] if templates - 2 < len(SCALES) else 2.132


def main(path):
    rng = random.Random(20261129)
    runs = [{"id": name, "groups": [group.strip().split("+") for group in text.split(",")]} for name, text in NAMED.items()]
    runs += [{"id": f"drawn {i}", "groups": drawn_groups(rng)} for i in range(250)]
    for run in runs:
        run["expected"] = belief(run["groups"], fixed_scale)
    rungs = []
    for i in range(60):
        size = rng.choice(list(RUNGS))
        groups = [[drawn_literal(rng, rng.uniform(-3, 3), 2)] for _ in range(size)]
        rungs.append({"id": f"rung {i}", "c": RUNGS[size], "groups": groups, "expected": belief(groups, lambda _, size=size: RUNGS[size])})
    literals = ["0", "0.0", "0.00", "1", "1.0", "1.00", "1e0", "1.000", "0.9995", "0.999", "0.0004", "1E-4", "0.5", "0.95", "0.950", "9.5e-1", "0.074", "-0.0",
                "0e3", "0.5e1", "50e-2", "5.00E-1", "1E+0", "0.000000000000000000001", "1e-400"]
    numbers = [{"literal": a, "d": decimals(a), "cell": cell(a), "value": value_read(a), "log_odds": log_odds(value_read(a))} for a in literals if float(a) <= 1]
    with open(path, "w") as file:
        sections = {"numbers": numbers, "belief": runs, "belief_rungs": rungs}
        file.write("{" + ",\n".join(f'"{name}": [\n' + ",\n".join(map(json.dumps, cases)) + "]" for name, cases in sections.items()) + "}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
