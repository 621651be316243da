"""Every spelling of an address reaches what SQLAlchemy would reach, and no password is ever shown."""
import json
import os
import pathlib
import subprocess
import time
import unittest

import psycopg.conninfo
from sqlalchemy import make_url

from cases import PostgresTest

SECRET = "s3cret"
P = "postgresql+psycopg://"
NEON = "ep-cool-darkness-123456.eu-central-1.aws.neon.tech"

# Read as SQLAlchemy reads them (or, for keyword strings, libpq).
SAME = [
    # schemes and drivers
    "postgresql://u:s3cret@h:5433/d", "postgres://u:s3cret@h:5433/d", f"{P}u:s3cret@h:5433/d",
    "postgresql+psycopg2://u:s3cret@h:5433/d", "postgresql+psycopg_async://u:s3cret@h:5433/d",
    "postgresql+psycopg2cffi://u:s3cret@h/d", "postgresql+asyncpg://u:s3cret@h:5433/d", "postgresql+pg8000://u:s3cret@h:5433/d",
    "postgresql+asyncpg://u:s3cret@h/d?ssl=require", "postgres+psycopg://u@h/d",
    # parts left out
    f"{P}h", f"{P}h/", f"{P}h/d", f"{P}h:5433", f"{P}h:5433/", f"{P}h:5433/d", f"{P}u@h", f"{P}u@h/d", f"{P}u:@h/d", f"{P}@h/d",
    f"{P}:s3cret@h/d", f"{P}u:s3cret@h", f"{P}h:0/d", f"{P}h:05433/d",
    # hosts
    f"{P}u@localhost/d", f"{P}u@127.0.0.1:5433/d", f"{P}u@[::1]/d", f"{P}u@[::1]:5433/d", f"{P}u@[fe80::1]:5433/d?sslmode=disable",
    f"{P}u@db.example.com:5433/d", f"{P}u@h1,h2/d", f"{P}u:s3cret@DB.Example.COM/d", f"{P}u@h_1-x.y/d",
    # escapes
    f"{P}u:p%40ss%3Aw%2Frd@h/d", f"{P}u%40corp:s3cret@h/d", f"{P}u:%25%26%3D%23%3F@h/d", f"{P}u:a+b@h/d", f"{P}u:a%20b@h/d",
    f"{P}u:a b@h/d", f"{P}u:p#x@h/d", f"{P}u:p?x@h/d", f"{P}u:p/x@h/d", f"{P}u:p:x@h/d", f"{P}u:%zz@h/d", f"{P}u:%C5%81%C3%B3d%C5%BA@h/d",
    f"{P}u:Łódź@h/d", f"{P}u@h/my%20data", f"{P}u@h/my data", f"{P}u@h/d/e", f"{P}u@h/a%2Fb", f"{P}u@h/D", f"{P}a@b@h/d", f"{P}u@h/d@e", f"{P}u:s3cret@h/d%40e",
    f"{P}u:%5B%5D@h/d", f"{P}u:$'\"\\@h/d",
    # sockets and hosts in the query
    f"{P}u@/d?host=/var/run/postgresql", f"{P}/d?host=/var/run/postgresql", f"{P}u:s3cret@/d?host=/tmp&port=5433",
    f"{P}u@h/d?host=other", f"{P}u@/d?host=h:1&port=2", f"{P}u@h:1/d?port=5433", f"{P}u@h:1/d?host=other&port=5433", f"{P}u@/d?host=h:5433", f"{P}u@h:1/d?host=h2:5433",
    f"{P}u@/d?host=h1&host=h2", f"{P}u@/d?host=h1:1&host=h2:2", f"{P}u@/d?host=h1:1&host=h2", f"{P}u@/d?host=h1,h2&port=1,2",
    f"{P}u@/d?host=h1,h2", f"{P}u@/d?host=h1,h2&port=1,", f"{P}u@/d?host=%2Ftmp", f"{P}u@/d?host=::1", f"{P}u@/d?host=h.example-1.com:",
    # libpq's parameters
    f"{P}u:s3cret@h/d?sslmode=require&channel_binding=require", f"{P}u@h/d?sslmode=verify-full&sslrootcert=/etc/ca.crt",
    f"{P}u@h/d?connect_timeout=5&application_name=a%20b", f"{P}u@h/d?application_name=a+b", f"{P}u@h/d?options=-c%20search_path%3Dx",
    f"{P}u@h/d?options=endpoint%3Dep-1", f"{P}u@h/d?target_session_attrs=read-write", f"{P}u@h/d?keepalives=1&keepalives_idle=30",
    f"{P}u@h/d?gssencmode=disable", f"{P}u@h/d?user=other", f"{P}u:s3cret@h/d?password=0ther", f"{P}u@h/d?dbname=e", f"{P}u@h/d?sslmode=",
    f"{P}u@h/d?", f"{P}u@h/d?sslmode", f"{P}u@h/d?&sslmode=require&", f"{P}u@h?sslmode=require", f"{P}u@h:5433?sslmode=require",
    f"{P}h/d?options=a=b", f"{P}u:s3cret@h/d?sslcert=/a&sslkey=/b&sslpassword=s3cret", f"{P}u@h/d?passfile=/p&hostaddr=127.0.0.1",
    # Neon as its console writes it
    f"postgresql://neondb_owner:npg_s3cret@{NEON}/neondb?sslmode=require&channel_binding=require",
    f"{P}neondb_owner:npg_s3cret@{NEON.replace('.', '-pooler.', 1)}/neondb?sslmode=require",
    # keyword strings
    "host=h dbname=d", "host=h port=5433 dbname=d user=u password=s3cret", "host = h  dbname = d", "host='h' dbname='my data'",
    r"host=h password='it\'s \\ s3cret'", "host=h sslmode=require channel_binding=require", "host=/var/run/postgresql dbname=d",
    "hostaddr=127.0.0.1 dbname=d", "service=x", "host=h1,h2 port=1,2", "host=h options='-c a=b'", "host=h dbname=postgresql://other/x",
    "user=u host=h password=''",
]

