"""Several processes on one Postgres: two that serve, three that work, killed at random under load."""
import collections
import os
import random
import signal
import threading
import time
import unittest

from cases import Client, ServiceTest, events_of

SEED = 20261124 + int(os.environ.get("HERETIX_ROUND", "0"))
CHECKS = 60
LIMIT = 100


class Nodes(ServiceTest):
    store = "postgres"
    serves = False

    def setUp(self):
        super().setUp()
        self.ledger = self.folder / "ledger"
        slow = self.script("slow.json", model="slow", delay_ms=40, concurrency=4, price_micro_usd=10, ledger=str(self.ledger),
                           rules=[{"prob_true": 0.4}])
        self.models_of_nodes = {"HERETIX_MODELS": f"play={slow}"}

    def start_server(self, port=0):
        return self.launch("serve", "--no-worker", "--port", port, **self.models_of_nodes)

    def start_worker(self):
        return self.launch("worker", "--checks-at-once", "4", **self.models_of_nodes)

    def test_killing_any_node_at_random_loses_doubles_and_overcharges_nothing(self):
        servers, workers = [self.start_server(), self.start_server()], [self.start_worker() for _ in range(3)]
        self.port = servers[0].port
        ports = [s.port for s in servers]
        cookies = self.signed_in(plan="core").cookies
        choose, over = random.Random(SEED), threading.Event()
        self.kills = 0

        def killer():
            """Where a busy machine is slow to start a node, it is slow to finish a check too: then there is more time between kills, or one check
            would lose two workers, and its questions, sent twice, are rightly not sent a third time."""
            start_took = 0
            while not over.wait(max(choose.uniform(0.6, 1.4), 4 * start_took)):
                kind, nodes = choose.choice((("server", servers), ("worker", workers), ("worker", workers)))
                place = choose.randrange(len(nodes))
                port = nodes[place].port
                nodes[place].send_signal(signal.SIGKILL)
                nodes[place].wait()
                began = time.monotonic()
                nodes[place] = self.start_server(port) if kind == "server" else self.start_worker()
                start_took = time.monotonic() - began
                self.kills += 1

        def ask(number):
            """As a careful client does: the same key until there is an answer. Of 12 at a time, each dozen after three more kills."""
            while self.kills < number // 12 * 3:
                time.sleep(0.05)
            key = {"Idempotency-Key": f"check-{number}"}
            for attempt in range(200):
                client = Client(ports[(number + attempt) % 2], timeout=10)
                client.cookies = dict(cookies)
                try:
                    told = client.post("/api/checks", {"claim": f"Claim {number}", "model": "play", "depth": "quick"}, headers=key)
                    if told.status in (201, 402):
                        return told.json()
                except OSError:
                    pass
                finally:
                    client.close()
                time.sleep(0.1)
            self.fail("no answer")

        def watch(identifier):
            """Every event once, in order, whichever node tells it."""
            seen = []
            for attempt in range(400):
                try:
                    told = events_of(ports[attempt % 2], identifier, cookies, after=seen[-1][0] if seen else None, timeout=20)
                    if told == 204:
                        return seen
                    seen += told if isinstance(told, list) else []
                except (OSError, ValueError):
                    pass  # the node was killed, perhaps within a line
                time.sleep(0.1)
            self.fail(f"no end of {identifier}: {seen[-3:]}")

        thread = threading.Thread(target=killer)
        thread.start()
        try:
            made = [c["id"] for c in self.together(12, lambda i: [ask(n) for n in range(i, CHECKS, 12)]) for c in c]
            streams = self.together(8, lambda i: [watch(made[n]) for n in range(i, CHECKS, 8)])
        finally:
            over.set()
            thread.join()
        self.assertGreater(self.kills, 11)
        self.assertEqual(len(set(made)), CHECKS)
        in_doubt = self.in_doubt()
        done = CHECKS - len(in_doubt)
        self.assertLessEqual(2 * len(in_doubt), self.kills * 4, "a check in doubt lost two workers, each of which had four checks")
        ends = collections.Counter()
        for seen in (s for some in streams for s in some):
            self.assertEqual([n for n, _, _ in seen], list(range(1, len(seen) + 1)))
            ends[seen[-1][2]["state"]] += 1
        expected = {"done": done, "failed": len(in_doubt)} if in_doubt else {"done": CHECKS}
        self.assertEqual(ends, expected)
        self.assertEqual(self.rows("SELECT count(*), count(prob_true_rpl) FROM checks"), [(CHECKS, done)])
        self.assertEqual(self.rows("SELECT count(DISTINCT run_id) FROM checks WHERE prob_true_rpl IS NOT NULL"), [(done,)])
        for states in ("SELECT state, count(*) FROM check_requests GROUP BY state",
                       "SELECT state, count(*) FROM jobs WHERE kind = 'check' GROUP BY state"):
            self.assertEqual(dict(self.rows(states)), expected)
        self.assertEqual(self.rows("SELECT checks_used FROM usage_ledger"), [(done,)])
        self.assertEqual(self.rows("SELECT count(*) FROM check_events WHERE payload = '{\"state\":\"done\"}'"), [(done,)])
        self.verify_money()
        self.grant_exactly_the_rest(ports, cookies, LIMIT - done)
        print(f"{self.kills} kills of servers and workers, {CHECKS} checks, {len(in_doubt)} of them in doubt: nothing lost")

    def test_a_check_that_loses_two_workers_in_the_same_questions_fails_and_is_given_back(self):
        slow = self.script("slower.json", model="slow", delay_ms=3000, concurrency=8, price_micro_usd=10, ledger=str(self.ledger), rules=[{"prob_true": 0.4}])
        self.models_of_nodes = {"HERETIX_MODELS": f"play={slow}"}
        self.port = self.start_server().port
        client = self.signed_in(plan="core")
        made = self.check(client, "Claim", depth="quick")

        for sent in (8, 16):
            worker = self.start_worker()
            self.wait_for(lambda due=sent: self.ledger.exists() and self.ledger.read_text().count("received") == due, 30, 0.02)
            self.stop(worker, signal.SIGKILL)
            self.rows("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE state = 'running'")
        self.start_worker()
        ended = self.finished(client, made["id"], 60)

        self.assertEqual(ended["state"], "failed")
        self.assertIn("8 questions were sent twice", str(ended["error"]))
        self.assertEqual(self.in_doubt(), {made["id"]})
        self.assertEqual(self.rows("SELECT checks_used FROM usage_ledger"), [(0,)])
        received = collections.Counter(line.split(" ")[1] for line in self.ledger.read_text().splitlines() if line.startswith("received"))
        self.assertEqual(list(received.values()), [2] * 8)

    def in_doubt(self):
        """The checks that failed: each because at least one of its questions was sent twice and has no answer."""
        failed = self.rows("SELECT q.check_id::text, c.claim, q.error_kind, q.error FROM check_requests q JOIN checks c ON c.id = q.check_id "
                           "WHERE q.state = 'failed'")
        for identifier, claim, kind, error in failed:
            self.assertEqual(kind, "in_doubt", error)
            self.assertTrue(self.rows(
                "SELECT cache_key FROM heretix_attempts a JOIN heretix_executions e USING (execution_id) "
                "WHERE e.claim = %s AND NOT EXISTS (SELECT 1 FROM heretix_answers WHERE cache_key = a.cache_key) "
                "GROUP BY cache_key HAVING count(*) = 2", claim), f"{identifier} failed, and none of its questions is in doubt: {error}")
        return {identifier for identifier, *_ in failed}

    def verify_money(self):
        """No stored answer is asked again; what was in flight at a kill, once more at most."""
        lines = [line.split(" ") for line in self.ledger.read_text().splitlines()]
        asked = collections.Counter(key for what, key, _ in lines if what == "received")
        self.assertGreater(len(asked), 40)
        attempts = dict(self.rows("SELECT cache_key, count(*) FROM heretix_attempts GROUP BY cache_key"))
        for key, times in asked.items():
            self.assertLessEqual(times, 3, key)
            self.assertLessEqual(times, attempts[key])
        self.assertEqual(self.rows("SELECT count(*) FROM heretix_answers WHERE usable = 1 GROUP BY cache_key HAVING count(*) > 1"), [])
        acknowledged = {key for what, key, _ in lines if what == "acknowledged"}
        self.assertGreater(len(acknowledged), 40)
        kept = {k for (k,) in self.rows("SELECT cache_key FROM samples")}
        self.assertLessEqual(acknowledged, kept)

    def grant_exactly_the_rest(self, ports, cookies, rest):
        def ask(i):
            client = Client(ports[i % 2], timeout=120)
            client.cookies = dict(cookies)
            told = [client.post("/api/checks", {"claim": f"More {i} {n}", "model": "play"}).status for n in range(4)]
            client.close()
            return told
        told = [s for some in self.together(32, ask) for s in some]
        self.assertEqual((told.count(201), told.count(402)), (rest, len(told) - rest))

    def test_the_database_may_go_away_for_a_while(self):
        server, worker = self.start_server(), self.start_worker()
        self.port = server.port
        client = self.signed_in(plan="pro")
        made = [self.check(client, f"Claim {i}")["id"] for i in range(6)]
        for _ in range(4):
            self.admin(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'")
            time.sleep(0.4)
        for identifier in made:
            self.assertEqual(self.finished(client, identifier, 60)["state"], "done")
        self.verify_money()
        self.assertIsNone(worker.poll())


if __name__ == "__main__":
    unittest.main()
