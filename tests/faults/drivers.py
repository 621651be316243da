"""Fault drivers: they kill the program, or cut its power, and then compare three records: what the outside world
received, what the program acknowledged, and what the database holds."""
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile

PROGRAM = os.environ["HERETIX"]
PLANTED = os.environ["HERETIX_PLANTED"]
POWER_CUT = os.environ["HERETIX_POWER_CUT"]
TIMES = int(os.environ.get("HERETIX_CAMPAIGN", "1"))
CONCURRENCY = 4
QUESTIONS = 96  # 16 slots, 6 replicates


class Campaign:
    """One folder, many claims; a claim is resumed until it is done, then the next begins."""

    def __init__(self, seed, bug=None):
        self.random = random.Random(seed)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="heretix-faults-"))
        self.runs = self.folder / "runs"
        self.ledger = self.folder / "ledger"
        self.ledger.touch()
        self.bug = bug
        self.claim = 0
        self.violations = []
        self.judged = 0       # lines of the ledger compared before
        self.final = set()    # keys with a sample then
        self.faults = 0
        # Only first attempts are turned away: three in a row would rightly end a run without an answer.
        script = {"concurrency": CONCURRENCY, "price_micro_usd": 100, "delay_ms": 1, "ledger": str(self.ledger), "model": "faulty",
                  "rules": [{"every": 11, "text": "I cannot say", "delay_ms": 1}, {"every": 17, "attempt": 1, "fail": "rate_limited", "retry_after_ms": 1}]}
        (self.folder / "script.json").write_text(json.dumps(script))

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, **environment):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HERETIX")}
        if self.bug:
            kept["HERETIX_PLANTED_BUGS"] = self.bug
        command = [PLANTED if self.bug else PROGRAM, "run", f"claim {self.claim}", "--model", f"scripted:{self.folder}/script.json",
                   "-K", "16", "-R", str(QUESTIONS // 16), "-B", "10", "--db", str(self.runs / "heretix.sqlite"), "--json"]
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                env={**kept, **environment})

    def kill_once(self):
        running = self.start()
        try:
            running.wait(timeout=self.random.uniform(0.005, 0.30))
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
        self.after(running, killed_code=-signal.SIGKILL)

    def cut_once(self, mode):
        running = self.start(LD_PRELOAD=POWER_CUT, POWER_CUT_BELOW=str(self.runs), POWER_CUT_MODE=mode,
                             POWER_CUT_AT=str(int(2 ** self.random.uniform(0, 10.5))), POWER_CUT_SEED=str(self.random.getrandbits(62)))
        self.after(running, killed_code=137)

    def after(self, running, killed_code):
        error = running.communicate(timeout=120)[1]
        if running.returncode == killed_code:
            self.faults += 1
        elif running.returncode in (0, 6):  # done, or a question was interrupted twice: the next claim
            self.claim += 1
        else:
            self.violations.append(f"exit {running.returncode}: {error.strip()}")
            self.claim += 1
        self.compare()

    def compare(self):
        database = self.runs / "heretix.sqlite"
        lines = [line.split() for line in self.ledger.read_text().splitlines()]
        attempts, answers, closed, samples, outcomes = set(), set(), set(), set(), collections.Counter()
        if database.exists() and database.stat().st_size:
            connection = sqlite3.connect(database)
            try:
                if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                    self.violations.append("the database is corrupt")
                if connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'heretix_answers'").fetchone()[0]:
                    attempts = set(connection.execute("SELECT cache_key, attempt FROM heretix_attempts"))
                    answers = set(connection.execute("SELECT cache_key, attempt FROM heretix_answers"))
                    closed = set(connection.execute("SELECT cache_key, attempt FROM heretix_attempts WHERE outcome = 'failed'"))
                    samples = {row[0] for row in connection.execute("SELECT cache_key FROM samples")}
                    for row in connection.execute("SELECT execution_id FROM heretix_attempts WHERE outcome IS NULL"):
                        outcomes[row[0]] += 1
            except sqlite3.DatabaseError as e:
                self.violations.append(f"the database cannot be read: {e}")
            finally:
                connection.close()
        self.compare_ledger(lines, attempts, answers | closed, samples)
        for execution, unknown in outcomes.items():
            if unknown > CONCURRENCY:
                self.violations.append(f"{execution}: {unknown} attempts are unknown, at most {CONCURRENCY} were in flight")

    def compare_ledger(self, lines, attempts, kept, samples):
        received = collections.Counter((key, attempt) for what, key, attempt in lines if what == "received")
        for (key, attempt), times in received.items():
            if (key, int(attempt)) not in attempts:
                self.violations.append(f"{key} {attempt} was sent without an attempt row")
            if times > 1:
                self.violations.append(f"{key} {attempt} was sent twice under one number")
        for what, key, attempt in lines:
            if what == "acknowledged" and (key, int(attempt)) not in kept:
                self.violations.append(f"{key} {attempt} was acknowledged and is lost")
        for what, key, _ in lines[self.judged:]:
            if what == "received" and key in self.final:
                self.violations.append(f"{key} was asked again after its answer was stored")
        self.judged, self.final = len(lines), samples


class BatchCampaign(Campaign):
    """One folder, and a file of many claims that are measured together; the batch is resumed until it is done, then another file begins."""

    CLAIMS = 500
    KILLS_EACH = 5  # then another file begins, because what is finished is judged again by every command
    CAP = 0.03  # dollars that one command may spend: 300 answers

    def __init__(self, seed):
        super().__init__(seed)
        self.seen = set()  # artifacts that were read
        script = json.loads((self.folder / "script.json").read_text())
        script["delay_ms"] = 5
        (self.folder / "script.json").write_text(json.dumps(script))

    def start(self, *arguments, **environment):
        name = f"claims-{self.claim}.jsonl"
        (self.folder / name).write_text("".join(json.dumps({"claim": f"claim {i} of file {self.claim}"}) + "\n" for i in range(self.CLAIMS)))
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HERETIX")}
        command = [PROGRAM, "batch", name, "--model", f"scripted:{self.folder}/script.json", "-K", "4", "-R", "1", "-B", "10",
                   "--db", str(self.runs / "heretix.sqlite"), "-q", "-o", "results.jsonl", *(arguments or ("--budget", str(self.CAP)))]
        self.before = len(self.ledger.read_text().splitlines())
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**kept, **environment})

    def kill_once(self):
        running = self.start()
        began = self.ledger.stat().st_size
        for _ in range(2000):  # until it asks
            if self.ledger.stat().st_size > began or running.poll() is not None:
                break
            try:
                running.wait(timeout=0.005)
            except subprocess.TimeoutExpired:
                pass
        try:
            running.wait(timeout=self.random.uniform(0, 0.3))
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
        self.after(running, killed_code=-signal.SIGKILL)

    def after(self, running, killed_code):
        error = running.communicate(timeout=300)[1]
        if running.returncode == killed_code:
            self.faults += 1
        elif running.returncode in (0, 6):
            self.claim += 1
        elif running.returncode != 7 or "the budget of" not in error:
            self.violations.append(f"exit {running.returncode}: {error.strip()}")
        self.compare()
        self.compare_money()
        self.read_artifacts()
        if self.faults % self.KILLS_EACH == 0:
            self.claim += 1

    def compare_money(self):
        lines = [line.split()[0] for line in self.ledger.read_text().splitlines()[self.before:]]
        asked = lines.count("received")
        # One in 17 first attempts is turned away and costs nothing.
        if asked * 0.0001 > self.CAP * 18 / 17 + 1e-9:
            self.violations.append(f"{asked} questions were asked under a budget of {self.CAP}")

    def read_artifacts(self):
        for path in (self.runs / "artifacts").glob("*.json"):
            if path.name in self.seen:
                continue
            self.seen.add(path.name)
            try:
                json.loads(path.read_text())
            except ValueError:
                self.violations.append(f"{path.name} is half-written")

    def spent(self):
        """What all attempts cost or may have cost, by the store, in dollars."""
        connection = sqlite3.connect(self.runs / "heretix.sqlite")
        try:
            return connection.execute("SELECT sum(coalesce(billed_micro_usd, max_cost_micro_usd, 0)) FROM heretix_attempts").fetchone()[0] / 1e6
        finally:
            connection.close()
