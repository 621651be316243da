"""What heretix probe sends to a decisions API, and what a run sends after it."""
import json

from cases import CLAIM, HostedTest
from fault_server import Reply, failure, stated, stated_of

MODELS = ("openai/gpt-6-luna", "gemini/gemini-decision-1", "typesafe/jev-1.13.0", "openrouter/typesafe/jev-1.13", "systemone/mine")
CLAIMS, WORDINGS, BANK, REPEATS = 6, 6, 16, 2


class ProbedService(HostedTest):
    def probe(self, server, *arguments, model="typesafe/jev-1.13.0"):
        done = self.heretix("probe", model, "--repeats", REPEATS, "--json", *arguments, **self.environment(server.url))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def run_it(self, server, *arguments, model="typesafe/jev-1.13.0"):
        return self.ask(server, "--readout", "decision", *arguments, model=model, plan={"K": "16", "R": "1", "B": "50"})

    def test_wordings_are_asked_alone_together_in_the_opposite_order_and_under_other_ids(self):
        for model in MODELS:
            with self.subTest(model):
                server = self.serve(fresh=True)
                profile = self.probe(server, model=model)
                self.assertIs(profile["isolation"]["allows"], True, profile["isolation"])
                self.assertEqual(profile["numbers"]["step"], 0.01)
                groups = [list(asked.statements.items()) for asked, _ in server.ledger]
                by_size = {size: [g for g in groups if len(g) == size] for size in {len(g) for g in groups}}
                self.assertEqual({size: len(found) for size, found in by_size.items()},
                                 {1: 20 + CLAIMS * (WORDINGS * REPEATS + WORDINGS + 2 * WORDINGS), WORDINGS: 3 * CLAIMS * REPEATS, BANK: CLAIMS * REPEATS})

                six = by_size[WORDINGS]
                usual = [g for g in six if g[0][0].startswith("q")]
                renamed = [g for g in six if g[0][0].startswith("item")]
                self.assertEqual((len(usual), len(renamed)), (2 * CLAIMS * REPEATS, CLAIMS * REPEATS))
                orders = {tuple(text for _, text in g) for g in usual}
                self.assertEqual(len(orders), 2 * CLAIMS)
                self.assertTrue(all(tuple(reversed(order)) in orders for order in orders))
                self.assertLessEqual({tuple(text for _, text in g) for g in renamed}, orders)
                for asked, _ in server.ledger:
                    if len(asked.statements) > 1:
                        self.assertEqual(list(asked.statements)[0][-1], "1")
                self.assertEqual(len({asked.state for asked, _ in server.ledger}), 3)  # the bank's own and two others

    def test_a_run_behind_it_asks_all_wordings_of_a_side_in_one_request(self):
        server = self.serve()
        self.probe(server)
        server.ledger.clear()
        done = self.run_it(server)
        self.assertIn("up to 16 statements in one request, as the profile of typesafe/jev-1.13.0", done.stderr)
        self.assertEqual([len(asked.statements) for asked, _ in server.ledger], [BANK, BANK])
        self.assertTrue(all(CLAIM in text for asked, _ in server.ledger for text in asked.statements.values()))
        server.ledger.clear()
        self.assertEqual(self.run_it(server, "--alone").returncode, 0)
        self.assertEqual([len(asked.statements) for asked, _ in server.ledger], [1] * 2 * BANK)

    def test_a_shift_that_only_the_opposite_order_brings_is_seen(self):
        def script(asked, _):
            texts = list(asked.statements.values())
            values = {id: stated_of(text) for id, text in asked.statements.items()}
            if len(texts) == WORDINGS and "matches reality" not in texts[1]:  # the second of the bank
                values = {id: min(1, value + 0.05) for id, value in values.items()}
            return stated(asked, values)
        server = self.serve(script)
        profile = self.probe(server)
        shifts = {w["asked"]: w["largest_shift"]["value"] for w in profile["isolation"]["ways"]}
        self.assertEqual((shifts["together"], shifts["renamed"]), (0, 0))
        self.assertAlmostEqual(shifts["reversed"], 0.05)
        server.ledger.clear()
        self.assertEqual(self.run_it(server).returncode, 0)
        self.assertEqual({len(asked.statements) for asked, _ in server.ledger}, {1})

    def test_a_service_that_takes_one_question_is_asked_alone(self):
        server = self.serve(lambda asked, _: failure(asked, 400, "invalid_request_error", "at most 1 question") if len(asked.statements) > 1 else None)
        isolation = self.probe(server)["isolation"]
        self.assertEqual(isolation["ways"], [])
        self.assertIn("at most 1 question", isolation["why_not"])

    def test_the_price_of_a_claim_is_what_was_billed(self):
        server = self.serve()
        price = self.probe(server)["price"]
        alone = [asked for asked, _ in server.ledger[20:] if len(asked.statements) == 1 and asked.state == server.ledger[0][0].state]
        tokens = sum(sum(len(t) for t in asked.statements.values()) // 4 + len(asked.state) // 4 for asked in alone)
        self.assertAlmostEqual(price["tokens_alone"], tokens / len(alone) * 2 * BANK)
        self.assertAlmostEqual(price["alone_pico_usd"] / (tokens / len(alone) * 2 * BANK * 42_000), 1, places=6)  # $0.042 a million
        self.assertLess(price["together_pico_usd"], price["alone_pico_usd"])  # the state is paid for once

    def test_another_server_has_no_profile(self):
        """The server's name and version are part of what the profile is of, and of what is compared."""
        server = self.serve()
        self.probe(server, model="systemone/mine")
        one = self.run_it(server, "--json", model="systemone/mine")
        server.props = Reply(404, {"error": {"message": "no such path"}}, headers=[("Server", "fault-server/2.0")])
        server.ledger.clear()
        two = self.run_it(server, "--json", model="systemone/mine")
        self.assertEqual({len(asked.statements) for asked, _ in server.ledger}, {1})
        runs = [json.loads(done.stdout)["execution"]["execution_id"] for done in (one, two)]
        self.assertIn("A by fault-server/1.0, B by fault-server/2.0", self.heretix("compare", *runs).stdout)
