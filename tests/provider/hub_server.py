"""A model hub in the shape of the Hugging Face Hub, with the host that it redirects downloads to, and a ledger of what both saw.

Shapes follow huggingface_hub 2.4 (hf_api.py: model_info, list_repo_tree; file_download.py; utils/_http.py: errors) and llama.cpp's
common/hf-cache.cpp. The official client downloads from it (HubServer.main below: python3 tests/provider/hub_server.py FOLDER).
"""
import hashlib
import http.server
import json
import re
import sys
import threading
import time
import urllib.parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Repository:
    """`files`: bytes by path. `revisions`: commits by branch or tag. Without `lfs` the listing names no sha256."""

    def __init__(self, files, revisions=None, gated=False, private=False, lfs=True):
        self.files, self.gated, self.private, self.lfs = files, gated, private, lfs
        self.revisions = revisions or {"main": COMMIT}

    def commit(self, revision):
        return self.revisions.get(revision) or (revision if revision in self.revisions.values() else None)

    def entry(self, path):
        content = self.files[path]
        entry = {"type": "file", "oid": hashlib.sha1(path.encode()).hexdigest(), "size": len(content), "path": path}
        if self.lfs and path.endswith(".gguf"):
            entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
            entry["xetHash"] = hashlib.sha256(b"xet" + content).hexdigest()
        return entry


class Seen:
    def __init__(self, host, method, path, headers):
        self.host, self.method, self.path, self.headers = host, method, path, {k.lower(): v for k, v in headers.items()}


class Fault:
    """What goes wrong with one download at the content host. The default is nothing."""

    def __init__(self, status=None, headers=(), break_after=None, content=None, ignores_range=False, wrong_range=False, etag=None, no_length=False,
                 pause=0.0, gate=None):
        self.status, self.headers, self.break_after, self.content = status, headers, break_after, content
        self.ignores_range, self.wrong_range, self.etag, self.no_length = ignores_range, wrong_range, etag, no_length
        self.pause = pause  # seconds before each piece
        self.gate = gate    # an event that is waited for before the last half of the body


