"""What the program tells people to do next works. Each piece of advice is provoked, read from what was printed, and followed. The last test reads the
sources: advice that names a command or a flag and is neither followed here nor listed with a reason fails."""
import ast
import json
import pathlib
import re
import shlex
import shutil
import unittest

from heretix import SOURCE, ProgramTest

CLAIM = "Tariffs cause inflation"
SMALL = ("-K", "4", "-R", "1", "-B", "50")
STORE = "a store/x.sqlite"  # a name that a shell would take apart
READS = "list|show|answers|report|verify|variance|compare"

# Where a command ends within a sentence.
COMMAND = re.compile(r"heretix ((?:'[^'\n]*'|\"[^\"\n]*\"|[^\s;,()'\"]+)(?: (?!(?:shows|makes|creates|reads|and|or|over|of|what)\b)(?:'[^'\n]*'|\"[^\"\n]*\"|[^\s;,()'\"]+))*)")

NOT_FOLLOWED = {
    "of Postgres: tests/postgres follows what db and --database say, with a server": [
        "heretix db upgrade --database {}", "heretix db downgrade --sql", "heretix db upgrade --sql", "  the older shape '{}': heretix db convert makes it the present one\n",
        "{} differences: heretix db check", "heretix db import {} --database {}", "give head, base, or a revision that heretix db history lists",
        "heretix db stamp REVISION adopts them if they have exactly its shape; nothing was changed",
        "heretix db convert makes it the present shape, its rows carried over; nothing was changed", "heretix db downgrade goes back", "heretix db upgrade goes on",
        "a stamp only records what is there; heretix db upgrade makes it", "heretix db check compares the tables with what this program knows",
        "name one --database, or --from REV", "nothing was changed; back it up (docs/operations.md), then add --yes-destroy", "create it with createdb, or name another with --database",
        "name a PostgreSQL server; or leave out --database: the embedded service needs no server",
        "start the server (make db starts the local one), or correct the address", "shorten it, or run without --database"],
    "of what only a fault of the disk, the build or the machine brings about": [
        "check the store (heretix db check, or PRAGMA integrity_check)", "tools/setup.sh build installs it; or install heretix again",
        "the package heretix-model-smollm2-135m has it, and make build fetches it; or name a GGUF file: --model llama:/path/to/model.gguf",
        "make run installs the default one; or name a GGUF file: --model llama:/path/to/model.gguf",
        "make build builds all of it", "not installed: the package heretix-model-smollm2-135m has it, and make build fetches it", "use a machine built since 2013, or --mock",
        "ask fewer at once: --concurrency 1",
        "check the permissions of the file and its folder, or name another store with --db", "check the permissions of the file and its folder, or name another with --db",
        "make its folder writable, or set HERETIX_SECRET", "make the folder writable, or free space", "free some space where the output goes; what was measured is stored: heretix list",
        "free some space there; what was measured is stored: heretix list",
        "name another file with --out", "it was left as it is; restore a copy, or name another file with --db", "use a newer heretix, or name another file with --db",
        "use a newer heretix, or name another file with --app-db", "name another file with --app-db; this one was left as it is", "see heretix keys path"],
    "of the dataset: tests/export follows it": [
        "--since leaves it as it is; export without --since to have it written again", "heretix db check --database {} lists what differs; give the column its type back, then export again",
        "heretix db check lists what differs; give the column its type back, then export again"],
    "of mock runs and of the demo: test_mock.py and test_demo.py follow it": [
        "leave --mock out", "heretix compare A B", "heretix list", " --mock", "{} is a model's, and --mock compares mock runs", "heretix compare A B --mock compares mock runs",
        "make one of the model itself: heretix calibrate --json > FILE", "To ask a model: heretix run \"Tariffs cause inflation\"",
        "name one that you may write to: heretix demo --folder FOLDER", "leave --db out: mock runs have a store of their own"],
    "of a provider's server: tests/provider follows it with a server that fails so": [
        "run the same command with --batch to fetch it", "look at your provider's bill, then run the same command with --resend-unknown", "--batch works only with {}; leave it out",
        "let it think less (--reasoning low), or give it more room: --max-output-tokens {}", "check the key in {} (heretix keys list)", "the model is retired; choose its successor (heretix models)",
        "correct the base URL (--base-url)", "this works only with the Chat Completions API (--api chat)", "leave --logprobs out", "leave --api out",
        "its token probabilities do not depend on the temperature; leave --temperature out", "set it with --base-url or {}, e.g. {}",
        "write provider/model, e.g. openai/gpt-5; see heretix models", "check --webhook; the alarm itself is in the store", "given with --price",
        "what the model says besides these two words is not seen: read it in another way (--readout; heretix readouts shows them all), "
        "or ask a model that follows the question", " or --base-url",
        "unknown: {} (--price, --prices)", "start it, or correct --base-url", "{} states a probability and writes no text; use --readout decision{}",
        "{} is not a decision model; use --readout verbalized{}", "{} has no decisions API; --readout verbalized works with every model that writes text",
        ", as openai-compatible/NAME with --base-url", "it states a probability and writes no text; use --readout decision",
        "{} is asked through its decisions API here; use --readout decision. Its models that write text are reached as {}",
        "openai-compatible/NAME with --base-url https://openrouter.ai/api/v1"],
    "no advice: names of spans of a trace": ["heretix run", "heretix batch"],
    "of a command line that cannot be read, or names one file twice: test_command_line.py and test_batch.py follow it": [
        " --help lists the options", " --help shows what it takes", " --help says what each does", "--out names {}, which holds the claims",
        "name another file for the results, e.g. --out results.csv"],
    "of a model hub: tests/provider follows it with a hub": [
        "heretix models pull {}", "heretix models remove {0}, then heretix models pull {0}", "no model in {}; heretix models pull hf:OWNER/REPO",
        "fetch it by other means and name the file: --model llama:FILE.gguf", "\nFetched from a hub (heretix models list):\n",
        "make room (heretix models remove), name a smaller quantisation, or another folder in HERETIX_MODEL_CACHE",
        "make room (heretix models remove), or name another folder in HERETIX_MODEL_CACHE; what has arrived is kept",
        "give names, as heretix models list shows them, or --all"],
    "of the service: tests/service follows it": [
        "check whether heretix serve or worker is running, and on which --port or --metrics-port", "stop the program that listens there, or choose another port with --port",
        "make one with: openssl rand -hex 32", "make it once with: openssl rand -hex 32", "make one with: openssl rand -hex 32", "add --yes-destroy",
        "heretix plan list shows the plans", "see heretix plan list", "see heretix user list, with the same --app-db or --database",
        "see heretix user key EMAIL --list", "--name NAME makes a key; NAME is what the list will show",
        "one of --name, --list and --revoke is needed"],
    "a choice between flags that are named in the fault itself": [
        "name the table with one of these endings, e.g. --out results.csv", "name the new file, e.g. --out results.parquet", "make another set of the others",
        "name an artifact (docs/record.md), or a run: see heretix list", "name the store that heretix systemone writes to with --db",
        "name a table of results that heretix batch -o NAME.jsonl wrote", "the text must be that of the claim, letter by letter; see heretix list",
        "leave it out for the rate that heretix drift uses", "each line is one row, as heretix batch -o NAME.jsonl writes it (docs/batch.md)",
        "install heretix again, or remove that file",
        "use --readout token or frequency, or name another bank with --prompt-version",
        "for a real measurement use a larger model: --model llama:FILE.gguf, or a hosted one such as --model openai/gpt-5 (heretix models)",
        "the model may think before it answers: switch thinking off at the server (llama-server --reasoning off), or use another readout", "leave out --field or --level",
        "heretix completion bash, zsh or fish",
        "wait for it to end, or begin a separate probe: --fresh",
        "leave -R out; --samples says how often a frequency asks", "leave out --batch, or name a plan with -K, -R, -T or --fixed",
        "use --readout frequency --samples N", "leave out --batch or --readout", "check --prices", "check the path after --config", "leave --price out", "name a plan with -K, -R and -T, or --fixed",
        "e.g. --until-width 0.20", "for example --price 1.25,10", "check the path, or --prompts and RPL_PROMPTS_DIR", "name another with --prompts or RPL_PROMPTS_DIR",
        "name another file with --db; this one was left as it is", "name another file with --db or HERETIX_DB", "name a file, e.g. --db runs/heretix.sqlite",
        "put their prices into a file and give it with --prices (docs/models.md)", "read it too (--from, --db), or write the dataset without it with --full", "export without --since",
        "ask a single question with --query, or copy the dataset to a folder", "ask more templates (-K)", "measure with more templates: -K, -T",
        "ask more templates (-K, -T) before more replicates (-R)",
        "No template has two answers: what replicates add is unknown (measure with -R 2).",
        "give its price with --price IN,OUT in dollars per million tokens (e.g. --price 1.25,10) or in a file with --prices (docs/models.md), or leave the budget out"],
    "of a server for assistants: tests/mcp follows it": [
        "the person who runs heretix mcp can start it with a higher --budget", "it goes on after midnight UTC, or the person who runs heretix mcp can start it with a higher --budget-day",
        "heretix mcp speaks the Model Context Protocol with the program that starts it; see docs/mcp.md", "start heretix mcp with one", "tools/call needs the name of a tool"],
    "stands beside a whole command, which tests/cli/test_batch.py runs": [
        "{}give it the lines from {} on; with --fresh this command asks every claim anew", "after midnight UTC, or with a higher --budget-day: "],
    "says what is wrong, or shows a name, and tells nobody to do anything": [
        "--new-key makes a key and signs nothing", "--key checks a signed file (.json), but {} is looked for in the store, where nothing is signed",
        "--out is '{}', which ends neither in .csv nor in .jsonl nor in .parquet", "--out is '{}', which does not end in .parquet", "--results needs --out",
        "--alpha is {}; it must be between 0 and 1",
        "--model {} is given twice",
        "  --verbose shows the frozen estimate, for comparison with earlier runs",
        "--all names every model", "--list prints no script",
        "another heretix is asking the same question; waiting for its answer", "cannot make a temporary folder in ", "--price is for one model, but the lines name several",
        "Recalibrated by a map fitted without the claim's own fold: Brier {:.4f}, log {:.4f}. It is applied only by --recalibrate.",
        "--all means local and prod; --database names one", "--lock-wait is {}; it must be at least 0",
        "--sql prints one script, for one database", "leave it out; without --sql the database says which revision it is at",
        "--to lies in the other direction", "--from belongs to --sql", "a mail needs --mail-to and --mail-from", "--runs is {}; at least {} are needed",
        "--from is '{}'; it must be store, local or prod",
        "  {} months; --json lists them\n", "# heretix keys set PROVIDER writes this file; the environment wins over it.\n",
        "The newest {} of {} checks; --json has all of them.", "NAME --mock", "--most is {}; it must be at least 1", "--price is for one model, but several are given",
        "--base-url is for one provider, but several models are given", "--checks-at-once is {}; it must be from 1 to 64",
        "only run, batch and calibrate take several models; this command takes --model once",
        "--fixed names the plan K 8, R 2, T all; -K, -R and -T name another", "--fixed names the plan K 8, R 2, T all; --until-width names another",
        "--until-width looks at the answers between its rungs, but a batch is submitted as a whole", "--db names a store, --database a Postgres", "--price is for hosted models; {} costs nothing",
        "--draws is {}; it must be from 1 to 10000000", "--scale is {}; it must be above 0 and at most 10", "\nheretix drift show, watch {}, model {}\n", "make a pipe for", "cannot make a pipe: {}",
        "cannot make a pair of sockets: {}", "heretix-export could not make a Parquet file of a set", "--wordings is {}; it must be 4, 8, 12 or 16",
        "--seconds is {}; it must be from 0.1 to {}", "--port is {}; it must be from 0 to 65535",
        "the dataset was made with other claims or another HERETIX_EXPORT_KEY, and --since would leave its earlier months like that", "as given; null under --no-claims",
        "the recipe as JSON; null under --no-claims", "the whole record (docs/record.md), once done; null under --no-claims", "heretix export key",
        "--price is '{}'; it must be IN,OUT: dollars per million tokens, each from 0 to {}", "--api is for OpenAI and servers like it; {} has only one API", "heretix db",
        "-- heretix db: from {} to {}\n",
        "the prompt bank changed: begin a new baseline (heretix drift baseline --anew)", "--database ", "--db ", "heretix report ",
        "(heretix answers)", "(heretix answers {})", "(heretix report)", "(heretix report {})", "see heretix models", "give runs of one claim; see heretix compare",
        "give answers that were cut off at their limit more room: --max-output-tokens (heretix answers)", "another heretix is probing this model for this store",
        "its file has no chat template, so it only judges statements; use --readout decision",
        " {} more pairs are left out here; --json has all of them.", "--sort '{}' is neither disagreement, claim nor a model of the set"],
}


