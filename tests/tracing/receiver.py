"""A stand-in for a collector that can be away, slow or broken, and what tests ask of the spans that came."""
import http.server
import json
import threading
import time


def value_of(value):
    """A value of OTLP/JSON as Python has it."""
    (kind, held), = value.items()
    if kind == "intValue":
        return int(held)
    return [value_of(one) for one in held["values"]] if kind == "arrayValue" else held


def attributes_of(listed):
    return {one["key"]: value_of(one["value"]) for one in listed}


class Span:
    def __init__(self, told, resource):
        self.told, self.resource = told, resource
        self.name, self.kind = told["name"], told["kind"]
        self.trace, self.id, self.parent = told["traceId"], told["spanId"], told.get("parentSpanId", "")
        self.attributes = attributes_of(told.get("attributes", []))
        self.events = [(event["name"], attributes_of(event.get("attributes", []))) for event in told.get("events", [])]
        self.failed = told.get("status", {}).get("code") == 2
        self.seconds = (int(told["endTimeUnixNano"]) - int(told["startTimeUnixNano"])) / 1e9

    def __getitem__(self, key):
        return self.attributes[key]


def spans_in(body):
    return [Span(span, attributes_of(resource["resource"]["attributes"])) for resource in body["resourceSpans"]
            for scope in resource["scopeSpans"] for span in scope["spans"]]


class Receiver:
    """`answers`: a status, or a function from the number of a request to (status, headers, body), or to None for no answer at all."""

    def __init__(self, answers=200):
        receiver = self
        self.requests, self.spans, self.lock = [], [], threading.Lock()
        self.ended = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    receiver.requests.append((self.path, dict(self.headers), json.loads(body)))
                    number = len(receiver.requests)
                answer = answers(number) if callable(answers) else (answers, {}, b"{}")
                if answer is None:
                    receiver.ended.wait(60)
                    return
                status, headers, text = answer
                if status == 200:
                    with receiver.lock:
                        receiver.spans += spans_in(json.loads(body))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(text)), "Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def named(self, name):
        with self.lock:
            return [span for span in self.spans if span.name == name]


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain")
