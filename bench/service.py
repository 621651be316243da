"""The service on a Postgres of its own, under wrk and 1,000 idle event streams.

usage: service.py HERETIX BENCH_QUEUE          with PYTHONPATH of the tests' packages
       service.py --beside HERETIX ANOTHER     two builds in one run: reads, checks from stored results, refusals
"""
import atexit
import contextlib
import datetime
import hashlib
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/postgres"))
from server import Server

BESIDE = sys.argv[1] == "--beside"
HERETIX, BENCH_QUEUE = (os.path.abspath(a) for a in sys.argv[2 if BESIDE else 1:][:2])
USERS = 800  # 120 checks from stored results an hour are each user's: enough for 96,000 requests, two turns of 6,000 a second


def rss(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def wrk(url, *headers, pauses=False, script=()):
    """`script`: a Lua file of this folder and its arguments."""
    if pauses:
        script = ("pause.lua",)
    lua = ["-s", pathlib.Path(__file__).parent / script[0]] if script else []
    arguments = ["--", *script[1:]] if script[1:] else []
    done = subprocess.run(["wrk", "-t1", "-c64", "-d8s", "--latency", *lua, *(f"-H{h}" for h in headers), url, *arguments],
                          capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])
    p99 = re.search(r"99%\s+([\d.]+\w+)", done)[1]
    bad = re.search(r"Non-2xx.*", done)
    return f"{rate:,.0f} requests a second at 64 connections, p99 {p99}{'  ' + bad[0] if bad else ''}"


class Beside:
    """One build with a database, a process and users of its own; stopped while another one is measured."""
    claim = json.dumps({"claim": "Snow is white", "model": "play"})
    large = json.dumps({"claim": "Snow is white", "model": "play", "depth": "custom", "K": 1024, "R": 32})  # the old one planned it first

    def __init__(self, program, name, server, folder, environment):
        self.name, self.folder = name, folder / name
        self.folder.mkdir()
        with psycopg.connect(**server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        address = server.address(name)
        subprocess.run([program, "db", "upgrade", "--database", address], cwd=self.folder, env=environment, check=True, capture_output=True)
        self.log = self.folder / "log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([program, "serve", "--port", "0", "--metrics-port", "0", "--database", address], cwd=self.folder,
                                            env=environment | {"HERETIX_TRUSTED_PROXIES": "127.0.0.0/8"}, stdout=log, stderr=log)
        while not (found := re.search(r"serving at http://127.0.0.1:(\d+)", self.log.read_text())):
            time.sleep(0.05)
        self.port = int(found[1])

    def prepare(self, conninfo):
        self.cookies = self.sign_in(conninfo)
        self.check = self.ask_once_each()
        self.process.send_signal(signal.SIGSTOP)

    def sign_in(self, conninfo):
        """As a mail's link does it, with the rows of the mail's job made by hand: a command for each user would take minutes."""
        users = [(uuid.uuid4(), f"user{i}@example.org") for i in range(USERS)]
        links = [(secrets.token_hex(16), secrets.token_urlsafe(32)) for _ in users]
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=10)
        with psycopg.connect(**conninfo, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.executemany("INSERT INTO users (id, email) VALUES (%s, %s)", users)
            cursor.executemany("INSERT INTO email_tokens (id, user_id, selector, verifier_hash, expires_at) VALUES (%s, %s, %s, %s, %s)",
                               [(uuid.uuid4(), user, selector, hashlib.sha256(verifier.encode()).hexdigest(), until)
                                for (user, _), (selector, verifier) in zip(users, links, strict=True)])
        return [self.request("POST", f"/sign-in/{selector}:{verifier}").headers["Set-Cookie"].split(";")[0] for selector, verifier in links]

    def request(self, method, path, body=None, headers=None):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port)) as connection:
            connection.request(method, path, body, {"Content-Type": "application/json", "X-Forwarded-For": f"10.9.{secrets.randbelow(250)}.1"} | (headers or {}))
            answer = connection.getresponse()
            answer.text = answer.read()
            return answer

    def ask_once_each(self):
        told = [json.loads(self.request("POST", "/api/checks", self.claim, {"Cookie": cookie}).text) for cookie in self.cookies]
        assert all("id" in one for one in told), [one for one in told if "id" not in one][0]
        made = [one["id"] for one in told]
        for identifier, cookie in zip(made, self.cookies, strict=True):
            while json.loads(self.request("GET", f"/api/checks/{identifier}", headers={"Cookie": cookie}).text)["state"] != "done":
                time.sleep(0.05)
        (self.folder / "cookies").write_text("\n".join(self.cookies) + "\n")
        return made[0]

    def measure(self):
        self.process.send_signal(signal.SIGCONT)
        base = f"http://127.0.0.1:{self.port}"
        figures = {"/healthz": wrk(base + "/healthz"),
                   "GET /api/checks/{id}": wrk(f"{base}/api/checks/{self.check}", f"Cookie: {self.cookies[0]}"),
                   "POST /api/checks from stored results": wrk(base, script=("stored_results.lua", self.folder / "cookies", self.claim)),
                   "  one quote of 32,768 questions": self.refused()}
        self.process.send_signal(signal.SIGSTOP)
        return figures

    def refused(self, times=20):
        status = pathlib.Path(f"/proc/{self.process.pid}/status")
        held = lambda: int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])  # noqa: E731
        before, took = held(), []
        for _ in range(times):
            started = time.perf_counter()
            status_now = self.request("POST", "/api/quotes", self.large).status  # an earlier build may plan it and say 200
            took.append(time.perf_counter() - started)
        return f"{status_now}, {sorted(took)[times // 2] * 1000:.2f} ms with its connection, {held() - before} kB more than before"

    def end(self):
        for by in (signal.SIGCONT, signal.SIGTERM, signal.SIGTERM):
            self.process.send_signal(by)
        self.process.wait(40)


