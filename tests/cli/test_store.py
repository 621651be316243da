"""Files of other programs, damaged files, and what verify sees."""
import json
import os
import shutil
import sqlite3
import subprocess
import unittest

from heretix import PROGRAM, SOURCE, ProgramTest

CLAIM = "Tariffs cause inflation"
COMPAT = SOURCE / "tests/compat"


def dump(path, tables):
    connection = sqlite3.connect(path)
    rows = {t: connection.execute(f"SELECT * FROM {t} ORDER BY rowid").fetchall() for t in tables}
    schema = connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'heretix_%' AND tbl_name NOT LIKE 'heretix_%' ORDER BY name").fetchall()
    connection.close()
    return rows, schema


def tables_of(path):
    connection = sqlite3.connect(path)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]
    connection.close()
    return names


class OtherPrograms(ProgramTest):
    def take(self, name):
        path = self.folder / name
        shutil.copy(COMPAT / name, path)
        path.chmod(0o600)
        return path

    def test_their_runs_are_listed_shown_and_verified(self):
        for name, runs in (("newer_columns.sqlite", 6), ("older_seed_schema.sqlite", 11)):
            path = self.take(name)
            before = path.read_bytes()
            listed = self.json("list", "--db", path)
            self.assertEqual(len(listed), runs)
            checked = 0
            for run in listed:
                self.assertIn(run["claim"], self.ok("show", run["run_id"], "--db", path))
                self.ok("answers", run["run_id"], "--db", path)
                verified = json.loads(self.heretix("verify", run["run_id"], "--db", path, "--json").stdout)
                self.assertEqual(verified["differences"], [], run["run_id"])
                checked += bool(verified["recomputed"])
            self.assertGreaterEqual(checked, runs // 2, f"{name}: most runs hold enough to recompute")
            self.assertEqual(path.read_bytes(), before, "reading writes nothing")

    def test_a_seed_that_lost_its_precision_is_told(self):
        path = self.take("older_seed_schema.sqlite")
        lost = [r for r in self.json("list", "--db", path) if r.get("bootstrap_seed_lost")]
        self.assertEqual(len(lost), 2)
        self.assertIn("stored as REAL and lost its precision", self.ok("verify", lost[0]["run_id"], "--db", path) + self.ok("verify", lost[1]["run_id"], "--db", path))

    def test_they_go_on_to_be_written_with_their_own_rows_intact(self):
        for name in ("newer_columns.sqlite", "older_seed_schema.sqlite"):
            path = self.take(name)
            theirs = tables_of(path)
            self.assertLessEqual({"runs", "samples", "executions"}, set(theirs))
            (before, schema) = dump(path, theirs)
            record = self.json("run", CLAIM, "--mock", "--db", path)
            (after, schema_after) = dump(path, theirs)
            self.assertEqual(schema_after, schema)
            for table in theirs:
                kept = after[table][: len(before[table])]
                self.assertEqual(kept, before[table], table)
            self.assertEqual(len(after["samples"]) - len(before["samples"]), 16)
            self.assertEqual(len(after["executions"]), len(before["executions"]), "their tables are never written")
            self.ok("verify", record["run_id"], "--db", path)
            column = sqlite3.connect(path).execute("SELECT typeof(bootstrap_seed), bootstrap_seed FROM runs WHERE run_id = ?", (record["run_id"],)).fetchone()
            if name.startswith("newer"):
                self.assertEqual(column, ("text", record["estimate"]["bootstrap_seed"]))
            else:
                self.assertEqual(column[0], "integer")
                self.assertEqual(column[1] % 2**64, int(record["estimate"]["bootstrap_seed"]))

    def test_an_answer_that_they_paid_for_is_not_paid_again(self):
        record = self.json("run", CLAIM, "--mock")
        connection = self.database()
        with connection:  # as if another program had written samples alone
            ours = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'heretix_%'")]
            self.assertIn("heretix_answers", ours)
            for table in ours:
                connection.execute(f"DROP TABLE {table}")
        again = self.json("run", CLAIM, "--mock")
        self.assertEqual(again["execution"]["attempts"], 0)
        self.assertEqual(again["estimate"], record["estimate"])
        self.ok("verify", again["run_id"])


class DamagedFiles(ProgramTest):
    def prepared(self):
        self.ok("run", CLAIM, "--mock")
        return self.folder / self.usual_store()

    def left_alone(self, path, code, says, *command):
        before = path.read_bytes()
        for arguments in (["list"], ["run", "Another claim", "--mock"]):
            self.refused(code, *arguments, "--db", path, says=says)
        self.assertEqual(path.read_bytes(), before, "the file was left as it is")

    def test_not_a_database(self):
        path = self.folder / "text.sqlite"
        path.write_text("This is a letter, not a database. " * 200)
        self.left_alone(path, 2, ["not a SQLite database", "name another file with --db"])

    def test_a_database_of_another_program(self):
        path = self.folder / "other.sqlite"
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE birds (name TEXT)")
        self.left_alone(path, 2, ["is not a Heretix database", "birds"])
        with sqlite3.connect(path) as connection:
            connection.executescript("CREATE TABLE runs (run_id TEXT); CREATE TABLE samples (cache_key TEXT)")
        self.left_alone(path, 2, "its table runs has no created_at")

    def test_a_newer_file(self):
        path = self.prepared()
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE heretix_meta SET value = '99'")
        self.left_alone(path, 2, ["has Heretix schema 99; this program knows 7", "use a newer heretix"])

    def test_truncated_and_corrupt(self):
        path = self.prepared()
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        self.left_alone(path, 70, "corrupt")
        page = int.from_bytes(whole[16:18], "big")
        path.write_bytes(whole[:page] + bytes(b ^ 0x5A for b in whole[page : 3 * page]) + whole[3 * page :])
        self.left_alone(path, 70, "corrupt")

    def test_locked(self):
        path = self.prepared()
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        done = self.heretix("list")
        holder.execute("ROLLBACK")
        holder.close()
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("locked by another process", done.stderr)

    def test_read_only_and_unreadable(self):
        self.prepared()
        if os.geteuid() != 0:
            self.fail("this test drops its rights, which needs root")
        (self.folder / "runs").chmod(0o555)
        (self.folder / self.usual_store()).chmod(0o444)
        self.folder.chmod(0o755)
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

        def run(*arguments):
            return subprocess.run([*as_nobody, PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True)

        self.assertEqual(run("list").returncode, 0)
        done = run("run", "Another claim", "--mock")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("not writable", done.stderr)
        done = run("run", CLAIM, "--mock", "--db", "new/x.sqlite")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("cannot create the folder", done.stderr)
        done = run("run", CLAIM, "--mock", "--db", "runs/new.sqlite")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("cannot create runs/new.sqlite: Permission denied", done.stderr)
        self.assertIn("name another file with --db", done.stderr)

        (self.folder / "closed").mkdir(mode=0o700)
        (self.folder / "closed/x.sqlite").write_text("")
        for arguments in (("list", "--db", "closed/x.sqlite"), ("run", CLAIM, "--mock", "--db", "closed/x.sqlite")):
            done = run(*arguments)
            self.assertEqual(done.returncode, 4, done.stderr)

        (self.folder / self.usual_store()).chmod(0o000)
        done = run("list")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("cannot be opened", done.stderr)

    def test_a_full_disk_keeps_what_was_acknowledged(self):
        disk = self.folder / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        command = ["run", CLAIM, "--model", self.script(), "-K", 16, "-R", 20, "--db", disk / "h.sqlite"]
        self.refused(5, *command, says=["the disk is full", "free some space"])
        reader = sqlite3.connect(disk / "h.sqlite")
        kept = reader.execute("SELECT count(*) FROM samples").fetchone()[0]
        reader.close()
        self.assertGreater(kept, 0)
        subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
        record = self.json(*command)
        self.assertEqual(record["usable"], 320)
        self.assertEqual(round(record["cache_hit_rate"] * 320), kept)


class Verify(ProgramTest):
    def setUp(self):
        super().setUp()
        model = self.script(rules=[{"paraphrase_idx": 2, "attempt": 1, "text": "hm"}, {"paraphrase_idx": 4, "ending": "refused"}])
        self.record = self.json("run", CLAIM, "--model", model, "-K", 16, "-R", 2)
        self.run_id = self.record["run_id"]

    def verified(self):
        done = self.heretix("verify", self.run_id)
        return done.returncode, done.stdout

    def test_an_untouched_run_is_equal_and_says_what_was_recomputed_first(self):
        code, text = self.verified()
        self.assertEqual(code, 0, text)
        self.assertIn("before any stored result was read", text)
        self.assertIn("32 questions and keys", text)
        self.assertIn("32 answers read again from their raw texts, 30 usable", text)

    # (what to change, what verify must name)
    MUTATIONS = (
        ("UPDATE heretix_answers SET raw_text = replace(raw_text, 'played', 'plaxed') WHERE rowid = 5", "raw text's sha256"),
        ("UPDATE heretix_answers SET raw_text = replace(raw_text, '\"prob_true\":0.', '\"prob_true\":0.0') WHERE rowid = 6", "raw text's sha256"),
        ("UPDATE heretix_answers SET prob_true = prob_true + 1e-15 WHERE rowid = 7", "prob_true"),
        ("UPDATE heretix_answers SET usable = 0 WHERE rowid = 8", "usable"),
        ("UPDATE heretix_answers SET reason = 'refused' WHERE rowid = 9", "reason"),
        ("UPDATE heretix_answers SET response_id = response_id || 'x' WHERE rowid = 10", "samples.response_id"),
        ("UPDATE heretix_answers SET tokens_in = tokens_in + 1 WHERE rowid = 11", "answers_sha256"),
        ("DELETE FROM heretix_answers WHERE rowid = 12", "missing"),
        ("UPDATE samples SET prob_true = prob_true + 1e-15 WHERE rowid = 3 ", "samples.prob_true"),
        ("UPDATE samples SET logit = logit + 1e-13 WHERE rowid = 3", "samples.logit"),
        ("UPDATE samples SET json_valid = 1 - json_valid WHERE rowid = 4", "samples.json_valid"),
        ("UPDATE samples SET replicate_idx = 9 WHERE rowid = 5", "samples.replicate_idx"),
        ("DELETE FROM samples WHERE rowid = 6", "its sample is missing"),
        ("UPDATE runs SET bootstrap_seed = bootstrap_seed + 1", "runs.bootstrap_seed"),
        ("UPDATE runs SET seed = 1", "runs.seed"),
        ("UPDATE runs SET prob_true_rpl = prob_true_rpl + 1e-15", "runs.prob_true_rpl"),
        ("UPDATE runs SET ci_lo = ci_lo - 1e-15", "runs.ci_lo"),
        ("UPDATE runs SET ci_hi = ci_hi + 1e-15", "runs.ci_hi"),
        ("UPDATE runs SET stability_score = stability_score * (1 + 1e-14)", "runs.stability_score"),
        ("UPDATE runs SET pqs = pqs + 1", "runs.pqs"),
        ("UPDATE runs SET gate_precision_ok = 1 - gate_precision_ok", "runs.gate_precision_ok"),
        ("UPDATE runs SET counts_by_template_json = replace(counts_by_template_json, ':2', ':3')", "counts_by_template_json"),
        ("UPDATE runs SET sampler_json = replace(sampler_json, '\"rotation\":', '\"rotation\":1')", "runs.sampler_json"),
        ("UPDATE runs SET config_json = replace(config_json, '5000', '5001')", "runs.config_json"),
        ("UPDATE heretix_banks SET bank_json = replace(bank_json, 'likely a claim', 'lively a claim')", "bank text"),
        ("UPDATE heretix_executions SET config_json = replace(config_json, '\"B\":5000', '\"B\":5001')", "runs.B"),
        ("UPDATE heretix_executions SET record_json = replace(record_json, '\"pqs\":', '\"pqs\": 1')", "record_json"),
        ("UPDATE heretix_executions SET record_sha256 = substr(record_sha256, 2) || 'x'", "record_json: its hash"),
        ("UPDATE heretix_execution_samples SET attempt = 1 WHERE attempt = 2", "raw text"),
        ("UPDATE heretix_execution_samples SET cache_key = 'f' || substr(cache_key, 2) WHERE position = 3", "answer 3"),
    )

    def test_every_changed_bit_is_named(self):
        path = self.folder / self.usual_store()
        whole = path.read_bytes()
        self.assertGreaterEqual(len(self.MUTATIONS), 20)
        for change, names in self.MUTATIONS:
            with self.subTest(change):
                path.write_bytes(whole)
                with sqlite3.connect(path) as connection:
                    self.assertGreater(connection.execute(change).rowcount, 0)
                connection.close()
                code, text = self.verified()
                self.assertEqual(code, 1, text)
                self.assertIn("DIFFERENT: ", text)
                self.assertIn(names, text)

    def test_a_changed_artifact_is_named(self):
        artifact = self.folder / "runs" / "artifacts" / f"{self.record['execution']['execution_id']}.json"
        self.assertEqual(artifact.stat().st_mode & 0o777, 0o600)
        text = artifact.read_text()
        artifact.write_text(text.replace('"rotation": ', '"rotation": 1', 1))
        code, told = self.verified()
        self.assertEqual(code, 1)
        self.assertIn("artifact differs at /sampler/rotation", told)
        artifact.unlink()
        code, told = self.verified()
        self.assertEqual(code, 0)
        self.assertIn("not checked: the artifact", told)

    def test_the_artifact_alone_is_enough_to_recompute(self):
        """By a third party: keys, prompts and the centre from the artifact's own texts, with nothing of ours."""
        import hashlib
        import math

        artifact = json.loads((self.folder / "runs" / "artifacts" / f"{self.record['execution']['execution_id']}.json").read_text())
        bank, config = artifact["bank"], artifact["config"]
        by_template = {}
        for answer in artifact["answers"]:
            user = bank["paraphrases"][answer["paraphrase_idx"]].replace("{CLAIM}", config["claim"]) + "\n\n" + bank["user_template"].replace("{CLAIM}", config["claim"])
            prompt = hashlib.sha256((bank["system"] + "\n\n" + bank["schema"] + "\n\n" + user).encode()).hexdigest()
            self.assertEqual(prompt, answer["prompt_sha256"])
            key = "|".join([config["claim"], config["model"], config["prompt_version"], prompt, str(answer["replicate_idx"]), str(config["max_output_tokens"]), config["mode"]])
            self.assertEqual(hashlib.sha256(key.encode()).hexdigest(), answer["cache_key"])
            if answer["usable"]:
                p = min(max(json.loads(answer["raw_text"])["belief"]["prob_true"], 1e-6), 1 - 1e-6)
                by_template.setdefault(prompt, []).append(math.log(p / (1 - p)))
        means = sorted(sum(v) / len(v) for v in by_template.values())
        cut = int(len(means) * 0.2)
        center = sum(means[cut : len(means) - cut]) / (len(means) - 2 * cut)
        self.assertAlmostEqual(center, artifact["estimate"]["center_logit"], places=12)


if __name__ == "__main__":
    unittest.main()
