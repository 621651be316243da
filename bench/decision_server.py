"""The least that a chat API and a decisions API do: a canned answer to every request after LATENCY_MS, on kept connections.

usage: decision_server.py LATENCY_MS; prints its port
"""
import asyncio
import functools
import json
import sys

LATENCY = float(sys.argv[1]) / 1000
TEXT = json.dumps({"belief": {"prob_true": 0.62, "label": "likely"}, "reasons": ["what is generally known"], "assumptions": [], "uncertainties": [],
                   "flags": {"refused": False, "off_topic": False}})


def reply(body):
    data = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: bench/1\r\nContent-Length: %d\r\n\r\n" % len(data) + data


CHAT = reply({"id": "chatcmpl-1", "object": "chat.completion", "created": 1760000000, "model": "m",
              "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": TEXT}}],
              "usage": {"prompt_tokens": 300, "completion_tokens": 60, "total_tokens": 360}})


@functools.lru_cache
def decisions(questions):
    return reply({"model": "m", "answers": {f"q{i + 1}": {"type": "noul", "noul": 0.62} for i in range(questions)},
                  "usage": {"input_tokens": 60 * questions, "output_tokens": 0}})


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
            start = head.find(b"content-length:")
            line = head.find(b"\r\n", start)
            self.wanted = end + 4 + (int(head[start + 15:line if line > 0 else len(head)]) if start > 0 else 0)
        if len(self.buffer) >= self.wanted:
            request, self.buffer, self.wanted = self.buffer[:self.wanted], self.buffer[self.wanted:], None
            questions = request.count(b'"instructions"')
            asyncio.get_running_loop().call_later(LATENCY, self.transport.write, decisions(questions) if b"/v1/systemone" in request else CHAT)


async def main():
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
