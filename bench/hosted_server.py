"""The least a provider does: a canned answer to every request after LATENCY_MS, on kept connections.

usage: hosted_server.py LATENCY_MS; prints its port

GET /counts says how many requests there were since it was asked last, how many at most were in flight together, and the seconds
from the first request to the last answer.
"""
import asyncio
import json
import sys
import time

LATENCY = float(sys.argv[1]) / 1000
TEXT = json.dumps({"belief": {"prob_true": 0.62, "label": "likely"}, "reasons": ["what is generally known"], "assumptions": [], "uncertainties": [],
                   "flags": {"refused": False, "off_topic": False}})
BODY = json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "created": 1760000000, "model": "m", "choices": [
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": TEXT}}],
    "usage": {"prompt_tokens": 300, "completion_tokens": 60, "total_tokens": 360}}).encode()
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


class Counts:
    """Of all connections, since they were asked for last."""
    requests = in_flight = most_in_flight = 0
    first = last = 0.0

    def came(self):
        self.first = self.first or time.perf_counter()
        self.requests += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def answered(self):
        self.in_flight -= 1
        self.last = time.perf_counter()

    def taken(self):
        told = {"requests": self.requests, "most_in_flight": self.most_in_flight, "seconds": self.last - self.first}
        self.requests = self.most_in_flight = 0
        self.first = self.last = 0.0
        return json.dumps(told).encode()


COUNTS = Counts()


class Connection(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer, self.wanted = transport, b"", None

    def data_received(self, data):
        self.buffer += data
        if self.wanted is None:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.buffer[:end].lower()
            if head.startswith(b"get "):
                told = COUNTS.taken()
                self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(told) + told)
                self.buffer = self.buffer[end + 4:]
                return
            start = head.index(b"content-length:") + 15
            line = head.find(b"\r\n", start)
            self.wanted = end + 4 + int(head[start:line if line > 0 else len(head)])
        if len(self.buffer) >= self.wanted:
            self.buffer, self.wanted = self.buffer[self.wanted:], None
            COUNTS.came()
            asyncio.get_running_loop().call_later(LATENCY, self.answer)

    def answer(self):
        COUNTS.answered()
        self.transport.write(REPLY)


async def main():
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
