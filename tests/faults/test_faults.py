"""Kills, power cuts and two writers at once; and that the drivers see the bugs planted for them."""
import json
import os
import subprocess
import unittest

from drivers import PLANTED, PROGRAM, TIMES, BatchCampaign, Campaign

KILLS = 200 * TIMES
CUTS = 100 * TIMES
MOST_TRIES = 4  # a run may end before its fault: so many starts are allowed for each
OF_ONE_STORE = 500  # after each fault all that a store holds is compared, so a campaign goes on with a new one


class Faults(unittest.TestCase):
    def campaign(self, fault, wanted, bug=None, seed=20261123):
        campaign = Campaign(seed, bug)
        self.addCleanup(campaign.close)
        for _ in range(wanted * MOST_TRIES):
            fault(campaign)
            if campaign.faults >= wanted or campaign.violations:
                break
        return campaign

    def survives(self, fault, wanted):
        faults = claims = lines = 0
        while faults < wanted:
            due = min(OF_ONE_STORE, wanted - faults)
            campaign = self.campaign(fault, due, seed=20261123 + faults)
            self.assertEqual(campaign.violations, [])
            self.assertGreaterEqual(campaign.faults, due)
            faults, claims, lines = faults + campaign.faults, claims + campaign.claim, lines + campaign.judged
        print(f"{faults} faults, {claims} claims, {lines} ledger lines: nothing lost")

    def is_caught(self, fault, bug):
        campaign = self.campaign(fault, 60, bug)
        self.assertTrue(campaign.violations, f"the driver does not see {bug}")
        print(f"{bug} seen after {campaign.faults} faults: {campaign.violations[0]}")

    def test_kills_lose_no_acknowledged_answer_and_ask_nothing_twice(self):
        self.survives(Campaign.kill_once, KILLS)

    def test_power_cuts_that_undo_everything_unsynced(self):
        self.survives(lambda c: c.cut_once("all"), CUTS)

    def test_power_cuts_that_undo_a_random_part(self):
        self.survives(lambda c: c.cut_once("random"), CUTS)

    def test_the_kill_driver_sees_answers_stored_only_after_all_are_done(self):
        self.is_caught(Campaign.kill_once, "store_late")

    def test_the_kill_driver_sees_attempts_recorded_after_sending(self):
        self.is_caught(Campaign.kill_once, "attempt_late")

    def test_the_power_cut_driver_sees_synchronous_lowered(self):
        self.is_caught(lambda c: c.cut_once("all"), "synchronous_off")


class KilledBatch(unittest.TestCase):
    def test_a_set_that_is_killed_asks_again_only_what_was_in_flight_and_keeps_its_budgets(self):
        campaign = BatchCampaign(20261130)
        self.addCleanup(campaign.close)
        for _ in range(KILLS * MOST_TRIES):
            campaign.kill_once()
            if campaign.faults >= KILLS or campaign.violations:
                break
        self.assertEqual(campaign.violations, [])
        self.assertGreaterEqual(campaign.faults, KILLS)
        self.assertGreater(len(campaign.seen), campaign.faults, "checks were finished between the kills")

        cap = round(campaign.spent() + 0.02, 6)
        campaign.claim += 1
        running = campaign.start("--budget-day", str(cap))
        error = running.communicate(timeout=300)[1]
        self.assertEqual(running.returncode, 7, error)
        self.assertIn("a day is reached", error)
        self.assertLessEqual(campaign.spent(), cap + 1e-9)
        print(f"{campaign.faults} kills, {campaign.claim} files, {len(campaign.seen)} records: nothing lost")


class TwoWriters(unittest.TestCase):
    """Two processes, one file, 1,008 answers each."""

    def write_at_once(self, program, bug=""):
        campaign = Campaign(7)
        self.addCleanup(campaign.close)
        (campaign.folder / "fast.json").write_text(json.dumps({"concurrency": 8}))
        commands = [[program, "run", f"writer {i}", "--model", f"scripted:{campaign.folder}/fast.json", "-K", "16", "-R", "63", "-B", "10", "--json"]
                    for i in range(2)]
        running = [subprocess.Popen(c, cwd=campaign.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                    env={**os.environ, "HERETIX_PLANTED_BUGS": bug}) for c in commands]
        return [(r.communicate(timeout=300), r.returncode) for r in running]

    def test_none_fails_and_none_is_lost(self):
        for (output, error), code in self.write_at_once(PROGRAM):
            self.assertEqual(code, 0, error)
            self.assertEqual(json.loads(output)["usable"], 1008)

    def test_a_deferred_transaction_that_writes_is_seen(self):
        for _ in range(20):  # the two must meet in the wrong moment
            codes = [code for _, code in self.write_at_once(PLANTED, "deferred")]
            if codes != [0, 0]:
                break
        self.assertIn(5, codes, "a reader that becomes a writer is refused under a second writer")


if __name__ == "__main__":
    unittest.main()
