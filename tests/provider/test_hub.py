"""Models of a hub: which file is fetched, what becomes of a download that goes wrong, and where they lie."""
import hashlib
import json
import os
import pathlib
import pty
import resource
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from fault_server import server_context
from heretix import PROGRAM, ProgramTest
from hub_server import COMMIT, Fault, HubServer, Repository
from terminals import pieces_of
from test_transport import Authority

TOKEN = "hf_0123456789abcdefghijklmnopqrstuvwxyz"
OWNER = "owner/Tiny-GGUF"


def content(size, seed=1):
    return b"GGUF" + b"".join(hashlib.sha256(f"{seed}.{i}".encode()).digest() for i in range(size // 32 + 1))[:size - 4]


Q4, Q8 = content(1_200_000, 4), content(1_500_000, 8)
FILES = {"README.md": b"# Tiny", "Tiny-BF16.gguf": content(2000, 16), "Tiny-F16.gguf": content(2100, 17), "Tiny-Q4_K_M.gguf": Q4, "Tiny-Q8_0.gguf": Q8,
         "imatrix-Tiny.gguf": content(50), "mmproj-Tiny-F16.gguf": content(60)}


class HubTest(ProgramTest):
    def serve(self, files=None, name=OWNER, tokens=(TOKEN,), **more):
        of_server = {k: more.pop(k) for k in ("page", "apart", "tls") if k in more}
        self.hub = HubServer({name: Repository(dict(FILES if files is None else files), **more)}, tokens=tokens, **of_server)
        self.addCleanup(self.hub.stop)
        return self.hub

    def setUp(self):
        super().setUp()
        self.hub = None

    def environment(self, **more):
        given = {"XDG_CACHE_HOME": str(self.folder / "cache"), "HF_TOKEN": "", "NO_PROXY": "127.0.0.1", "HF_ENDPOINT": self.hub.url if self.hub else ""}
        return {**given, **more}

    def pull(self, name=OWNER, *arguments, **more):
        return self.heretix("models", "pull", name, *arguments, **self.environment(**more))

    def pulled(self, name=OWNER, **more):
        return self.json("models", "pull", name, **self.environment(**more))[0]

    def refused_pull(self, code, name=OWNER, says=(), **more):
        """Without the line that tells what is being fetched."""
        return self.refused(code, "models", "pull", name, "--quiet", says=says, **self.environment(**more))

    def listed(self):
        return self.json("models", "list", **self.environment())

    def start(self, *arguments, **more):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "HF_"))}
        process = subprocess.Popen([PROGRAM, *arguments], cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={**kept, **self.environment(**more)})
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def start_half_way(self):
        """A pull of which half has arrived; what is missing comes when the gate is set."""
        self.serve()
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.hub.faults = [Fault(gate=gate)]
        running = self.start("models", "pull", OWNER)
        self.wait_for(lambda: [p for p in self.parts() if p.stat().st_size >= 500_000])
        return running, gate

    def parts(self):
        return list((self.folder / "cache").rglob("*.part"))

    def assert_whole(self, model, expected):
        path = pathlib.Path(model["file"])
        self.assertEqual(path.read_bytes(), expected)
        self.assertEqual(sorted(p.name for p in path.parent.iterdir()), sorted([path.name, "model.json"]), "nothing else is left")
        self.assertEqual(hashlib.sha256(expected).hexdigest(), model["files"][0]["sha256"])


