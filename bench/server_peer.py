"""The same sixteen questions to the same model behind llama.cpp's own server, with its JSON schema, side by side.

usage: server_peer.py LLAMA_SERVER MODEL.gguf HERETIX
"""
import concurrent.futures
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

SERVER, MODEL, HERETIX = map(os.path.abspath, sys.argv[1:4])
SCHEMA = {"type": "object", "additionalProperties": False, "required": ["belief", "reasons", "assumptions", "uncertainties", "flags"], "properties": {
    "belief": {"type": "object", "additionalProperties": False, "required": ["prob_true", "label"], "properties": {
        "prob_true": {"type": "number", "minimum": 0, "maximum": 1},
        "label": {"enum": ["very_unlikely", "unlikely", "uncertain", "likely", "very_likely"]}}},
    "reasons": {"type": "array", "maxItems": 0}, "assumptions": {"type": "array", "maxItems": 0}, "uncertainties": {"type": "array", "maxItems": 0},
    "flags": {"type": "object", "additionalProperties": False, "required": ["refused", "off_topic"], "properties": {"refused": {"const": False}, "off_topic": {"const": False}}}}}


def questions():
    """The program's own sixteen, from an artifact of a mock run."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([HERETIX, "run", "Tariffs cause inflation", "--mock", "-q"], cwd=folder, check=True, capture_output=True)
        run = json.loads(subprocess.run([HERETIX, "list", "--json"], cwd=folder, check=True, capture_output=True).stdout)[0]["run_id"]
        artifact = json.loads(subprocess.run([HERETIX, "report", run, "--json"], cwd=folder, check=True, capture_output=True).stdout)
    bank = artifact["bank"]
    for answer in artifact["answers"]:
        user = bank["paraphrases"][answer["paraphrase_idx"]].replace("{CLAIM}", artifact["claim"]) + "\n\n" + bank["user_template"]
        yield [{"role": "system", "content": bank["system"] + "\n\n" + bank["schema"]}, {"role": "user", "content": user}]


def ask(port, messages):
    body = {"messages": messages, "temperature": 1, "max_tokens": 200, "cache_prompt": True,
            "response_format": {"type": "json_schema", "json_schema": {"name": "belief", "strict": True, "schema": SCHEMA}}}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as reply:
        return json.load(reply)["choices"][0]["message"]["content"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    port = free_port()
    server = subprocess.Popen([SERVER, "-m", MODEL, "--host", "127.0.0.1", "--port", str(port), "-np", "16", "-c", "8192", "-t", str(os.cpu_count())],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        asked = list(questions())
        ask(port, asked[0])  # warm: the prefix is in its cache
        for name, width in (("one by one", 1), ("16 at once", 16)):
            start = time.perf_counter()
            with concurrent.futures.ThreadPoolExecutor(width) as pool:
                answers = list(pool.map(lambda m: ask(port, m), asked))
            print(f"llama-server, {name}  {time.perf_counter() - start:6.2f} s  ({sum('prob_true' in a for a in answers)} answers)")
    finally:
        server.terminate()
        server.wait()


main()
