"""Which readout of a local model tells true claims from false ones better? Prints the table of docs/calibrate.md.

usage: readout_table.py STORE CERTIFICATE.json…

The certificates are those of `heretix calibrate --readout NAME --json` for one model and one set of labelled claims, the
store the one that they were made in. The AUC has DeLong's 95 % interval, the Brier score a bootstrap interval over
claims; the difference of two AUCs is paired (DeLong, DeLong & Clarke-Pearson 1988). The mass is the share of the
probability that True and False hold together, by claim the mean over its answers; a claim passes from 0.5 on.
"""
import json
import pathlib
import sqlite3
import sys

import numpy

from decision_forms import placements, standard_error

FLOOR = 0.5


def masses(store, certificate):
    """By claim; a decision's numbers carry theirs, those of token are what other words leave."""
    of_answers = "SELECT raw_text, logprobs FROM heretix_answers a JOIN heretix_execution_samples s USING (cache_key) WHERE s.execution_id = ?"
    by_claim = []
    for claim in certificate["claims"]:
        found = []
        record = store.execute("SELECT record_json FROM heretix_executions WHERE execution_id = ?", (claim["execution"],)).fetchone()
        for gate in json.loads(record[0])["gates"]:
            if gate["name"] == "mass":
                found.append(gate["observed"])
        if not found:
            texts = store.execute("SELECT raw_text FROM heretix_answers WHERE execution_id = ?", (claim["execution"],)).fetchall()
            texts = texts or store.execute(of_answers, (claim["execution"],)).fetchall()
            found = [said["mass"] for said in map(json.loads, (text[0] for text in texts)) if "mass" in said]
        by_claim.append(numpy.mean(found) if found else numpy.nan)
    return numpy.array(by_claim)


def main():
    store = sqlite3.connect(sys.argv[1])
    draw = numpy.random.default_rng(20261130)
    first = None
    print("| readout | claims | AUC (95 % interval) | Brier (95 % interval) | right side of 0.5 | mass on True and False | claims with a mass of 0.5 and more"
          " | AUC less that of the first (95 % interval) |")
    print("|---|---|---|---|---|---|---|---|")
    for path in sys.argv[2:]:
        certificate = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        asked = [claim for claim in certificate["claims"] if claim["p"] is not None]
        p = numpy.array([claim["p"] for claim in asked])
        labels = numpy.array([claim["label"] for claim in asked])
        area, by_true, by_false = placements(p, labels)
        half = 1.96 * standard_error(by_true, by_false)
        squares = (p - labels) ** 2
        low, high = numpy.quantile(squares[draw.integers(0, len(squares), (2000, len(squares)))].mean(axis=1), [0.025, 0.975])
        right = int(((p > 0.5) == labels)[p != 0.5].sum())
        mass = masses(store, certificate)

        apart = ""
        if first is None:
            first = (area, by_true, by_false)
        else:
            difference = area - first[0]
            error = standard_error(by_true - first[1], by_false - first[2])
            apart = f"{difference:+.3f} ({difference - 1.96 * error:+.3f} to {difference + 1.96 * error:+.3f})"
        print(f"| {certificate['readout']} | {len(asked)} | {area:.3f} ({area - half:.3f} to {area + half:.3f}) | {squares.mean():.3f} ({low:.3f} to {high:.3f}) "
              f"| {right} ({100 * right / len(asked):.0f} %) | {numpy.nanmean(mass):.2f} | {int((mass >= FLOOR).sum())} ({100 * (mass >= FLOOR).mean():.0f} %) | {apart} |")


if __name__ == "__main__":
    main()