class Choosing(HubTest):
    def test_the_usual_model_is_fetched_checked_and_listed(self):
        self.serve()
        done = self.pull()
        self.assertEqual(done.returncode, 0, done.stderr)
        [model] = self.listed()
        self.assert_whole(model, Q4)
        self.assertEqual((model["name"], model["model"], model["revision"], model["bytes"], model["whole"]),
                         (f"hf:{OWNER}:Q4_K_M", "llama/Tiny-Q4_K_M", COMMIT, len(Q4), True))
        self.assertTrue(model["file"].startswith(str(self.folder / "cache/heretix/models/owner/Tiny-GGUF/")))
        shown = self.heretix("models", "list", **self.environment())
        self.assertRegex(shown.stdout, rf"hf:{OWNER}:Q4_K_M\n  1\.2 MB  20\d\d-\d\d-\d\d  sha256 {model['files'][0]['sha256'][:16]}\n")
        self.assertIn(f"1.2 MB in {self.folder}/cache/heretix/models", shown.stderr)
        self.assertIn(f"  hf:{OWNER}:Q4_K_M  1.2 MB\n", self.heretix("models", **self.environment()).stdout)

        self.pulled()
        self.assertEqual(len(self.hub.downloads()), 1, "what is here is not fetched again")

    def test_a_quantisation_is_a_whole_word_and_no_projector(self):
        self.serve({**FILES, "split/Tiny-IQ4_XS-00001-of-00002.gguf": content(300, 1), "split/Tiny-IQ4_XS-00002-of-00002.gguf": content(200, 2)}, page=2)
        for selector, file in (("q8_0", "Tiny-Q8_0.gguf"), ("F16", "Tiny-F16.gguf"), ("BF16", "Tiny-BF16.gguf"), ("Tiny-Q8_0.gguf", "Tiny-Q8_0.gguf"),
                               ("mmproj-Tiny-F16.gguf", "mmproj-Tiny-F16.gguf")):
            model = self.pulled(f"hf:{OWNER}:{selector}")
            self.assertEqual(pathlib.Path(model["file"]).name, file, selector)
        split = self.pulled(f"{OWNER}:IQ4_XS")
        self.assertEqual([f["path"] for f in split["files"]], ["split/Tiny-IQ4_XS-00001-of-00002.gguf", "split/Tiny-IQ4_XS-00002-of-00002.gguf"])
        folder = pathlib.Path(split["file"]).parent
        self.assertEqual((folder / "Tiny-IQ4_XS-00002-of-00002.gguf").read_bytes(), content(200, 2))
        self.assertEqual((split["model"], split["bytes"]), ("llama/Tiny-IQ4_XS-00001-of-00002", 500))
        pages = [s for s in self.hub.seen if "/tree/" in s.path and "cursor" in s.path]
        self.assertGreater(len(pages), 2, "a listing of many pages is read to its end")

    def test_without_a_name_comes_q4_k_m_then_q8_0_then_the_first(self):
        for files, expected in (({"b-Q8_0.gguf": b"8", "a-Q2_K.gguf": b"2"}, "b-Q8_0.gguf"), ({"b-Q5_K.gguf": b"5", "a-Q2_K.gguf": b"2"}, "a-Q2_K.gguf"),
                                ({"model.gguf": b"m"}, "model.gguf")):
            self.serve(files, name="owner/some")
            self.assertEqual(pathlib.Path(self.pulled("owner/some")["file"]).name, expected)
            self.hub.stop()

    def test_what_is_not_there_is_named_with_what_is(self):
        self.serve()
        self.refused_pull(3, f"{OWNER}:Q6_K", says=[f"{OWNER} has no 'Q6_K'; it has BF16, F16, Q4_K_M, Q8_0", f"hf:{OWNER}:QUANT"])
        self.serve({"README.md": b"", "mmproj-x.gguf": b"p"}, name="owner/plain")
        self.refused_pull(3, "owner/plain", says=["owner/plain holds no GGUF file of a model", "-GGUF"])
        self.serve({"x-Q4_0-00001-of-00002.gguf": b"1"}, name="owner/half")
        self.refused_pull(5, "owner/half", says="part 2 of the 2 parts of x-Q4_0-00001-of-00002.gguf is missing")
        self.serve({"x.gguf": b"1"}, name="owner/bare", lfs=False)
        self.refused_pull(5, "owner/bare", says=["names no sha256 of x.gguf", "--model llama:FILE.gguf"])

    def test_names_that_are_none_are_refused_before_anything_is_sent(self):
        self.serve()
        for name in ("owner", "owner/", "/x", "a/b/c", "owner/x:", "owner/x@", "../x", "owner/..", "owner/x y", "hf:owner/x:Q4?a=b", "own\ner/x", "owner/-x"):
            self.refused_pull(2, name, says=["does not name a model of a hub", "hf:OWNER/REPO"])
        self.refused(2, "run", "A claim", "--model", "hf:owner", says="it has no '/'", **self.environment())
        self.refused(2, "run", "A claim", "--model", "owner/Tiny-GGUF", says="did you mean hf:owner/Tiny-GGUF?", **self.environment())
        self.assertEqual(self.hub.seen, [])

    def test_a_revision_is_pinned_and_a_moved_branch_is_followed_only_by_a_pull(self):
        first, second = "a" * 40, "b" * 40
        self.serve(revisions={"main": first, "refs/pr/3": second})
        self.assertEqual(self.pulled()["revision"], first)
        self.assertEqual(self.pulled(f"{OWNER}@refs/pr/3")["revision"], second)
        repository = self.hub.repositories[OWNER]
        repository.revisions["main"] = second
        repository.files["Tiny-Q4_K_M.gguf"] = content(1000, 99)
        moved = self.pulled()
        self.assertEqual((moved["revision"], moved["bytes"]), (second, 1000))
        self.assertEqual({m["revision"] for m in self.listed()}, {second}, "the older one was fetched as of that commit too")
        self.assertEqual(len(self.listed()), 2, "the earlier file is kept for runs that were made with it")
        self.refused_pull(3, f"{OWNER}@none", says=f"{OWNER} has no revision 'none'")


