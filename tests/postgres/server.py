"""A real PostgreSQL with TLS and SCRAM, and PgBouncer in front of it, for one test run.

usage: server.py start FOLDER   starts both, writes FOLDER/server.json and a file per address
       server.py stop FOLDER    stops both by their own process ids

Everything listens on loopback, on free ports, as an unprivileged user. Data lies in a folder of its own under /tmp: a
server may not start below a folder that is closed to its user.
"""
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PASSWORD = "p@ss:w/rd% ?#"  # every character that an address must encode
PASSWORD_IN_URL = "p%40ss%3Aw%2Frd%25%20%3F%23"
USER = "heretix"
PROGRAMS = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
OTHER_USER = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], cwd="/", capture_output=True, text=True, **OTHER_USER, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")
    return done.stdout


class Server:
    """One PostgreSQL in a folder; stop and start it as often as needed. `programs` is the folder of its initdb and pg_ctl."""

    def __init__(self, folder=None, port=None, programs=PROGRAMS, has_tls=True):
        self.programs, self.has_tls = pathlib.Path(programs), has_tls
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="heretix-postgres-", dir="/tmp"))
        self.data = self.folder / "data"
        self.port = port or free_port()
        if OTHER_USER:
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, -1)

    def create(self):
        password = self.folder / "password"
        run("tee", password, input=PASSWORD)
        run(self.programs / "initdb", "-N", "-D", self.data, "-U", USER, f"--pwfile={password}", "--auth=scram-sha-256", "-E", "UTF8",
            "--locale=C.UTF-8")
        if self.has_tls:
            self.make_certificate()
        # Nothing here outlives the run, and what is tested are ends of processes, not of machines: no fsync.
        settings = (f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = ''\nssl = {'on' if self.has_tls else 'off'}\n"
                    "fsync = off\nmax_connections = 400\nlog_min_messages = warning\n")
        run("tee", "-a", self.data / "postgresql.conf", input=settings)
        self.start()
        return self

    def make_certificate(self):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-keyout", self.data / "server.key", "-out", self.data / "server.crt", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        run("chmod", "600", self.data / "server.key")
        shutil.copy(self.data / "server.crt", self.folder / "root.crt")
        os.chmod(self.folder, 0o755)
        os.chmod(self.folder / "root.crt", 0o644)

    def start(self):
        run(self.programs / "pg_ctl", "start", "-w", "-D", self.data, "-l", self.folder / "log")

    def stop(self, mode="fast"):
        run(self.programs / "pg_ctl", "stop", "-w", "-m", mode, "-D", self.data)

    def remove(self):
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self, database, scheme="postgresql+psycopg", port=None, host="localhost", **parameters):
        query = "&".join(f"{k}={v}" for k, v in parameters.items())
        return f"{scheme}://{USER}:{PASSWORD_IN_URL}@{host}:{port or self.port}/{database}" + (f"?{query}" if query else "")

    def secure_address(self, database):
        return self.address(database, sslmode="verify-full", sslrootcert=self.folder / "root.crt", channel_binding="require")

    def conninfo(self, database):
        return {"host": "127.0.0.1", "port": self.port, "user": USER, "password": PASSWORD, "dbname": database}


class Pooler:
    """PgBouncer in front of a server, every database by its own name."""

    def __init__(self, server, mode="transaction", folder=None):
        self.folder = folder or server.folder / f"pgbouncer-{mode}-{free_port()}"
        self.port = free_port()
        run("mkdir", "-p", self.folder)
        run("tee", self.folder / "users.txt", input=f'"{USER}" "{PASSWORD}"\n')
        run("tee", self.folder / "pgbouncer.ini", input=f"""[databases]
* = host=127.0.0.1 port={server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {self.folder}/users.txt
pool_mode = {mode}
max_client_conn = 300
default_pool_size = 10
pidfile = {self.folder}/pid
logfile = {self.folder}/log
""")
        run("/usr/sbin/pgbouncer", "-d", self.folder / "pgbouncer.ini")
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def stop(self):
        os.kill(int((self.folder / "pid").read_text()), signal.SIGTERM)


def start(folder):
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "server.json").exists():
        stop(folder)
    server = Server().create()
    pooler = Pooler(server)
    run(PROGRAMS / "createdb", "conformance", env={"PGPASSWORD": PASSWORD, "PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": USER})
    (folder / "direct.address").write_text(server.secure_address("conformance"))
    (folder / "pooled.address").write_text(server.address("conformance", port=pooler.port))
    (folder / "server.json").write_text(json.dumps({"folder": str(server.folder), "port": server.port, "pooler_port": pooler.port,
                                                    "pooler_folder": str(pooler.folder)}))


def stop(folder):
    told = json.loads((folder / "server.json").read_text())
    (folder / "server.json").unlink()
    try:
        os.kill(int((pathlib.Path(told["pooler_folder"]) / "pid").read_text()), signal.SIGTERM)
    except (OSError, ValueError):
        pass  # ended with an earlier run
    Server(told["folder"], told["port"]).remove()


if __name__ == "__main__":
    {"start": start, "stop": stop}[sys.argv[1]](pathlib.Path(sys.argv[2]))
