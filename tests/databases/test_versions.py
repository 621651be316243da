"""PostgreSQL 16, 17 and 18 beside 15: one schema, whichever server has it, and rows that move between them."""
import json
import unittest
import uuid

from databases import OTHERS, DatabasesTest  # first: it says where the modules below are

# isort: split
import catalogue
from cases import CLAIM, FIFTH, FIRST, HEAD, SIXTH
from heretix import SOURCE

CATALOGUE = SOURCE / "migrations" / HEAD / "catalogue.txt"


class Versions(DatabasesTest):
    def test_the_history_goes_up_and_down_and_gives_one_catalogue(self):
        for version in OTHERS:
            with self.subTest(version):
                self.at(version)
                self.assertIn("7 steps", self.db_ok("upgrade"))
                self.assertEqual(self.db_ok("catalogue"), CATALOGUE.read_text())
                self.assertEqual((self.current(), self.differences()), (HEAD, {}))
                self.db_ok("check")
                status = self.db_ok("status")
                self.assertRegex(status, rf"server    PostgreSQL {version[:2]}\.\d+, {'not encrypted' if 'without' in version else 'TLSv1.3'}\n")
                self.db_ok("downgrade", "--to", "base")
                self.assertEqual(self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"), [("alembic_version",)])

    def test_alembic_makes_the_same_on_18(self):
        self.at("18")
        self.alembic("upgrade", "head")
        self.assertEqual((self.db_ok("catalogue"), self.differences()), (CATALOGUE.read_text(), {}))
        self.alembic("downgrade", "-1")
        self.assertEqual(self.current(), SIXTH)
        self.db_ok("upgrade")

    def test_a_server_without_tls_is_told_apart_from_one_that_refuses(self):
        self.at("18 without TLS")
        self.refused(4, "db", "status", "--database", self.server.address(self.name, sslmode="require"), says=("does not support SSL", "sslmode"))
        self.at("18")
        address = self.server.secure_address(self.name)
        self.ok("db", "upgrade", "--database", address)
        self.assertIn("TLSv1.3", self.ok("db", "status", "--database", address))

    def both(self):
        """A local database on 15 and a production database on 18, both at head."""
        addresses = {"DATABASE_URL": self.at("15"), "DATABASE_URL_PROD": self.at("18")}
        self.ok("db", "upgrade", "--all", **addresses)
        return addresses

    def test_local_15_and_production_18_are_one(self):
        both = self.both()
        self.assertIn("the same revision and the same catalogue", self.ok("db", "check", "--all", **both))
        self.do("CREATE INDEX by_hand ON checks (model)")
        told = json.loads(self.heretix("db", "check", "--all", "--json", **both).stdout)
        self.assertEqual([d["object"] for d in told["differences"]], ["index checks.by_hand"])

    def test_views_beside_ours_are_compared_by_name_where_the_servers_word_them_differently(self):
        both = self.both()
        views = "CREATE VIEW by_env AS SELECT env, count(*) AS n FROM checks GROUP BY env; CREATE MATERIALIZED VIEW kept AS SELECT checks.env FROM checks"
        for version in ("15", "18"):
            self.server, self.name = self.servers[version], both["DATABASE_URL" if version == "15" else "DATABASE_URL_PROD"].rpartition("/")[2]
            self.do(views)
        done = self.heretix("db", "check", "--all", **both)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stderr, r"views are compared by name alone, because PostgreSQL 15\.\d+.* and 18\.\d+ word them differently")
        self.do("DROP VIEW by_env")
        done = self.heretix("db", "check", "--all", **both)
        self.assertEqual(done.returncode, 1)
        self.assertIn("DIFFERENT: view by_env", done.stdout)

    def test_older_shapes_are_converted_with_their_rows(self):
        for version in ("16", "17", "18"):
            for number, name in enumerate(("before_recipe_columns", "narrow_integers")):
                with self.subTest(version=version, shape=name):
                    self.at(version)
                    self.db_ok("upgrade", "--to", FIRST)
                    with self.connect() as connection:
                        catalogue.make_older(connection, number)
                    user = uuid.uuid4()
                    self.do(f"INSERT INTO users (id, email) VALUES ('{user}', 'a@example.com')")
                    self.refused(2, "db", "upgrade", "--database", self.address, says=(name, "db convert"))
                    self.assertIn(name, self.db_ok("convert"))
                    self.assertEqual((self.differences(), self.rows("SELECT id FROM users")), ({}, [(user,)]))
                    self.db_ok("upgrade")

    def test_a_store_is_imported_and_every_check_verifies(self):
        for claim in (CLAIM, "Łódź is larger than Kraków"):
            self.ok("run", claim, "--mock", "--db", "runs/source.sqlite")
        for version in ("16", "17", "18"):
            with self.subTest(version):
                self.at(version)
                self.db_ok("upgrade")
                added = {t["table"]: t["added"] for t in json.loads(self.db_ok("import", "runs/source.sqlite", "--json"))["tables"]}
                self.assertEqual((added["samples"], added["checks"]), (32, 2))
                again = json.loads(self.db_ok("import", "runs/source.sqlite", "--json"))
                self.assertEqual(sum(t["added"] for t in again["tables"]), 0)
                self.json("run", "Snow is white", "--mock", "--database", self.address)
                for run in self.json("list", "--database", self.address):
                    self.assertTrue(self.json("verify", run["run_id"], "--database", self.address)["passed"])