class Downloading(HubTest):
    def ranges(self):
        return [s.headers.get("range") for s in self.hub.downloads()]

    def test_a_download_that_broke_off_goes_on_where_it_ended(self):
        self.serve()
        self.hub.faults = [Fault(break_after=700_000), Fault(break_after=100_000)]
        self.assert_whole(self.pulled(), Q4)
        self.assertEqual(self.ranges(), [None, "bytes=700000-", "bytes=800000-"])
        etag = f'"{hashlib.md5(Q4).hexdigest()}"'
        self.assertEqual([s.headers.get("if-range") for s in self.hub.downloads()], [None, etag, etag])
        self.assertEqual({s.headers.get("accept-encoding") for s in self.hub.downloads()}, {None}, "a range of compressed bytes would be another one")

    def test_after_kill_9_the_same_command_goes_on(self):
        running, gate = self.start_half_way()
        running.kill()
        running.wait()
        [part] = self.parts()
        arrived = part.stat().st_size
        self.assertFalse(part.with_suffix("").exists(), "no file has its name before it is whole")
        [model] = self.listed()
        self.assertEqual((model["whole"], model["bytes_here"]), (False, arrived))
        self.assertIn("of 1.2 MB, unfinished", self.heretix("models", "list", **self.environment()).stdout)
        self.refused(3, "describe", "A claim", "--model", f"hf:{OWNER}", says="heretix models pull", **self.environment())
        gate.set()
        self.assert_whole(self.pulled(), Q4)
        self.assertEqual(self.ranges(), [None, f"bytes={arrived}-"])

    def test_an_interrupt_keeps_what_has_arrived(self):
        running, gate = self.start_half_way()
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
        self.assertEqual(running.returncode, 7, said)
        self.assertIn("what has arrived is kept", said)
        gate.set()
        self.assert_whole(self.pulled(), Q4)
        self.assertEqual(len(self.ranges()), 2)

    def test_a_hub_that_ignores_ranges_or_has_another_file_gives_the_right_bytes(self):
        other = content(len(Q4), 77)
        for case, faults in (("no ranges", [Fault(break_after=400_000), Fault(ignores_range=True)]),
                             ("another etag", [Fault(break_after=400_000, content=other, etag='"old"'), Fault(etag='"new"')]),
                             ("weak etag, other content", [Fault(break_after=400_000, content=other, etag='W/"x"'), Fault(etag='W/"x"')]),
                             ("wrong range", [Fault(break_after=400_000), Fault(wrong_range=True)]),
                             ("no length", [Fault(no_length=True)]),
                             ("signed address is over", [Fault(break_after=400_000), Fault(status=403)]),
                             ("416", [Fault(break_after=400_000), Fault(status=416)]),
                             ("a content host that fails", [Fault(status=503), Fault(status=429, headers=[("Retry-After", "0")])])):
            with self.subTest(case):
                self.serve()
                self.hub.faults = list(faults)
                self.assert_whole(self.pulled(), Q4)
                self.assertEqual(self.hub.faults, [])
                self.ok("models", "remove", "--all", **self.environment())
                self.hub.stop()

    def test_content_that_is_not_what_the_listing_says_gets_no_name(self):
        self.serve()
        for content_sent, says in ((content(len(Q4), 66), "does not have the sha256 of the hub's listing"), (Q4 + b"x", "it has 1200001 bytes and not the 1200000 of the listing"),
                                   (Q4[:-1], "it has 1199999 bytes and not the 1200000 of the listing")):
            self.hub.faults = [Fault(content=content_sent)]
            self.refused_pull(5, says=says)
            self.assertEqual([m["whole"] for m in self.listed()], [False])
            self.assertEqual([p for p in (self.folder / "cache").rglob("*.gguf")], [])
        self.hub.faults = [Fault(content=Q4 + b"x", no_length=True)]
        self.refused_pull(5, says="it is longer than the 1200000 bytes of the listing")
        self.assert_whole(self.pulled(), Q4)

    def test_a_hub_that_stays_away_ends_it_after_some_tries(self):
        self.serve()
        self.hub.faults = [Fault(status=500)] * 5
        done = self.pull()
        self.assertEqual((done.returncode, done.stderr.count("trying again in")), (5, 4), done.stderr)
        self.assertIn("heretix: the host that the hub redirects to fails with status 500\n  try: try again later; what has arrived is kept\n", done.stderr)
        self.hub.stop()
        self.refused_pull(5, says="does not answer")

    def test_two_processes_fetch_one_model_once(self):
        first, gate = self.start_half_way()
        second = self.start("models", "pull", f"{OWNER}:Q4_K_M")
        self.wait_for(lambda: len([s for s in self.hub.seen if "/tree/" in s.path]) == 2)
        time.sleep(0.6)
        self.refused(5, "models", "remove", OWNER, says="another process is fetching", **self.environment())
        gate.set()
        said = [p.communicate(timeout=30)[1] for p in (first, second)]
        self.assertEqual((first.returncode, second.returncode), (0, 0), said)
        self.assertIn("another process is fetching hf:owner/Tiny-GGUF:Q4_K_M; waiting for it", said[1])
        self.assertEqual(len(self.hub.downloads()), 1)
        self.assert_whole(self.listed()[0], Q4)

    def test_the_one_that_waits_takes_over_from_one_that_was_killed(self):
        first, _ = self.start_half_way()
        second = self.start("models", "pull", OWNER)
        self.wait_for(lambda: len([s for s in self.hub.seen if "/tree/" in s.path]) == 2)
        first.kill()
        said = second.communicate(timeout=30)[1]
        self.assertEqual(second.returncode, 0, said)
        self.assertRegex(self.ranges()[1], r"bytes=\d+-")
        self.assert_whole(self.listed()[0], Q4)

    def test_a_full_disk_keeps_what_has_arrived(self):
        self.serve()

        def little_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))

        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "HF_"))}
        done = subprocess.run([PROGRAM, "models", "pull", OWNER], cwd=self.folder, capture_output=True, text=True, timeout=60, preexec_fn=little_room,
                              restore_signals=False, env={**kept, **self.environment()})
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("HERETIX_MODEL_CACHE", done.stderr)
        self.assertEqual([p.stat().st_size for p in self.parts()], [500_000])
        self.assert_whole(self.pulled(), Q4)
        self.assertEqual(self.ranges()[-1], "bytes=500000-")

    def test_what_has_no_room_is_refused_before_it_is_fetched(self):
        self.serve()
        entry = self.hub.repositories[OWNER].entry
        self.hub.repositories[OWNER].entry = lambda path: (lambda e: {**e, "lfs": {**e["lfs"], "size": 10 ** 15}} if "lfs" in e else e)(entry(path))
        self.refused_pull(5, says=["needs 1000.0 TB more, but", "of room", "heretix models remove", "HERETIX_MODEL_CACHE"])
        self.assertEqual(self.hub.downloads(), [])
        self.refused_pull(5, HERETIX_MODEL_CACHE="/proc/none", says=["/proc/none", "HERETIX_MODEL_CACHE"])


