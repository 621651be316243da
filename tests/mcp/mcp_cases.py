"""Starts `heretix mcp` for the official client, and for tests that write the lines themselves."""
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
import anyio
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from heretix import PROGRAM, SOURCE, ProgramTest

CLAIM = "Tariffs cause inflation"
NEWEST = "2026-07-28"
HANDSHAKES = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
META = {"io.modelcontextprotocol/protocolVersion": NEWEST, "io.modelcontextprotocol/clientCapabilities": {}}


class RawServer:
    """The program with lines in and lines out. Everything that it prints on its standard output has to be a message."""

    def __init__(self, test, *arguments, **environment):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HERETIX", "RPL_", "NO_COLOR"))}
        self.test, self.last_id, self.lines, self.others = test, 0, queue.Queue(), []
        self.log = open(test.folder / "mcp.log", "w+")
        test.addCleanup(self.log.close)
        self.process = subprocess.Popen([PROGRAM, "mcp", *map(str, arguments)], cwd=test.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, env={**kept, **environment})
        test.addCleanup(self.end)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def write(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def next(self, seconds=60):
        """The next message, or None at the end of the output."""
        line = self.lines.get(timeout=seconds)
        if line is None:
            return None
        message = json.loads(line)
        self.test.assertEqual(message["jsonrpc"], "2.0", line)
        return message

    def ask(self, method, meta=META, **params):
        """Sends a request, and returns its id."""
        self.last_id += 1
        params = {**params, **({"_meta": meta} if meta is not None else {})}
        self.write(json.dumps({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}))
        return self.last_id

    def call(self, tool, meta=META, **arguments):
        return self.ask("tools/call", meta, name=tool, arguments=arguments)

    def answer_to(self, request):
        """The message that answers this request; what comes before it is kept in `others`."""
        while (message := self.next()) is not None:
            if message.get("id") == request:
                return message
            self.others.append(message)
        return self.test.fail(f"no answer to request {request}; the log says: {self.text_of_log()}")

    def text_of_log(self):
        self.log.seek(0)
        return self.log.read()

    def closed(self, seconds=60):
        """Ends its input, and returns the rest of its messages."""
        self.process.stdin.close()
        messages = []
        while (message := self.next(seconds)) is not None:
            messages.append(message)
        self.test.assertEqual(self.process.wait(seconds), 0, self.text_of_log())
        return messages


class McpTest(ProgramTest):
    def raw(self, *arguments, **environment):
        return RawServer(self, *arguments, **environment)

    def with_client(self, work, *arguments, mode="auto", **environment):
        """Runs the coroutine function `work` with an official client of a new server."""
        async def run():
            server = StdioServerParameters(command=PROGRAM, args=["mcp", *map(str, arguments)], cwd=self.folder, env=environment or None)
            with (self.folder / "mcp.log").open("w") as log:
                async with Client(stdio_client(server, errlog=log), mode=mode, read_timeout_seconds=120) as client:
                    return await work(client)

        return anyio.run(run)

    def measured(self, *arguments, mode="auto", **given):
        return self.with_client(lambda client: client.call_tool("measure", {"claim": CLAIM, **given}), *arguments, mode=mode)


def text_of(result):
    return "".join(block.text for block in result.content)


__all__ = ["CLAIM", "HANDSHAKES", "META", "NEWEST", "SOURCE", "McpTest", "text_of"]