class HubServer:
    """`repositories` by "OWNER/REPO"; `tokens`: whose requests are let in; `page`: entries of a listing in one reply; `tls`: a context, for the hub alone."""

    def __init__(self, repositories, tokens=(), page=1000, apart=True, tls=None):
        self.repositories, self.tokens, self.page = repositories, set(tokens), page
        self.seen, self.faults, self.api_faults = [], [], []
        self.lock = threading.Lock()
        self.redirect = None  # of a download: a function of its path, in place of the usual address
        self.tls = tls
        self.hub = self._serve("hub", tls)
        self.cdn = self._serve("cdn") if apart else None

    def _serve(self, host, tls=None):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                with outer.lock:
                    outer.seen.append(Seen(host, self.command, self.path, dict(self.headers)))
                try:
                    (outer.answer_as_hub if host == "hub" else outer.answer_as_cdn)(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_HEAD = do_GET

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.hub.server_port}"

    def stop(self):
        for server in (self.hub, self.cdn):
            if server:
                server.shutdown()
                server.server_close()

    def downloads(self):
        """The requests for content."""
        return [s for s in self.seen if s.host == "cdn"]

    @staticmethod
    def reply(handler, status, body=b"", headers=()):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    def refuse(self, handler, status, code, message):
        self.reply(handler, status, {"error": message}, [("X-Error-Code", code), ("X-Error-Message", message)])

    def answer_as_hub(self, handler):
        if self.api_faults and (fault := self.api_faults.pop(0)):
            return self.reply(handler, fault.status, fault.content or b"", fault.headers)
        address = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(address.query))
        found = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(revision|tree)/([^/]+)(?:/.*)?", address.path) \
            or re.fullmatch(r"/([^/]+/[^/]+)/(resolve)/([^/]+)/(.+)", address.path) or re.fullmatch(r"/api/models/([^/]+/[^/]+)()()", address.path)
        if not found:
            return self.refuse(handler, 404, "NotFound", "Sorry, we can't find the page you are looking for.")
        name, what, revision = found[1], found[2] or "revision", urllib.parse.unquote(found[3]) or "main"

        token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and token not in self.tokens:
            return self.refuse(handler, 401, "", f"Invalid credentials in Authorization header {token}")
        repository = self.repositories.get(name)
        if repository is None or repository.private and not token:
            return self.refuse(handler, 404 if token else 401, "RepoNotFound", "Repository not found" if token else "Invalid username or password.")
        commit = repository.commit(revision)
        if commit is None:
            return self.refuse(handler, 404, "RevisionNotFound", f"Invalid rev id: {revision}")

        if what == "revision":
            return self.reply(handler, 200, {"_id": "1", "id": name, "modelId": name, "sha": commit, "private": repository.private, "tags": ["gguf"],
                                             "gated": "manual" if repository.gated else False, "siblings": [{"rfilename": p} for p in repository.files]})
        if what == "tree":
            return self.answer_tree(handler, repository, name, revision, query)
        if repository.gated and token not in {t for t in self.tokens if t.endswith("granted")}:
            return self.refuse(handler, 403 if token else 401, "GatedRepo", f"Access to model {name} is restricted.")
        return self.answer_resolve(handler, repository, name, commit, urllib.parse.unquote(found[4]))

    def answer_tree(self, handler, repository, name, revision, query):
        folders = sorted({p.rsplit("/", 1)[0] for p in repository.files if "/" in p})
        entries = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": f} for f in folders]
        entries += [repository.entry(p) for p in sorted(repository.files)]
        begin = int(query.get("cursor", 0))
        headers = [("Content-Type", "application/json")]
        if begin + self.page < len(entries):
            next_page = f"{self.url}/api/models/{name}/tree/{revision}?recursive=true&cursor={begin + self.page}"
            headers.append(("Link", f'<{next_page}>; rel="next"'))
        self.reply(handler, 200, entries[begin:begin + self.page], headers)

    def answer_resolve(self, handler, repository, name, commit, path):
        if path not in repository.files:
            return self.refuse(handler, 404, "EntryNotFound", "Entry not found")
        content = repository.files[path]
        facts = [("X-Repo-Commit", commit), ("X-Linked-Size", str(len(content))), ("X-Linked-Etag", f'"{hashlib.sha256(content).hexdigest()}"')]
        if self.redirect or self.cdn:
            port = self.cdn.server_port if self.cdn else 0
            location = self.redirect(path) if self.redirect else f"http://127.0.0.1:{port}/{name}/{urllib.parse.quote(path)}?X-Amz-Signature=signed"
            return self.reply(handler, 302, b"", [("Location", location), *facts])
        return self.send_content(handler, content, Fault())

    def answer_as_cdn(self, handler):
        path = urllib.parse.unquote(urllib.parse.urlsplit(handler.path).path)
        _, owner, repository, name = path.split("/", 3)
        with self.lock:
            fault = (self.faults.pop(0) if self.faults else None) or Fault()
        if fault.status:
            return self.reply(handler, fault.status, b"no", fault.headers)
        content = self.repositories[f"{owner}/{repository}"].files[name] if fault.content is None else fault.content
        return self.send_content(handler, content, fault)

    def send_content(self, handler, content, fault):
        etag = fault.etag or f'"{hashlib.md5(content).hexdigest()}"'
        wanted = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        is_same = handler.headers.get("If-Range", etag) == etag
        begin = int(wanted[1]) if wanted and is_same and not fault.ignores_range else 0
        if begin >= len(content) > 0:
            return self.reply(handler, 416, b"", [("Content-Range", f"bytes */{len(content)}")])
        body = content[begin:]
        handler.send_response(206 if begin else 200)
        if begin:
            shown = 0 if fault.wrong_range else begin
            handler.send_header("Content-Range", f"bytes {shown}-{len(content) - 1}/{len(content)}")
        handler.send_header("ETag", etag)
        handler.send_header("Accept-Ranges", "bytes")
        if fault.no_length:
            handler.send_header("Connection", "close")
            handler.close_connection = True
        else:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command == "HEAD":
            return
        if fault.break_after is not None:
            handler.wfile.write(body[:fault.break_after])
            handler.close_connection = True
            return
        for place in range(0, len(body), 1 << 16):
            if fault.pause:
                time.sleep(fault.pause)
            if fault.gate and place >= len(body) // 2:
                fault.gate.wait(60)
            handler.wfile.write(body[place:place + (1 << 16)])
            handler.wfile.flush()


def main(folder):
    """Serves one made-up repository until the input ends, for a look with other clients: HF_ENDPOINT is printed."""
    import pathlib
    files = {str(p.relative_to(folder)): p.read_bytes() for p in pathlib.Path(folder).rglob("*") if p.is_file()}
    server = HubServer({"owner/model-GGUF": Repository(files)}, page=2)
    print(server.url, flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1])
