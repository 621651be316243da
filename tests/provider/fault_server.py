"""A server that speaks as each provider does and plays faults, with its own ledger of what it saw and billed.

Shapes follow what the providers publish: OpenAI's OpenAPI document (Response, CreateChatCompletionResponse, Error), Anthropic's
API reference (Message, error), Google's discovery document of generativelanguage v1beta (GenerateContentResponse, Status), xAI's
reference. The official SDKs parse its normal replies (test_shapes.py, test_decisions.py).
"""
import asyncio
import hashlib
import json
import socket
import ssl
import struct
import threading

PRICE = {"input": 1.25, "cached_input": 0.125, "cache_write": 1.5, "output": 10}  # dollars per million tokens


# What of a decisions API its path says.
DECISION_APIS = {"/v1/decisions": "openai-decisions", "/v1beta/decisions": "gemini-decisions", "/v1/systemone": "systemone",
                 "/api/alpha/decisions": "openrouter"}
DECISION_PRICE = {"openai-decisions": 0.1, "gemini-decisions": 0.1, "systemone": 0.042, "openrouter": 0.042}  # dollars per million tokens of input


class Asked:
    """A request as the server read it whole."""

    def __init__(self, number, method, path, headers, body, connection):
        self.number, self.method, self.path, self.headers, self.raw, self.connection = number, method, path, headers, body, connection
        try:
            self.body = json.loads(body) if body else {}
        except ValueError:
            self.body = {}
        self.api = DECISION_APIS.get(path.split("?")[0]) or ("responses" if path.endswith("/responses") else "chat" if path.endswith("/chat/completions") else
                    "messages" if path.endswith("/messages") else "gemini" if ":generateContent" in path else "other")

    @property
    def model(self):
        return self.path.split("/models/")[1].split(":")[0] if self.api == "gemini" else self.body.get("model", "")

    @property
    def statements(self):
        """What a decisions API is asked, by id, in the order of the request."""
        questions = self.body.get("questions", {})
        if isinstance(questions, list):
            return {q["name"]: q["instructions"] for q in questions}
        return {id: q["instructions"] for id, q in questions.items()}

    @property
    def state(self):
        return self.body.get("input", self.body.get("state"))

    @property
    def user(self):
        if self.api in DECISION_PRICE:
            return next(iter(self.statements.values()))
        if self.api == "responses":
            return self.body["input"][0]["content"]
        if self.api == "gemini":
            return self.body["contents"][0]["parts"][0]["text"]
        return [m for m in self.body.get("messages", []) if m["role"] == "user"][0]["content"]


class Reply:
    """What to do with a request. `raw` is sent as it is; `then`: keep, close, reset, hang."""

    def __init__(self, status=200, body=b"", headers=(), delay=0.0, billed=0, usage=None, raw=None, then="keep", drip=None, endless=None):
        self.status, self.headers, self.delay, self.billed, self.usage, self.raw = status, list(headers), delay, billed, usage, raw
        self.then, self.drip, self.endless = then, drip, endless
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()

    def bytes(self):
        if self.raw is not None:
            return self.raw
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(self.body)}", "Content-Type: application/json"]
        if self.then == "close":
            lines.append("Connection: close")
        return ("\r\n".join(lines + [f"{k}: {v}" for k, v in self.headers]) + "\r\n\r\n").encode() + self.body


def answer_text(user, probability=None):
    if probability is None:
        probability = int.from_bytes(hashlib.sha256(user.encode()).digest()[:2], "big") % 21 / 100 + 0.3
    return json.dumps({"belief": {"prob_true": round(probability, 2), "label": "uncertain"}, "reasons": ["weighing what is known"],
                       "assumptions": [], "uncertainties": [], "flags": {"refused": False, "off_topic": False}})


