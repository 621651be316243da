-- revision: 5f27c9e1a804
-- The service's own tables in SQLite, which stores any length in any column. Never edit this file, add a revision.

CREATE TABLE jobs (
  id TEXT NOT NULL,
  kind VARCHAR(32) NOT NULL,
  unique_key VARCHAR(128) NOT NULL,
  state VARCHAR(16) DEFAULT 'queued' NOT NULL,
  run_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  lease_until TEXT,
  lease_token VARCHAR(64),
  attempt INTEGER DEFAULT 0 NOT NULL,
  payload text NOT NULL,
  error text,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  finished_at TEXT,
  CONSTRAINT jobs_pkey PRIMARY KEY (id),
  CONSTRAINT uq_jobs_key UNIQUE (kind, unique_key)
);

CREATE INDEX ix_jobs_queued ON jobs (run_at) WHERE state = 'queued';
CREATE INDEX ix_jobs_leased ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX ix_jobs_lease_token ON jobs (lease_token) WHERE lease_token IS NOT NULL;

CREATE TABLE check_requests (
  check_id TEXT NOT NULL,
  state VARCHAR(16) DEFAULT 'queued' NOT NULL,
  request text NOT NULL,
  visitor_id VARCHAR(64),
  ledger_id TEXT,
  charged_to VARCHAR(16) DEFAULT 'nobody' NOT NULL,
  cancel_requested INTEGER DEFAULT 0 NOT NULL,
  lease_token VARCHAR(64),
  execution_id text,
  record text,
  error_kind VARCHAR(32),
  error text,
  last_event INTEGER DEFAULT 0 NOT NULL,
  share_id VARCHAR(64),
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  updated_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT check_requests_pkey PRIMARY KEY (check_id),
  CONSTRAINT uq_check_requests_share UNIQUE (share_id),
  CONSTRAINT check_requests_check_id_fkey FOREIGN KEY (check_id) REFERENCES checks (id) ON DELETE CASCADE
);

CREATE INDEX ix_check_requests_visitor ON check_requests (visitor_id) WHERE visitor_id IS NOT NULL;
CREATE INDEX ix_check_requests_updated ON check_requests (updated_at);
CREATE INDEX ix_checks_user_created ON checks (user_id, created_at, id);

CREATE TABLE check_events (
  check_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  kind VARCHAR(16) NOT NULL,
  payload text NOT NULL,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT check_events_pkey PRIMARY KEY (check_id, number),
  CONSTRAINT check_events_check_id_fkey FOREIGN KEY (check_id) REFERENCES checks (id) ON DELETE CASCADE
);

CREATE TABLE anonymous_visitors (
  id VARCHAR(64) NOT NULL,
  checks_used INTEGER DEFAULT 0 NOT NULL,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT anonymous_visitors_pkey PRIMARY KEY (id)
);

CREATE TABLE rate_events (
  id TEXT NOT NULL,
  scope VARCHAR(32) NOT NULL,
  subject VARCHAR(64) NOT NULL,
  happened_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT rate_events_pkey PRIMARY KEY (id)
);

CREATE INDEX ix_rate_events ON rate_events (scope, subject, happened_at);

CREATE TABLE daily_spending (
  scope VARCHAR(32) NOT NULL,
  day TEXT NOT NULL,
  micro_usd INTEGER DEFAULT 0 NOT NULL,
  CONSTRAINT daily_spending_pkey PRIMARY KEY (scope, day)
);

CREATE TABLE idempotency_keys (
  owner VARCHAR(64) NOT NULL,
  idempotency_key VARCHAR(128) NOT NULL,
  body_sha256 VARCHAR(64) NOT NULL,
  status INTEGER NOT NULL,
  response text NOT NULL,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (owner, idempotency_key)
);

CREATE INDEX ix_idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE failed_verifiers (
  selector VARCHAR(64) NOT NULL,
  failures INTEGER DEFAULT 0 NOT NULL,
  CONSTRAINT failed_verifiers_pkey PRIMARY KEY (selector)
);

CREATE TABLE webhook_events (
  id VARCHAR(255) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  payload text NOT NULL,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT webhook_events_pkey PRIMARY KEY (id)
);

CREATE TABLE billing_accounts (
  user_id TEXT NOT NULL,
  customer_id VARCHAR(255) NOT NULL,
  subscription_id VARCHAR(255),
  subscription_created INTEGER DEFAULT 0 NOT NULL,
  status VARCHAR(32),
  plan VARCHAR(32),
  period_end INTEGER,
  newest_event VARCHAR(400) DEFAULT '' NOT NULL,
  CONSTRAINT billing_accounts_pkey PRIMARY KEY (user_id),
  CONSTRAINT uq_billing_customer UNIQUE (customer_id),
  CONSTRAINT billing_accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