# Where help texts stand, which are no advice: whole files, and the functions that register a command or its flags.
HELP = ("option_groups.cpp", "export_options.cpp", "command_table.cpp", "generated_docs.cpp", "completion.cpp")
REGISTERING = re.compile(r"^(?:template <[^\n]*\n)?[\w<>:]+ (?:register|add)_\w+\([^;{]*\) \{\n.*?^\}\n", re.MULTILINE | re.DOTALL)


def hints_of_the_sources():
    """Every text of the program that names a command or a flag, as it stands in the sources."""
    found = set()
    for path in sorted((SOURCE / "src").rglob("*.cpp")):
        if path.name.endswith("_test.cpp") or path.name in HELP or "html" in path.name:
            continue
        text = re.sub(r"(?m)^\s*//.*$", "", path.read_text())
        text = re.sub(REGISTERING, "", text)
        for piece in re.finditer(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', text):
            literal = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', piece.group(0))).replace('\\"', '"').replace("\\n", "\n")
            is_text = " " in literal and "(?!" not in literal and not literal.startswith("<")  # no pattern and no picture
            if is_text and re.search(r"\bheretix [a-z-]|(?<![\w-])--[a-z]|(?<![\w-])-[A-Z]\b|\bmake [a-z]+ |chmod|openssl|tools/", literal):
                found.add(literal)
    return found


class Advice(ProgramTest):
    plan = ("--fixed",)

    def told(self, done, hint):
        """That piece of advice as it was printed: `hint` as it stands in the sources, which a store's flag may have come into."""
        pattern = re.escape(hint.strip()).replace(re.escape("{}"), "(?:.+?)")
        pattern = re.sub(rf"(heretix\\ (?:{READS}))", r"\1(?: --mock| --d[a-z]+ (?:'[^']*'|\\S+))?", pattern)
        found = re.search(pattern + r"[^\n]*", done.stderr + done.stdout)
        self.assertIsNotNone(found, f"{hint!r} is not in:\n{done.stdout}{done.stderr}")
        return found.group(0)

    def follow(self, done, hint, fill=(), stdin=None, **environment):
        """Each command of that advice, its placeholders filled in, ends well."""
        said = self.told(done, hint)
        commands = COMMAND.findall(re.split(r"\. (?=[A-Z])", said)[0])
        self.assertTrue(commands, said)
        for command in commands:
            words = [dict(fill).get(word, word) for word in shlex.split(command)]
            if "<" in words:
                words = words[:words.index("<")]
            if ">" in words:
                (self.folder / words[-1]).write_text(self.ok(*words[:words.index(">")], *dict(fill).get("+", ()), **environment))
                continue
            with self.subTest(command=command):
                self.ok(*words, *dict(fill).get("+", ()), stdin=stdin, **environment)
        return commands

    def failing(self, code, *arguments, **more):
        done = self.heretix(*arguments, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def everywhere(self, *arguments):
        """Without a store's name, and with each way of naming one."""
        (self.folder / "c.yaml").write_text(f"db: {STORE}\n")
        yield arguments, {}
        yield (*arguments, "--db", STORE), {}
        yield arguments, {"HERETIX_DB": STORE}
        yield (*arguments, "--config", "c.yaml", *SMALL), {}

    def test_what_comes_next_after_a_run(self):
        for arguments, environment in self.everywhere("run", CLAIM, "--mock"):
            done = self.failing(0, *arguments, **environment)
            self.follow(done, "next: {}", **environment)
        a, b = (self.script(f"{name}.json", model=name) for name in ("a", "b"))
        self.follow(self.failing(0, "run", CLAIM, "--model", a, "--model", b, "--db", STORE), "next: {}")
        page = next(self.folder.glob("*.html")).read_text()
        verify = re.search(r"<code>heretix (verify [^<]+)</code>", page)[1]
        self.assertEqual(self.heretix(*verify.split(), "--db", STORE).returncode, 0)

    def test_a_run_without_a_result(self):
        for name, rules, hint in (("refused", [{"ending": "refused"}], "see why answers were refused: heretix answers {}; or ask more: -K, -R"),
                                  ("short", [{"ending": "length"}], "give them more room, e.g. --max-output-tokens {}; see what came back: heretix answers {}")):
            for arguments, environment in self.everywhere("run", CLAIM, "--model", self.script(f"{name}.json", model=name, rules=rules)):
                done = self.failing(2, *arguments, **environment)
                said = self.told(done, hint)
                self.follow(done, hint, **environment)
                run = re.search(r"heretix-rpl-\w+", said)[0]
                store = ("--db", STORE) if "--config" in arguments or "--db" in arguments else ()
                shown = self.failing(3, "show", run, *store, **environment)
                self.follow(shown, "heretix answers {} shows what came back; run the same command again to continue", **environment)
        self.told(done, "give them more room, e.g. --max-output-tokens {}; see what came back: heretix answers {}")
        self.assertIn("--max-output-tokens", self.ok("run", "--help"))

    def test_each_row_of_a_batch_names_its_own_store(self):
        model = self.script(rules=[{"ending": "refused"}])
        (self.folder / "b.jsonl").write_text(json.dumps({"claim": CLAIM, "db": STORE}) + "\n" + json.dumps({"claim": CLAIM}) + "\n")
        done = self.failing(2, "batch", "b.jsonl", "--model", model, *SMALL)
        hints = [line for line in done.stderr.splitlines() if "heretix answers" in line]
        self.assertEqual(["--db" in hint for hint in hints], [True, False])
        for hint in hints:
            self.ok(*shlex.split(COMMAND.search(hint)[1]))

    def test_names_that_nothing_goes_by(self):
        self.ok("run", CLAIM, "--mock", "--db", STORE)
        self.ok("run", "Snow is white", "--mock", "--db", STORE)
        for arguments in (("show", "nothing"), ("verify", "nothing"), ("answers", "nothing"), ("report", "exec-nothing"), ("variance", "nothing"), ("compare", "nothing", "more")):
            self.follow(self.failing(3, *arguments, "--db", STORE), "see heretix list")
        self.follow(self.failing(2, "show", "heretix-rpl-", "--db", STORE), "give more of the id; see heretix list")
        done = self.failing(0, "list", "-n", "1", "--db", STORE)
        self.follow(done, "heretix list --most {}")
        self.assertEqual(self.follow(self.failing(3, "compare", "model=a", "model=b", "--db", STORE), "measure them first (heretix run, heretix batch); see heretix list",
                                     fill={"run": "models", "batch": "models"}.items())[:2], ["run", "batch"])

    def test_a_store_that_is_not_there(self):
        for arguments, environment in ((("list",), {}), (("list", "--db", STORE), {})):
            done = self.failing(3, *arguments, **environment)
            self.follow(done, "heretix run creates it; or name another with --db or HERETIX_DB", fill={"+": (CLAIM, "--mock", *SMALL, *arguments[1:])}.items())
            self.ok(*arguments, **environment)

    def test_a_run_of_another_program(self):
        shutil.copy(SOURCE / "tests/compat/newer_columns.sqlite", self.folder / "other.sqlite")
        (self.folder / "other.sqlite").chmod(0o600)
        run = next(r["run_id"] for r in self.json("list", "--db", "other.sqlite"))
        self.follow(self.failing(3, "report", run, "--db", "other.sqlite"), "heretix show {}")

    def test_gates_name_the_run_that_failed(self):
        rules = [{"paraphrase_idx": i, "prob_true": 0.02 if i % 2 else 0.98} for i in range(16)]
        model = self.script(rules=[{"paraphrase_idx": 3, "ending": "refused"}, *rules])
        done = self.failing(0, "run", CLAIM, "--model", model, "-K", "16", "-R", "1", "--db", STORE)
        run = self.json("list", "--db", STORE)[0]["run_id"]
        for text in (done, self.failing(0, "show", run, "--db", STORE)):
            for hint, command in (("read the refused answers (heretix answers); the model may not follow this prompt bank", "answers"),
                                  ("look at the templates that differ (heretix report); the claim may be read in several ways", "report")):
                self.assertIn(hint.replace(f"(heretix {command})", f"(heretix {command} --db '{STORE}' {run})"), text.stdout)
                self.ok(command, "--db", STORE, run)
        contradicting = self.script("labels.json", rules=[{"text": '{"belief":{"prob_true":0.9,"label":"very_unlikely"}}'}])
        hint = "read these answers (heretix answers); the model may not understand the scale, another one or another readout may"
        self.assertIn(hint.split(";")[1], self.failing(0, "run", CLAIM, "--model", contradicting, "-K", "16", "-R", "1", "--db", "labels.sqlite").stdout)
        self.ok("answers", self.json("list", "--db", "labels.sqlite")[0]["run_id"], "--db", "labels.sqlite")
        cut = self.script("cut.json", rules=[{"paraphrase_idx": 3, "ending": "length"}, *rules])
        done = self.failing(0, "run", CLAIM, "--model", cut, "-K", "16", "-R", "1")
        run = self.json("list")[0]["run_id"]
        self.assertIn(f"give answers that were cut off at their limit more room: --max-output-tokens (heretix answers --mock {run})", done.stdout)
        self.ok("answers", run)

    def test_what_is_wrong_with_a_command(self):
        self.follow(self.failing(2, "run", "--mock"), 'heretix run "Tariffs cause inflation"', fill={"+": ("--mock", *SMALL)}.items())
        a, b = (self.script(f"{name}.json", model=name) for name in ("a", "b"))
        self.follow(self.failing(2, "describe", CLAIM, "--model", a, "--model", b), "heretix run CLAIM --model A --model B", fill={"CLAIM": CLAIM, "A": a, "B": b}.items())
        self.follow(self.failing(2, "readouts", CLAIM, "--readout", "token"), "heretix run CLAIM --readout NAME reads it in one way",
                    fill={"CLAIM": CLAIM, "NAME": "verbalized", "+": ("--mock", *SMALL)}.items())
        self.told(self.failing(2, "run", CLAIM, "--mock", "--no-negation"), "leave --no-negation out, or --readout decision")
        self.told(self.failing(2, "run", CLAIM, "--mock", "--prompt-version", "heretix_decisions_v1"), "use --readout decision, or name a bank of questions with --prompt-version")
        self.ok("run", CLAIM, "--mock", *SMALL, "--prompt-version", "heretix_decisions_v1", "--readout", "decision")
        self.told(self.failing(2, "run", CLAIM, "--mock", "--readout", "decision", "--prompt-version", "heretix_v1_2026-11-23"), "use --prompt-version {}, or leave it out")
        self.follow(self.failing(2, "run", CLAIM, "--modle", "x"), "did you mean {}? {} --help lists the options")
        self.follow(self.failing(2, "rnu", CLAIM), "{}{} --help lists the commands")
        self.told(self.failing(2, "run", CLAIM, "--mock", "-K", "1", "-R", "1"), "ask more templates (-K) or more replicates (-R)")
        self.failing(2, "run", CLAIM, "--model", self.script("none.json", model="none", rules=[{"ending": "refused"}]), "--db", "none.sqlite")
        self.follow(self.failing(3, "show", "last", "--db", "none.sqlite"), "measure a claim: heretix run CLAIM", fill={"CLAIM": CLAIM, "+": ("--mock", *SMALL)}.items())
        self.ok("--help")
        done = self.failing(2, "run", CLAIM, "--no-such-flag")
        self.follow(done, "{} --help lists the options")
        self.follow(self.failing(2, "show"), "{} --help shows what it takes")
        self.follow(self.failing(2, "drift"), "{} --help says what each does")
        self.ok("run", CLAIM, "--help")
        self.told(self.failing(2, "run", "Is it flat?", "--mock"), "--allow-question measures it as it is")
        self.ok("run", "Is it flat?", "--mock", "--allow-question", *SMALL)
        self.follow(self.failing(2, "run", CLAIM, "--model", "nobody"),
                    "{}name one of local, {}hf:OWNER/REPO, llama:FILE.gguf or scripted:FILE; or use --mock; see heretix models")
        self.follow(self.failing(0, "models"), "\nThe prices of {} models are known from the list of {}: heretix models --prices. Any other model can be asked too, but its cost is unknown.\n")

    def test_a_claim_that_is_too_long(self):
        long = "x" * 1500
        said = self.told(self.failing(2, "run", long, "--mock"), "shorten the claim by {} characters, or raise --max-prompt-chars")
        by = int(re.search(r"by (\d+)", said)[1])
        self.ok("run", long[by:], "--mock", *SMALL)
        self.ok("run", long, "--mock", "--max-prompt-chars", 1200 + by, *SMALL)
        self.failing(2, "run", long[by - 1:], "--mock")

    def test_keys(self):
        environment = {"XDG_CONFIG_HOME": str(self.folder)}
        done = self.failing(4, "run", CLAIM, "--model", "openai/m", **environment)
        self.follow(done, "export {}=…, or heretix keys set {}", stdin="sk-1234567890\n", **environment)
        self.assertIn("openai", self.ok("keys", "list", **environment))
        self.refused(2, "keys", "set", "xai", stdin="a key\n", says="holds a blank, which no key does", **environment)
        self.assertIn("removed OPENAI_API_KEY", self.failing(0, "keys", "remove", "openai", **environment).stderr)
        self.assertNotIn("OPENAI_API_KEY", (self.folder / "heretix/keys").read_text())
        self.follow(self.failing(3, "keys", "remove", "openai", **environment), "heretix keys list shows where each key comes from", **environment)
        done = self.failing(2, "keys", "set", "openai", stdin="\n", **environment)
        self.follow(done, "heretix keys set {} < FILE", stdin="sk-1234567890\n", **environment)
        keys = self.folder / "heretix/keys"
        keys.chmod(0o644)
        said = self.told(self.failing(4, "keys", "list", **environment), "chmod 600 ")
        self.assertEqual(shlex.split(said), ["chmod", "600", str(keys)])
        keys.chmod(0o600)
        keys.write_text("nonsense\n")
        self.told(self.failing(2, "keys", "list", **environment), "correct that line, or remove it")
        keys.write_text("")
        self.ok("keys", "list", **environment)

    def test_certificates(self):
        (self.folder / "l.csv").write_text("claim,label\n" + "".join(f"Claim number {i:03},{'true' if i % 2 else 'false'}\n" for i in range(40)))
        model = self.script("m.json", model="m", rules=[{"prob_true": 0.7}])
        fill = {"+": ("l.csv", "--model", model, "-q"), "FILE": "FILE"}.items()
        done = self.failing(3, "run", CLAIM, "--model", model, "--recalibrate", "FILE")
        self.follow(done, "make one: heretix calibrate --json > FILE", fill=fill)
        (self.folder / "bad.json").write_text("{}")
        self.follow(self.failing(2, "run", CLAIM, "--model", model, "--recalibrate", "bad.json"), "make one: heretix calibrate --json > FILE", fill=fill)
        self.ok("run", CLAIM, "--model", model, "--recalibrate", "FILE", *SMALL)
        silent = self.script("silent.json", model="silent", rules=[{"ending": "refused"}])
        done = self.failing(2, "calibrate", "l.csv", "--model", silent, "-q", "--db", STORE)
        self.follow(done, "see why answers were refused: heretix answers {}; or ask more: -K, -R")
        run = re.search(r"heretix-rpl-\w+", done.stderr)[0]
        self.follow(done, "heretix list shows the runs, and heretix answers RUN shows what came back", fill={"RUN": run}.items())

    def test_coherence(self):
        self.told(self.failing(2, "coherence", "Swans might be white. They may not", "--mock"), 'write it yourself: --negation "…"')
        self.told(self.heretix("coherence", "All swans might be white", "--mock"), 'heretix: {}; asking "{}" (--negation takes your own)')
        done = self.failing(2, "coherence", "Snow is white", "--mock", *SMALL, "--db", STORE)  # four wordings of each, and none of both
        self.follow(done, "ask more templates (-K, -T); see why answers were refused: heretix answers {}")
        self.ok("coherence", "Snow is white", "--mock", "-K", "16", "-R", "1", "--db", STORE)
        done = self.heretix("coherence", "All swans might be white", "--paraphrase", "Swans are white", "--mock", *SMALL)
        self.told(done, 'heretix: {}; give one with --negation "…"')
        model = self.script(rules=[{"user_contains": "not", "paraphrase_idx": i, "ending": "refused"} for i in range(1, 16)])
        done = self.heretix("coherence", "Snow is white", "--not", "Snow is not white", "--model", model, "--db", STORE)
        self.assertNotEqual(done.returncode, 0)
        if "templates; at least 2" in done.stderr:
            self.follow(done, "ask more templates (-K, -T); see why answers were refused: heretix answers {}")
        else:
            self.follow(done, "see why answers were refused: heretix answers {}; or ask more: -K, -R")

    def test_probes(self):
        model = self.script("steady.json", model="steady", noise=0)
        self.ok("run", CLAIM, "--mock", *SMALL, "--db", STORE)
        done = self.failing(3, "probe", model, "--stored", "--db", STORE)
        self.follow(done, "heretix probe {} makes one", fill={"+": ("--db", STORE, "-q")}.items())
        self.ok("probe", model, "--stored", "--db", STORE)
        silent = self.script("silent.json", model="silent", rules=[{"text": "I cannot say."}])
        self.follow(self.failing(2, "probe", silent, "-q"), "name a model that states probabilities; see heretix models")

    def test_drift(self):
        (self.folder / "w.csv").write_text("claim\nSnow is white\nGrass is green\n")
        a, b = (self.script(f"{name}.json", model=name) for name in ("a", "b"))
        check = ("drift", "check", "w.csv", "--watch", "my watch", "--model", a, *SMALL, "--webhook", "http://127.0.0.1:9/x", "--db", STORE)
        commands = self.follow(self.failing(2, *check), "heretix drift baseline")
        self.assertEqual(len(commands), 1)
        self.assertEqual(self.failing(0, *check).returncode, 0)
        hint = "name another watch with --watch, or begin a new baseline: heretix drift baseline --anew"
        done = self.failing(2, "drift", "check", "w.csv", "--watch", "my watch", "--model", b, *SMALL, "--db", STORE)
        self.follow(done, hint, fill={"+": ("w.csv", "--watch", "my watch", "--model", b, *SMALL, "--db", STORE)}.items())
        self.ok("drift", "baseline", "w.csv", "--watch", "another", "--model", b, *SMALL, "--db", STORE)

    def test_atlas(self):
        (self.folder / "claims.csv").write_text(f"claim,tags\n{CLAIM},trade\nSnow is white,weather\n")
        mock = {"+": ("--mock", "--model", "a", *SMALL)}.items()
        self.follow(self.failing(3, "atlas", "results.csv"), "give a table of results: heretix batch claims.csv -o results.csv makes one", fill=mock)
        self.ok("atlas", "results.csv")
        (self.folder / "results.parquet").write_text("PAR1")
        self.follow(self.failing(2, "atlas", "results.parquet"), "write the results as .csv or .jsonl: heretix batch claims.csv -o results.csv", fill=mock)

        rows = (self.folder / "results.csv").read_text()
        (self.folder / "two.csv").write_text(rows + f"Rain is wet,b,,,0.5{',' * rows.splitlines()[0].count(',')}"[:-4] + "\n")
        self.told(self.failing(2, "atlas", "two.csv", "--model", "b", "--tag", "trade"), "leave out --model, --tag or --gate")
        self.ok("atlas", "two.csv", "--model", "b")

        (self.folder / "runs/mock.sqlite").rename(self.folder / "batch.sqlite")
        missing = ("What the wordings said is not in the store, so where the spread comes from and which wordings pull is left out. "
                   "--db names the store that the batch was measured into.")
        self.told(self.failing(0, "atlas", "results.csv"), missing)
        self.assertNotIn("left out", self.ok("atlas", "results.csv", "--db", "batch.sqlite"))

    def test_export(self):
        done = self.failing(3, "export", "my lake")
        self.follow(done, "measure something first (heretix run), or name a store with --db", fill={"+": (CLAIM, "--mock", *SMALL, "--db", "runs/heretix.sqlite")}.items())
        (self.folder / "runs/heretix.sqlite").rename(self.folder / "runs/mock.sqlite")
        self.follow(self.failing(3, "export", "my lake"), "export the mock runs: heretix export --db {}", fill={"+": ("my lake",)}.items())
        (self.folder / "runs/mock.sqlite").rename(self.folder / "runs/heretix.sqlite")
        done = self.failing(3, "export", "another lake", "--query", "SELECT 1")
        self.follow(done, "heretix export {} makes it")
        self.ok("export", "another lake", "--query", "SELECT 1")
        self.follow(self.failing(2, "export", "my lake", "--from", "nowhere"), "heretix export --help shows them")

    def test_a_table_that_could_not_become_parquet(self):
        (self.folder / "c.jsonl").write_text('{"claim": "Snow is white"}\n')
        (self.folder / "my table.parquet.new").mkdir()
        done = self.failing(5, "batch", "c.jsonl", "--mock", *SMALL, "-q", "-o", "my table.parquet")
        (self.folder / "my table.parquet.new").rmdir()
        self.follow(done, "heretix export --results {} --out {}")
        self.assertTrue((self.folder / "my table.parquet").is_file())

    def test_signatures(self):
        self.ok("run", CLAIM, "--mock", *SMALL, "--db", "runs/heretix.sqlite")
        new_key = "heretix sign --new-key FILE makes one"
        self.follow(self.failing(3, "sign", "last", "--key", "my key.pem"), new_key, fill={"FILE": "my key.pem"}.items())
        self.follow(self.failing(2, "sign", "last"), "--key FILE with a private key; heretix sign --new-key FILE makes one", fill={"FILE": "another.pem"}.items())
        (self.folder / "nobody.pem").write_text("nothing")
        (self.folder / "nobody.pem").chmod(0o600)
        self.follow(self.failing(2, "sign", "last", "--key", "nobody.pem"), new_key, fill={"FILE": "third.pem"}.items())
        (self.folder / "my key.pem").chmod(0o644)
        self.told(self.failing(4, "sign", "last", "--key", "my key.pem"), "chmod 600 'my key.pem'")
        (self.folder / "my key.pem").chmod(0o600)

        public = self.ok("sign", "--key", "my key.pem").strip()
        signed = self.follow(self.failing(2, "verify", "last", "--key", public), "heretix sign RUN --key FILE -o signed.json makes a signed file of it",
                             fill={"RUN": "last", "FILE": "my key.pem"}.items())
        self.assertEqual(len(signed), 1)
        self.follow(self.failing(2, "verify", "signed.json", "--key", "my key.pem"), "heretix sign --key FILE shows the public key of a private one",
                    fill={"FILE": "my key.pem"}.items())
        self.told(self.failing(3, "verify", "signed.json", "--key", "nowhere"), "give a file, or the line that heretix sign --new-key printed: ed25519:…")
        self.told(self.failing(0, "verify", "signed.json"), "the signature by {}: give the public key with --key")
        self.ok("verify", "signed.json", "--key", public)

        (self.folder / "empty.json").write_text('{"payload": "", "payloadType": ""}')
        self.told(self.failing(2, "verify", "empty.json"), "a signed record is what heretix sign writes (docs/signing.md)")
        artifact = json.loads(next((self.folder / "runs/artifacts").glob("*.json")).read_text())
        (self.folder / "wrong.json").write_text(json.dumps({**artifact, "pqs": 1}))
        self.told(self.failing(2, "sign", "wrong.json", "--key", "my key.pem"), "heretix verify names every difference")
        self.failing(1, "verify", "wrong.json")

    def test_no_advice_of_the_program_is_forgotten(self):
        followed = set()
        for call in ast.walk(ast.parse(pathlib.Path(__file__).read_text())):
            if isinstance(call, ast.Constant) and isinstance(call.value, str):
                followed.add(call.value)
        listed = {hint for hints in NOT_FOLLOWED.values() for hint in hints}
        hints = hints_of_the_sources()
        self.assertGreater(len(hints), 150, "the sources were not read")
        self.assertEqual(hints - followed, set(), "advice that no test follows and no reason excuses")
        self.assertEqual(listed - hints, set(), "reasons for advice that the program does not give any more")


if __name__ == "__main__":
    unittest.main()
