"""Migrations that are killed, run at once, meet locks or poolers: one revision or the next, never between."""
import os
import random
import signal
import subprocess
import time
import unittest

import psycopg

import catalogue
from breaking_proxy import BreakingProxy
from cases import FIFTH, FIRST, FOURTH, HEAD, SECOND, SIXTH, THIRD, PostgresTest
from heretix import PROGRAM
from server import Pooler, Server

KEY = 7521983762164970081
ROUNDS = int(os.environ.get("HERETIX_CAMPAIGN", "1"))


class Safety(PostgresTest):
    def start(self, *arguments, address=None):
        return subprocess.Popen([PROGRAM, "db", *arguments, "--database", address or self.address], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, cwd=self.folder)

    def test_twenty_upgrades_at_once_apply_each_step_once(self):
        processes = [self.start("upgrade") for _ in range(20)]
        told = [p.communicate(timeout=120) for p in processes]
        self.assertEqual([p.returncode for p in processes], [0] * 20, told)
        self.assertEqual(sum("7 steps" in out for out, _ in told), 1)
        self.assertEqual(sum("nothing to do" in out for out, _ in told), 19)
        self.assertEqual((self.current(), self.differences()), (HEAD, {}))

    def test_a_lock_that_stays_is_told_with_its_holder(self):
        # A migration of another database on the same server holds a lock of the same number, which is no matter here.
        for database, name in (("postgres", "of another database"), (None, "somebody else")):
            held = self.connect(database, application_name=name)
            held.execute("SELECT pg_advisory_lock(%s)", (KEY,))
        pid = held.info.backend_pid
        done = self.db("upgrade", "--lock-wait", "1")
        self.assertEqual(done.returncode, 5)
        for text in ("waiting for another migration", f"server process {pid}, somebody else", "waited 1 s"):
            self.assertIn(text, done.stderr)
        self.assertEqual(self.current(), "base")
        self.refused(2, "db", "upgrade", "--lock-wait", "-1", "--database", self.address, says="at least 0")

    def test_a_table_in_use_is_waited_for_in_bounded_tries(self):
        self.db_ok("upgrade", "--to", FIFTH)  # the step before it takes a table away that points to checks
        reader = psycopg.connect(**self.server.conninfo(self.name))
        self.addCleanup(reader.close)
        reader.execute("SELECT * FROM checks")  # its transaction stays open
        process = self.start("downgrade")
        self.assertIn("another session has locked a table; everything is undone and tried again", process.stderr.readline())
        self.assertEqual(self.rows("SELECT version_num FROM alembic_version"), [(FIFTH,)])
        reader.rollback()
        process.communicate(timeout=60)
        self.assertEqual((process.returncode, self.current()), (0, FOURTH))

    def test_a_table_that_stays_locked_ends_it_with_nothing_changed(self):
        self.db_ok("upgrade", "--to", FIFTH)
        reader = psycopg.connect(**self.server.conninfo(self.name))
        self.addCleanup(reader.close)
        reader.execute("SELECT * FROM checks")
        started = time.monotonic()
        done = self.db("downgrade")
        self.assertEqual(done.returncode, 5)
        for text in ("another session kept a table locked", "6 tries of 2000 ms", "nothing was changed"):
            self.assertIn(text, done.stderr)
        self.assertLess(time.monotonic() - started, 30)
        reader.rollback()
        self.assertEqual((self.current(), self.differences()), (FIFTH, {}))

    def test_pooled_hosts_are_refused_for_migrations_and_serve_checks(self):
        named = f"host=ep-x-pooler.example.com hostaddr=127.0.0.1 port={self.server.port} user=heretix password='p@ss:w/rd% ?#' dbname={self.name}"
        self.refused(4, "db", "upgrade", "--database", named, says=("pooled host", "direct host"))
        pooled = self.server.address(self.name, port=self.pooler_port)
        for command in (["upgrade"], ["downgrade"], ["stamp", "head"], ["convert"]):
            self.refused(4, "db", *command, "--database", pooled, says=("transaction pooler", "server connection"))
        self.assertEqual(self.current(), "base")
        self.db_ok("upgrade")
        self.assertIn("529 objects", self.db_ok("check", address=pooled))
        self.ok("run", "Snow is white", "--mock", "--database", pooled)
        self.assertIn("equal to what is stored", self.ok("verify", "heretix-rpl", "--database", pooled))

    def test_a_pooler_that_keeps_sessions_is_no_obstacle(self):
        pooler = Pooler(self.server, mode="session")
        self.addCleanup(pooler.stop)
        self.db_ok("upgrade", address=self.server.address(self.name, port=pooler.port))
        self.assertEqual((self.current(), self.differences()), (HEAD, {}))

    def test_a_step_by_hand_between_is_noticed(self):
        """Somebody moves the word without the lock while we wait for a table."""
        self.db_ok("upgrade", "--to", FIRST)
        other = psycopg.connect(**self.server.conninfo(self.name))
        self.addCleanup(other.close)
        other.execute("UPDATE alembic_version SET version_num = 'cccccccccccc'")
        process = self.start("upgrade")
        time.sleep(0.7)
        other.commit()
        _, error = process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("cccccccccccc", error)
        self.assertEqual(self.rows("SELECT to_regclass('samples')"), [(None,)])


