"""The real program against a fault server: HostedTest starts one for each test."""
import json
import os
import pathlib
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from fault_server import PRICE, FaultServer
from heretix import ProgramTest

KEY = "sk-test-0123456789abcdef"
CLAIM = "Tariffs cause inflation"
ADDRESSES = {"openai": ("OPENAI_API_KEY", "OPENAI_BASE_URL", "/v1"), "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", ""),
             "gemini": ("GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL", ""), "xai": ("XAI_API_KEY", "XAI_BASE_URL", "/v1"),
             "openai-compatible": ("OPENAI_COMPATIBLE_API_KEY", "OPENAI_COMPATIBLE_BASE_URL", "/v1")}
# Those whose models state a probability and write nothing. The path is the program's own.
DECISION_ADDRESSES = {"typesafe": ("TYPESAFE_API_KEY", "TYPESAFE_BASE_URL", ""), "openrouter": ("OPENROUTER_API_KEY", "OPENROUTER_BASE_URL", ""),
                      "systemone": ("SYSTEMONE_API_KEY", "SYSTEMONE_BASE_URL", "")}
HOSTED_OLD_STORE = pathlib.Path(__file__).parent / "old_hosted_store.sqlite"  # make_old_store.py
OLD_READOUT_STORE = HOSTED_OLD_STORE.with_name("old_readout_store.sqlite")
QUICK = {"K": "4", "R": "1", "B": "50"}


class HostedTest(ProgramTest):
    def setUp(self):
        super().setUp()
        models = [f"{p}/{m}" for p in ADDRESSES for m in ("m", "gpt-5", "gpt-m", "claude-m", "gemini-m", "grok-m")]
        (self.folder / "prices.json").write_text(json.dumps({"date": "2026-01-02", "models": [{"model": m, **PRICE, "batch_percent": 50} for m in models]}))

    def serve(self, script=None, fresh=False, **more):
        """`fresh`: with a folder, and so a store, of its own."""
        if fresh and (self.folder / "runs").exists():
            prices = (self.folder / "prices.json").read_text()
            self.folder = self.folder / "next"
            self.folder.mkdir()
            (self.folder / "prices.json").write_text(prices)
        server = FaultServer(script, **more).start()
        self.addCleanup(server.stop)
        return server

    def environment(self, *urls, **more):
        """Every provider at that address, keys set; nothing else of the outside."""
        found = {"XDG_CONFIG_HOME": str(self.folder), "NO_PROXY": "127.0.0.1"}
        for key, base, path in {**ADDRESSES, **DECISION_ADDRESSES}.values():
            found[key] = KEY
            for url in urls:
                found[base] = url + path
        return {**found, **more}

    def ask(self, server, *arguments, model="openai/m", claim=CLAIM, plan=QUICK, program=None, url=None, **more):
        plan = [word for name, value in plan.items() for word in (f"-{name}", value)]
        environment = {k: more.pop(k) for k in list(more) if k.isupper()}
        extra = {"program": program} if program else {}
        return self.heretix("run", claim, "--model", model, *plan, "--prices", "prices.json", *arguments,
                            **self.environment(url or server.url, **environment), **extra)

    def asked(self, server, *arguments, **more):
        done = self.ask(server, *arguments, "--json", **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def rows(self, sql, *values):
        connection = sqlite3.connect(self.folder / "runs/heretix.sqlite")
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def assert_ledger(self, server, unseen=0):
        """An attempt for every request that the server saw, and the same bill to the micro-dollar."""
        attempts = self.rows("SELECT * FROM heretix_attempts")
        self.assertEqual(len(attempts), len(server.ledger) + unseen)
        billed = self.rows("SELECT sum(billed_pico_usd) AS picos FROM heretix_answers")[0]["picos"] or 0
        self.assertLessEqual(abs(billed - server.invoice_picos), 1_000_000)


__all__ = ["ADDRESSES", "CLAIM", "DECISION_ADDRESSES", "HOSTED_OLD_STORE", "KEY", "OLD_READOUT_STORE", "QUICK", "HostedTest", "os", "unittest"]
