#!/usr/bin/env python3
"""Writes tests/golden/readouts.json: drawn token trees and first tokens with what they say, enumerated by exact fractions.

It shares no code with src/belief/readout: a number is what a regular expression takes, a mass is a product of fractions.
"""
import itertools
import json
import pathlib
import random
import re
from fractions import Fraction

NUMBER = re.compile(r"0(\.[0-9]+)?|1(\.0+)?")
BEGUN = re.compile(r"|0(\.[0-9]*)?|1(\.0*)?")
END = re.compile(r"([^,} \n]*)[,} \n]")
TRUE, FALSE = re.compile(r"\s*(t|tr|tru|true\b.*)", re.I | re.S), re.compile(r"\s*(f|fa|fal|fals|false\b.*)", re.I | re.S)


def goes_on(text):
    ended = END.match(text)
    if ended:
        return "ended" if NUMBER.fullmatch(ended[1]) else None
    return "begun" if BEGUN.fullmatch(text) else None


def reach(begun):
    if begun in ("", "0", "0."):
        return Fraction(0), Fraction(1)
    low = Fraction(begun if not begun.endswith(".") else begun + "0")
    return (Fraction(1), Fraction(1)) if begun[0] == "1" else (low, min(Fraction(1), low + Fraction(1, 10 ** (len(begun) - 2))))


def draw_node(rng, begun):
    """Probabilities in thousandths, some of them not shown."""
    if begun in ("", "0"):
        tokens = {"": ["0", "1", "0.", "0.5", "High", "2"], "0": [".", ",", ".5", "x"]}[begun]
    else:
        tokens = rng.sample("0123456789", 4) + rng.sample(["25", "75", "50,", "}", ",", "%", "00"], 3)
    tokens = rng.sample(tokens, rng.randint(2, len(tokens)))
    cuts = sorted(rng.sample(range(1, 1000), len(tokens)))
    return {t: Fraction(b - a, 1000) for t, (a, b) in zip(tokens, itertools.pairwise([0, *cuts]), strict=True)}


def draw_tree(rng):
    nodes, waiting = {}, [""]
    while waiting and len(nodes) < 9:
        begun = waiting.pop(rng.randrange(len(waiting)))
        nodes[begun] = draw_node(rng, begun)
        waiting += [begun + t for t in nodes[begun] if goes_on(begun + t) == "begun" and len(begun + t) < 6 and rng.random() < 0.8]
    return nodes


def read(nodes):
    numbers, opened = {}, {}

    def walk(begun, mass):
        kept = {t: p for t, p in nodes.get(begun, {}).items() if goes_on(begun + t)}
        if not kept:
            opened[begun] = opened.get(begun, 0) + mass
            return
        hidden = 1 - sum(nodes[begun].values())
        whole = sum(kept.values()) + hidden
        if hidden:
            opened[begun] = opened.get(begun, 0) + mass * hidden / whole
        for token, p in kept.items():
            ended = END.match(begun + token)
            if ended:
                numbers[ended[1]] = numbers.get(ended[1], 0) + mass * p / whole
            else:
                walk(begun + token, mass * p / whole)

    walk("", Fraction(1))
    known = sum(m * Fraction(n) for n, m in numbers.items())
    low = known + sum(m * reach(b)[0] for b, m in opened.items())
    high = known + sum(m * reach(b)[1] for b, m in opened.items())
    return {"expected": float((low + high) / 2), "low": float(low), "high": float(high), "remaining": float(sum(opened.values()))}


def draw_words(rng):
    pool = ["True", " True", "true", "TRUE", "Tr", "T", "False", " false", "F", "Fal", "The", "Truely", "Yes", "Falsehood", "I"]
    tokens = ["True", "False", *rng.sample(pool[1:6] + pool[7:], 5)]
    cuts = sorted(rng.sample(range(1, 1000), len(tokens)))
    choices = {t: Fraction(b - a, 1000) for t, (a, b) in zip(tokens, itertools.pairwise([0, *cuts]), strict=True)}
    yes = sum(p for t, p in choices.items() if TRUE.fullmatch(t))
    no = sum(p for t, p in choices.items() if FALSE.fullmatch(t))
    return {"choices": {t: float(p) for t, p in choices.items()}, "expected": {"true": float(yes), "false": float(no), "p": float(yes / (yes + no))}}


def main():
    rng = random.Random(20261123)
    trees = []
    for _ in range(150):
        nodes = draw_tree(rng)
        trees.append({"nodes": {b: {t: float(p) for t, p in next_.items()} for b, next_ in nodes.items()}, "expected": read(nodes)})
    golden = {"about": "token trees and first tokens, read by tools/readout_golden.py", "trees": trees, "words": [draw_words(rng) for _ in range(100)]}
    (pathlib.Path(__file__).parent.parent / "tests/golden/readouts.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
