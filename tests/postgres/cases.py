"""Tests with a database of their own on the run's server (HERETIX_TEST_SERVER)."""
import json
import os
import pathlib
import subprocess
import sys
import uuid

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from heretix import SOURCE, ProgramTest
from server import Server

FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, HEAD = "9e15719c5c3c", "c41d7a90b2e6", "5f27c9e1a804", "d3a95b70c814", "a7c0e5d41b93", "f19d3c7a5b28", "b6e84d02f7a1"
CLAIM = "Tariffs cause inflation"


class PostgresTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        told = json.loads((pathlib.Path(os.environ["HERETIX_TEST_SERVER"]) / "server.json").read_text())
        cls.server = Server(told["folder"], told["port"])
        cls.pooler_port = told["pooler_port"]

    def setUp(self):
        super().setUp()
        self.name = self.new_database()
        self.address = self.server.address(self.name)

    def new_database(self):
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.admin(f'CREATE DATABASE "{name}"')
        self.addCleanup(self.admin, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', self.server)
        return name

    def admin(self, sql, server=None):
        with psycopg.connect(**(server or self.server).conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql)

    def connect(self, name=None, **more):
        connection = psycopg.connect(**self.server.conninfo(name or self.name), autocommit=True, **more)
        self.addCleanup(connection.close)
        return connection

    def rows(self, sql, *values, name=None):
        with psycopg.connect(**self.server.conninfo(name or self.name), autocommit=True) as connection:
            return connection.execute(sql, values or None).fetchall()

    def do(self, sql, name=None):
        with psycopg.connect(**self.server.conninfo(name or self.name), autocommit=True) as connection:
            connection.execute(sql)

    def db(self, command, *arguments, address=None, **more):
        """heretix db COMMAND on this test's database."""
        return self.heretix("db", command, *arguments, "--database", address or self.address, **more)

    def db_ok(self, command, *arguments, **more):
        done = self.db(command, *arguments, **more)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def alembic(self, *arguments, address=None, code=0, **environment):
        """What Alembic printed; of one that fails with another code, what it said."""
        done = subprocess.run([sys.executable, "-m", "alembic", "-c", "migrations/alembic.ini", "-x", f"database={address or self.address}", *arguments],
                              cwd=SOURCE, capture_output=True, text=True, timeout=120,
                              env={**os.environ, **environment})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.alembic_warned = done.stderr
        return done.stderr if code else done.stdout

    def psql(self, script, name=None, **environment):
        return subprocess.run(["psql", "-qXv", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.server.port), "-U", "heretix", name or self.name],
                              input=script, text=True, check=True, capture_output=True,
                              env={**os.environ, "PGPASSWORD": self.server.conninfo("x")["password"], **environment}).stdout

    def current(self, **more):
        return json.loads(self.db_ok("current", "--json", **more))["databases"][0]["revision"]

    def differences(self, **more):
        """What `db check` finds, by object."""
        done = self.db("check", "--json", **more)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return {d["object"]: d for d in json.loads(done.stdout)["databases"][0]["differences"]}