def usage_of(user, text):
    return {"input": len(user) // 4 + 100, "cached": 64, "output": len(text) // 4 + 20, "reasoning": 20, "written": 16}


def cost_picos(usage, price=PRICE, percent=100):
    """10^-12 dollars, by the price list: cached tokens are part of the input, reasoning of the output."""
    each = {k: round(v * 1_000_000) for k, v in price.items()}
    written = usage.get("written", 0)
    whole = ((usage["input"] - usage["cached"] - written) * each["input"] + usage["cached"] * each["cached_input"] + written * each["cache_write"]
             + usage["output"] * each["output"])
    return whole * percent // 100


def success_body(api, model, text, usage, number=1, finish=None, logprobs=None, refusal=None):
    """A normal reply in the shape of that API."""
    if api == "responses":
        part = {"type": "output_text", "text": text, "annotations": []}
        if logprobs:
            part["logprobs"] = logprobs
        if refusal:
            part = {"type": "refusal", "refusal": refusal}
        body = {"id": f"resp_{number}", "object": "response", "created_at": 1760000000, "status": "incomplete" if finish else "completed",
                "error": None, "incomplete_details": {"reason": finish} if finish else None, "instructions": None, "metadata": {}, "model": model,
                "output": [{"type": "reasoning", "id": f"rs_{number}", "summary": []},
                           {"type": "message", "id": f"msg_{number}", "status": "completed", "role": "assistant", "content": [part]}],
                "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0}
        if usage:
            body["usage"] = {"input_tokens": usage["input"], "input_tokens_details": {"cached_tokens": usage["cached"], "cache_write_tokens": usage.get("written", 0)},
                             "output_tokens": usage["output"], "output_tokens_details": {"reasoning_tokens": usage["reasoning"]},
                             "total_tokens": usage["input"] + usage["output"]}
        return body
    if api == "chat":
        body = {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1760000000, "model": model,
                "choices": [{"index": 0, "finish_reason": finish or "stop", "logprobs": {"content": logprobs, "refusal": None} if logprobs else None,
                             "message": {"role": "assistant", "content": None if refusal else text, "refusal": refusal}}]}
        if usage:
            body["usage"] = {"prompt_tokens": usage["input"], "completion_tokens": usage["output"] - usage.get("apart", 0),
                             "total_tokens": usage["input"] + usage["output"], "prompt_tokens_details": {"cached_tokens": usage["cached"], "cache_write_tokens": usage.get("written", 0)},
                             "completion_tokens_details": {"reasoning_tokens": usage["reasoning"]}}
        return body
    if api == "messages":
        body = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": model, "content": [{"type": "text", "text": text}] if text else [],
                "stop_reason": finish or "end_turn", "stop_sequence": None}
        if usage:
            written = usage.get("written", 0)
            body["usage"] = {"input_tokens": usage["input"] - usage["cached"] - written, "cache_read_input_tokens": usage["cached"],
                             "cache_creation_input_tokens": written, "output_tokens": usage["output"],
                             "output_tokens_details": {"thinking_tokens": usage["reasoning"]}}
        return body
    candidate = {"index": 0, "finishReason": finish or "STOP"}
    if text:
        candidate["content"] = {"role": "model", "parts": [{"text": "thinking about it", "thought": True}, {"text": text}]}
    body = {"candidates": [candidate], "modelVersion": model, "responseId": f"gem-{number}"}
    if usage:
        body["usageMetadata"] = {"promptTokenCount": usage["input"], "cachedContentTokenCount": usage["cached"],
                                 "candidatesTokenCount": usage["output"] - usage["reasoning"], "thoughtsTokenCount": usage["reasoning"],
                                 "totalTokenCount": usage["input"] + usage["output"]}
    return body


def error_body(api, status, code, message, parameter=None):
    """An error in the shape of that API."""
    if api == "messages":
        return {"type": "error", "error": {"type": code, "message": message}, "request_id": "req_1"}
    if api == "gemini":
        return {"error": {"code": status, "message": message, "status": code, "details": []}}
    return {"error": {"message": message, "type": "invalid_request_error" if status < 429 else "server_error", "param": parameter, "code": code}}


def stated_of(text):
    """The probability that this server states of a statement: two decimals that follow from its text."""
    return round(int.from_bytes(hashlib.sha256(text.encode()).digest()[:2], "big") % 81 / 100 + 0.1, 2)


def stated_answer(api, id, value):
    """`value`: a number, or an answer object as it is."""
    if isinstance(value, dict):
        return value
    if api == "openai-decisions":
        return {"type": "predicate", "name": id, "probability": value}
    if api == "gemini-decisions":
        return {"type": "noul", "noul": value, "confidence": max(value, 1 - value)}
    return {"type": "noul", "noul": value}


def stated(asked, values=None, model="own", usage="own", billed=None, body_more=None, **more):
    """A normal reply of a decisions API. `values` by id; what is not there is left out of the reply."""
    values = {id: stated_of(text) for id, text in asked.statements.items()} if values is None else values
    answers = {id: stated_answer(asked.api, id, value) for id, value in values.items()}
    tokens = sum(len(t) for t in asked.statements.values()) // 4 + len(asked.state) // 4 if usage == "own" else usage
    picos = round((tokens or 0) * DECISION_PRICE[asked.api] * 1_000_000)
    body = {"answers": list(answers.values()) if asked.api == "openai-decisions" else answers}
    if asked.api != "gemini-decisions":  # which echoes no model
        body["model"] = asked.model if model == "own" else model
    if tokens is not None and asked.api == "openai-decisions":
        body["usage"] = {"input_tokens": tokens, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0}, "output_tokens": 0,
                         "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": tokens}
    elif tokens is not None and asked.api == "gemini-decisions":
        body["usage"] = {"total_input_tokens": tokens, "total_tokens": tokens}
    elif tokens is not None:
        body["usage"] = {"input_tokens": tokens, "output_tokens": 0}
    if asked.api == "openrouter":
        body.update(id=f"gen-{asked.number}", provider="TypeSafe")
        if tokens is not None:
            body["usage"]["cost"] = picos / 1e12
    body.update(body_more or {})
    return Reply(body=body, usage=tokens, billed=picos if billed is None else billed, **more)


