"""The program killed again and again against a server that keeps its own ledger."""
import collections
import os
import random
import signal
import subprocess

from cases import HostedTest
from fault_server import failure

TIMES = int(os.environ.get("HERETIX_CAMPAIGN", "1"))
KILLS = 200 * TIMES
CONCURRENCY = 8


class Kills(HostedTest):
    def start(self, server, claim):
        environment = {**{k: v for k, v in os.environ.items() if not k.startswith("HERETIX")}, **self.environment(server.url)}
        return subprocess.Popen([os.environ["HERETIX"], "run", f"claim {claim}", "--model", "openai/m", "-K", "16", "-R", "6", "-B", "10", "-q", "--prices", "prices.json",
                                 "--concurrency", str(CONCURRENCY), "--resend-unknown", "--json"], cwd=self.folder, env=environment, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)

    def test_200_kills_lose_no_answer_and_ask_again_at_most_what_was_in_flight(self):
        chance = random.Random(20261123)
        server = self.serve(lambda asked, s: failure(asked, 429, headers=[("retry-after-ms", "1")]) if s.state["chance"].random() < 0.02 else None, latency=0.004)
        server.state["chance"] = random.Random(1)
        claim, kills, per_claim, in_flight_at_kill = 0, 0, 0, collections.Counter()
        while kills < KILLS:
            running = self.start(server, claim)
            try:
                running.wait(timeout=chance.uniform(0.02, 0.16))
            except subprocess.TimeoutExpired:
                running.send_signal(signal.SIGKILL)
            error = running.communicate(timeout=60)[1]
            if running.returncode == -signal.SIGKILL:
                kills += 1
                per_claim += 1
                in_flight_at_kill[claim] += CONCURRENCY
                continue
            self.assertEqual(running.returncode, 0, error)
            claim += 1
        self.compare(server, in_flight_at_kill, claim)

    def compare(self, server, in_flight_at_kill, unfinished):
        attempts = self.rows("SELECT * FROM heretix_attempts")
        answers = {(row["cache_key"], row["attempt"]) for row in self.rows("SELECT cache_key, attempt FROM heretix_answers")}
        self.assertEqual(self.rows("PRAGMA integrity_check")[0][0], "ok")
        # The ledger accounts for every request that the server saw: none without its row, however the program ended.
        self.assertGreaterEqual(len(attempts), len(server.ledger))
        unknown = collections.Counter(row["execution_id"] for row in attempts if row["outcome"] is None)
        for execution, count in unknown.items():
            self.assertLessEqual(count, CONCURRENCY, execution)
        self.assertLessEqual(len(attempts) - len(server.ledger), sum(unknown.values()))
        # Asked again: answered twice by the server, because the first answer never arrived.
        answered = collections.Counter(asked.user + str(asked.body.get("model")) for asked, reply in server.ledger if reply.status == 200)
        replicates = 6
        again = sum(max(0, count - replicates) for count in answered.values())
        self.assertLessEqual(again, sum(in_flight_at_kill.values()))
        self.assertLessEqual(again, sum(unknown.values()))
        for row in self.rows("SELECT s.cache_key FROM samples s"):
            self.assertTrue(any((row["cache_key"], n) in answers for n in range(1, 400)))
        # Every answer that was kept was billed by the server, to the trillionth of a dollar.
        kept = self.rows("SELECT sum(billed_pico_usd) AS picos, count(*) AS n FROM heretix_answers")[0]
        lost = sorted((reply.billed for _, reply in server.ledger if reply.status == 200), reverse=True)
        self.assertLessEqual(kept["picos"], server.invoice_picos)
        self.assertLessEqual(server.invoice_picos - kept["picos"], sum(lost[:len(lost) - kept["n"]]))
        print(f"{sum(in_flight_at_kill.values()) // CONCURRENCY} kills over {unfinished + 1} claims: {len(server.ledger)} requests, {again} asked again, "
              f"{sum(unknown.values())} unknown: nothing lost")


