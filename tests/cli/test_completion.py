"""Completion at the prompt: the scripts are loaded into the real shells, and words are completed as a person would."""
import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import subprocess
import time
import unittest

from heretix import PROGRAM, ProgramTest

READOUTS = ["verbalized", "expected", "token", "frequency", "decision"]
# The words that bash would offer for the line that is given to it, one a line.
ASK_BASH = r"""
source <("$1" completion bash)
COMP_LINE=$2 COMP_POINT=${#2}
_heretix "$1"
printf '%s\n' "${COMPREPLY[@]}"
"""


class Completion(ProgramTest):
    def setUp(self):
        super().setUp()
        for number, claim in enumerate(("First claim", "Second claim", "Third claim")):
            self.ok("run", claim, "--mock", "-K", 3, "-R", 1, "--db", "s.sqlite")
            if number < 2:
                time.sleep(1.05)  # runs are ordered by the second
        self.runs = [r["run_id"] for r in self.json("list", "--db", "s.sqlite")]
        self.model_folder = self.folder / "models/owner/Tiny-GGUF/0123456789abcdef"
        self.model_folder.mkdir(parents=True)
        (self.model_folder / "Tiny-Q4_K_M.gguf").write_bytes(b"GGUF")
        (self.model_folder / "model.json").write_text(
            '{"version": 1, "hub": "https://hub.example", "repository": "owner/Tiny-GGUF", "selector": "Q4_K_M", "whole": true, "parts": [{"path": "Tiny-Q4_K_M.gguf",'
            f'"sha256": "{"0" * 64}", "bytes": 4}}], "asked": [{{"revision": "main", "commit": "{"1" * 40}", "selector": "Q4_K_M", "at": 1}}]}}')

    def environment(self, **more):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "RPL_"))}
        path = f"{pathlib.Path(PROGRAM).parent}:{kept['PATH']}"
        return {**kept, "PATH": path, "HERETIX_MODEL_CACHE": str(self.folder / "models"), "HERETIX_DB": "s.sqlite", "HOME": str(self.folder), **more}

    def words(self, line, **more):
        done = subprocess.run(["bash", "--norc", "--noprofile", "-c", ASK_BASH, "bash", "heretix", line], cwd=self.folder, capture_output=True, text=True,
                              timeout=60, env=self.environment(**more))
        self.assertEqual((done.returncode, done.stderr), (0, ""), line)
        return done.stdout.splitlines() if done.stdout.strip() else []

    def test_bash_offers_models_readouts_and_runs(self):
        models = self.words("heretix run \"A claim\" --model ")
        self.assertEqual(models[:2], ["local", "hf:owner/Tiny-GGUF:Q4_K_M"])
        for name in ("openai/gpt-5", "anthropic/claude-sonnet-4-5", "llama:", "scripted:"):
            self.assertIn(name, models)
        self.assertEqual(self.words("heretix probe openai/gpt-5-n"), ["openai/gpt-5-nano"])
        self.assertEqual(self.words("heretix run x --readout "), READOUTS)
        self.assertEqual(self.words("heretix batch --readout=e"), ["expected"])
        for command in ("show", "answers", "verify", "report", "variance", "compare", f"report {self.runs[1]}"):
            self.assertEqual(self.words(f"heretix {command} "), ["last", *self.runs], "newest first")
        self.assertEqual(self.words(f"heretix show {self.runs[1][:-1]}"), [self.runs[1]])

    def test_bash_reads_runs_from_the_store_that_the_line_names(self):
        (self.folder / "s.sqlite").rename(self.folder / "other.sqlite")
        self.assertEqual(self.words("heretix show "), [])
        self.assertFalse((self.folder / "s.sqlite").exists(), "nothing is made")
        self.assertEqual(self.words("heretix show --db other.sqlite "), ["last", *self.runs])
        self.assertEqual(self.words("heretix show --db=other.sqlite l"), ["last"])
        (self.folder / "bad.sqlite").write_text("no database")
        self.assertEqual(self.words("heretix show --db bad.sqlite "), [], "and no error at the prompt")

    def test_bash_offers_commands_flags_and_fixed_words(self):
        self.assertEqual(self.words("heretix ver"), ["verify"])
        self.assertEqual(self.words("heretix models "), ["pull", "list", "remove"])
        self.assertEqual(self.words("heretix models --p"), ["--prices"])
        self.assertEqual(self.words("heretix models remove "), ["hf:owner/Tiny-GGUF:Q4_K_M"])
        self.assertEqual(self.words("heretix models pull --q"), ["--quiet"])
        self.assertEqual(self.words("heretix db imp"), ["import"])
        self.assertIn("--until-width", self.words("heretix run \"a claim with --model in it\" --u"))
        self.assertEqual(self.words("heretix keys set op"), ["openai", "openai-compatible", "openrouter"])
        self.assertEqual(self.words("heretix list --database "), ["local", "prod"])
        self.assertEqual(self.words("heretix completion "), ["bash", "zsh", "fish"])
        self.assertEqual(self.words("heretix verify last --d"), ["--db", "--database"])
        for nothing in ("heretix run ", "heretix run --seed ", "heretix run \"a claim that is not ", "heretix nosuch "):
            self.assertEqual(self.words(nothing), [], nothing)

    def test_bash_offers_files_where_files_are_meant(self):
        (self.folder / "some claims.csv").write_text("claim\n")
        (self.folder / "some.gguf").write_bytes(b"")
        self.assertCountEqual(self.words("heretix batch some"), ["some claims.csv", "some.gguf"])
        self.assertEqual(self.words("heretix list --db some.g"), ["some.gguf"])
        # Bash sees only what stands behind the colon.
        self.assertEqual(self.words("heretix run x --model llama:some.g"), ["some.gguf"])
        self.assertEqual(self.words("heretix run x --model=hf:own"), ["owner/Tiny-GGUF:Q4_K_M"])

    def typed(self, command, keys, until, **more):
        """What the terminal shows after these keys, until a text appears."""
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.folder)
            os.execvpe(command[0], command, {**self.environment(), "TERM": "dumb", "PS1": "$ ", "HISTFILE": "", **more})
        shown = b""
        end = time.monotonic() + 30
        keys = list(keys)
        quiet_since = time.monotonic()
        while time.monotonic() < end and not re.search(until, shown.decode(errors="replace")):
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    shown += os.read(terminal, 65536)
                except OSError:
                    break
                quiet_since = time.monotonic()
            elif keys and time.monotonic() - quiet_since > 0.5:
                os.write(terminal, keys.pop(0).encode())
                quiet_since = time.monotonic()
        os.close(terminal)
        os.waitpid(process, 0)
        return shown.decode(errors="replace")

    def test_at_a_real_prompt_of_bash_a_name_with_colons_comes_out_whole(self):
        # Tab, then the line is made an argument list that is printed: what is shown is what would have been run.
        keys = ["bind 'set enable-bracketed-paste off'; source <(heretix completion bash)\n",
                "heretix run x --readout ex\t--model hf:o\t", "\x01printf '<%s>' \n"]
        shown = self.typed(["bash", "--norc", "--noprofile", "-i"], keys, until="<hf.*>")
        self.assertIn("<heretix><run><x><--readout><expected><--model><hf:owner/Tiny-GGUF:Q4_K_M>", shown)
        run = self.runs[0]
        keys = ["source <(heretix completion bash)\n", f"heretix show {run[:-4]}\t", "\x01printf '<%s>' \n"]
        self.assertIn(f"<heretix><show><{run}>", self.typed(["bash", "--norc", "--noprofile", "-i"], keys, until="<heretix.*>"))

    def test_the_other_shells_complete_too_where_they_are(self):
        run = self.runs[0]
        for shell, command, load in (("zsh", ["zsh", "-f", "-i"], "autoload -U compinit; compinit -u -D; source <(heretix completion zsh)\n"),
                                     ("fish", ["fish", "--no-config", "-i"], "heretix completion fish | source\n")):
            if shutil.which(shell) is None:
                continue
            for line, expected in ((f"heretix show {run[:-4]}\t", f"heretix show {run}"),
                                   ("heretix run x --readout exp\t --model hf:o\t", "--model hf:owner/Tiny-GGUF:Q4_K_M"),
                                   ("heretix models rem\thf:o\t", "heretix models remove hf:owner/Tiny-GGUF:Q4_K_M")):
                shown = self.typed(command, [load, line], until=re.escape(expected), TERM="xterm")
                self.assertIn(expected, shown, shell)

    def test_lists_are_quick_and_scripts_are_well_formed(self):
        begun = time.monotonic()
        self.assertEqual(self.ok("completion", "--list", "runs", "--db", "s.sqlite").split(), ["last", *self.runs])
        self.assertLess(time.monotonic() - begun, 0.5)
        self.refused(2, "completion", says=["no shell is named", "bash, zsh or fish"])
        self.refused(2, "completion", "tcsh", says="there is no completion for 'tcsh'")
        self.refused(2, "completion", "--list", "claims", says=["there is no list 'claims'", "models, pulled or runs"])
        script = self.ok("completion", "bash")
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        checked = subprocess.run(["shellcheck", "-s", "bash", "-e", "SC2207,SC2034", "-"], input=script, text=True, capture_output=True) if shutil.which("shellcheck") else None
        if checked:
            self.assertEqual(checked.stdout, "")
        self.assertNotIn(shlex.quote(str(self.folder)), script)


if __name__ == "__main__":
    unittest.main()
