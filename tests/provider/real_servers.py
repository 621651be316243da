"""Real servers that speak System One, started for one test each: llama.cpp's own, and typed-gguf on llama.cpp's libraries."""
import glob
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

from test_transport import free_port

HERE = pathlib.Path(__file__).parent


def places():
    said = subprocess.run([os.environ["HERETIX_SOURCE"] + "/tools/setup.sh", "where"], capture_output=True, text=True, check=True).stdout
    return dict(line.split(" ", 1) for line in said.splitlines() if line.count(" ") == 1)


def small_model():
    return glob.glob(places()["model"] + "/*.gguf")[0]


def decision_model(test, kind, blocks=0):
    """The embedded model's weights as a decision model of that kind, all or the first `blocks` of its blocks (tests/made_gguf.cpp)."""
    model = test.folder / f"{kind}.gguf"
    subprocess.run([os.environ["HERETIX_BUILD"] + "/bin/make_decision_gguf", small_model(), model, kind, str(blocks)], check=True, capture_output=True)
    return model


def started(test, command, port, health, **environment):
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment})
    test.addCleanup(running.wait)
    test.addCleanup(running.kill)
    url = f"http://127.0.0.1:{port}"
    for _ in range(900):
        try:
            urllib.request.urlopen(url + health, timeout=1)
            return url
        except OSError:
            test.assertIsNone(running.poll(), "the server ended")
            time.sleep(0.1)
    test.fail("the server does not start")


def llama_cpp(test, model, threads=1):
    port = free_port()
    return started(test, [sys.executable, HERE / "decision_server.py", model, str(port), str(threads)], port, "/health")


def typed_gguf(test):
    """It looks for libraries under their plain names, and keeps its engine in a process of its own."""
    libraries = test.folder / "lib"
    libraries.mkdir()
    for library in pathlib.Path(places()["libraries"]).glob("*.so"):
        (libraries / re.sub(r"\.v[0-9.]+\.so$", ".so", library.name)).symlink_to(library)
        if not (libraries / library.name).exists():
            (libraries / library.name).symlink_to(library)
    home = test.folder / "t"
    home.mkdir()
    registry = {"schema": "typed_gguf.registry/v1", "current": "smollm2", "aliases": {"smollm2": {"alias": "smollm2", "path": small_model()}}}
    (home / "registry.json").write_text(json.dumps(registry))
    environment = {"TYPED_GGUF_HOME": str(home), "TYPED_GGUF_RUNTIME_DIR": str(libraries)}
    program = [sys.executable, "-m", "typed_gguf"]
    test.addCleanup(subprocess.run, [*program, "keep", "stop"], env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    port = free_port()
    return started(test, [*program, "serve", "--port", str(port)], port, "/health", **environment)


def stated_by(url, state, statement):
    """The number that a server gives for one statement."""
    body = {"model": "smollm2", "state": state, "questions": {"statement": {"type": "noul", "instructions": statement}}}
    request = urllib.request.Request(url + "/v1/systemone", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as reply:
        return json.load(reply)["answers"]["statement"]["noul"]
