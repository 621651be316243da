-- revision: d3a95b70c814
-- parent: 5f27c9e1a804
-- title: safety: names of 200 characters, what a server refuses; harness schema 4

-- Hub paths and the names that gateways give their models are longer than 64 characters.
ALTER TABLE checks ALTER COLUMN model TYPE varchar(200);
ALTER TABLE checks ALTER COLUMN provider_model_id TYPE varchar(200);

-- The table before named a parameter without the value that was refused, so that one refused value silenced all others.
DROP TABLE heretix_refused_parameters;
CREATE TABLE heretix_server_refusals (
  address text NOT NULL,
  model text NOT NULL,
  parameter text NOT NULL,
  value text NOT NULL,
  sent_with text NOT NULL,
  refused_at bigint NOT NULL,
  message text NOT NULL,
  CONSTRAINT heretix_server_refusals_pkey PRIMARY KEY (address, model, parameter, value, sent_with)
);

-- The record of a measurement is kept once, under its execution. Every check that shows it refers to it, so that an
-- answer from the result cache copies nothing, and removing the check that measured it takes it from nobody else.
CREATE TABLE check_records (
  execution_id varchar(64) NOT NULL,
  record text NOT NULL,
  measured_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT check_records_pkey PRIMARY KEY (execution_id)
);
UPDATE check_requests SET execution_id = CAST(record AS jsonb) -> 'execution' ->> 'execution_id' WHERE record IS NOT NULL;
INSERT INTO check_records (execution_id, record, measured_at) SELECT q.execution_id, max(q.record), coalesce(min(c.finished_at), now()) FROM check_requests q JOIN checks c ON c.id = q.check_id WHERE q.record IS NOT NULL GROUP BY q.execution_id;
ALTER TABLE check_requests RENAME COLUMN execution_id TO former_execution_id;
ALTER TABLE check_requests ADD COLUMN execution_id varchar(64) CONSTRAINT check_requests_execution_id_fkey REFERENCES check_records (execution_id);
UPDATE check_requests SET execution_id = former_execution_id WHERE record IS NOT NULL;
ALTER TABLE check_requests DROP COLUMN former_execution_id;
ALTER TABLE check_requests DROP COLUMN record;
UPDATE checks SET config_json = NULL, sampler_json = NULL, counts_by_template_json = NULL WHERE was_cached;
CREATE INDEX ix_check_requests_execution ON check_requests (execution_id) WHERE execution_id IS NOT NULL;

-- What decides a result, as a digest: it is found among the same user's checks, and among those that are shared.
ALTER TABLE check_requests ADD COLUMN result_key varchar(64);
CREATE INDEX ix_check_requests_shared ON check_requests (result_key) WHERE share_id IS NOT NULL;
CREATE INDEX ix_checks_user_claim ON checks (user_id, claim_hash) WHERE NOT was_cached;
DELETE FROM result_cache;

-- How often something happened to a subject within a window that began with the first time.
CREATE TABLE rate_counts (
  scope varchar(32) NOT NULL,
  subject varchar(64) NOT NULL,
  started_at timestamptz DEFAULT now() NOT NULL,
  used bigint NOT NULL,
  CONSTRAINT rate_counts_pkey PRIMARY KEY (scope, subject)
);
CREATE INDEX ix_rate_counts_started ON rate_counts (started_at);

-- Of an event nothing is kept that points to a person. One whose customer nobody knows yet waits by a keyed hash.
ALTER TABLE webhook_events ADD COLUMN customer_hash varchar(64);
CREATE INDEX ix_webhook_events_customer ON webhook_events (customer_hash) WHERE customer_hash IS NOT NULL;
CREATE INDEX ix_webhook_events_created ON webhook_events (created_at);
UPDATE webhook_events SET payload = '{}';

-- Stripe names newer customers by an account, beside or instead of a customer.
ALTER TABLE billing_accounts ADD COLUMN customer_account varchar(255);
CREATE UNIQUE INDEX uq_billing_customer_account ON billing_accounts (customer_account);

-- Which executions count an answer, and which answers came to one: for what is removed with its last reader.
CREATE INDEX heretix_execution_samples_by_key ON heretix_execution_samples (cache_key);
CREATE INDEX heretix_answers_by_execution ON heretix_answers (execution_id);
