"""Fills stores with made-up measurements, for docs, tests and trials. The same seed gives the same rows.

usage: sample_data.py [--seed N] [--checks N] [--store FILE] [--local URL] [--prod URL]

The store is made where it is missing; the databases must be at head (heretix db upgrade). The numbers follow a story
that docs/analytics.md shows: beliefs that drift, a model that answers worse in form, widths that shrink with templates,
a result cache, prices known for one model. They are no measurements: `heretix verify` refuses them.
"""
import argparse
import hashlib
import json
import math
import pathlib
import random
import sqlite3
import uuid

SOURCE = pathlib.Path(__file__).resolve().parent.parent
START = 1_748_736_000  # 2025-06-01
DAY = 86_400
CLAIMS = {"Tariffs cause inflation": 0.66, "Coffee is a diuretic": 0.55, "Glass is a liquid": 0.12,
          "Bees sleep": 0.81, "The moon drives tides": 0.97, "Goldfish forget within seconds": 0.18}
MODELS = {  # lean and noise in log-odds, compliance, millionths of a dollar a request (None: unknown)
    "openai/gpt-5": (0.1, 0.25, 0.998, 2100), "anthropic/claude-opus-5": (-0.1, 0.2, 1.0, None),
    "llama/SmolLM2-135M-Instruct.Q4_1": (-0.6, 0.9, 0.94, 0)}
YES_BIAS = {"openai/gpt-5": 0.3, "llama/SmolLM2-135M-Instruct.Q4_1": 0.8}
PLANS = [(4, 2, 4), (8, 2, 8), (16, 2, 16)]
VERSION = "heretix_v1_2026-11-23"
TABLES = {
    "runs": "run_id created_at claim model prompt_version K R T B seed bootstrap_seed prob_true_rpl ci_lo ci_hi ci_width template_iqr_logit "
            "stability_score imbalance_ratio rpl_compliance_rate cache_hit_rate config_json sampler_json counts_by_template_json "
            "artifact_json_path prompt_char_len_max pqs gate_compliance_ok gate_stability_ok gate_precision_ok pqs_version",
    "checks": "id run_id env user_id claim claim_hash model prompt_version K R T B seed bootstrap_seed max_output_tokens prob_true_rpl ci_lo "
              "ci_hi ci_width template_iqr_logit stability_score imbalance_ratio rpl_compliance_rate cache_hit_rate config_json sampler_json "
              "counts_by_template_json artifact_json_path prompt_char_len_max pqs gate_compliance_ok gate_stability_ok gate_precision_ok "
              "pqs_version was_cached provider_model_id created_at finished_at",
    "samples": "run_id cache_key prompt_sha256 paraphrase_idx replicate_idx prob_true logit provider_model_id response_id created_at "
               "tokens_out latency_ms json_valid",
    "heretix_executions": "execution_id run_id status owner created_at finished_at claim model mode prompt_version bank_content_sha256 "
                          "config_json record_json record_sha256",
    "heretix_attempts": "cache_key attempt execution_id provider model started_at max_cost_micro_usd outcome finished_at billed_micro_usd error",
    "heretix_answers": "cache_key attempt execution_id raw_text raw_sha256 usable reason prob_true provider provider_model_id response_id "
                       "tokens_in tokens_out latency_ms created_at",
    "users": "id email", "usage_ledger": "id user_id period_start period_end plan checks_allowed checks_used updated_at"}
TABLES = {name: columns.split() for name, columns in TABLES.items()}


def digits(*parts):
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def logistic(x):
    return 1 / (1 + math.exp(-x))


def decision(p, bias, of_answer=False):
    """What a belief was made of: what the claim and its negation got from a model that leans to yes."""
    belief = math.log(p / (1 - p))
    claim, negation = round(logistic(belief + bias), 2), round(logistic(bias - belief), 2)
    sides = {"kind": "decision", "claim": claim, "negation": negation, "step": 0.01}
    contradicting = int((claim - 0.5) * (negation - 0.5) > 0)
    return sides if of_answer else {
        **sides, "answers": 16, "sum_mean": claim + negation, "yes_bias": {"log_odds": bias, "low": bias - 0.2, "high": bias + 0.2},
        "contradicting": 16 * contradicting, "contradicting_share": float(contradicting)}


