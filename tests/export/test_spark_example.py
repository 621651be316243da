"""examples/spark/measure.py in local mode: killed half-way, started again, nothing asked twice."""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

from lake import PROGRAM, SOURCE, StoreTest, python_of

CLAIMS, SHARDS, QUESTIONS = 24, 4, 4


class Spark(StoreTest):
    def setUp(self):
        super().setUp()
        python, path = python_of("spark")
        self.environment = {**{k: v for k, v in os.environ.items() if not k.startswith("HERETIX")}, "PYTHONPATH": path, "PYSPARK_PYTHON": python,
                            "PYSPARK_SUBMIT_ARGS": "--master local[2] --conf spark.ui.enabled=false --conf spark.driver.host=127.0.0.1 "
                                                   "--conf spark.driver.bindAddress=127.0.0.1 pyspark-shell"}
        self.lake_name = "job/lake"
        self.claims([{"claim": f"Claim number {n} holds", "number": n} for n in range(CLAIMS)])

    def claims(self, entries):
        (self.folder / "claims.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))

    def start(self, *more, options=()):
        model = self.script(model="played", concurrency=2, delay_ms=30, price_micro_usd=100, ledger=str(self.folder / "ledger"))
        return subprocess.Popen([sys.executable, SOURCE / "examples/spark/measure.py", "claims.jsonl", "job", "--shards", str(SHARDS), "--heretix", PROGRAM,
                                 *more, "--", "--model", model, "-K", "2", "-T", "2", *options], cwd=self.folder, env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def attempts(self):
        """By question: how often it was sent, over all shards."""
        counts = {}
        for path in (self.folder / "job/stores").glob("*.sqlite"):
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
                try:
                    rows = store.execute("SELECT cache_key, count(*) FROM heretix_attempts GROUP BY 1").fetchall()
                except sqlite3.OperationalError:
                    rows = []
            store.close()
            for key, n in rows:
                counts[key] = counts.get(key, 0) + n
        return counts

    def whole_shards(self):
        return [path.stem for path in sorted((self.folder / "job/results").glob("*.done"))]

    def executions(self):
        """By shard that is done, how many there are of all its claims."""
        counts = {}
        for shard in self.whole_shards():
            path = self.folder / "job/stores" / f"{shard}.sqlite"
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
                counts[shard] = store.execute("SELECT count(*) FROM heretix_executions").fetchone()[0]
            store.close()
        return counts

    def results(self):
        """The rows of all shards' tables."""
        return [json.loads(line) for path in sorted((self.folder / "job/results").glob("*.jsonl")) for line in path.read_text().splitlines()]

    def finish(self, process):
        told, complaint = process.communicate(timeout=240)
        return process.returncode, told + complaint

    def answered(self):
        return sum(self.attempts().values())

    def test_killed_half_way_it_goes_on_and_asks_nothing_twice(self):
        process = self.start()
        deadline = time.monotonic() + 120
        while self.answered() < CLAIMS * QUESTIONS // 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        sent = self.answered()
        self.assertLess(sent, CLAIMS * QUESTIONS, "it was over before it was killed")
        before = self.executions()
        code, told = self.finish(self.start())
        self.assertEqual(code, 0, told[-3000:])
        after = self.executions()
        self.assertEqual({shard: after[shard] for shard in before}, before, "a shard that is done is left alone")
        counts = self.attempts()
        self.assertEqual(len(counts), CLAIMS * QUESTIONS)
        in_flight = 2 * 2  # two shards at once, two questions each
        self.assertLessEqual(sum(counts.values()) - len(counts), in_flight)
        self.assertEqual(self.query("SELECT count(DISTINCT recipe_run_id) AS n, count(DISTINCT claim) AS claims FROM all_checks"),
                         [{"n": CLAIMS, "claims": CLAIMS}])
        self.assertEqual(self.query("SELECT count(*) AS n FROM all_samples"), [{"n": CLAIMS * QUESTIONS}])
        rows = self.results()
        self.assertEqual(sorted((row["claim"], row["number"]) for row in rows), sorted((f"Claim number {n} holds", n) for n in range(CLAIMS)))
        self.assertEqual({(row["answers"], row["error"], row["mock"]) for row in rows}, {(QUESTIONS, None, True)})
        ledger = (self.folder / "ledger").read_text()
        code, told = self.finish(self.start())
        self.assertEqual(code, 0, told[-3000:])
        self.assertEqual((self.folder / "ledger").read_text(), ledger, "a complete job asks nothing")
        self.assertEqual((self.attempts(), self.executions()), (counts, after))

        # Other options are another measurement, so no shard is left alone.
        code, told = self.finish(self.start(options=("--draws", "6000")))
        self.assertEqual(code, 0, told[-3000:])
        self.assertEqual(sum(self.executions().values()), sum(after.values()) + CLAIMS)

    def test_a_bad_line_stops_its_shard_alone_and_another_number_of_shards_is_refused(self):
        self.claims([{"claim": f"Claim number {n} holds"} for n in range(8)] + [{"no claim": 1}])
        code, told = self.finish(self.start())
        self.assertEqual(code, 7, told[-3000:])
        failed = [json.loads(line) for line in (self.folder / "job/failed.jsonl").read_text().splitlines()]
        self.assertEqual([shard["exit"] for shard in failed], [2])
        self.assertIn("no field 'claim'", failed[0]["said"])
        self.assertEqual((failed[0]["measured"], len(self.results())), (0, 9 - failed[0]["claims"]))
        measured = self.query("SELECT count(*) AS n FROM all_checks")[0]["n"]
        self.assertEqual(measured, 8 - (failed[0]["claims"] - 1))
        code, told = self.finish(self.start("--shards", "5"))
        self.assertEqual(code, 1)
        self.assertIn("continue with --shards 4", told)


del StoreTest
