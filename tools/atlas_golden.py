#!/usr/bin/env python3
"""Writes tests/golden/atlas.json: means with their t intervals, variance components of incomplete tables, and Brier scores with
their parts, as docs/atlas.md defines them.

It shares no code with src/ and goes other ways: Student's t is the finite series of Abramowitz & Stegun 26.7.3 and 26.7.4; the components
come from projection matrices and traces; the isotonic fit is the max-min formula. Needs NumPy.

usage: atlas_golden.py tests/golden/atlas.json
"""
import itertools
import json
import math
import random
import sys

import numpy

TERMS = [("claim", (0,)), ("model", (1,)), ("wording", (2,)), ("claim x model", (0, 1)), ("claim x wording", (0, 2)), ("model x wording", (1, 2))]


def within(t, freedom):
    """P(|T| <= t) for whole degrees of freedom."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    if freedom == 1:
        return 2 * angle / math.pi
    term, terms = (cosine, []) if freedom % 2 else (1.0, [])
    for k in range(1 + freedom % 2, freedom - 1, 2):
        terms.append(term)
        term *= k / (k + 1) * cosine**2
    terms.append(term)
    inner = sine * math.fsum(terms)
    return 2 / math.pi * (angle + inner) if freedom % 2 else inner


def t_quantile(freedom, covered):
    low, high = 0.0, 1e4
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle, freedom) < covered else (low, middle)
    return (low + high) / 2


def mean(values):
    x = numpy.array(values)
    n = len(x)
    error = x.std(ddof=1) / math.sqrt(n)
    half = t_quantile(n - 1, 0.95) * error
    p_value = 1 - within(abs(x.mean()) / error, n - 1) if error > 0 else float(x.mean() == 0)
    return {"mean": x.mean(), "lo": x.mean() - half, "hi": x.mean() + half, "p": p_value}


def indicator(rows, factors):
    """One column for each group of a term, one row for each value."""
    keys = [tuple(row[f] for f in factors) for row in rows]
    groups = sorted(set(keys))
    return numpy.array([[float(key == group) for group in groups] for key in keys])


def components(rows):
    """Henderson's method 1 by matrices: E(y'Py) = tr(P V) + mu^2 1'P1 for every projection P on the groups of a term."""
    y = numpy.array([row[3] for row in rows])
    n = len(rows)
    levels = [len({row[f] for row in rows}) for f in range(3)]
    used = [(name, factors) for name, factors in TERMS if all(levels[f] > 1 for f in factors) and indicator(rows, factors).shape[1] < n]
    if len(used) < 2:
        return []
    designs = [indicator(rows, factors) for _, factors in used] + [numpy.eye(n)]
    grand = numpy.full((n, n), 1 / n)
    matrix, right = [], []
    for z in designs:
        projection = z @ numpy.linalg.inv(z.T @ z) @ z.T - grand
        matrix.append([numpy.trace(projection @ other @ other.T) for other in designs])
        right.append(y @ projection @ y)
    if numpy.linalg.matrix_rank(numpy.array(matrix), tol=1e-8) < len(designs):
        return []
    found = numpy.linalg.solve(numpy.array(matrix), numpy.array(right))
    kept = [max(0.0, v) for v in found]
    return [{"source": name, "variance": v, "share": v / sum(kept) if sum(kept) > 0 else 0.0} for (name, _), v in zip([*used, ("rest", ())], kept, strict=True)]


def isotonic(pairs):
    """The fit at every stated probability: the greatest over beginnings of the least over ends of the mean between them."""
    places = sorted({p for p, _ in pairs})
    truths = [sum(y for q, y in pairs if q == p) for p in places]
    counts = [sum(q == p for q, _ in pairs) for p in places]
    between = {(a, b): sum(truths[a : b + 1]) / sum(counts[a : b + 1]) for a, b in itertools.combinations_with_replacement(range(len(places)), 2)}
    return {places[i]: max(min(between[a, b] for b in range(i, len(places))) for a in range(i + 1)) for i in range(len(places))}


def brier(pairs):
    p, y = numpy.array([q for q, _ in pairs]), numpy.array([float(t) for _, t in pairs])
    fit = isotonic(pairs)
    fitted = numpy.array([fit[q] for q, _ in pairs])
    score, of_fit, of_rate = ((p - y) ** 2).mean(), ((fitted - y) ** 2).mean(), ((y.mean() - y) ** 2).mean()
    return {"brier": score, "reliability": score - of_fit, "resolution": of_rate - of_fit, "uncertainty": of_rate}


def drawn_table(rng, claims, models, wordings, kept):
    effects = {}

    def effect(kind, key, size):
        return effects.setdefault((kind, key), rng.gauss(0, size))

    rows = []
    for c, m, w in itertools.product(range(claims), range(models), range(wordings)):
        if rng.random() > kept:
            continue
        value = (effect("c", c, 1.5) + effect("m", m, 0.6) + effect("w", w, 0.4) + effect("cm", (c, m), 0.8) + effect("cw", (c, w), 0.3)
                 + effect("mw", (m, w), 0.2) + rng.gauss(0, 0.5))
        rows.append([c, m, w, value])
    return rows


def main(path):
    rng = random.Random(20261130)
    means = [[1.0, 2.0], [0.5, 0.5, 0.5], [0.0, 0.0], [0.1, -0.2, 0.3, 0.05]]
    means += [[rng.gauss(rng.uniform(-1, 1), 1) for _ in range(n)] for n in (2, 3, 5, 8, 13, 30, 31, 100, 301)]
    tables = [drawn_table(rng, *shape) for shape in [(6, 3, 4, 1), (8, 2, 5, 1), (5, 1, 6, 1), (1, 4, 6, 1), (9, 3, 5, 0.7), (12, 4, 6, 0.5), (7, 1, 8, 0.6),
                                                     (10, 6, 8, 0.9), (4, 2, 3, 0.8), (15, 2, 1, 1), (3, 1, 1, 1)]]
    scored = [[(round(rng.random(), d), rng.random() < 0.5) for _ in range(n)] for n, d in ((1, 2), (2, 1), (10, 1), (40, 2), (60, 3))]
    for n in (30, 80):
        stated = [round(rng.random(), 2) for _ in range(n)]
        scored.append([(p, rng.random() < p) for p in stated])
    golden = {
        "about": "means, components and Brier scores by tools/atlas_golden.py",
        "means": [{"id": f"mean {i}", "values": v, "expected": mean(v)} for i, v in enumerate(means)],
        "components": [{"id": f"table {i}", "values": t, "expected": components(t)} for i, t in enumerate(tables)],
        "brier": [{"id": f"scores {i}", "pairs": [[p, bool(y)] for p, y in s], "expected": brier(s)} for i, s in enumerate(scored)],
    }
    with open(path, "w", encoding="utf-8") as out:
        json.dump(golden, out, separators=(",", ":"))
        out.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
