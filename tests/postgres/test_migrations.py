"""heretix db: the contract's catalogue, the same history by Alembic, other shapes told and converted."""
import argparse
import io
import json
import random
import subprocess
import sys
import unittest
import uuid

import alembic.command
import alembic.config

import catalogue
from cases import FIFTH, FIRST, FOURTH, HEAD, SECOND, SIXTH, THIRD, PostgresTest
from heretix import SOURCE


class Migrations(PostgresTest):
    def shape(self):
        with self.connect() as connection:
            return catalogue.catalogue(connection)

    def alembic_here(self, command, *arguments):
        """What a command of Alembic printed, called in this process: a process for each takes half a second."""
        printed = io.StringIO()
        options = argparse.Namespace(x=[f"database={self.address}"])
        getattr(alembic.command, command)(alembic.config.Config(SOURCE / "migrations/alembic.ini", stdout=printed, cmd_opts=options), *arguments)
        return printed.getvalue()

    def test_the_first_revision_is_the_contract(self):
        self.db_ok("upgrade", "--to", FIRST)
        self.assertEqual(self.shape(), catalogue.contract())
        self.assertEqual(self.differences(), {})
        self.assertIn(FIRST, self.alembic("current"))

    def test_alembic_makes_the_same(self):
        self.alembic("upgrade", FIRST)
        self.assertEqual(self.shape(), catalogue.contract())
        self.alembic("upgrade", "head")
        theirs = self.db_ok("catalogue")
        self.assertEqual(self.differences(), {})
        other = self.new_database()
        self.db_ok("upgrade", address=self.server.address(other))
        self.assertEqual(theirs, self.db_ok("catalogue", address=self.server.address(other)))

    def test_any_mixture_of_both_tools_up_and_down(self):
        words = ["base", FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, HEAD]
        choose = random.Random(20260015)  # takes every step up and down by both tools within the steps below
        at = 0
        seen = {}
        for step in range(71):
            way = 1 if at == 0 else -1 if at == len(words) - 1 else choose.choice((1, -1))
            at += way
            if choose.random() < 0.5:
                self.alembic_here("upgrade", "+1") if way > 0 else self.alembic_here("downgrade", "-1")
            elif way > 0:
                self.db_ok("upgrade", "--to", words[at])
            else:
                self.db_ok("downgrade")
            self.assertEqual(self.current(), words[at], f"step {step}")
            self.assertEqual(self.alembic_here("current").split(" ")[0].strip(), "" if at == 0 else words[at])
            shape = self.db_ok("catalogue").replace("alembic_version", "") if at else ""
            self.assertEqual(shape, seen.setdefault(at, shape), f"step {step}")
        self.assertEqual(len(seen), len(words))

    def test_alembic_knows_the_same_history(self):
        ours = self.json("db", "history")
        self.assertEqual([r["revision"] for r in ours], [HEAD, SIXTH, FIFTH, FOURTH, THIRD, SECOND, FIRST])
        theirs = self.alembic("history")
        for revision in ours:
            parent = "<base>" if revision["parent"] == "base" else revision["parent"]
            self.assertIn(f"{parent} -> {revision['revision']}", theirs)
        self.assertIn(HEAD, self.alembic("heads"))

    def test_alembic_waits_for_our_lock_and_refuses_a_pooled_host(self):
        held = self.connect()
        held.execute("SELECT pg_advisory_lock(7521983762164970081)")
        process = subprocess.Popen([sys.executable, "-m", "alembic", "-c", "migrations/alembic.ini", "-x", f"database={self.address}", "upgrade", "head"],
                                   cwd=SOURCE, stderr=subprocess.PIPE)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(3)
        self.assertEqual(self.current(), "base")
        held.close()
        process.communicate(timeout=60)
        self.assertEqual((process.returncode, self.current()), (0, HEAD))

    def test_scripts_do_what_the_commands_do(self):
        script = self.db_ok("upgrade", "--sql")
        self.assertEqual(self.current(), "base", "printing changes nothing")
        self.assertEqual(script, self.ok("db", "upgrade", "--sql", "--from", "base", "--database", "host=127.0.0.1 port=1"))
        self.psql(script)
        self.assertEqual((self.current(), self.differences()), (HEAD, {}))
        self.psql(self.db_ok("downgrade", "--sql", "--to", FIRST))
        self.assertEqual((self.current(), set(self.differences())), (FIRST, set()))
        self.psql(self.alembic("upgrade", f"{FIRST}:head", "--sql"))
        self.assertEqual((self.current(), self.differences()), (HEAD, {}))

    def test_nothing_to_do_is_said_and_done(self):
        self.db_ok("upgrade")
        before = self.rows("SELECT oid FROM pg_class WHERE relname = 'checks'")
        self.assertIn("nothing to do", self.db_ok("upgrade"))
        self.assertEqual(self.rows("SELECT oid FROM pg_class WHERE relname = 'checks'"), before)

    def test_directions_and_names_are_checked(self):
        self.db_ok("upgrade")
        self.refused(2, "db", "upgrade", "--to", FIRST, "--database", self.address, says=("beyond", "db downgrade goes back"))
        self.refused(2, "db", "upgrade", "--to", "ffff", "--database", self.address, says="no revision has an id that begins with 'ffff'")
        self.refused(2, "db", "upgrade", "--from", FIRST, "--database", self.address, says="--from belongs to --sql")
        self.db_ok("downgrade", "--to", "9e15")
        self.refused(2, "db", "downgrade", "--to", "head", "--database", self.address, says="before")
        self.db_ok("downgrade", "--to", "base")
        self.assertIn("nothing to do", self.db_ok("downgrade"))

    def test_a_downgrade_that_destroys_rows_must_be_meant(self):
        self.db_ok("upgrade")
        self.do("INSERT INTO samples (cache_key) VALUES ('a'), ('b')")
        self.do(f"INSERT INTO users (id, email) VALUES ('{uuid.uuid4()}', 'a@example.com')")
        self.do(f"INSERT INTO jobs (id, kind, unique_key, payload) VALUES ('{uuid.uuid4()}', 'check', 'a', '{{}}')")
        self.do("INSERT INTO heretix_server_refusals VALUES ('http://a', 'm', 'temperature', '0.3', '', 1, 'no')")
        self.do(f"INSERT INTO sets (id, user_id, name, models, request, claims) SELECT '{uuid.uuid4()}', id, '', '[]', '{{}}', 0 FROM users")
        self.db_ok("downgrade")
        self.db_ok("downgrade")
        self.refused(4, "db", "downgrade", "--database", self.address, says=("sets (1 rows)", "--yes-destroy"))
        self.assertEqual(self.current(), FIFTH)
        self.db_ok("downgrade", "--yes-destroy")
        self.refused(4, "db", "downgrade", "--database", self.address, says=("heretix_server_refusals (1 rows)", "--yes-destroy"))
        self.assertEqual((self.current(), self.rows("SELECT count(*) FROM heretix_server_refusals")), (FOURTH, [(1,)]))
        self.db_ok("downgrade", "--yes-destroy")
        self.refused(4, "db", "downgrade", "--database", self.address, says=("jobs (1 rows)", "--yes-destroy"))
        self.assertEqual((self.current(), self.rows("SELECT count(*) FROM jobs")), (THIRD, [(1,)]))
        self.db_ok("downgrade", "--yes-destroy")
        self.refused(4, "db", "downgrade", "--database", self.address, says=("samples (2 rows)", "--yes-destroy"))
        self.assertEqual((self.current(), self.rows("SELECT count(*) FROM samples")), (SECOND, [(2,)]))
        self.db_ok("downgrade", "--yes-destroy")
        self.refused(4, "db", "downgrade", "--database", self.address, says="users (1 rows)")
        self.assertEqual(self.rows("SELECT count(*) FROM users"), [(1,)])
        self.db_ok("downgrade", "--yes-destroy")
        self.assertEqual(self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"), [("alembic_version",)])

    def test_records_of_checks_are_carried_over_and_back(self):
        """Before, a check from a stored result had a copy of the record and did not name the execution."""
        self.db_ok("upgrade", "--to", THIRD)
        record = '{"execution": {"execution_id": "exec-aaaaaaaaaaaa"}}'
        for number, execution in ((1, "'exec-aaaaaaaaaaaa'"), (2, "NULL")):
            identifier = uuid.UUID(int=number)
            self.do('INSERT INTO checks (id, run_id, env, model, prompt_version, "K", "R", was_cached, config_json, finished_at) VALUES '
                    f"('{identifier}', 'run-{number}', 'local', 'm', 'v', 1, 1, {number == 2}, '{{}}', now())")
            self.do(f"INSERT INTO check_requests (check_id, state, request, execution_id, record) VALUES ('{identifier}', 'done', '{{}}', {execution}, '{record}')")
        self.do(f"INSERT INTO checks (id, run_id, env, model, prompt_version, \"K\", \"R\") VALUES ('{uuid.UUID(int=3)}', 'run-3', 'local', 'm', 'v', 1, 1)")
        self.do(f"INSERT INTO check_requests (check_id, request) VALUES ('{uuid.UUID(int=3)}', '{{}}')")

        self.db_ok("upgrade")
        self.assertEqual(self.differences(), {})
        self.assertEqual(self.rows("SELECT execution_id, record FROM check_records"), [("exec-aaaaaaaaaaaa", record)])
        self.assertEqual(self.rows("SELECT execution_id FROM check_requests ORDER BY check_id"), [("exec-aaaaaaaaaaaa",)] * 2 + [(None,)])
        self.assertEqual(self.rows("SELECT config_json FROM checks ORDER BY run_id"), [("{}",), (None,), (None,)])

        self.db_ok("downgrade", "--to", THIRD, "--yes-destroy")
        self.assertEqual(self.rows("SELECT execution_id, record FROM check_requests ORDER BY check_id"), [("exec-aaaaaaaaaaaa", record)] * 2 + [(None, None)])

    def test_a_database_ahead_of_the_program_is_left_alone(self):
        self.db_ok("upgrade")
        self.do("UPDATE alembic_version SET version_num = 'aaaaaaaaaaaa'")
        for command in ("upgrade", "downgrade", "current", "check", "status", "convert"):
            self.refused(2, "db", command, "--database", self.address, says=("aaaaaaaaaaaa", "does not know", "left as it is"))
        self.refused(2, "list", "--database", self.address, says="aaaaaaaaaaaa")
        self.assertEqual(self.rows("SELECT version_num FROM alembic_version"), [("aaaaaaaaaaaa",)])
        self.do("INSERT INTO alembic_version VALUES ('bbbbbbbbbbbb')")
        self.refused(2, "db", "upgrade", "--database", self.address, says="holds 2 revisions")

    def test_stamp_names_only_what_is_there(self):
        self.db_ok("upgrade", "--to", FIRST)
        self.do("DROP TABLE alembic_version")
        self.refused(2, "db", "upgrade", "--database", self.address, says=("Heretix tables but no revision", "db stamp"))
        self.refused(2, "db", "stamp", "head", "--database", self.address, says=("anonymous_visitors", "and 346 more"))
        self.db_ok("stamp", FIRST)
        self.assertEqual(self.shape(), catalogue.contract())
        self.db_ok("upgrade")
        self.refused(2, "db", "stamp", "base", "--database", self.address, says="does not belong there")

    def test_another_shape_under_the_stamp_is_told_column_by_column(self):
        self.db_ok("upgrade", "--to", FIRST)
        self.do('ALTER TABLE checks DROP COLUMN ci_width; ALTER TABLE users ALTER COLUMN plan TYPE text; ALTER TABLE checks ADD note text')
        done = self.db("check")
        self.assertEqual(done.returncode, 1)
        for line in ("column checks.ci_width is missing: double precision", "column users.plan is text", "should be character varying(32)",
                     "column checks.note does not belong there: text"):
            self.assertIn(line, done.stdout)
        self.refused(2, "db", "upgrade", "--database", self.address, says=("another shape", "column checks.ci_width is missing"))
        self.refused(2, "db", "convert", "--database", self.address, says=("unknown shape", "column checks.note"))
        self.assertEqual(self.current(), FIRST)

    def older(self, number):
        self.db_ok("upgrade", "--to", FIRST)
        with self.connect() as connection:
            catalogue.make_older(connection, number)

    def test_integers_of_an_older_shape_are_widened_with_their_rows(self):
        self.older(1)
        user = uuid.uuid4()
        self.do(f"INSERT INTO users (id, email) VALUES ('{user}', 'a@example.com')")
        self.do(f"""INSERT INTO checks (id, run_id, env, user_id, model, prompt_version, "K", "R", "T", seed, prob_true_rpl)
            VALUES ('{uuid.uuid4()}', 'r-1', 'prod', '{user}', 'm', 'v', 8, 2, 16, 2147483647, 0.1)""")
        self.do(f"""INSERT INTO usage_ledger (id, user_id, period_start, period_end, plan, checks_allowed, checks_used)
            VALUES ('{uuid.uuid4()}', '{user}', '2026-11-01', '2026-11-30', 'trial', 20, 7)""")
        rows = [self.rows("SELECT * FROM checks"), self.rows("SELECT * FROM usage_ledger")]
        self.refused(2, "db", "upgrade", "--database", self.address, says=("narrow_integers", "column checks.K is integer", "db convert"))
        self.assertEqual(json.loads(self.db("check", "--json").stdout)["databases"][0]["older_shape"], "narrow_integers")
        self.assertIn("narrow_integers", self.db_ok("convert"))
        self.assertEqual(self.shape(), catalogue.contract())
        self.assertEqual([self.rows("SELECT * FROM checks"), self.rows("SELECT * FROM usage_ledger")], rows)
        self.assertIn("nothing to do", self.db_ok("convert"))
        self.db_ok("upgrade")

    def test_the_oldest_shape_is_made_anew_with_its_rows(self):
        self.older(0)
        user = uuid.uuid4()
        self.do(f"INSERT INTO users (id, email) VALUES ('{user}', 'a@example.com')")
        for n, run_id in enumerate(("r-1", "r-2", "r-2")):
            self.do(f"""INSERT INTO checks (id, run_id, env, user_id, claim_text, claim_hash, model, prompt_version, k, r, t, b, prob_true_rpl,
                ci_lo, ci_hi, aggregation, diagnostics, was_cached, started_at, finished_at) VALUES ('00000000-0000-4000-8000-00000000000{n}', '{run_id}',
                'prod', '{user}', 'Łódź {n}', 'h', 'm', 'v', 8, {n}, 16, 5000, 0.25, 0.125, 0.5, '{{"bootstrap_seed": 18446744073709551615}}',
                '{{"pqs": {n}}}', false, '2026-01-0{n + 1} 00:00:00+00', NULL)""")
        self.assertIn("before_recipe_columns", self.db("check").stdout)
        self.refused(2, "db", "upgrade", "--database", self.address, says="before_recipe_columns")
        self.db_ok("convert")
        self.assertEqual(self.shape(), catalogue.contract())
        self.assertEqual(self.differences(), {})
        rows = self.rows('SELECT claim, "K", "R", "T", "B", ci_width, created_at::date::text, config_json::jsonb, run_id, user_id FROM checks ORDER BY claim')
        self.assertEqual([r[:7] for r in rows], [(f"Łódź {n}", 8, n, 16, 5000, 0.375, f"2026-01-0{n + 1}") for n in range(3)])
        self.assertEqual(rows[1][7], {"aggregation": {"bootstrap_seed": 18446744073709551615}, "diagnostics": {"pqs": 1}})
        self.assertEqual([r[8] for r in rows[:2]], ["r-1", "r-2"])
        self.assertRegex(rows[2][8], r"^r-2-[0-9a-f]{12}$")
        self.assertEqual({r[9] for r in rows}, {user})
        self.db_ok("upgrade")

    def test_a_conversion_that_cannot_carry_a_row_changes_nothing(self):
        self.older(0)
        self.do(f"INSERT INTO checks (id, run_id, env, claim_hash, model, prompt_version) VALUES ('{uuid.uuid4()}', 'r', 'prod', 'h', 'm', 'v')")
        before = self.shape()
        done = self.refused(5, "db", "convert", "--database", self.address, says='null value in column "K"')
        self.assertIn("nothing was written", done.stderr)
        self.assertEqual(self.shape(), before)
        self.assertEqual(self.rows("SELECT count(*) FROM checks"), [(1,)])

    def test_all_proves_that_both_are_one(self):
        other = self.new_database()
        both = {"DATABASE_URL": self.address, "DATABASE_URL_PROD": self.server.address(other)}
        self.assertIn("the same revision and the same catalogue", self.ok("db", "upgrade", "--all", **both))
        told = self.json("db", "check", "--all", **both)
        self.assertTrue(told["in_sync"])
        self.assertEqual([d["name"] for d in told["databases"]], ["local", "prod"])
        self.do("CREATE INDEX by_hand ON checks (model); ALTER TABLE users ALTER status DROP DEFAULT", name=other)
        self.do("CREATE TABLE only_here (x int)")
        done = self.heretix("db", "status", "--all", "--json", **both)
        self.assertEqual(done.returncode, 1)
        told = json.loads(done.stdout)
        self.assertEqual({d["object"] for d in told["differences"]}, {"index checks.by_hand", "column users.status", "table only_here",
                                                                     "column only_here.x", "order only_here"})
        self.db_ok("downgrade", address=both["DATABASE_URL"])
        done = self.heretix("db", "current", "--all", **both)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"different revisions (local {SIXTH}, prod {HEAD})", done.stdout)

    def test_a_database_that_is_behind_is_told_in_one_line(self):
        """Which one, what it has, what is the present one, and the command that mends it; not what else follows from that."""
        other = self.new_database()
        both = {"DATABASE_URL": self.address, "DATABASE_URL_PROD": self.server.address(other)}
        self.ok("db", "upgrade", "--all", **both)
        for name, address in (("prod", both["DATABASE_URL_PROD"]), ("local", both["DATABASE_URL"])):
            with self.subTest(name):
                self.db_ok("downgrade", "--to", SECOND, address=address)
                done = self.heretix("db", "check", "--all", **both)
                self.assertEqual(done.returncode, 1)
                behind = f"at {SECOND}, 5 revisions behind head ({HEAD}): heretix db upgrade --database {name}"
                told = [line for line in done.stdout.splitlines() if behind in line]
                self.assertEqual(len(told), 1, done.stdout)
                self.assertTrue(told[0].startswith(name + " heretix@"), told)
                self.assertLessEqual(len(done.stdout.splitlines()), 4, done.stdout)
                self.assertNotIn("DIFFERENT", done.stdout)
                told = json.loads(self.heretix("db", "check", "--all", "--json", **both).stdout)
                self.assertEqual((told["in_sync"], [d["object"] for d in told["differences"]]), (False, ["revision"]))
                self.assertEqual({d["name"]: d["missing"] for d in told["databases"]}, {"local": 0, "prod": 0} | {name: 5})
                self.db_ok("upgrade", address=address)
        self.db_ok("downgrade")
        done = self.db("check")
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (1, 1), done.stdout)
        self.assertIn(f"at {SIXTH}, 1 revision behind head ({HEAD}): heretix db upgrade --database URL", done.stdout)

    def test_what_was_changed_by_hand_is_still_listed_where_a_database_is_behind(self):
        self.db_ok("upgrade", "--to", SIXTH)
        self.do("CREATE INDEX by_hand ON checks (model)")
        self.assertEqual(set(self.differences()), {"index checks.by_hand"})
        told = self.db("check").stdout
        self.assertIn("1 revision behind head", told)
        self.assertIn("index checks.by_hand does not belong there", told)


if __name__ == "__main__":
    unittest.main()
