"""The service on a Postgres of its own, under wrk and 1,000 idle event streams.

usage: service.py HERETIX BENCH_QUEUE   with PYTHONPATH of the tests' packages
"""
import atexit
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/postgres"))
from server import Server  # noqa: E402

HERETIX, BENCH_QUEUE = (os.path.abspath(a) for a in sys.argv[1:3])


def rss(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def wrk(url, *headers, pauses=False):
    script = ["-s", pathlib.Path(__file__).parent / "pause.lua"] if pauses else []
    done = subprocess.run(["wrk", "-t1", "-c64", "-d8s", "--latency", *script, *(f"-H{h}" for h in headers), url], capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])
    p99 = re.search(r"99%\s+([\d.]+\w+)", done)[1]
    bad = re.search(r"Non-2xx.*", done)
    return f"{rate:,.0f} requests a second at 64 connections, p99 {p99}{'  ' + bad[0] if bad else ''}"


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="heretix-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    database = Server().create()
    atexit.register(database.remove)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HERETIX")}
    environment |= {"HERETIX_SECRET": "ab" * 32, "HERETIX_MODELS": f"play=scripted:{folder}/play.json"}
    (folder / "play.json").write_text(json.dumps({"model": "play", "delay_ms": 0, "rules": [{"prob_true": 0.6}]}))
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