# Refused: SQLAlchemy refuses it too, or would reach something that nobody meant. What is said names the reason.
REFUSED = [
    ("", "empty"), ("heretix", "neither a URL"), ("localhost:5433/heretix", "neither a URL"), ("//u@h/d", "neither a URL"),
    ("sqlite:///runs/heretix.sqlite", "is not a Postgres address"), ("mysql://u:s3cret@h/d", "is not a Postgres address"), ("http://h/d", "is not a Postgres address"),
    ("POSTGRESQL://h/d", "is not a Postgres address"), ("postgresql+psycopg3://h/d", "no driver 'psycopg3'"), ("postgresql+://h/d", "no driver ''"),
    ("postgresql+mysqldb://h/d", "no driver"), ("cockroachdb://h/d", "is not a Postgres address"), ("jdbc:postgresql://h/d", "no"),
    (P, "names no host"), (f"{P}/d", "names no host"), (f"{P}u:s3cret@/d", "names no host"), ("postgresql:///d", "names no host"),
    ("dbname=d", "names no host"), ("user=u password=s3cret dbname=d", "names no host"), (f"{P}u@:5433/d", "names no host"),
    ("host='' dbname=d", "hosts is empty"), (f"{P}u@h1,,h2/d", "hosts is empty"),
    (f"{P}u:s3c@ret@h/d", "'@'"), (f"{P}u:p@s3cret:5433/d@h/e", "database's name"), (f"{P}u:s3cret@h:/d", "no port"), (f"{P}u:s3cret@%2Fvar%2Frun/d", "'%'"),
    (f"{P}u@h:x/d", "port"), (f"{P}u@h:99999/d", "port"), (f"{P}u@h:-1/d", "port"), (f"{P}u@h:5433x/d", "port"), (f"{P}u@h1:1,h2:2/d", "port"),
    (f"{P}u@/d?host=a&host=b&port=1", "ports"), (f"{P}u@/d?host=a,b&port=1", "as many ports"),
    (f"{P}u@h/d?port=1,2", "as many ports"), (f"{P}u@/d?host=a:1:2&host=b", "HOST:PORT"), (f"{P}u@h/d?port=x", "port"),
    (f"{P}u@h/d?sslmodus=require", "unknown parameter 'sslmodus'"), (f"{P}u@h/d?ssl=true", "unknown parameter 'ssl'"),
    (f"{P}u@h/d?pgbouncer=true", "unknown parameter"), (f"{P}u@h/d?prepare_threshold=0", "unknown parameter"),
    (f"{P}u@h/d?autocommit=1", "unknown parameter"), (f"{P}u@h/d?SSLMODE=require", "unknown parameter 'SSLMODE'"),
    (f"{P}u@h/d?database=e", "unknown parameter"), ("host=h sslmodus=require", "cannot read"), ("host=h password=two s3cret", "cannot read"),
    ("host=h password='s3cret", "cannot read"), (f"{P}u@h/d?sslmode=a&sslmode=b", "given 2 times"),
    (f"{P}u:s3cret@h/d\n", "control character"), (f"{P}u:s3\tcret@h/d", "control character"), (f" {P}u:s3cret@h/d", "space or a quote"),
    (f"{P}u:s3cret@h/d ", "space or a quote"), (f"'{P}u:s3cret@h/d'", "space or a quote"), (f'"{P}u:s3cret@h/d"', "space or a quote"),
    (f"{P}u:%FF@h/d", "is not text"), (f"{P}u:%00s3cret@h/d", "is not text"), (f"{P}u:s3cret@h/" + "d" * 9000, "at most 8192"),
]


