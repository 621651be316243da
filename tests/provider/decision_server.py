"""llama.cpp's own server with a decision model, on loopback. usage: decision_server.py MODEL.gguf PORT [THREADS]

One thread unless told otherwise: two on a busy machine are about ten times slower."""
import sys
import time

import xllamacpp


def parameters(model, port, threads):
    p = xllamacpp.CommonParams()
    p.model.path = model
    p.hostnames = ["127.0.0.1"]
    p.port = port
    p.n_parallel = 1
    p.n_ctx = 4096
    p.warmup = False
    p.kv_unified = True
    p.use_jinja = True
    p.n_gpu_layers = 0
    p.cache_idle_slots = False
    p.cache_prompt = False  # /v1/systemone goes on from earlier prompts all the same
    p.fit_params = False
    p.cpuparams.n_threads = threads
    p.cpuparams_batch.n_threads = threads
    return p


if __name__ == "__main__":
    server = xllamacpp.Server(parameters(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1))
    print("listening", server.listening_address, flush=True)
    while True:
        time.sleep(3600)
