"""Measures claims by the million: Spark spreads them over shards, each shard is one `heretix batch` with a store of its own.

usage: spark-submit measure.py CLAIMS.jsonl JOB [--shards 64] [--heretix heretix] [-- options of heretix batch]

CLAIMS.jsonl has an object a line with the field "claim"; JOB is a folder that every executor reaches. Which shard a line belongs to
follows from the line alone, so the same command goes on where it was stopped: a shard that is done is left alone, and the store of any
other one knows what was answered.
Results: JOB/results, a table of JSON lines for each shard (docs/batch.md); JOB/lake, the dataset of `heretix export`; and
JOB/failed.jsonl, the shards that did not end well, with why.
"""
import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys

from pyspark.sql import SparkSession


def shard_of(line, shards):
    return int.from_bytes(hashlib.sha256(line.encode()).digest()[:8], "big") % shards


def fingerprint(lines, options):
    """What a shard's table was made from: its lines, and all that may change their answers."""
    settings = sorted(item for item in os.environ.items() if item[0].startswith(("HERETIX", "RPL_")))
    return hashlib.sha256(json.dumps([lines, options, settings]).encode()).hexdigest()


def measure(shard, lines, job, heretix, options):
    """One shard through one batch, which asks the questions of many claims at the same time; yields what went wrong, if anything."""
    lines = sorted(lines)  # the order must not depend on how Spark happened to bring them
    if not lines:
        return
    stores, results = pathlib.Path(job) / "stores", pathlib.Path(job) / "results"
    for folder in (stores, results):
        folder.mkdir(parents=True, exist_ok=True)
    name = f"shard-{shard:05}"
    table, done_mark = results / f"{name}.jsonl", results / f"{name}.done"

    # A shard that is done is not even opened, which is what makes going on quick.
    asked = fingerprint(lines, options)
    if "--fresh" not in options and done_mark.exists() and table.exists() and done_mark.read_text() == asked:
        return

    # The rows go to a file as they come, so that nothing here grows with the shard. The table takes its name when it is whole.
    table.unlink(missing_ok=True)
    done = subprocess.run([heretix, "batch", "-", "--quiet", "--out", table, "--db", stores / f"{name}.sqlite", *options], input="\n".join(lines) + "\n",
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    measured = sum(json.loads(row)["error"] is None for row in open(table, encoding="utf-8")) if table.exists() else 0
    if done.returncode:
        yield json.dumps({"shard": shard, "exit": done.returncode, "claims": len(lines), "measured": measured, "said": done.stderr[-2000:]})
    else:
        done_mark.write_text(asked)


def remember_shards(job, shards):
    """Another number would send claims to other stores, which would ask for them again."""
    path = pathlib.Path(job) / "job.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(json.dumps({"shards": shards}))
    before = json.loads(path.read_text())["shards"]
    if before != shards:
        sys.exit(f"{path} says {before} shards: continue with --shards {before}, or name another job folder")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("claims")
    parser.add_argument("job")
    parser.add_argument("--shards", type=int, default=64)
    parser.add_argument("--heretix", default="heretix")
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    wanted, options = parser.parse_args(sys.argv[1:split]), sys.argv[split + 1:]
    shards, job, heretix = wanted.shards, wanted.job, wanted.heretix
    remember_shards(job, shards)

    # A second copy of a slow task would ask for the same shard at the same time.
    spark = SparkSession.builder.appName("heretix").config("spark.speculation", "false").getOrCreate()
    lines = spark.sparkContext.textFile(wanted.claims).map(str.strip).filter(bool).distinct()
    failed = (lines.map(lambda line: (shard_of(line, shards), line)).partitionBy(shards, lambda shard: shard)
              .mapPartitionsWithIndex(lambda shard, pairs: measure(shard, [line for _, line in pairs], job, heretix, options))
              .collect())
    spark.stop()

    report = pathlib.Path(job) / "failed.jsonl"
    report.write_text("".join(line + "\n" for line in failed))
    stores = sorted((pathlib.Path(job) / "stores").glob("shard-*.sqlite"))
    sources = [argument for store in stores for argument in ("--db", str(store))]
    published = subprocess.run([heretix, "export", str(pathlib.Path(job) / "lake"), "--from", "store", "--full", *sources])
    if failed:
        print(f"{len(failed)} shards failed: see {report}; run the same command again to continue", file=sys.stderr)
    sys.exit(published.returncode or (7 if failed else 0))


if __name__ == "__main__":
    main()