def oracle(address):
    """What SQLAlchemy hands to the driver, in libpq's words."""
    if "://" not in address.split("=")[0]:
        return {k: str(v) for k, v in psycopg.conninfo.conninfo_to_dict(address).items()}
    head, _, rest = address.partition("://")
    url = make_url(head.replace("postgres", "postgresql", 1).replace("postgresqlql", "postgresql") + "://" + rest)
    _, options = url.get_dialect()().create_connect_args(url)
    words = {"database": "dbname", "ssl": "sslmode"}
    return {words.get(k, k): str(v) for k, v in options.items()}


def asked(addresses):
    program = os.path.join(os.environ["HERETIX_BUILD"], "tests", "print_addresses")
    done = subprocess.run([program], input=json.dumps(addresses), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


class Addresses(PostgresTest):
    def test_each_is_the_target_that_sqlalchemy_would_reach(self):
        self.assertGreaterEqual(len(set(SAME)), 80)
        for address, told in zip(SAME, asked(SAME), strict=True):
            with self.subTest(address):
                self.assertEqual(told.get("parameters", told), oracle(address))

    def test_what_cannot_be_meant_is_refused_with_its_reason(self):
        for (address, says), told in zip(REFUSED, asked([a for a, _ in REFUSED]), strict=True):
            with self.subTest(address):
                self.assertIn("error", told)
                self.assertIn(says, told["error"])
                self.assertTrue(told["hint"] or says in ("at most 8192", "control character", "empty"), told)

    def test_no_password_is_in_what_is_said(self):
        addresses = [a for a in SAME if SECRET in a] + [a for a, _ in REFUSED if "s3c" in a]
        self.assertGreater(len(addresses), 25)
        for address, told in zip(addresses, asked(addresses), strict=True):
            told.pop("parameters", None)
            with self.subTest(address):
                self.assertNotIn("s3c", json.dumps(told))
                self.assertNotIn("cret", json.dumps(told))

    def test_psql_command_reaches_the_same_database(self):
        command = self.heretix("db", "psql", "--database", self.address)
        self.assertNotIn("p@ss", command.stdout + command.stderr)
        done = subprocess.run(["sh", "-c", command.stdout.strip() + " -Atc 'SELECT current_database()'"], capture_output=True, text=True,
                              env={**os.environ, "PGPASSWORD": self.server.conninfo("x")["password"]})
        self.assertEqual(done.stdout.strip(), self.name, done.stderr)

    def test_local_prod_and_app_env_choose(self):
        other = self.new_database()
        both = {"DATABASE_URL": self.address, "DATABASE_URL_PROD": self.server.address(other)}
        shown = lambda *arguments, **env: self.json("db", "current", *arguments, **env)["databases"][0]["address"]  # noqa: E731
        self.assertTrue(shown(**both).endswith(self.name))
        self.assertTrue(shown("--database", "prod", **both).endswith(other))
        self.assertTrue(shown(APP_ENV="prod", **both).endswith(other))
        self.assertTrue(shown("--database", "local", APP_ENV="prod", **both).endswith(self.name))
        self.refused(2, "db", "current", "--database", "prod", says="DATABASE_URL_PROD is not set")
        self.refused(2, "db", "current", says="APP_ENV is 'test'", APP_ENV="test")
        self.refused(2, "db", "current", "--all", "--database", "local", says="--all", **both)

    def test_without_anything_it_is_port_5433_here(self):
        self.assertIn("localhost", self.ok("db", "psql"))
        self.assertIn("5433", self.ok("db", "psql"))

    def test_no_password_stays_in_the_process_title(self):
        held = self.connect()
        held.execute("SELECT pg_advisory_lock(7521983762164970081)")
        process = subprocess.Popen([os.environ["HERETIX"], "db", "upgrade", "--database", self.address], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        try:
            self.assertIn("waiting", process.stderr.readline())
            title = pathlib.Path(f"/proc/{process.pid}/cmdline").read_text()
            self.assertIn("upgrade", title)
            for part in ("p%40ss", "p@ss", "w%2Frd"):
                self.assertNotIn(part, title)
        finally:
            held.close()
            process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)

    def test_a_wrong_password_and_a_missing_database_are_told(self):
        wrong = self.address.replace("p%40ss", "another")
        self.assertNotIn("another", self.refused(4, "db", "current", "--database", wrong, says="password authentication failed").stderr)
        self.refused(3, "db", "current", "--database", self.server.address("nothing_here"), says="does not exist")
        started = time.monotonic()
        self.refused(5, "db", "current", "--database", "host=127.0.0.1 port=1 user=u dbname=d", says="Connection refused")
        self.assertLess(time.monotonic() - started, 10)

    def test_tls_that_is_asked_for_is_had_or_refused(self):
        status = self.json("db", "status", "--database", self.server.secure_address(self.name))["databases"][0]
        self.assertEqual(status["tls"], "TLSv1.3")
        other_host = self.server.secure_address(self.name).replace("localhost", "127.0.0.1")
        self.refused(4, "db", "status", "--database", other_host, says="does not match host name")
        unbound = self.server.address(self.name, sslmode="disable", channel_binding="require")
        self.refused(4, "db", "status", "--database", unbound, says="channel binding")


if __name__ == "__main__":
    unittest.main()
