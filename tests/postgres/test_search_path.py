"""Whatever a connection's search path says, `heretix db`, Alembic and checks use schema public, or all refuse the address."""
import unittest
import urllib.parse

from cases import HEAD, PostgresTest

TABLES = "SELECT schemaname, count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') GROUP BY 1 ORDER BY 1"


class SearchPath(PostgresTest):
    def setUp(self):
        super().setUp()
        self.do("CREATE SCHEMA foo")

    def options(self, path, name=None):
        return self.server.address(name or self.name, options=urllib.parse.quote(f"-csearch_path={path}"))

    def role(self, name):
        """Somebody who may do everything, and the address with that user. What they own goes with the database."""
        self.admin(f"CREATE ROLE {name} SUPERUSER LOGIN PASSWORD 'x'")
        self.addCleanup(self.admin, f"DROP ROLE {name}")
        self.addCleanup(self.admin, f"DROP DATABASE {self.name} WITH (FORCE)")
        return f"postgresql+psycopg://{name}:x@localhost:{self.server.port}/{self.name}"

    def all_refuse(self, *says, address=None, alembic_says="does not lead to schema public", **environment):
        address = address or self.address
        self.ok("run", "Snow is white", "--mock")
        for command in (["upgrade"], ["status"], ["check"], ["current"], ["stamp", "head"], ["import", self.usual_store()]):
            self.refused(2, "db", *command, "--database", address, says=says, **environment)
        self.refused(2, "run", "Snow is white", "--mock", "--database", address, says=says, **environment)
        self.refused(2, "list", "--database", address, says=says, **environment)
        if alembic_says:
            self.assertIn(alembic_says, self.alembic("upgrade", "head", address=address, code=1, **environment))

    def test_an_address_that_leads_past_public_is_refused_by_both_tools(self):
        self.all_refuse("the search path 'foo' (set by options in the address)", "does not lead to schema public", "remove search_path from the address",
                        address=self.options("foo"))
        self.assertEqual(self.rows(TABLES), [])

    def test_so_is_a_path_from_the_environment(self):
        self.all_refuse("the search path 'foo' (set by PGOPTIONS or a service file)", "does not lead to schema public", PGOPTIONS="-csearch_path=foo")
        self.assertEqual(self.rows(TABLES), [])

    def test_so_is_a_path_of_the_role_or_the_database(self):
        role = f"r_{self.name}"
        address = self.role(role)
        self.do(f"ALTER DATABASE {self.name} SET search_path = foo")
        self.all_refuse(f"set by ALTER DATABASE {self.name} SET", f"ALTER DATABASE {self.name} RESET search_path", address=address)
        self.do(f"ALTER ROLE {role} IN DATABASE {self.name} SET search_path = nowhere, foo")
        self.all_refuse("'nowhere, foo'", f"ALTER ROLE {role} IN DATABASE {self.name} RESET search_path", address=address)
        self.do(f"ALTER DATABASE {self.name} RESET search_path; ALTER ROLE {role} IN DATABASE {self.name} RESET search_path; "
                f"ALTER ROLE {role} SET search_path = foo")
        self.all_refuse(f"ALTER ROLE {role} RESET search_path", address=address)
        self.assertEqual(self.rows(TABLES), [])

    def test_a_path_with_public_behind_another_schema_fills_public_by_either_tool(self):
        address = self.options("foo,public")
        self.ok("db", "upgrade", "--database", address)
        ours = self.rows(TABLES)
        self.assertEqual([schema for schema, _ in ours], ["public"])
        self.ok("run", "Snow is white", "--mock", "--database", address)
        self.assertEqual(self.rows("SELECT count(*) FROM public.checks"), [(1,)])
        self.assertEqual(len(self.json("list", "--database", address)), 1)

        other = self.new_database()
        self.do("CREATE SCHEMA foo", name=other)
        self.alembic("upgrade", "head", address=self.options("foo,public", other))
        self.assertEqual(self.rows(TABLES, name=other), ours)
        self.assertIn(HEAD, self.alembic("current", address=self.options("foo,public", other)))
        self.alembic("downgrade", "-1", address=self.options("foo,public", other))

    def test_a_schema_named_after_the_user_comes_first_and_holds_nothing_of_ours(self):
        """PostgreSQL's own default is "$user", public."""
        address = self.role(f"u_{self.name}")
        self.do(f"CREATE SCHEMA u_{self.name}")
        self.alembic("upgrade", "head", address=address)
        self.assertEqual([schema for schema, _ in self.rows(TABLES)], ["public"])
        self.ok("db", "check", "--database", address)
        self.ok("run", "Snow is white", "--mock", "--database", address)
        self.assertEqual(self.rows("SELECT count(*) FROM public.checks"), [(1,)])

    def test_another_table_by_one_of_our_names_that_is_found_first_is_named(self):
        self.db_ok("upgrade")
        self.do("CREATE TABLE foo.checks (id int); CREATE TABLE foo.alembic_version (version_num text)")
        self.all_refuse("the search path 'foo, public'", "finds foo.checks before the table in schema public", address=self.options("foo,\\ public"),
                        alembic_says=None)
        self.ok("db", "check", "--database", self.options("public,foo"))
        self.do("DROP TABLE foo.checks")
        self.ok("db", "check", "--database", self.options("foo,public"))

    def test_a_space_in_options_ends_the_value_and_the_message_says_which_parameter(self):
        """libpq's options are words as a shell has them: -csearch_path=foo and public; a backslash keeps a space."""
        done = self.refused(2, "db", "status", "--database", self.options("foo, public"), says=('invalid value for parameter "search_path": "foo,"',))
        self.assertIn("correct that parameter of the address", done.stderr)
        self.assertNotIn("password", done.stderr)

    def test_scripts_fill_public_whatever_the_path_of_who_runs_them(self):
        psql_options = {"PGOPTIONS": "-csearch_path=foo"}
        self.psql(self.ok("db", "upgrade", "--sql", "--from", "base"), **psql_options)
        self.assertEqual(([schema for schema, _ in self.rows(TABLES)], self.differences()), (["public"], {}))
        self.psql(self.ok("db", "downgrade", "--sql", "--from", "head", "--to", "base"), **psql_options)
        self.do("DROP TABLE public.alembic_version")
        self.psql(self.alembic("upgrade", "head", "--sql"), **psql_options)
        self.assertEqual(([schema for schema, _ in self.rows(TABLES)], self.differences()), (["public"], {}))


if __name__ == "__main__":
    unittest.main()
