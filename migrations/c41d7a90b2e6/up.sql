-- revision: c41d7a90b2e6
-- parent: 9e15719c5c3c
-- title: samples, attempts, answers and executions, so that any node can continue and recompute any check
-- The same names, columns and meaning as in a harness file (docs/storage.md), so that one SQL text serves both stores.

CREATE TABLE samples (
  run_id text,
  cache_key text NOT NULL,
  prompt_sha256 text,
  paraphrase_idx bigint,
  replicate_idx bigint,
  prob_true double precision,
  logit double precision,
  provider_model_id text,
  response_id text,
  created_at bigint,
  tokens_out bigint,
  latency_ms double precision,
  json_valid bigint,
  CONSTRAINT samples_pkey PRIMARY KEY (cache_key)
);
CREATE INDEX ix_samples_run_id ON samples (run_id);

CREATE TABLE heretix_banks (
  content_sha256 text NOT NULL,
  version text NOT NULL,
  bank_json text NOT NULL,
  CONSTRAINT heretix_banks_pkey PRIMARY KEY (content_sha256)
);

CREATE TABLE heretix_executions (
  execution_id text NOT NULL,
  run_id text NOT NULL,
  status text NOT NULL,
  owner text NOT NULL,
  created_at bigint NOT NULL,
  finished_at bigint,
  claim text NOT NULL,
  model text NOT NULL,
  mode text NOT NULL,
  prompt_version text NOT NULL,
  bank_content_sha256 text NOT NULL,
  config_json text NOT NULL,
  record_json text,
  record_sha256 text,
  CONSTRAINT heretix_executions_pkey PRIMARY KEY (execution_id)
);
CREATE INDEX heretix_executions_by_run ON heretix_executions (run_id, created_at);

-- Attempts of two files may carry one number: the later file's get another here, and its records name their own.
CREATE TABLE heretix_execution_samples (
  execution_id text NOT NULL,
  position bigint NOT NULL,
  cache_key text NOT NULL,
  attempt bigint,
  from_store bigint NOT NULL,
  attempt_in_file bigint,
  CONSTRAINT heretix_execution_samples_pkey PRIMARY KEY (execution_id, position)
);

CREATE TABLE heretix_attempts (
  cache_key text NOT NULL,
  attempt bigint NOT NULL,
  execution_id text NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  started_at bigint NOT NULL,
  max_cost_micro_usd bigint,
  outcome text,
  finished_at bigint,
  billed_micro_usd bigint,
  error text,
  CONSTRAINT heretix_attempts_pkey PRIMARY KEY (cache_key, attempt)
);
CREATE INDEX heretix_attempts_by_execution ON heretix_attempts (execution_id);

-- A model may say bytes that are no UTF-8, which text cannot hold.
CREATE TABLE heretix_answers (
  cache_key text NOT NULL,
  attempt bigint NOT NULL,
  execution_id text NOT NULL,
  raw_text bytea NOT NULL,
  raw_sha256 text NOT NULL,
  usable bigint NOT NULL,
  reason text,
  prob_true double precision,
  provider text NOT NULL,
  provider_model_id text NOT NULL,
  response_id text NOT NULL,
  tokens_in bigint,
  tokens_out bigint,
  latency_ms double precision NOT NULL,
  created_at bigint NOT NULL,
  CONSTRAINT heretix_answers_pkey PRIMARY KEY (cache_key, attempt)
);