class Access(HubTest):
    def test_the_token_goes_to_the_hub_and_to_nobody_else(self):
        self.serve(private=True)
        self.pulled(HF_TOKEN=TOKEN)
        sent = {s.host: s.headers.get("authorization") for s in self.hub.seen}
        self.assertEqual(sent, {"hub": f"Bearer {TOKEN}", "cdn": None})
        self.serve(apart=False)
        self.pulled(f"{OWNER}:Q8_0", HF_TOKEN=TOKEN)
        self.assertEqual({s.headers.get("authorization") for s in self.hub.seen}, {f"Bearer {TOKEN}"})

    def test_a_token_is_not_sent_unencrypted_to_another_machine(self):
        self.refused_pull(4, HF_ENDPOINT="http://hub.example.org", HF_TOKEN=TOKEN, says=["unencrypted to hub.example.org", "https://"])
        self.refused_pull(2, HF_ENDPOINT="hub", says="HF_ENDPOINT is 'hub'")
        self.refused_pull(2, HF_ENDPOINT="https://u:secret@hub.example.org", says="HF_ENDPOINT is 'https://hub.example.org")
        self.refused_pull(2, HF_TOKEN="hf_a\nX-Injected: 1", says="HF_TOKEN holds a character that no token has")

    def test_what_a_hub_refuses_is_told_with_what_to_do(self):
        self.serve(gated=True, tokens=(TOKEN, TOKEN + "granted"))
        for code, token, says in ((4, "", ["only to those who asked for access", f"ask for access at {self.hub.url}/{OWNER}, then set HF_TOKEN"]),
                                  (4, TOKEN, ["gives no access to", "with the account of HF_TOKEN"]),
                                  (4, "hf_wrong", ["does not accept the token in HF_TOKEN", "set HF_TOKEN to a token that is valid"])):
            done = self.refused_pull(code, HF_TOKEN=token, says=says)
            self.assertNotIn(token or "hf_none", done.stderr, "a token is not repeated")
        self.pulled(HF_TOKEN=TOKEN + "granted")
        self.refused_pull(4, "owner/none", says=["it does not exist, or it is private", "check the name; for a private repository set HF_TOKEN"])
        self.refused_pull(3, "owner/none", HF_TOKEN=TOKEN, says=["has no repository owner/none", "the account of HF_TOKEN may see it"])

    def test_a_reply_of_something_else_is_no_listing(self):
        self.serve()
        for faults, says in (([Fault(status=200, content=b"<html>")], "does not say which commit"), ([None, Fault(status=200, content=b"{}")], "it is not a list"),
                             ([None, Fault(status=200, content=b'[{"type":"file","path":5}]')], "an entry has no path or no size")):
            self.hub.api_faults = faults
            self.refused_pull(5, says=[says, "HF_ENDPOINT"])
        # A name must not lead out of the cache.
        self.hub.api_faults = [None, Fault(status=200, content=json.dumps([{"type": "file", "oid": "", "size": 1, "path": path, "lfs": {"oid": "0" * 64, "size": 1}}
                                                                           for path in ("a/..gguf", ".x.gguf", "x\n.gguf")]).encode())]
        self.refused_pull(3, says="holds no GGUF file")

    def test_redirects_are_followed_some_times_and_never_away_from_https(self):
        self.serve()
        self.hub.redirect = lambda path: f"{self.hub.url}/{OWNER}/resolve/main/{path}"
        self.refused_pull(5, says="redirects in a circle")
        self.hub.redirect = lambda path: "ftp://127.0.0.1/x"
        self.refused_pull(5, says="redirects to nowhere")

        authority = Authority(self.folder)
        self.serve(tls=server_context(*authority.certificate("hub")))
        self.refused_pull(4, SSL_CERT_FILE=authority.file, says="without encryption, which is not followed")
        self.assertEqual(self.hub.downloads(), [])
        self.refused_pull(4, says=["the certificate of 127.0.0.1", "SSL_CERT_FILE"])


