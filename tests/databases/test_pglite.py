"""PGlite as the local database: one session for all its clients, so that whatever one of them leaves behind is still there."""
import json
import shutil
import time
import unittest

from databases import DatabasesTest, Pglite  # first: it says where the modules below are

# isort: split
from cases import CLAIM, HEAD, SECOND, THIRD

SAYS = "where the migration lock keeps nobody out: be sure that no other client is connected"


class OnPglite(DatabasesTest):
    def setUp(self):
        super().setUp()
        shutil.copytree(self.fixture / "pglite", self.folder / "pglite")
        self.start()

    def start(self):
        self.pglite = Pglite(self.folder / "pglite")
        self.addCleanup(self.pglite.stop)
        self.address = self.pglite.address

    def ask(self, sql):
        with self.pglite.connect() as client:
            done = client.execute(sql)
            return done.fetchall() if done.description else None

    def test_one_process_after_another_migrates_measures_and_reads(self):
        done = self.db("upgrade")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("7 steps", done.stdout)
        self.assertIn(f"postgres@127.0.0.1:{self.pglite.port}/postgres is PGlite, {SAYS}", done.stderr)
        left = [name for (name,) in self.ask("SELECT name FROM pg_prepared_statements")]
        self.assertTrue([name for name in left if name.startswith("heretix_")], "an upgrade leaves prepared statements behind")

        self.db_ok("downgrade", "--to", SECOND)
        self.assertEqual(self.current(), SECOND)
        self.db_ok("upgrade")
        self.assertEqual((self.current(), self.differences()), (HEAD, {}))
        for claim in (CLAIM, "Snow is white", CLAIM):
            self.ok("run", claim, "--mock", "--database", self.address)
        told = json.loads(self.db_ok("import", "runs/mock.sqlite", "--json"))
        self.assertEqual((sum(t["added"] for t in told["tables"]), told["problems"]), (0, []))
        runs = self.json("list", "--database", self.address)
        self.assertEqual(len(runs), 3)
        for run in runs:
            self.assertTrue(self.json("verify", run["run_id"], "--database", self.address)["passed"])

    def test_it_is_named_and_so_is_what_it_lacks(self):
        self.assertRegex(self.db_ok("status"), r"server    PGlite 0\.5\.14 \(PostgreSQL 18\.\d+\), not encrypted\n  revision  base, 7 revisions behind head")
        told = json.loads(self.db_ok("status", "--json"))["databases"][0]
        self.assertEqual((told["pglite"], told["server"][:3], told["missing"]), ("PGlite 0.5.14", "18.", 7))
        told = json.loads(self.db_ok("status", "--json", address=self.at("18")))["databases"][0]
        self.assertEqual(told["pglite"], None)
        done = self.db("upgrade")
        self.assertNotIn("PGlite", done.stderr)

    def test_alembic_and_ours_take_turns(self):
        self.alembic("upgrade", SECOND)
        self.db_ok("upgrade", "--to", THIRD)
        time.sleep(0.5)  # psycopg tries once, and the place of the client before is free a moment after it has gone
        self.alembic("upgrade", "head")
        self.assertIn(SAYS, self.alembic_warned)
        self.assertEqual((self.current(), self.differences()), (HEAD, {}))

    def test_what_a_client_before_did_to_the_search_path_is_undone(self):
        """pg_dump leaves an empty one in the session."""
        self.db_ok("upgrade")
        done = self.program(18, "pg_dump", "-Fc", "-f", "heretix.dump", self.address)
        self.assertEqual(done.returncode, 0, done.stderr)
        time.sleep(0.5)
        self.assertEqual(self.ask("SHOW search_path"), [("",)], "PGlite has one session for all its clients")
        time.sleep(0.5)
        self.assertIn(HEAD, self.alembic("current"))
        self.ask("SET search_path = ''")
        self.ok("run", CLAIM, "--mock", "--database", self.address)
        self.db_ok("check")

    def test_a_second_client_at_once_is_turned_away_with_the_reason(self):
        with self.pglite.connect():
            done = self.refused(5, "db", "status", "--database", self.address, says="server closed the connection unexpectedly")
        self.assertIn("PGlite's socket serves one client at a time", done.stderr)
        self.db_ok("status")

    def test_the_service_refuses_it_before_it_listens(self):
        self.db_ok("upgrade")
        secret = {"HERETIX_SECRET": "5b" * 32}
        for command in ("serve", "worker"):
            self.refused(2, command, "--metrics-port", "0", "--database", self.address, says=("is PGlite 0.5.14", "share one session"), **secret)

    def test_what_was_stored_is_there_after_a_restart(self):
        self.db_ok("upgrade")
        self.ok("run", CLAIM, "--mock", "--database", self.address)
        self.pglite.stop()
        self.start()
        self.assertEqual(len(self.json("list", "--database", self.address)), 1)
        self.ok("run", "Snow is white", "--mock", "--database", self.address)


if __name__ == "__main__":
    unittest.main()
