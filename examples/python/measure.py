"""Measures several claims with the module heretix, and computes an interval from your own answers by the same statistics.

usage: measure.py [--model MODEL] [--answers FILE.csv] [CLAIM ...]

FILE.csv has the columns "wording" and "probability", one line for each answer; answers.csv beside this script is an example.
"""
import argparse
import csv
import pathlib
import sys

import heretix

HERE = pathlib.Path(__file__).parent
CLAIMS = ["Tariffs cause inflation", "Copper conducts electricity better than iron", "Bees sleep"]


def belief_of(answers):
    """From a file of answers: what they say together, with every wording weighing the same however often it was answered."""
    by_wording = {}
    with open(answers, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            by_wording.setdefault(row["wording"], []).append(float(row["probability"]))
    return heretix.belief(list(by_wording.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="local", help="the model, named as for heretix run; local is the small embedded model")
    parser.add_argument("--answers", type=pathlib.Path, default=HERE / "answers.csv", metavar="FILE.csv")
    parser.add_argument("claims", nargs="*", metavar="CLAIM", default=CLAIMS)
    wanted = parser.parse_args()

    # Your own answers come first: a mistake in the file shows before a model is asked, and perhaps paid.
    own = belief_of(wanted.answers)

    width = max(len(name) for name in ["claim", wanted.answers.name, *wanted.claims])
    print(f"{'claim':<{width}}     p  95 % interval  wordings")

    def show(name, p, interval, wordings, stable):
        low_to_high = "{:.2f} to {:.2f}".format(*interval) if interval else "none"  # of one wording there is none
        # Where the wordings contradict each other, or say too little, the number should not be quoted without saying so.
        said = "  no stable belief" if stable is False else ""
        print(f"{name:<{width}}  {p:.2f}  {low_to_high:<13}  {wordings:>8}{said}")

    for claim in wanted.claims:
        # Answers that are stored already are not asked again, so a second call is quick and free.
        record = heretix.run(claim, wanted.model)
        show(record.claim, record.p, record.interval, record.data["belief_v2"]["T"], record.stable)
    show(wanted.answers.name, own.p, own.interval, own.templates, own.stable)


if __name__ == "__main__":
    try:
        main()
    except (OSError, heretix.InputError) as error:
        sys.exit(f"measure.py: {error}")
    except heretix.HeretixError as error:
        # What the program said, with its hint and its exit code: 2 bad input, 5 unavailable, 7 stopped half-way, …
        print(f"measure.py: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
