"""`heretix export` beside DuckDB's scanners: 1,000,000 checks in Postgres, 1,000,000 runs in a store, each to Parquet with zstd.

usage: export_peer.py HERETIX DUCKDB_PYTHON SCANNERS [ROWS]

Whole processes are timed, start to end, in turn, three times; the middle one counts. The exporter reads, orders, digests and syncs; the
scanners copy. Resident memory is the largest of the process.
"""
import hashlib
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/postgres"))
ROUNDS = 3

FILL = """
INSERT INTO checks (id, run_id, env, claim, claim_hash, model, prompt_version, "K", "R", "T", "B", bootstrap_seed, max_output_tokens,
  prob_true_rpl, ci_lo, ci_hi, ci_width, template_iqr_logit, stability_score, imbalance_ratio, rpl_compliance_rate, cache_hit_rate, config_json,
  sampler_json, counts_by_template_json, artifact_json_path, prompt_char_len_max, pqs, gate_compliance_ok, gate_stability_ok,
  gate_precision_ok, pqs_version, was_cached, provider_model_id, created_at, finished_at)
SELECT gen_random_uuid(), 'heretix-rpl-' || substr(md5((i % 50000)::text), 1, 12) || '-' || substr(md5(i::text), 1, 12), 'local', claim,
  md5(claim) || md5(claim), (ARRAY['openai/gpt-5', 'anthropic/claude-opus-5', 'gemini/gemini-3-pro'])[1 + i % 3], 'heretix_v1_2026-11-23', 8, 2, 16,
  5000, hashtextextended(i::text, 0), 1024, p, p * 0.8, p * 0.8 + 0.2, 0.2, p * 2, 1 - p, 1, 1, 0,
  json_build_object('K', 8, 'R', 2, 'T', 16, 'B', 5000, 'claim', claim, 'mode', 'LIVE', 'model', 'openai/gpt-5',
    'prompt_version', 'heretix_v1_2026-11-23', 'seed', null)::text,
  '{"rotation":' || i % 16 || ',"bank_size":16}', '{"' || md5((i % 16)::text) || '":2,"' || md5((i % 15)::text) || '":2}',
  'artifacts/exec-' || substr(md5(i::text), 1, 12) || '.json', 412, (100 * p)::int, true, true, p < 0.5, 'v1', false, 'gpt-5-2026-01-01',
  timestamptz '2026-01-01' + i * interval '20 seconds', timestamptz '2026-01-01' + i * interval '20 seconds' + interval '1 minute'
FROM (SELECT i, 0.01 + 0.98 * ((i::bigint * 7919) % 10007) / 10007.0 AS p, 'Claim number ' || i % 10000 || ' about the world' AS claim
      FROM generate_series(1, {rows}) i) g
"""

PEER = """
import sys, duckdb
kind, source, table, extension, out = sys.argv[1:]
db = duckdb.connect(config={"allow_unsigned_extensions": "true"})
db.execute(f"LOAD '{extension}'")
db.execute(f"ATTACH '{source}' AS source (TYPE {kind}, READ_ONLY)")
db.execute(f"COPY (SELECT * FROM source.{table}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
"""


def md5(number):
    return hashlib.md5(str(number).encode()).hexdigest()


def fill_store(path, rows):
    def row(i):
        p, claim = 0.01 + 0.98 * ((i * 7919) % 10007) / 10007, f"Claim number {i % 10000} about the world"
        config = '{"B":5000,"K":8,"R":2,"T":16,"claim":"%s","mode":"LIVE","model":"openai/gpt-5","prompt_version":"heretix_v1_2026-11-23","seed":null}' % claim
        return ("heretix-rpl-" + md5(i)[:12], 1767225600 + i * 20, claim, "openai/gpt-5", "heretix_v1_2026-11-23", 8, 2, 16, 5000, None,
                i * 0x9E3779B97F4A7C15 & (2**63 - 1), p, p * .8, p * .8 + .2, .2, p * 2, 1 - p, 1.0, 1.0, 0.0, config, '{"rotation":%d,"bank_size":16}' % (i % 16),
                '{"%s":2,"%s":2}' % (md5(i % 16), md5(i % 15)), f"artifacts/exec-{md5(i)[:12]}.json", 412, int(100 * p), 1, 1, int(p < .5), "v1")
    with sqlite3.connect(path) as store:
        for name in ("contract", "1"):
            store.executescript((HERE.parent / f"migrations/sqlite/{name}.sql").read_text())
        store.execute("INSERT INTO heretix_meta VALUES ('schema', '1')")
        store.executemany("INSERT INTO runs VALUES (" + ", ".join("?" * 30) + ")", map(row, range(rows)))
    store.close()


def timed(command, **environment):
    start = time.monotonic()
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, env={**os.environ, **environment})
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} failed")
    return time.monotonic() - start, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime


def compare(name, rows, ours, peer):
    results = {"heretix export": [], "DuckDB scanner": []}
    for _ in range(ROUNDS):
        results["heretix export"].append(ours())
        results["DuckDB scanner"].append(peer())
    for who, runs in results.items():
        seconds, _, processor = sorted(runs)[ROUNDS // 2]
        print(f"{name:<9} {who:<15} {seconds:6.2f} s {rows / seconds:10,.0f} rows/s {max(run[1] for run in runs):5.0f} MB {processor:6.2f} s of processor"
              f"   (fastest {min(runs)[0]:.2f}, slowest {max(runs)[0]:.2f})")


def main():
    heretix, python, scanners = sys.argv[1:4]
    rows = int(sys.argv[4]) if len(sys.argv) > 4 else 1_000_000
    import psycopg

    from server import PASSWORD, USER, Server
    extensions = {kind: next(pathlib.Path(scanners).rglob(f"{kind}_scanner.duckdb_extension")) for kind in ("postgres", "sqlite")}
    server = Server().create()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "peer.py").write_text(PEER)
        try:
            address = server.address("postgres", sslmode="disable")
            subprocess.run([heretix, "db", "upgrade", "--database", address], check=True, stdout=subprocess.DEVNULL)
            with psycopg.connect(**server.conninfo("postgres"), autocommit=True) as database:
                database.execute(FILL.replace("{rows}", str(rows)))
                database.execute("VACUUM ANALYZE checks")

            def fresh(*arguments, **environment):
                subprocess.run(["rm", "-rf", folder / "lake"], check=True)
                return timed([heretix, "export", folder / "lake", "-q", *arguments], **environment)

            def scanner(kind, source, table):
                return timed([python, folder / "peer.py", kind, source, table, extensions[kind], folder / "peer.parquet"], PYTHONPATH="", PGPASSWORD=PASSWORD)
            told = f"host=127.0.0.1 port={server.port} user={USER} dbname=postgres sslmode=disable"
            compare("postgres", rows, lambda: fresh("--from", "local", DATABASE_URL=address), lambda: scanner("postgres", told, "public.checks"))
        finally:
            server.remove()
        fill_store(folder / "store.sqlite", rows)
        compare("sqlite", rows, lambda: fresh("--db", folder / "store.sqlite"), lambda: scanner("sqlite", folder / "store.sqlite", "runs"))


if __name__ == "__main__":
    main()
