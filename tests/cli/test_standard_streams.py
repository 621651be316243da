"""Standard error may be full, closed or read by nobody: that ends no measurement. A result that cannot be written is an error."""
import os
import signal
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.request

from heretix import PROGRAM, ProgramTest

CLAIM = "Tariffs cause inflation"
ERRORS_GO_NOWHERE = ("2>/dev/full", "2>&-")


class StandardStreams(ProgramTest):
    def shell(self, redirections, *arguments, **environment):
        """The program with its streams as a shell sets them."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "RPL_"))}
        command = ["sh", "-c", f'exec "$0" "$@" {redirections}', PROGRAM, *[str(a) for a in arguments]]
        return subprocess.run(command, cwd=self.folder, env={**kept, **environment}, capture_output=True, text=True, timeout=300)

    def stored_answers(self, name="runs/mock.sqlite"):
        database = self.database(name)
        self.assertEqual(database.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        return database.execute("SELECT count(*) FROM samples").fetchone()[0]

    def test_every_command_ends_as_it_does_when_standard_error_is_read(self):
        (self.folder / "claims.jsonl").write_text('{"claim": "A is B"}\n{"claim": "C is D", "K": 0}\n')
        model = self.script(model="m", price_micro_usd=100)
        failing = self.script("failing.json", rules=[{"fail": "bad_key"}])
        run = self.json("run", CLAIM, "--mock")["run_id"]
        commands = [("run", CLAIM, "--model", model), ("run", CLAIM, "--model", model, "--progress-json"), ("run", CLAIM, "--model", failing, "--fixed"),
                    ("run", "", "--mock"), ("run", CLAIM, "--mock", "--budget", "x"), ("describe", CLAIM, "--mock"),
                    ("batch", "claims.jsonl", "--mock", "--fixed"), ("list",), ("show", run), ("show", "none"), ("report", run), ("verify", run),
                    ("coherence", "Snow is white", "--mock"), ("simulate", "drift", "--draws", "20"), ("keys", "list"), ("keys", "set", "nobody"),
                    ("export", "lake"), ("export", "lake", "--views"), ("db", "status", "--database", "host=127.0.0.1 port=1"), ("nothing",)]
        for command in commands:
            usual = self.shell("", *command)
            for redirection in ERRORS_GO_NOWHERE:
                with self.subTest(" ".join(command), redirection=redirection):
                    done = self.shell(redirection, *command)
                    self.assertEqual(done.returncode, usual.returncode, usual.stderr)
                    self.assertEqual(bool(done.stdout), bool(usual.stdout))

    def test_a_measurement_goes_on_though_nobody_reads_its_progress(self):
        model = self.script(model="m", concurrency=2, delay_ms=20)
        for arguments in ((), ("--progress-json",)):
            with self.subTest(arguments):
                process = subprocess.Popen([PROGRAM, "run", CLAIM, "--model", model, "--fixed", "--fresh", *arguments], cwd=self.folder,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                process.stderr.close()  # as `| head` does when it has seen enough
                self.assertEqual(process.wait(60), 0)
        self.assertEqual(self.stored_answers(), 32)

    def test_progress_goes_into_no_file_where_standard_error_is_closed(self):
        ledger = self.folder / "ledger"
        model = self.script(model="m", ledger=str(ledger), price_micro_usd=100)
        for redirections in ("2>&-", "<&- 2>&-"):
            with self.subTest(redirections):
                ledger.write_text("")
                done = self.shell(redirections, "run", CLAIM, "--model", model, "--fixed", "--fresh", "--progress-json")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                told = [line for line in ledger.read_text().splitlines() if not line.startswith(("received ", "acknowledged "))]
                self.assertEqual(told, [], "what belongs to standard error is in the ledger")
        self.assertEqual(self.stored_answers(), 32)

    def test_a_result_that_cannot_be_written_is_an_error_and_is_kept(self):
        for number, redirections in enumerate((">/dev/full", ">&-", "<&- >&- 2>&-")):
            with self.subTest(redirections):
                done = self.shell(redirections, "run", CLAIM, "--mock", "--fixed", "--db", f"{number}.sqlite")
                self.assertEqual(done.returncode, 5, done.stderr)
                self.assertEqual(self.stored_answers(f"{number}.sqlite"), 16)
        for asked in ("--help", "--version", "man", "commands"):
            for redirections in (">/dev/full", ">&-"):
                with self.subTest(asked, redirections=redirections):
                    self.assertEqual(self.shell(redirections, asked).returncode, 5)

    def test_the_service_serves_though_its_log_goes_nowhere(self):
        for redirection in ERRORS_GO_NOWHERE:
            with self.subTest(redirection):
                with socket.socket() as free:
                    free.bind(("127.0.0.1", 0))
                    port = free.getsockname()[1]
                process = subprocess.Popen(["sh", "-c", f'exec "$0" "$@" {redirection}', PROGRAM, "serve", "--port", str(port), "--metrics-port", "0"],
                                           cwd=self.folder, env={**os.environ, "HERETIX_MOCK": "1"})
                self.addCleanup(process.kill)
                for _ in range(300):
                    try:
                        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as reply:
                            self.assertEqual(reply.status, 200)
                        break
                    except OSError:
                        self.assertIsNone(process.poll(), "it ended")
                        time.sleep(0.1)
                else:
                    self.fail("it never answered")
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api/checks/none", timeout=30)
                self.assertEqual(refused.exception.code, 404)
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(60), 0)


if __name__ == "__main__":
    unittest.main()