class Keeping(HubTest):
    def test_models_are_removed_by_name_by_repository_and_all(self):
        self.serve()
        for selector in ("Q4_K_M", "Q8_0", "F16"):
            self.pulled(f"{OWNER}:{selector}")
        self.refused(3, "models", "remove", "owner/other", says=["hf:owner/other is not on this machine", f"hf:{OWNER}:F16, hf:{OWNER}:Q4_K_M"], **self.environment())
        self.refused(2, "models", "remove", says="no model is named", **self.environment())
        self.assertEqual(self.ok("models", "remove", f"hf:{OWNER}:q8_0", **self.environment()), f"removed hf:{OWNER}:Q8_0  1.5 MB\n")
        self.assertEqual([m["name"] for m in self.listed()], [f"hf:{OWNER}:F16", f"hf:{OWNER}:Q4_K_M"])
        self.ok("models", "remove", OWNER, **self.environment())
        self.assertEqual(self.listed(), [])
        self.assertEqual(list((self.folder / "cache/heretix/models").iterdir()), [], "no empty folder is left")
        self.assertIn("no model in", self.heretix("models", "list", **self.environment()).stderr)

    def test_the_cache_lies_where_the_setting_says(self):
        self.serve()
        model = self.pulled(HERETIX_MODEL_CACHE=str(self.folder / "else where"))
        self.assertTrue(model["file"].startswith(f"{self.folder}/else where/owner/"))
        self.assertEqual(self.listed(), [])

    def test_progress_is_for_a_terminal(self):
        self.serve()
        done = self.pull()
        self.assertEqual(done.stderr, f"fetching hf:{OWNER} (Tiny-Q4_K_M.gguf, 1.2 MB) from {self.hub.url} into {self.folder}/cache/heretix/models\n")
        self.assertEqual(self.pull(f"{OWNER}:F16", "--quiet").stderr, "")
        self.hub.faults = [Fault(pause=0.05)]
        primary, secondary = pty.openpty()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "HF_"))}
        with subprocess.Popen([PROGRAM, "models", "pull", f"{OWNER}:Q8_0"], cwd=self.folder, stderr=secondary, stdout=subprocess.DEVNULL,
                              env={**kept, **self.environment()}) as running:
            os.close(secondary)
            shown = b"".join(pieces_of(primary))
        os.close(primary)
        self.assertEqual(running.returncode, 0)
        self.assertRegex(shown.decode(), r"\[#+ +\] \d+\.\d kB of 1\.5 MB  \d")
        self.assertRegex(shown.decode(), r"/s  \d+ s left")
        self.assertTrue(shown.endswith(b"\r\x1b[K"), "the line is gone at the end")


