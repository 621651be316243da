"""Measures claims by the million: Spark spreads them over shards, each shard is one `heretix batch` with a store of its own.

usage: spark-submit measure.py CLAIMS.jsonl JOB [--shards 64] [--heretix heretix] [-- options of heretix batch]

CLAIMS.jsonl has an object a line with the field "claim"; JOB is a folder that every executor reaches. Which shard a line belongs to
follows from the line alone, so the same command goes on where it was stopped: a shard's store knows what was answered.
Results: JOB/lake, the dataset of `heretix export`, and JOB/failed.jsonl, the shards that did not end well, with why.
"""
import argparse
import hashlib
import json
import pathlib
import subprocess
import sys

from pyspark.sql import SparkSession


def shard_of(line, shards):
    return int.from_bytes(hashlib.sha256(line.encode()).digest()[:8], "big") % shards


def measure(shard, lines, job, heretix, options):
    """One shard through one batch; yields what went wrong, if anything."""
    lines = sorted(lines)  # the order must not depend on how Spark happened to bring them
    if not lines:
        return
    store = pathlib.Path(job) / "stores" / f"shard-{shard:05}.sqlite"
    store.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([heretix, "batch", "-", "--json", "--db", store, *options], input="\n".join(lines) + "\n",
                          capture_output=True, text=True)
    measured = sum(1 for line in done.stdout.splitlines() if line.startswith("{"))
    if done.returncode or measured != len(lines):
        yield json.dumps({"shard": shard, "exit": done.returncode, "claims": len(lines), "measured": measured, "said": done.stderr[-2000:]})


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
