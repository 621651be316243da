"""Two copies of the program on one store, and processes that die: every question is paid for once, and nobody waits for
the dead."""
import os
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from heretix import PROGRAM, ProgramTest

KEYS = 16
IN_FLIGHT = 4
WAIT = 30  # seconds; what is waited for here takes one or two


def namespace(*more):
    """The words that start a command among process ids of its own, as a container does; empty where that is not allowed."""
    for user in ([], ["--user", "--map-root-user"]):
        words = ["unshare", *user, "--pid", "--fork", "--kill-child", "--mount-proc", *more]
        try:
            if subprocess.run([*words, "true"], capture_output=True).returncode == 0:
                return words
        except FileNotFoundError:
            break
    return []


def process_of(pid):
    """As earlier builds named the owner of an execution: boot id, process id, start time."""
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {pid} {stat_of(pid)[19]}"


def stat_of(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


class TwoCopies(ProgramTest):
    def setUp(self):
        super().setUp()
        self.ledger = self.folder / "ledger"
        self.ledger.touch()
        self.model = self.script(model="m", concurrency=IN_FLIGHT, delay_ms=400, price_micro_usd=100, ledger=str(self.ledger))

    def start(self, *before):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HERETIX")}
        process = subprocess.Popen([*before, PROGRAM, "run", "Snow is white", "--model", self.model, "-K", str(KEYS), "-R", "1", "-B", "10", "--json"],
                                   cwd=self.folder, env=kept, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def asked(self):
        return [line.split()[1] for line in self.ledger.read_text().splitlines() if line.startswith("received")]

    def until(self, is_so, what):
        end = time.monotonic() + WAIT
        while not is_so():
            self.assertLess(time.monotonic(), end, f"after {WAIT} s: {what}")
            time.sleep(0.02)

    def assert_done(self, process):
        try:
            _, error = process.communicate(timeout=WAIT)
        except subprocess.TimeoutExpired:
            self.fail(f"it still waits after {WAIT} s")
        self.assertEqual(process.returncode, 0, error)

    def assert_each_was_paid_once(self):
        asked = self.asked()
        self.assertEqual((len(asked), len(set(asked))), (KEYS, KEYS), "answers paid for, and keys")

    def disguise_owner(self):
        """The running execution as a copy in another container sees it: its process id means nothing there."""
        self.until(lambda: len(self.asked()) >= IN_FLIGHT, "nothing was asked")
        database = self.database()
        name, self.true_owner = database.execute("SELECT execution_id, owner FROM heretix_executions").fetchone()
        owner = self.true_owner.split()
        owner[1] = str(2 ** 22 + 1)  # more than any process has
        database.execute("UPDATE heretix_executions SET owner = ? WHERE execution_id = ?", (" ".join(owner), name))
        database.commit()
        self.disguised = name

    def end_disguise(self):
        """Once the other copy has seen it: a run is finished by its owner alone."""
        self.until(lambda: self.database().execute("SELECT count(*) FROM heretix_executions").fetchone()[0] == 2, "no second copy began")
        time.sleep(0.3)
        database = self.database()
        database.execute("UPDATE heretix_executions SET owner = ? WHERE execution_id = ?", (self.true_owner, self.disguised))
        database.commit()

    def test_in_two_process_namespaces_each_key_is_paid_for_once(self):
        first, second = namespace(), namespace("--time", "--boottime", "86400") or namespace()
        copies = [self.start(*first)]
        if not first:
            print("no process namespaces are allowed here: the first copy's process is hidden from the second instead")
            self.disguise_owner()
        copies.append(self.start(*second))
        if not first:
            self.end_disguise()
        for copy in copies:
            self.assert_done(copy)
        self.assert_each_was_paid_once()

    def test_a_copy_whose_process_cannot_be_seen_is_waited_for(self):
        first = self.start()
        self.disguise_owner()
        second = self.start()
        self.end_disguise()
        for copy in (first, second):
            self.assert_done(copy)
        self.assert_each_was_paid_once()

    def test_five_copies_at_once_pay_for_each_key_once(self):
        for copy in [self.start() for _ in range(5)]:
            self.assert_done(copy)
        self.assert_each_was_paid_once()

    def test_a_killed_copy_is_dead_before_anybody_reaps_it(self):
        first = self.start()
        self.until(lambda: len(self.asked()) >= IN_FLIGHT, "nothing was asked")
        first.kill()
        self.until(lambda: stat_of(first.pid)[0] == "Z", "it is no zombie")

        began = time.monotonic()
        self.assert_done(self.start())
        self.assertLess(time.monotonic() - began, 10, "seconds; the dead copy was waited for")
        self.assertEqual(stat_of(first.pid)[0], "Z", "it was reaped before the end")
        self.assertLessEqual(len(self.asked()), KEYS + IN_FLIGHT)

    def test_an_execution_of_an_earlier_build_is_known_by_its_process(self):
        first = self.start()
        self.until(lambda: len(self.asked()) >= IN_FLIGHT, "nothing was asked")
        first.kill()
        first.communicate()
        asked_before = len(self.asked())

        # An earlier build wrote no word about a lock.
        earlier = subprocess.Popen(["sleep", "600"])
        self.addCleanup(earlier.wait)
        self.addCleanup(earlier.kill)
        database = self.database()
        database.execute("UPDATE heretix_executions SET owner = ?", (process_of(earlier.pid),))
        database.commit()

        second = self.start()
        self.until(lambda: len(self.asked()) == asked_before + KEYS - IN_FLIGHT, "the other questions were not asked")
        time.sleep(1)
        self.assertIsNone(second.poll(), "the earlier build's questions were not waited for")
        self.assertEqual(len(self.asked()), asked_before + KEYS - IN_FLIGHT)

        earlier.kill()  # and not reaped
        self.assert_done(second)
        self.assertEqual(len(self.asked()), asked_before + KEYS)


if __name__ == "__main__":
    unittest.main()