def success(asked, **more):
    if asked.api in DECISION_PRICE:
        return stated(asked, **more)
    text = more.pop("text", None) or answer_text(asked.user)
    usage = more.pop("usage", "own")
    model = more.pop("model", None) or asked.model
    if usage == "own":
        usage = usage_of(asked.user, text)
        if asked.api == "gemini":
            usage["written"] = 0  # Google tells no writes
    shape = {k: more.pop(k) for k in ("finish", "logprobs", "refusal") if k in more}
    body = success_body(asked.api, model, text, usage, asked.number, **shape)
    body.update(more.pop("body_more", {}))
    if "usage_more" in more:
        body["usageMetadata" if asked.api == "gemini" else "usage"].update(more.pop("usage_more"))
    billed = more.pop("billed", None)
    return Reply(body=body, usage=usage, billed=cost_picos(usage) if billed is None and usage else billed or 0, **more)


def failure(asked, status, code="server_error", message="it failed", parameter=None, **more):
    return Reply(status, error_body(asked.api, status, code, message, parameter), **more)


class Connection(asyncio.Protocol):
    def __init__(self, server):
        self.server, self.buffer, self.requests, self.closed = server, b"", 0, False
        self.sending = None  # the task that writes a reply by and by; the event loop alone would not keep it

    def connection_made(self, transport):
        self.transport = transport
        self.server.connections += 1
        self.number = self.server.connections

    def connection_lost(self, _):
        self.closed = True

    def data_received(self, data):
        self.buffer += data
        while True:
            head_end = self.buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            lines = self.buffer[:head_end].decode("latin-1").split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
            length = int(headers.get("content-length", 0))
            if len(self.buffer) < head_end + 4 + length:
                return
            body = self.buffer[head_end + 4:head_end + 4 + length]
            self.buffer = self.buffer[head_end + 4 + length:]
            method, path, _ = lines[0].split(" ", 2)
            self.requests += 1
            self.server.received(self, method, path, headers, body)

    def act(self, asked, reply):
        self.server.in_progress -= 1
        if self.closed:
            return
        if reply.then == "hang":
            if reply.raw:
                self.transport.write(reply.raw)
            return
        if reply.drip:
            self.sending = asyncio.ensure_future(self.drip(reply))
            return
        if reply.endless:
            self.sending = asyncio.ensure_future(self.flood(reply))
            return
        data = reply.bytes()
        if data:
            self.transport.write(data)
        if reply.then == "close":
            self.transport.close()
        if reply.then == "reset":
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()

    async def drip(self, reply):
        for byte in reply.bytes():
            if self.closed:
                return
            self.transport.write(bytes([byte]))
            await asyncio.sleep(reply.drip)

    async def flood(self, reply):
        self.transport.write(reply.raw)
        while not self.closed and not self.transport.is_closing():
            if self.transport.get_write_buffer_size() < 1 << 20:
                self.transport.write(reply.endless)
                self.server.flooded += len(reply.endless)
            await asyncio.sleep(0)


class FaultServer:
    """`script(asked, server)` gives the Reply to each request; None: a normal answer."""

    def __init__(self, script=None, latency=0.0, tls=None, port=0):
        self.script, self.latency, self.tls, self.wanted_port = script, latency, tls, port
        self.props, self.looked = Reply(404, {"error": {"message": "no such path"}}, headers=[("Server", "fault-server/1.0")]), 0  # GET /props
        self.ledger, self.connections, self.in_progress, self.busiest, self.flooded = [], 0, 0, 0, 0
        self.state = {}

    def received(self, connection, method, path, headers, body):
        asked = Asked(len(self.ledger) + 1, method, path, headers, body, connection.number)
        self.in_progress += 1
        self.busiest = max(self.busiest, self.in_progress)
        if (method, path) == ("GET", "/props"):  # no question: whose server is this?
            self.looked += 1
            self.loop.call_soon(connection.act, asked, self.props)
            return
        reply = (self.script(asked, self) if self.script else None) or success(asked)
        self.ledger.append((asked, reply))
        delay = self.latency + reply.delay
        if delay > 0:
            self.loop.call_later(delay, connection.act, asked, reply)
        else:
            connection.act(asked, reply)

    @property
    def invoice_picos(self):
        return sum(reply.billed for _, reply in self.ledger)

    def asked_users(self):
        return [asked.user for asked, _ in self.ledger]

    def start(self):
        started = threading.Event()

        def run():
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
            self.server = self.loop.run_until_complete(
                self.loop.create_server(lambda: Connection(self), "127.0.0.1", self.wanted_port, ssl=self.tls, backlog=512))
            self.port = self.server.sockets[0].getsockname()[1]
            started.set()
            self.loop.run_forever()
            self.server.close()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        started.wait(10)
        return self

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"


def server_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
