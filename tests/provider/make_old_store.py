"""Makes old_hosted_store.sqlite and old_readout_store.sqlite: what the build of 2026-11-23 kept when a server answered with no answer
at all.

HERETIX must name a program of that build; a later one keeps no such rows. Its questions are asked one after the other, each in
one way: an error in the envelope of a success, a page, an event stream and a reply that was broken off, each twice because the
old program asked again once; prose and an empty text that say why they ended, also twice; and four answers. In the second store, which is read by --readout
token, one question of four had only errors.
"""
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cases import HOSTED_OLD_STORE, OLD_READOUT_STORE, HostedTest
from fault_server import Reply, success
from test_readouts import word_reply

KINDS = [lambda asked: Reply(body={"error": {"code": 502, "message": "the upstream broke"}}),
         lambda asked: Reply(body=b"<html><title>Welcome</title></html>"),
         lambda asked: Reply(body=b"data: {}\n\ndata: [DONE]\n\n"),
         lambda asked: success(asked, text="It bro", finish="error"),
         lambda asked: success(asked, text="I would rather talk about it."),
         lambda asked: success(asked, text=" ")]


class Maker(HostedTest):
    def test_make_a_store_of_written_answers(self):
        def script(asked, server):
            kinds = server.state.setdefault("kinds", {})
            kind = kinds.setdefault(asked.user, len(kinds))
            return KINDS[kind](asked) if kind < len(KINDS) else None
        server = self.serve(script)
        self.ask(server, "--concurrency", "1", model="openai-compatible/m", plan={"K": "10", "R": "1", "B": "50"})
        self.assertEqual(len(server.ledger), 16)
        shutil.copy(self.folder / "runs/heretix.sqlite", HOSTED_OLD_STORE)

    def test_make_a_store_of_a_readout(self):
        def script(asked, server):
            return KINDS[0](asked) if asked.user == server.state.setdefault("user", asked.user) else word_reply(asked, server)
        server = self.serve(script)
        self.ask(server, "--readout", "token", "--concurrency", "1", model="openai-compatible/m", plan={"K": "4"})
        self.assertEqual(len(server.ledger), 5)
        shutil.copy(self.folder / "runs/heretix.sqlite", OLD_READOUT_STORE)