def beside(programs, folder, environment, server):
    builds = []
    try:
        for name, program in programs.items():
            builds.append(Beside(program, name, server, folder, environment))
            builds[-1].prepare(server.conninfo(name))
        for turn in (1, 2):
            for build in builds:
                for what, figure in build.measure().items():
                    print(f"{turn}. {build.name:<6} {what}: {figure}", flush=True)
    finally:
        for build in builds:
            build.end()


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="heretix-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    database = Server().create()
    atexit.register(database.remove)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HERETIX")}
    environment |= {"HERETIX_SECRET": "ab" * 32, "HERETIX_MODELS": f"play=scripted:{folder}/play.json"}
    (folder / "play.json").write_text(json.dumps({"model": "play", "delay_ms": 0, "rules": [{"prob_true": 0.6}]}))
    if BESIDE:
        return beside({"first": HERETIX, "second": BENCH_QUEUE}, folder, environment, database)
    address = database.address("postgres")
    run = lambda *a: subprocess.run([HERETIX, *a, "--database", address], cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout  # noqa: E731
    run("db", "upgrade")
    log = open(folder / "log", "w+")
    process = subprocess.Popen([HERETIX, "serve", "--port", "0", "--metrics-port", "0", "--database", address], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        while not (found := re.search(r"serving at http://127.0.0.1:(\d+)", (folder / "log").read_text())):
            time.sleep(0.05)
        port = int(found[1])
        link = "/sign-in/" + run("user", "link", "ada@example.org").split("/sign-in/")[1].strip()
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", link)
        answer = connection.getresponse()
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        answer.read()
        connection.request("POST", "/api/checks", json.dumps({"claim": "Snow is white", "model": "play"}), {"Cookie": cookie, "Content-Type": "application/json"})
        identifier = json.loads(connection.getresponse().read())["id"]
        connection.close()  # wrk takes all 64 that an address may hold
        time.sleep(1)
        print("/healthz:", wrk(f"http://127.0.0.1:{port}/healthz"))
        check = f"http://127.0.0.1:{port}/api/checks/{identifier}", f"Cookie: {cookie}"
        print("GET /api/checks/{id}, signed in, on Postgres:", wrk(*check))
        print("  with pauses of 0 to 14 ms between the requests of a connection:", wrk(*check, pauses=True))
        process.send_signal(signal.SIGSTOP)  # not to share the machine with its polling
        print(subprocess.run([BENCH_QUEUE, address, "6000", "4"], capture_output=True, text=True).stdout.strip())
        process.send_signal(signal.SIGCONT)
    finally:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        process.wait(40)
    streams(folder, environment, address, run)


def streams(folder, environment, address, run):
    """Idle ones: of a check that nobody runs."""
    log = open(folder / "log2", "w+")
    process = subprocess.Popen([HERETIX, "serve", "--no-worker", "--port", "0", "--metrics-port", "0", "--database", address], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        while not (found := re.search(r"serving at http://127.0.0.1:(\d+)", (folder / "log2").read_text())):
            time.sleep(0.05)
        port = int(found[1])
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", "/api/checks", json.dumps({"claim": "Fire is hot", "model": "play"}), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        cookie, identifier = answer.headers["Set-Cookie"].split(";")[0], json.loads(answer.read())["id"]
        before, held = rss(process.pid), []
        for i in range(1000):
            one = socket.create_connection(("127.0.0.1", port), 5, source_address=(f"127.0.3.{i // 60}", 0))
            one.sendall(f"GET /api/checks/{identifier}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode())
            held.append(one)
        for one in held:
            one.recv(4096)
        time.sleep(2)
        after = rss(process.pid)
        print(f"1,000 idle event streams: {after:.0f} MB resident ({after - before:.1f} MB more than without)")
    finally:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        process.wait(40)


main()
