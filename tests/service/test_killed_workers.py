"""Very many jobs, and workers that are killed while they do them."""
import collections
import os
import random
import signal
import threading
import unittest

from cases import Client, ServiceTest

SEED = 20261130 + int(os.environ.get("HERETIX_ROUND", "0"))
TIMES = int(os.environ.get("HERETIX_CAMPAIGN", "1"))
JOBS, KILLS = 1000 * TIMES, 5 * TIMES
OF_ONE_USER = 500  # of the 750 checks that the plan has
WORKERS, CHECKS_AT_ONCE, CONCURRENCY = 3, 8, 4


class KilledWorkers(ServiceTest):
    store = "postgres"
    serves = False

    def setUp(self):
        super().setUp()
        self.ledger = self.folder / "ledger"
        model = self.script("quick.json", model="quick", concurrency=CONCURRENCY, price_micro_usd=10, ledger=str(self.ledger), rules=[{"prob_true": 0.4}])
        self.models_of_nodes = {"HERETIX_MODELS": f"play={model}"}

    def start_worker(self):
        return self.launch("worker", "--checks-at-once", CHECKS_AT_ONCE, **self.models_of_nodes)

    def jobs_done(self):
        return self.rows("SELECT count(*) FROM jobs WHERE kind = 'check' AND state = 'done'")[0][0]

    def kill_workers(self, workers):
        """Evenly over the jobs, each time whichever worker chance names, in the middle of what it does."""
        choose = random.Random(SEED)
        for kill in range(KILLS):
            self.wait_for(lambda due=JOBS * kill // (KILLS + 1): self.jobs_done() >= due, 900, choose.uniform(0.05, 0.3))
            place = choose.randrange(WORKERS)
            self.stop(workers[place], signal.SIGKILL)
            workers[place] = self.start_worker()

    def test_every_job_is_done_once_and_nothing_is_lost_or_asked_again(self):
        self.port = self.launch("serve", "--no-worker", "--port", "0", **self.models_of_nodes).port
        users = [self.signed_in(f"user{i}@example.org", plan="pro").cookies for i in range(JOBS // OF_ONE_USER)]

        def ask(thread):
            client = Client(self.port)
            for number in range(thread, JOBS, 4):
                client.cookies = dict(users[number // OF_ONE_USER])
                told = client.post("/api/checks", {"claim": f"Claim {number}", "model": "play", "depth": "quick"})
                self.assertEqual(told.status, 201, told.body)
            client.close()

        asking = threading.Thread(target=self.together, args=(4, ask))
        asking.start()
        workers = [self.start_worker() for _ in range(WORKERS)]
        self.kill_workers(workers)
        asking.join()
        self.wait_for(lambda: self.jobs_done() == JOBS, 900, 0.5)  # what a killed worker had waits for the end of its lease

        self.assertEqual(self.rows("SELECT state, count(*) FROM jobs WHERE kind = 'check' GROUP BY state"), [("done", JOBS)])
        self.assertEqual(self.rows("SELECT state, count(*) FROM check_requests GROUP BY state"), [("done", JOBS)])
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT run_id), count(prob_true_rpl) FROM checks"), [(JOBS,) * 3])
        self.assertEqual(self.rows("SELECT count(*) FROM check_events WHERE payload = '{\"state\":\"done\"}'"), [(JOBS,)])
        self.assertEqual(self.rows("SELECT sum(checks_used) FROM usage_ledger"), [(JOBS,)])
        self.verify_answers()

    def verify_answers(self):
        asked, acknowledged = collections.Counter(), set()
        with open(self.ledger) as lines:
            for what, key, _ in map(str.split, lines):
                if what == "received":
                    asked[key] += 1
                elif what == "acknowledged":
                    acknowledged.add(key)
        self.assertEqual(len(asked), 8 * JOBS)
        again = sum(asked.values()) - len(asked)
        self.assertLessEqual(again, KILLS * CHECKS_AT_ONCE * CONCURRENCY, "more was asked again than was in flight")
        self.assertLessEqual(acknowledged, {key for (key,) in self.rows("SELECT cache_key FROM samples")})
        self.assertEqual(self.rows("SELECT count(*) FROM heretix_answers WHERE usable = 1 GROUP BY cache_key HAVING count(*) > 1"), [])
        print(f"{JOBS} jobs, {KILLS} kills, {again} of {len(asked)} questions asked again: nothing lost")


if __name__ == "__main__":
    unittest.main()