# What was done to a database on 18, and the object that `db check` must name.
ONLY_ON_18 = [
    ("ALTER TABLE checks ALTER env DROP NOT NULL; ALTER TABLE checks ADD CONSTRAINT n NOT NULL env NOT VALID",
     "column checks.env", "character varying(16), not null, not validated"),
    ("ALTER TABLE checks ALTER CONSTRAINT checks_user_id_fkey NOT ENFORCED", "constraint checks.checks_user_id_fkey",
     "FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE SET NULL NOT ENFORCED"),
    ("ALTER TABLE checks ADD CONSTRAINT c CHECK (pqs > 0) NOT ENFORCED", "constraint checks.c", "CHECK ((pqs > (0)::double precision)) NOT ENFORCED"),
]
# What leaves the shape as it is.
EQUAL_ON_18 = [
    "ALTER TABLE checks RENAME CONSTRAINT checks_env_not_null TO another_name",
    "ALTER TABLE checks ALTER env DROP NOT NULL; ALTER TABLE checks ADD CONSTRAINT n NOT NULL env NOT VALID; ALTER TABLE checks VALIDATE CONSTRAINT n",
    "ALTER TABLE checks ALTER CONSTRAINT checks_user_id_fkey NOT ENFORCED; ALTER TABLE checks ALTER CONSTRAINT checks_user_id_fkey ENFORCED",
]


class Constraints(DatabasesTest):
    def test_what_18_does_not_hold_to_is_not_called_equal(self):
        for sql, changed, found in ONLY_ON_18:
            with self.subTest(sql):
                self.at("18")
                self.db_ok("upgrade")
                self.do(sql)
                differences = self.differences()
                self.assertEqual(set(differences), {changed})
                self.assertEqual(differences[changed]["found"], found)
                self.refused(2, "db", "stamp", FIFTH, "--database", self.address, says="does not have the shape")

    def test_what_it_holds_to_in_another_way_is(self):
        for sql in EQUAL_ON_18:
            with self.subTest(sql):
                self.at("18")
                self.db_ok("upgrade")
                self.do(sql)
                self.assertEqual(self.differences(), {})


class Dumps(DatabasesTest):
    """docs/operations.md, "Backup and restore"."""

    def dumped(self, version, by):
        """A database with one check on that server, and its dump; the check's run."""
        self.at(version)
        self.db_ok("upgrade")
        self.ok("run", CLAIM, "--mock", "--database", self.address)
        self.run_id = self.rows("SELECT run_id FROM checks")[0][0]
        return self.program(by, "pg_dump", "-Fc", "-f", "heretix.dump", self.conninfo(version, self.name))

    def restored(self, version, by):
        self.at(version)
        return self.program(by, "pg_restore", "--no-owner", "-d", self.conninfo(version, self.name), "heretix.dump")

    def assert_whole(self):
        self.db_ok("check")
        self.assertTrue(self.json("verify", self.run_id, "--database", self.address)["passed"])

    def test_from_15_to_18_with_the_programs_of_either(self):
        for by in (15, 18):
            with self.subTest(by):
                done = self.dumped("15", by)
                self.assertEqual(done.returncode, 0, done.stderr)
                done = self.restored("18", by)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assert_whole()

    def test_from_18_to_15_with_one_error_that_loses_nothing(self):
        done = self.dumped("18", 18)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.restored("15", 18)
        self.assertEqual(done.returncode, 1)
        self.assertEqual([line for line in done.stderr.splitlines() if "error:" in line],
                         ['pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"'])
        self.assertIn("errors ignored on restore: 1", done.stderr)
        self.assert_whole()

    def test_from_18_to_15_without_an_error_by_way_of_a_script(self):
        self.assertEqual(self.dumped("18", 18).returncode, 0)
        script = self.program(18, "pg_restore", "--no-owner", "-f", "-", "heretix.dump").stdout
        (self.folder / "heretix.sql").write_text(script.replace("SET transaction_timeout = 0;\n", ""))
        self.at("15")
        done = self.program(15, "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", "heretix.sql", self.conninfo("15", self.name))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assert_whole()

    def test_the_programs_of_15_neither_dump_18_nor_read_what_18_wrote(self):
        done = self.dumped("18", 15)
        self.assertEqual(done.returncode, 1)
        self.assertIn("server version mismatch", done.stderr)
        self.assertEqual(self.dumped("15", 18).returncode, 0)
        done = self.restored("15", 15)
        self.assertEqual(done.returncode, 1)
        self.assertIn("unsupported version (1.16) in file header", done.stderr)


if __name__ == "__main__":
    unittest.main()