class ColdStart(PostgresTest):
    def test_a_server_that_wakes_up_is_waited_for(self):
        own = Server().create()
        self.addCleanup(own.remove)
        own.stop()
        process = subprocess.Popen([PROGRAM, "db", "current", "--database", own.address("postgres")], stdout=subprocess.PIPE, text=True)
        time.sleep(0.3)
        self.assertIsNone(process.poll(), "it gave up at once")
        own.start()
        self.assertIn("base", process.communicate(timeout=60)[0])
        self.assertEqual(process.returncode, 0)


class Ends(PostgresTest):
    """Kill -9 and server stops at any moment."""

    def shapes(self):
        """The whole catalogue at each place of the history."""
        known = {}
        for word in ("base", FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, HEAD):
            if word != "base":
                self.db_ok("upgrade", "--to", word)
            known[word] = self.shape()
        return known

    def shape(self):
        with self.connect() as connection:
            found = catalogue.catalogue(connection)
        if not found["alembic_version"]:
            found["tables"].pop("alembic_version", None)
        return found

    def place(self, known):
        found = self.shape()
        for word, shape in known.items():
            if found == shape:
                return word
        self.fail(f"between two revisions: {found['alembic_version']}, {sorted(found['tables'])}")

    def wait_until_alone(self):
        """The server goes on with a dead client's statement until it notices."""
        for _ in range(500):
            if self.rows("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()") == [(0,)]:
                return
            time.sleep(0.01)
        self.fail("a server process stays behind")

    def go(self, at, address=None):
        """The way from here to the other end."""
        arguments = ["downgrade", "--to", "base", "--yes-destroy"] if at == HEAD else ["upgrade"]
        return subprocess.Popen([PROGRAM, "db", *arguments, "--database", address or self.address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def measured(self):
        """How long the whole way down takes here, and the whole way up: by the end where it starts."""
        took = {}
        for at in (HEAD, "base"):
            started = time.monotonic()
            self.go(at).wait()
            took[at] = time.monotonic() - started
        return took

    def test_killed_at_any_moment(self):
        known = self.shapes()
        whole = self.measured()
        choose = random.Random(4)
        places = {word: 0 for word in known}
        killed = 0
        at = HEAD
        for _ in range(150 * ROUNDS):
            process = self.go(at)
            way = HEAD if at == HEAD else "base"
            time.sleep(choose.uniform(0, whole[way] * 1.1))
            process.send_signal(signal.SIGKILL)
            is_killed = process.wait() == -signal.SIGKILL
            killed += is_killed
            whole[way] *= 1.05 if is_killed else 0.9  # other tests come and go beside this one: two of three are to be killed
            self.wait_until_alone()
            at = self.place(known)
            places[at] += 1
        self.assertGreater(killed, 75 * ROUNDS, "most ended before the kill")
        half_way = {place: times for place, times in places.items() if place not in ("base", HEAD) and times > 0}
        self.assertGreater(len(half_way), 1, f"seldom met half-way: {places}")
        self.db_ok("upgrade")
        self.assertEqual(self.differences(), {})
        print(f"killed {killed} of {150 * ROUNDS}, found at {places}")

    def test_cut_off_behind_every_single_message(self):
        """Random kills seldom meet a gap of a millisecond; this meets each of them."""
        known = self.shapes()
        for start in (HEAD, "base"):
            places, message, was_cut = set(), 0, True
            while was_cut:
                message += 1
                proxy = BreakingProxy(self.server.port, cut_behind=message)
                self.go(start, self.server.address(self.name, port=proxy.port, host="127.0.0.1", sslmode="disable")).wait(timeout=60)
                proxy.close()
                was_cut = proxy.was_cut
                self.wait_until_alone()
                at = self.place(known)
                places.add(at)
                if at != start:
                    self.go("base" if start == HEAD else HEAD).wait()
                    self.assertEqual(self.place(known), start)
            self.assertGreater(message, 20)
            self.assertEqual(places, set(known), "each place was met on the way")

    def test_the_server_stopped_at_any_moment(self):
        own = Server().create()
        self.addCleanup(own.remove)
        self.server = own  # from here on; clean-up goes back to the run's server
        self.addCleanup(delattr, self, "server")
        with psycopg.connect(**own.conninfo("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE fragile")
        self.name, self.address = "fragile", own.address("fragile")
        known = self.shapes()
        whole = self.measured()
        choose = random.Random(5)
        at, interrupted = HEAD, 0
        for n in range(50 * ROUNDS):
            process = self.go(at)
            time.sleep(choose.uniform(0, whole[HEAD if at == HEAD else "base"]))
            own.stop("immediate" if n % 2 else "fast")
            code = process.wait(timeout=60)
            self.assertIn(code, (0, 4, 5, 6), "an end without a word for it")
            interrupted += code != 0
            own.start()
            at = self.place(known)
        self.assertGreater(interrupted, 15 * ROUNDS)
        self.db_ok("upgrade")
        self.assertEqual(self.differences(), {})
        print(f"interrupted {interrupted} of {50 * ROUNDS}")


if __name__ == "__main__":
    unittest.main()
