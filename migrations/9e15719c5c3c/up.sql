-- revision: 9e15719c5c3c
-- parent: base
-- title: users, sessions, email tokens, checks, usage, result cache
-- Names and defaults are a contract with other programs (docs/storage.md): never edit this file, add a revision.

CREATE TABLE users (
  id uuid NOT NULL,
  email varchar(320) NOT NULL,
  plan varchar(32) DEFAULT 'trial' NOT NULL,
  status varchar(32) DEFAULT 'active' NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT uq_users_email UNIQUE (email)
);

CREATE TABLE checks (
  id uuid NOT NULL,
  run_id varchar(64) NOT NULL,
  env varchar(16) NOT NULL,
  user_id uuid,
  claim text,
  claim_hash varchar(64),
  model varchar(64) NOT NULL,
  prompt_version varchar(64) NOT NULL,
  "K" bigint NOT NULL,
  "R" bigint NOT NULL,
  "T" bigint,
  "B" bigint,
  seed bigint,
  bootstrap_seed bigint,
  max_output_tokens bigint,
  prob_true_rpl double precision,
  ci_lo double precision,
  ci_hi double precision,
  ci_width double precision,
  template_iqr_logit double precision,
  stability_score double precision,
  imbalance_ratio double precision,
  rpl_compliance_rate double precision,
  cache_hit_rate double precision,
  config_json text,
  sampler_json text,
  counts_by_template_json text,
  artifact_json_path text,
  prompt_char_len_max integer,
  pqs double precision,
  gate_compliance_ok boolean,
  gate_stability_ok boolean,
  gate_precision_ok boolean,
  pqs_version varchar(32),
  was_cached boolean DEFAULT false NOT NULL,
  provider_model_id varchar(64),
  created_at timestamptz DEFAULT now() NOT NULL,
  finished_at timestamptz,
  CONSTRAINT checks_pkey PRIMARY KEY (id),
  CONSTRAINT uq_checks_run_id UNIQUE (run_id),
  CONSTRAINT checks_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX ix_checks_claim_hash ON checks (claim_hash);
CREATE INDEX ix_checks_env ON checks (env);
CREATE INDEX ix_checks_user_id ON checks (user_id);

CREATE TABLE email_tokens (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  selector varchar(64) NOT NULL,
  verifier_hash varchar(128) NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  expires_at timestamptz NOT NULL,
  consumed_at timestamptz,
  CONSTRAINT email_tokens_pkey PRIMARY KEY (id),
  CONSTRAINT uq_email_tokens_selector UNIQUE (selector),
  CONSTRAINT email_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_email_tokens_user_id ON email_tokens (user_id);

CREATE TABLE result_cache (
  id uuid NOT NULL,
  result_key varchar(128) NOT NULL,
  run_id varchar(64) NOT NULL,
  env varchar(16) NOT NULL,
  user_id uuid,
  payload jsonb NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  last_used_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT result_cache_pkey PRIMARY KEY (id),
  CONSTRAINT uq_result_cache_key UNIQUE (result_key),
  CONSTRAINT result_cache_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
);
CREATE INDEX ix_result_cache_env ON result_cache (env);
CREATE INDEX ix_result_cache_user ON result_cache (user_id);

CREATE TABLE sessions (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  last_seen_at timestamptz DEFAULT now() NOT NULL,
  expires_at timestamptz NOT NULL,
  user_agent varchar(256),
  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);

CREATE TABLE usage_ledger (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  period_start date NOT NULL,
  period_end date NOT NULL,
  plan varchar(32) NOT NULL,
  checks_allowed bigint NOT NULL,
  checks_used bigint DEFAULT '0' NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT usage_ledger_pkey PRIMARY KEY (id),
  CONSTRAINT uq_usage_period UNIQUE (user_id, period_start),
  CONSTRAINT usage_ledger_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_usage_user ON usage_ledger (user_id);
