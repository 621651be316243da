-- revision: 5f27c9e1a804
-- parent: c41d7a90b2e6
-- title: the service: jobs, requests and events of checks, visitors, rates, idempotency, billing; harness schema 3
-- What is no heretix_* table is made in the embedded service's SQLite file too, from this text (docs/storage.md).

CREATE TABLE jobs (
  id uuid NOT NULL,
  kind varchar(32) NOT NULL,
  unique_key varchar(128) NOT NULL,
  state varchar(16) DEFAULT 'queued' NOT NULL,
  run_at timestamptz DEFAULT now() NOT NULL,
  lease_until timestamptz,
  lease_token varchar(64),
  attempt bigint DEFAULT 0 NOT NULL,
  payload text NOT NULL,
  error text,
  created_at timestamptz DEFAULT now() NOT NULL,
  finished_at timestamptz,
  CONSTRAINT jobs_pkey PRIMARY KEY (id),
  CONSTRAINT uq_jobs_key UNIQUE (kind, unique_key)
);
CREATE INDEX ix_jobs_queued ON jobs (run_at) WHERE state = 'queued';
CREATE INDEX ix_jobs_leased ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX ix_jobs_lease_token ON jobs (lease_token) WHERE lease_token IS NOT NULL;

-- What was asked for and how far it is; the result stands in checks.
CREATE TABLE check_requests (
  check_id uuid NOT NULL,
  state varchar(16) DEFAULT 'queued' NOT NULL,
  request text NOT NULL,
  visitor_id varchar(64),
  ledger_id uuid,
  charged_to varchar(16) DEFAULT 'nobody' NOT NULL,
  cancel_requested bigint DEFAULT 0 NOT NULL,
  lease_token varchar(64),
  execution_id text,
  record text,
  error_kind varchar(32),
  error text,
  last_event bigint DEFAULT 0 NOT NULL,
  share_id varchar(64),
  created_at timestamptz DEFAULT now() NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT check_requests_pkey PRIMARY KEY (check_id),
  CONSTRAINT uq_check_requests_share UNIQUE (share_id),
  CONSTRAINT check_requests_check_id_fkey FOREIGN KEY (check_id) REFERENCES checks (id) ON DELETE CASCADE
);
CREATE INDEX ix_check_requests_visitor ON check_requests (visitor_id) WHERE visitor_id IS NOT NULL;
CREATE INDEX ix_check_requests_updated ON check_requests (updated_at);
CREATE INDEX ix_checks_user_created ON checks (user_id, created_at, id);

-- Numbered from 1 within a check: what a reader of its stream names to go on.
CREATE TABLE check_events (
  check_id uuid NOT NULL,
  number bigint NOT NULL,
  kind varchar(16) NOT NULL,
  payload text NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT check_events_pkey PRIMARY KEY (check_id, number),
  CONSTRAINT check_events_check_id_fkey FOREIGN KEY (check_id) REFERENCES checks (id) ON DELETE CASCADE
);

CREATE TABLE anonymous_visitors (
  id varchar(64) NOT NULL,
  checks_used bigint DEFAULT 0 NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT anonymous_visitors_pkey PRIMARY KEY (id)
);

CREATE TABLE rate_events (
  id uuid NOT NULL,
  scope varchar(32) NOT NULL,
  subject varchar(64) NOT NULL,
  happened_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT rate_events_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_rate_events ON rate_events (scope, subject, happened_at);

CREATE TABLE daily_spending (
  scope varchar(32) NOT NULL,
  day date NOT NULL,
  micro_usd bigint DEFAULT 0 NOT NULL,
  CONSTRAINT daily_spending_pkey PRIMARY KEY (scope, day)
);

CREATE TABLE idempotency_keys (
  owner varchar(64) NOT NULL,
  idempotency_key varchar(128) NOT NULL,
  body_sha256 varchar(64) NOT NULL,
  status bigint NOT NULL,
  response text NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (owner, idempotency_key)
);
CREATE INDEX ix_idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE failed_verifiers (
  selector varchar(64) NOT NULL,
  failures bigint DEFAULT 0 NOT NULL,
  CONSTRAINT failed_verifiers_pkey PRIMARY KEY (selector)
);

CREATE TABLE webhook_events (
  id varchar(255) NOT NULL,
  kind varchar(64) NOT NULL,
  payload text NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT webhook_events_pkey PRIMARY KEY (id)
);

CREATE TABLE billing_accounts (
  user_id uuid NOT NULL,
  customer_id varchar(255) NOT NULL,
  subscription_id varchar(255),
  subscription_created bigint DEFAULT 0 NOT NULL,
  status varchar(32),
  plan varchar(32),
  period_end bigint,
  newest_event varchar(400) DEFAULT '' NOT NULL,
  CONSTRAINT billing_accounts_pkey PRIMARY KEY (user_id),
  CONSTRAINT uq_billing_customer UNIQUE (customer_id),
  CONSTRAINT billing_accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

ALTER TABLE heretix_answers ADD COLUMN finish text;
ALTER TABLE heretix_answers ADD COLUMN tokens_cached bigint;
ALTER TABLE heretix_answers ADD COLUMN tokens_cache_written bigint;
ALTER TABLE heretix_answers ADD COLUMN tokens_reasoning bigint;
ALTER TABLE heretix_answers ADD COLUMN billed_pico_usd bigint;
ALTER TABLE heretix_answers ADD COLUMN logprobs text;
CREATE INDEX heretix_attempts_by_start ON heretix_attempts (started_at);

CREATE TABLE heretix_refused_parameters (
  model text NOT NULL,
  parameter text NOT NULL,
  refused_at bigint NOT NULL,
  message text NOT NULL,
  CONSTRAINT heretix_refused_parameters_pkey PRIMARY KEY (model, parameter)
);

CREATE TABLE heretix_batches (
  batch_id text NOT NULL,
  provider_batch_id text,
  provider text NOT NULL,
  model text NOT NULL,
  run_id text NOT NULL,
  execution_id text NOT NULL,
  state text NOT NULL,
  submitted_at bigint NOT NULL,
  fetched_at bigint,
  note text,
  CONSTRAINT heretix_batches_pkey PRIMARY KEY (batch_id)
);
CREATE TABLE heretix_batch_questions (
  batch_id text NOT NULL,
  cache_key text NOT NULL,
  attempt bigint NOT NULL,
  CONSTRAINT heretix_batch_questions_pkey PRIMARY KEY (batch_id, cache_key)
);
CREATE INDEX heretix_batch_questions_by_key ON heretix_batch_questions (cache_key);

CREATE TABLE heretix_drift_measurements (
  watch text NOT NULL,
  epoch bigint NOT NULL,
  claim_hash text NOT NULL,
  number bigint NOT NULL,
  is_baseline bigint NOT NULL,
  execution_id text NOT NULL,
  recorded_at bigint NOT NULL,
  CONSTRAINT heretix_drift_measurements_pkey PRIMARY KEY (watch, epoch, claim_hash, number)
);
