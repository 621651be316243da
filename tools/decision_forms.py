"""Measures two forms of asking a decision model on labelled claims: which one tells true from false better?

usage: decision_forms.py ask OUT.jsonl NAME WHERE [--claims N] [--wordings N] [--forms AB]
       decision_forms.py table OUT.jsonl…

WHERE is `JUDGE MODEL.gguf` in one word each, the program judge_statements (bench/) and a model, for the readout in process, or
the base URL of a System One server. The form A puts the statement into `instructions` under a neutral state. The form B puts the
claim into `state`, and the statements speak of "the claim in the state". Both take the wordings of heretix_decisions_v1 and their
negations. Of the 16 wordings a claim is asked `--wordings`, by turns, so that all claims together see all of them.
`ask` goes on where a file ends; every question is asked alone.

`table` prints, by model and form, the AUC of the belief (half the difference of the two log-odds, averaged over the wordings) with
DeLong's 95 % interval, the mean of p + p(negation) with a bootstrap interval over claims, and the paired difference of the two
AUCs (DeLong, DeLong & Clarke-Pearson 1988).
"""
import argparse
import collections
import csv
import json
import math
import pathlib
import subprocess
import urllib.request

import numpy
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
QUOTED = "<claim>{CLAIM}</claim>"
SMALLEST = 1e-6  # as the program clamps before a log-odds


def spoken_of(statement):
    """The statement about a claim that stands in the state."""
    text = statement.replace("The claim " + QUOTED, "the claim in the state").replace("the claim " + QUOTED, "the claim in the state")
    text = text.replace(QUOTED + " The", "the claim in the state. The").replace(QUOTED + " That", "the claim in the state. That")
    text = text.replace(QUOTED, "the claim in the state")
    return text[0].upper() + text[1:]


class InProcess:
    def __init__(self, program, model):
        self.running = subprocess.Popen([program, model, "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, state, claim, statements):
        self.running.stdin.write(json.dumps({"state": state, "claim": claim, "statements": statements}) + "\n")
        self.running.stdin.flush()
        return json.loads(self.running.stdout.readline())["nouls"]


class Server:
    def __init__(self, url):
        self.url = url.rstrip("/") + "/v1/systemone"

    def ask(self, state, claim, statements):
        return [self.one(state, statement) for statement in statements]

    def one(self, state, statement):
        body = {"model": "jev-latest", "state": state, "questions": {"statement": {"type": "noul", "instructions": statement}}}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=600) as reply:
            return json.load(reply)["answers"]["statement"]["noul"]


def claims_of(count):
    with open(ROOT / "data/labelled_claims.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    step = len(rows) / min(count, len(rows))  # evenly over fields, levels and labels, which the file is sorted by
    return [rows[int(i * step)] for i in range(min(count, len(rows)))]


def ask(out, name, where, claims, wordings, forms):
    bank = yaml.safe_load((ROOT / "prompts/heretix_decisions_v1.yaml").read_text(encoding="utf-8"))
    model = InProcess(*where) if len(where) == 2 else Server(where[0])
    known = set()
    if out.exists():
        known = {(row["model"], row["form"], row["claim"]) for row in map(json.loads, out.read_text(encoding="utf-8").splitlines())}
    with open(out, "a", encoding="utf-8") as file:
        for number, row in enumerate(claims_of(claims)):
            claim = row["claim"]
            chosen = [(number * wordings + i) % len(bank["statements"]) for i in range(wordings)]
            sides = [bank["statements"][i][side] for side in ("claim", "negation") for i in chosen]
            for form in forms:
                if (name, form, claim) in known:
                    continue
                state = bank["state"] if form == "A" else bank["state"] + "\n\n" + QUOTED.replace("{CLAIM}", claim)
                statements = [s.replace("{CLAIM}", claim) if form == "A" else spoken_of(s) for s in sides]
                nouls = model.ask(state, claim, statements)
                file.write(json.dumps({"model": name, "form": form, "claim": claim, "label": row["label"] == "true", "wordings": chosen,
                                       "p": nouls[:wordings], "negation": nouls[wordings:]}) + "\n")
                file.flush()


def log_odds(p):
    p = min(max(p, SMALLEST), 1 - SMALLEST)
    return math.log(p / (1 - p))


def belief(row):
    return sum(log_odds(p) - log_odds(q) for p, q in zip(row["p"], row["negation"], strict=True)) / (2 * len(row["p"]))


def placements(scores, labels):
    """AUC, and for each true claim the share of false ones below it, and the other way round."""
    true, false = scores[labels], scores[~labels]
    wins = (true[:, None] > false[None, :]) + 0.5 * (true[:, None] == false[None, :])
    return wins.mean(), wins.mean(axis=1), wins.mean(axis=0)


def standard_error(by_true, by_false):
    return math.sqrt(by_true.var(ddof=1) / len(by_true) + by_false.var(ddof=1) / len(by_false))


def table(files):
    rows = [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    by_model = collections.defaultdict(dict)
    for row in rows:
        by_model[row["model"]].setdefault(row["form"], {})[row["claim"]] = row
    draw = numpy.random.default_rng(20261129)
    print("| model | form | claims × wordings | AUC (95 % interval) | p + p(negation) (95 % interval) | A − B in AUC (95 % interval) |")
    print("|---|---|---|---|---|---|")
    for model, forms in by_model.items():
        shared = sorted(set.intersection(*(set(of_form) for of_form in forms.values())))
        labels = numpy.array([next(iter(forms.values()))[claim]["label"] for claim in shared])
        found = {}
        for form in sorted(forms):
            asked = [forms[form][claim] for claim in shared]
            found[form] = placements(numpy.array([belief(row) for row in asked]), labels)
            area, by_true, by_false = found[form]
            half = 1.96 * standard_error(by_true, by_false)
            sums = numpy.array([numpy.mean(row["p"]) + numpy.mean(row["negation"]) for row in asked])
            means = sums[draw.integers(0, len(sums), (2000, len(sums)))].mean(axis=1)
            low, high = numpy.quantile(means, [0.025, 0.975])
            apart = ""
            if form == "B" and "A" in found:
                difference = found["A"][0] - area
                error = standard_error(found["A"][1] - by_true, found["A"][2] - by_false)
                apart = f"{difference:+.3f} ({difference - 1.96 * error:+.3f} to {difference + 1.96 * error:+.3f})"
            print(f"| {model} | {form} | {len(shared)} × {len(asked[0]['p'])} | {area:.3f} ({max(0, area - half):.3f} to {min(1, area + half):.3f}) "
                  f"| {sums.mean():.2f} ({low:.2f} to {high:.2f}) | {apart} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    asking = commands.add_parser("ask")
    asking.add_argument("out", type=pathlib.Path)
    asking.add_argument("name")
    asking.add_argument("where", nargs="+")
    asking.add_argument("--claims", type=int, default=300)
    asking.add_argument("--wordings", type=int, default=2)
    asking.add_argument("--forms", default="AB")
    commands.add_parser("table").add_argument("files", nargs="+", type=pathlib.Path)
    chosen = parser.parse_args()
    if chosen.command == "ask":
        ask(chosen.out, chosen.name, chosen.where, chosen.claims, chosen.wordings, chosen.forms)
    else:
        table(chosen.files)


if __name__ == "__main__":
    main()
