"""What a person sees while it runs: one line that fits the terminal, the wording that is asked first, and the time left."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import time
import unittest

from heretix import PROGRAM, ProgramTest
from terminals import pieces_of, width_of

CLAIM = "Tariffs cause inflation"
ERASE = "\r\x1b[K"


class ProgressTest(ProgramTest):
    def watch(self, *arguments, columns=60, on_stdout=False):
        """Runs the program with a terminal for stderr. Returns its exit code, its stdout and what was drawn, each with its time in seconds."""
        outer, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "RPL_"))}
        began = time.monotonic()
        running = subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=self.folder, env=kept, stdin=subprocess.DEVNULL,
                                   stdout=inner if on_stdout else subprocess.PIPE, stderr=inner)
        os.close(inner)
        self.addCleanup(os.close, outer)
        drawn, pieces = "", []
        try:
            for piece in pieces_of(outer, 30):
                pieces.append((time.monotonic() - began, piece))
        except TimeoutError:
            running.kill()
            self.fail("it says nothing")
        out = b"" if on_stdout else running.stdout.read()
        running.wait(timeout=30)
        if running.stdout:
            running.stdout.close()
        lines = []
        for at, piece in pieces:
            drawn += piece.decode(errors="replace")
            lines += [(at, line) for line in piece.decode(errors="replace").split(ERASE) if line]
        return running.returncode, out.decode(), lines, drawn

    def shown(self, lines):
        return [line for _, line in lines]


class OneRun(ProgressTest):
    def test_the_first_wording_is_shown_while_it_is_asked(self):
        model = self.script(concurrency=1, delay_ms=400)
        for columns in (60, 100):
            with self.subTest(columns):
                code, out, lines, _ = self.watch("run", f"{CLAIM} {columns}", "-K", 4, "-R", 1, "--model", model, "--fresh", columns=columns)
                self.assertEqual(code, 0)
                at, first = next((at, line) for at, line in lines if "/4" in line and "asking" in line)
                self.assertRegex(first, r"^\[ +\]  0/4  asking: \S+")
                answered = next(at for at, line in lines if "1/4" in line)
                self.assertGreater(answered - at, 0.3, "as soon as it is asked")
                self.assertGreater(len(first), columns - 20, "as much of it as fits")
                for line in self.shown(lines):
                    self.assertLess(width_of(line.split("\r\n")[0]) if "/4" in line else 0, columns, line)
                later = [line for line in self.shown(lines) if re.search(r" [1-3]/4 ", line)]
                self.assertTrue(later)
                self.assertTrue(all("asking" not in line for line in later), later)
                self.assertNotIn("\x1b", out)

    def test_wide_characters_do_not_break_the_line(self):
        model = self.script(concurrency=1, delay_ms=150)
        _, _, lines, _ = self.watch("run", "关税导致通货膨胀" * 6, "-K", 4, "-R", 1, "--model", model)
        asking = [line for line in self.shown(lines) if "asking" in line]
        self.assertTrue(asking)
        self.assertLess(max(width_of(line) for line in asking), 60)

    def test_the_time_left_runs_down_between_the_answers(self):
        model = self.script(concurrency=1, delay_ms=700)
        _, _, lines, _ = self.watch("run", CLAIM, "-K", 8, "-R", 1, "--model", model)
        began = next(at for at, line in lines if "asking" in line)
        told = [(at - began, int(m[1])) for at, line in lines if (m := re.search(r"(\d+) s left", line))]
        self.assertGreater(len(told), 4)
        for at, left in told:
            if at > 0.2 * 5.6:
                self.assertAlmostEqual(left, 5.6 - at, delta=0.3 * (5.6 - at) + 0.8, msg=str(told))
        between = [{line for _, line in lines if f" {answered}/8 " in line} for answered in range(2, 7)]
        self.assertGreater(max(map(len, between)), 1, "it changes although no answer came")

    def test_without_a_terminal_nothing_is_drawn(self):
        done = self.heretix("run", CLAIM, "-K", "4", "-R", "1", "--model", self.script(delay_ms=50))
        self.assertNotIn("\r", done.stderr + done.stdout)
        self.assertNotIn("asking:", done.stderr)
        done = self.heretix("batch", "-", "--model", self.script(delay_ms=50), "-K", "4", "-R", "1", stdin=json.dumps({"claim": CLAIM}))
        self.assertNotIn("\r", done.stderr + done.stdout)

    def test_a_program_that_reads_events_gets_the_seconds_left(self):
        done = self.heretix("run", CLAIM, "-K", "8", "-R", "1", "--model", self.script(concurrency=1, delay_ms=100), "--progress-json")
        events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
        left = {e["answered"]: e["seconds_left"] for e in events}
        self.assertIsNone(left[0])
        self.assertAlmostEqual(left[4], 0.4, delta=0.2)
        self.assertEqual(left[8], 0)


class LocalModel(ProgressTest):
    def test_the_time_left_is_told_from_the_first_answer_on_by_every_readout(self):
        for readout in ("token", "expected", "decision"):
            with self.subTest(readout):
                done = self.heretix("run", CLAIM, "-K", 16, "-R", 1, "--model", "local", "--readout", readout, "--progress-json", "--fresh")
                self.assertEqual(done.returncode, 0, done.stderr)
                events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
                asked = 32 if readout == "decision" else 16
                told = [e["seconds_left"] for e in events if e["questions"] == asked and e["answered"] < 4]
                self.assertTrue(any(left is not None and left > 0 for left in told), events)
                answered = [e["answered"] for e in events if e["questions"] == asked]
                self.assertGreater(len(set(answered)), 4, f"answers are stored as they come: {answered}")


class WholeBatch(ProgressTest):
    def test_one_line_covers_the_set_and_rows_stand_whole(self):
        (self.folder / "c.jsonl").write_text("".join(json.dumps({"claim": f"Claim number {i}"}) + "\n" for i in range(4)))
        model = self.script(concurrency=2, delay_ms=300, price_micro_usd=1000)
        code, _, lines, drawn = self.watch("batch", "c.jsonl", "-K", 4, "-R", 1, "--model", model, on_stdout=True)
        self.assertEqual(code, 0)
        shown = self.shown(lines)
        self.assertTrue(any(re.match(r"\[ +\]  0/4 claims  asking: \S", line) for line in shown), shown)
        self.assertTrue(any(re.search(r"2/4 claims  \d+ answers  \$0\.0\d+  [12] s left", line) for line in shown), shown)
        for line in shown:
            if "claims" in line:
                self.assertLess(width_of(line.split("\r\n")[0]), 60, line)
        on_screen = re.sub(r"[^\n]*\r\x1b\[K", "", drawn)
        self.assertEqual(len(re.findall(r"^  Claim number \d\r$", on_screen, re.M)), 4, on_screen)
        self.assertRegex(drawn.split(ERASE)[-1], r"\A(0\.\d\d .*\r\n.*\r\n  Claim number 3\r\n)?\Z", "nothing of it stays, be it before or behind the last row")


if __name__ == "__main__":
    unittest.main()
