"""tools/postgres.sh, which `make db` calls: the database of tools/docker-compose.yml without Docker."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

from cases import ProgramTest
from heretix import SOURCE
from server import free_port

SCRIPT = SOURCE / "tools/postgres.sh"


class LocalServer(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = tempfile.mkdtemp(prefix="heretix-db-", dir="/tmp") + "/postgres"
        os.chmod(os.path.dirname(self.data), 0o755)
        self.addCleanup(shutil.rmtree, os.path.dirname(self.data), ignore_errors=True)
        self.environment = {**os.environ, "HERETIX_POSTGRES_PORT": str(free_port()), "HERETIX_POSTGRES_DATA": self.data}
        self.addCleanup(self.script, "stop")

    def script(self, action, **more):
        return subprocess.run([SCRIPT, action], capture_output=True, text=True, env={**self.environment, **more}, timeout=120)

    def test_starts_is_usable_stops_and_keeps_its_data(self):
        address = f"postgresql+psycopg://heretix:heretix@localhost:{self.environment['HERETIX_POSTGRES_PORT']}/heretix"
        for step in ("first", "again"):
            done = self.script("start")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("already running", self.script("start").stderr, "a second start is no error")
            self.assertEqual(self.script("status").returncode, 0)
            told = self.ok("db", "upgrade", DATABASE_URL=address)
            self.assertIn("7 steps" if step == "first" else "nothing to do", told)
            pid = int(pathlib.Path(self.data, "postmaster.pid").read_text().split("\n")[0])
            self.assertNotEqual(os.stat(f"/proc/{pid}").st_uid, 0, "an unprivileged user runs it")
            self.assertEqual(self.script("stop").returncode, 0)
            self.assertEqual(self.script("status").returncode, 1)

    def test_docker_compose_describes_the_same_database(self):
        compose = (SOURCE / "tools/docker-compose.yml").read_text()
        for line in ("POSTGRES_USER: heretix", "POSTGRES_PASSWORD: heretix", "POSTGRES_DB: heretix", '"127.0.0.1:5433:5432"'):
            self.assertIn(line, compose)
        self.assertEqual(self.ok("db", "psql").strip(), "psql 'dbname=heretix host=localhost port=5433 user=heretix'")

    def test_a_taken_port_is_told(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            done = self.script("start", HERETIX_POSTGRES_PORT=str(taken.getsockname()[1]))
        self.assertEqual(done.returncode, 5)
        self.assertIn("is taken by another program", done.stderr)


if __name__ == "__main__":
    unittest.main()
