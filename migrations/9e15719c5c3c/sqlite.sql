-- revision: 9e15719c5c3c
-- The service's own tables in SQLite, which stores any length in any column. Never edit this file, add a revision.

CREATE TABLE users (
  id TEXT NOT NULL,
  email VARCHAR(320) NOT NULL,
  plan VARCHAR(32) DEFAULT 'trial' NOT NULL,
  status VARCHAR(32) DEFAULT 'active' NOT NULL,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  updated_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT uq_users_email UNIQUE (email)
);

CREATE TABLE checks (
  id TEXT NOT NULL,
  run_id VARCHAR(64) NOT NULL,
  env VARCHAR(16) NOT NULL,
  user_id TEXT,
  claim text,
  claim_hash VARCHAR(64),
  model VARCHAR(64) NOT NULL,
  prompt_version VARCHAR(64) NOT NULL,
  "K" INTEGER NOT NULL,
  "R" INTEGER NOT NULL,
  "T" INTEGER,
  "B" INTEGER,
  seed INTEGER,
  bootstrap_seed INTEGER,
  max_output_tokens INTEGER,
  prob_true_rpl REAL,
  ci_lo REAL,
  ci_hi REAL,
  ci_width REAL,
  template_iqr_logit REAL,
  stability_score REAL,
  imbalance_ratio REAL,
  rpl_compliance_rate REAL,
  cache_hit_rate REAL,
  config_json text,
  sampler_json text,
  counts_by_template_json text,
  artifact_json_path text,
  prompt_char_len_max integer,
  pqs REAL,
  gate_compliance_ok INTEGER,
  gate_stability_ok INTEGER,
  gate_precision_ok INTEGER,
  pqs_version VARCHAR(32),
  was_cached INTEGER DEFAULT false NOT NULL,
  provider_model_id VARCHAR(64),
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  finished_at TEXT,
  CONSTRAINT checks_pkey PRIMARY KEY (id),
  CONSTRAINT uq_checks_run_id UNIQUE (run_id),
  CONSTRAINT checks_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_checks_claim_hash ON checks (claim_hash);
CREATE INDEX ix_checks_env ON checks (env);
CREATE INDEX ix_checks_user_id ON checks (user_id);

CREATE TABLE email_tokens (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  selector VARCHAR(64) NOT NULL,
  verifier_hash VARCHAR(128) NOT NULL,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  expires_at TEXT NOT NULL,
  consumed_at TEXT,
  CONSTRAINT email_tokens_pkey PRIMARY KEY (id),
  CONSTRAINT uq_email_tokens_selector UNIQUE (selector),
  CONSTRAINT email_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_email_tokens_user_id ON email_tokens (user_id);

CREATE TABLE result_cache (
  id TEXT NOT NULL,
  result_key VARCHAR(128) NOT NULL,
  run_id VARCHAR(64) NOT NULL,
  env VARCHAR(16) NOT NULL,
  user_id TEXT,
  payload TEXT NOT NULL,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  last_used_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT result_cache_pkey PRIMARY KEY (id),
  CONSTRAINT uq_result_cache_key UNIQUE (result_key),
  CONSTRAINT result_cache_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_result_cache_env ON result_cache (env);
CREATE INDEX ix_result_cache_user ON result_cache (user_id);

CREATE TABLE sessions (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  last_seen_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  expires_at TEXT NOT NULL,
  user_agent VARCHAR(256),
  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_sessions_user_id ON sessions (user_id);

CREATE TABLE usage_ledger (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  period_start TEXT NOT NULL,
  period_end TEXT NOT NULL,
  plan VARCHAR(32) NOT NULL,
  checks_allowed INTEGER NOT NULL,
  checks_used INTEGER DEFAULT '0' NOT NULL,
  updated_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT usage_ledger_pkey PRIMARY KEY (id),
  CONSTRAINT uq_usage_period UNIQUE (user_id, period_start),
  CONSTRAINT usage_ledger_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_usage_user ON usage_ledger (user_id);