class Story:
    """Rows by place (store, local, prod) and table."""

    def __init__(self, seed, checks):
        self.random = random.Random(seed)
        self.seed = seed
        self.rows = {place: {table: [] for table in TABLES} for place in ("store", "local", "prod")}
        self.users = [uuid.UUID(digits(seed, "user", i)[:32]) for i in range(5)]
        for i in range(checks):
            self.check(i, START + i * 150 * DAY // checks + self.random.randrange(3600))
        for place in ("local", "prod"):
            self.accounts(place)

    def check(self, i, time):
        r = self.random
        claim, model = r.choice(list(CLAIMS)), r.choice(list(MODELS))
        lean, noise, form, price = MODELS[model]
        slots, replicates, templates = r.choice(PLANS)
        place = r.choices(("store", "local", "prod"), (4, 3, 3))[0]
        mode = "MOCK" if r.random() < 0.06 else "LIVE"
        bias = YES_BIAS.get(model, 0) if i % 4 == 1 else 0  # of decisions, in log-odds; else the model writes
        mode += ";readout=decision" * bool(bias)
        drift = 0.5 * (time - START) / (150 * DAY) if model == "openai/gpt-5" else 0.0
        center = math.log(CLAIMS[claim] / (1 - CLAIMS[claim])) + lean + drift + r.gauss(0, noise / math.sqrt(templates))
        half = 4.2 * noise / math.sqrt(templates) * r.uniform(0.7, 1.3)
        p, low, high = (logistic(x) for x in (center, center - half, center + half))
        asked = slots * replicates
        usable = sum(r.random() < form for _ in range(asked))
        recipe = "heretix-rpl-" + digits(claim, model, slots, replicates, templates, mode)[:12]
        execution = digits(self.seed, "execution", i)[:12]
        cached = place != "store" and r.random() < 0.2
        spread = 1.5 * noise
        config = json.dumps({"claim": claim, "model": model, "mode": mode, "K": slots, "R": replicates, "T": templates, "B": 5000,
                             "prompt_version": VERSION, "max_output_tokens": 1024, "seed": None})
        shared = {"claim": claim, "model": model, "prompt_version": VERSION, "K": slots, "R": replicates, "T": templates, "B": 5000,
                  "bootstrap_seed": int(digits(recipe, "seed")[:16], 16) - 2**63, "prob_true_rpl": p, "ci_lo": low, "ci_hi": high,
                  "ci_width": high - low, "template_iqr_logit": spread, "stability_score": 1 / (1 + spread), "imbalance_ratio": 1.0,
                  "rpl_compliance_rate": usable / asked, "cache_hit_rate": r.choice((0.0, 0.0, 0.5, 1.0)), "config_json": config,
                  "sampler_json": json.dumps({"rotation": i % 16, "bank_size": 16}),
                  "counts_by_template_json": json.dumps({digits("template", t): asked // templates for t in range(templates)}),
                  "artifact_json_path": f"artifacts/exec-{execution}.json", "prompt_char_len_max": 412, "pqs": round(100 * usable / asked * (1 - (high - low))),
                  "pqs_version": "v1"}
        gates = {"gate_compliance_ok": usable / asked >= 0.98, "gate_stability_ok": spread < 3, "gate_precision_ok": high - low <= 0.3}
        if place == "store":
            self.add(place, "runs", {**shared, "run_id": recipe, "created_at": time + 60, **{k: int(v) for k, v in gates.items()}})
        imported = place == "store" and r.random() < 0.25
        for database in [place] if place != "store" else ["local"] * imported:
            self.add(database, "checks", {
                **shared, **gates, "id": uuid.UUID(digits(self.seed, "check", i)[:32]), "run_id": f"{recipe}-{execution}", "env": database,
                "user_id": r.choice([None, *self.users]) if place != "store" else None, "claim_hash": hashlib.sha256(claim.encode()).hexdigest(),
                "max_output_tokens": 1024, "was_cached": cached, "provider_model_id": model.split("/")[1], "created_at": time, "finished_at": time + 60})
        if not cached:
            for store in [place] + ["local"] * imported:
                self.execution(store, i, time, execution, recipe, shared, gates, mode, price, asked, usable, bias)

    def execution(self, place, i, time, execution, recipe, check, gates, mode, price, asked, usable, bias):
        name, claim, model, p = "exec-" + execution, check["claim"], check["model"], check["prob_true_rpl"]
        told = ("prob_true_rpl", "ci_width", "template_iqr_logit", "stability_score", "imbalance_ratio")
        record = json.dumps({
            "format": "heretix_record", "claim": claim, "config": json.loads(check["config_json"]), "sampler": json.loads(check["sampler_json"]),
            "estimate": {**{k: check[k] for k in told}, "ci": [check["ci_lo"], check["ci_hi"]], "bootstrap_seed": str(check["bootstrap_seed"] % 2**64)},
            "gates": [{"passed": passed} for passed in gates.values()], "pqs": check["pqs"], "pqs_version": check["pqs_version"],
            "rpl_compliance_rate": check["rpl_compliance_rate"], "cache_hit_rate": check["cache_hit_rate"],
            "templates": [{"prompt_sha256": sha, "usable": n} for sha, n in json.loads(check["counts_by_template_json"]).items()],
            **({"readout": decision(p, bias)} if bias else {})})
        self.add(place, "heretix_executions", {
            "execution_id": name, "run_id": recipe, "status": "done", "owner": "sample", "created_at": time, "finished_at": time + 60, "claim": claim,
            "model": model, "mode": mode, "prompt_version": VERSION, "bank_content_sha256": digits("bank"), "config_json": check["config_json"],
            "record_json": record, "record_sha256": hashlib.sha256(record.encode()).hexdigest()})
        for n in range(asked):
            key, told = digits(self.seed, i, n), 0.05 + 0.9 * p if n < usable else None
            answer = {"cache_key": key, "prob_true": told, "provider_model_id": model.split("/")[1], "response_id": f"r{i}-{n}",
                      "tokens_out": 40 + n, "latency_ms": 250.0 + n, "created_at": time + n}
            self.add(place, "samples", {**answer, "run_id": recipe, "prompt_sha256": digits("template", n % 16), "paraphrase_idx": n % 16,
                                        "replicate_idx": n // 16, "logit": math.log(told / (1 - told)) if told else None, "json_valid": int(told is not None)})
            text = json.dumps({"prob_true": told, **({"readout": decision(told, bias, of_answer=True)} if bias and told else {})})
            self.add(place, "heretix_attempts", {
                "cache_key": key, "attempt": 1, "execution_id": name, "provider": model.split("/")[0], "model": model, "started_at": (time + n) * 10**6,
                "max_cost_micro_usd": price and 2 * price, "outcome": "answered", "finished_at": (time + n) * 10**6 + 250_000,
                "billed_micro_usd": 0 if mode == "MOCK" else price})
            self.add(place, "heretix_answers", {
                **answer, "attempt": 1, "execution_id": name, "raw_text": text, "raw_sha256": hashlib.sha256(text.encode()).hexdigest(),
                "usable": int(told is not None), "reason": None if told else "not_json", "provider": model.split("/")[0], "tokens_in": 180})

    def accounts(self, place):
        for n, user in enumerate(self.users):
            self.add(place, "users", {"id": user, "email": f"person{n}@example.org"})
            for month in range(6, 11):
                self.add(place, "usage_ledger", {
                    "id": uuid.UUID(digits(place, user, month)[:32]), "user_id": user, "period_start": f"2025-{month:02}-01",
                    "period_end": f"2025-{month:02}-28", "plan": "trial" if n else "pro", "checks_allowed": 20 if n else 750,
                    "checks_used": self.random.randrange(20), "updated_at": START + (month - 6) * 30 * DAY})

    def add(self, place, table, row):
        self.rows[place][table].append([row.get(column) for column in TABLES[table]])


def fill_store(path, tables):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as store:
        if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
            store.executescript((SOURCE / "migrations/sqlite/contract.sql").read_text())
            store.executescript((SOURCE / "migrations/sqlite/1.sql").read_text())
            store.execute("INSERT INTO heretix_meta VALUES ('schema', '1')")
        for table, rows in tables.items():
            if rows:
                marks = ", ".join("?" * len(TABLES[table]))
                store.executemany(f"INSERT OR REPLACE INTO {table} ({', '.join(TABLES[table])}) VALUES ({marks})", rows)
    store.close()


def fill_database(address, tables):
    import psycopg  # only here: a store alone needs nothing but Python

    times = {"checks": ("created_at", "finished_at"), "usage_ledger": ("updated_at",)}
    with psycopg.connect(address.replace("+psycopg", "")) as database:
        for table in ("users", "usage_ledger", "checks", "samples", "heretix_executions", "heretix_attempts", "heretix_answers"):
            columns = ", ".join(f'"{c}"' if c in "KRTB" else c for c in TABLES[table])
            values = ", ".join("to_timestamp(%s)" if c in times.get(table, ()) else "convert_to(%s, 'UTF8')" if c == "raw_text" else "%s" for c in TABLES[table])
            database.cursor().executemany(f"INSERT INTO {table} ({columns}) VALUES ({values})", tables[table])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checks", type=int, default=400)
    for place in ("store", "local", "prod"):
        parser.add_argument("--" + place)
    wanted = parser.parse_args()
    story = Story(wanted.seed, wanted.checks)
    if wanted.store:
        fill_store(wanted.store, story.rows["store"])
    for place in ("local", "prod"):
        if getattr(wanted, place):
            fill_database(getattr(wanted, place), story.rows[place])


if __name__ == "__main__":
    main()