class Measuring(HubTest):
    """The embedded model, served by the hub."""
    claim = "Copper conducts electricity better than iron"
    small = ("-K", "3", "-R", "1", "--readout", "verbalized")

    def setUp(self):
        super().setUp()
        self.embedded = pathlib.Path(self.json("models")[0]["file"])
        self.serve({"SmolLM2-135M-Instruct.Q4_1.gguf": self.embedded.read_bytes()}, name="owner/SmolLM2-GGUF")

    def test_a_model_of_a_hub_has_the_keys_of_the_same_file_and_its_record_says_where_it_came_from(self):
        name = "hf:owner/SmolLM2-GGUF:Q4_1"
        refused = self.refused(3, "describe", self.claim, "--model", name, says=[f"{name} is not on this machine", f"heretix models pull {name}"], **self.environment())
        self.assertEqual((refused.stdout, self.hub.seen), ("", []), "describe sends nothing")

        done = self.heretix("run", self.claim, "--model", name, *self.small, "--json", **self.environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        record, embedded = json.loads(done.stdout), self.json("run", self.claim, *self.small, "--db", "other.sqlite")
        self.assertEqual(record["run_id"], embedded["run_id"])
        self.assertEqual(record["config"], embedded["config"])
        self.assertEqual([q["cache_key"] for q in self.json("describe", self.claim, "--model", name, *self.small, **self.environment())["questions"]],
                         [q["cache_key"] for q in self.json("describe", self.claim, *self.small)["questions"]])
        settings = record["execution"]["settings"]
        digest = hashlib.sha256(self.embedded.read_bytes()).hexdigest()
        self.assertEqual((settings["model_file"], settings["model_sha256"]), (self.embedded.name, digest))
        self.assertEqual(settings["model_origin"], {"hub": self.hub.url, "repository": "owner/SmolLM2-GGUF", "revision": COMMIT,
                                                    "files": [{"path": self.embedded.name, "sha256": digest, "bytes": self.embedded.stat().st_size}]})
        self.ok("verify", record["run_id"])

        # What is here needs no hub, and by its path it is the same model.
        self.hub.stop()
        for model in (name, "hf:owner/SmolLM2-GGUF", f"hf:owner/SmolLM2-GGUF@{COMMIT[:12]}:q4_1", f"llama:{self.listed()[0]['file']}"):
            again = self.json("run", self.claim, "--model", model, *self.small, **self.environment())
            self.assertEqual((again["run_id"], again["execution"]["attempts"]), (record["run_id"], 0), model)

    def test_a_file_that_was_changed_in_the_cache_is_not_measured(self):
        name = "hf:owner/SmolLM2-GGUF:Q4_1"
        path = pathlib.Path(self.pulled(name)["file"])
        with path.open("r+b") as file:
            file.seek(-5, os.SEEK_END)
            file.write(b"\0\1\2\3")
        self.refused(5, "run", self.claim, "--model", name, *self.small, says=["is not the file that was fetched as", f"heretix models remove {name}"], **self.environment())
        path.unlink()
        self.assertEqual([m["whole"] for m in self.listed()], [False])
        self.assertEqual(self.pulled(name)["whole"], True)

    def test_a_mock_in_that_name_fetches_nothing(self):
        self.json("run", self.claim, "--model", "hf:owner/SmolLM2-GGUF", "--mock", *self.small, **self.environment())
        self.assertEqual(self.hub.seen, [])


if __name__ == "__main__":
    unittest.main()
