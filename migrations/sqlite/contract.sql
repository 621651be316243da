-- The two tables of the shared contract, as a new file gets them (docs/storage.md).
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY, created_at INTEGER, claim TEXT, model TEXT, prompt_version TEXT,
  K INTEGER, R INTEGER, T INTEGER, B INTEGER, seed INTEGER, bootstrap_seed INTEGER,
  prob_true_rpl REAL, ci_lo REAL, ci_hi REAL, ci_width REAL, template_iqr_logit REAL, stability_score REAL,
  imbalance_ratio REAL, rpl_compliance_rate REAL, cache_hit_rate REAL,
  config_json TEXT, sampler_json TEXT, counts_by_template_json TEXT, artifact_json_path TEXT,
  prompt_char_len_max INTEGER, pqs INTEGER,
  gate_compliance_ok INTEGER, gate_stability_ok INTEGER, gate_precision_ok INTEGER, pqs_version TEXT
);
CREATE TABLE samples (
  run_id TEXT, cache_key TEXT PRIMARY KEY, prompt_sha256 TEXT, paraphrase_idx INTEGER, replicate_idx INTEGER,
  prob_true REAL, logit REAL, provider_model_id TEXT, response_id TEXT, created_at INTEGER,
  tokens_out INTEGER, latency_ms REAL, json_valid INTEGER
);
