-- revision: d3a95b70c814
-- The service's own tables in SQLite, which stores any length in any column. Never edit this file, add a revision.

CREATE TABLE check_records (
  execution_id VARCHAR(64) NOT NULL,
  record text NOT NULL,
  measured_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT check_records_pkey PRIMARY KEY (execution_id)
);

UPDATE check_requests SET execution_id = CAST(record AS TEXT) -> 'execution' ->> 'execution_id' WHERE record IS NOT NULL;
INSERT INTO check_records (execution_id, record, measured_at) SELECT q.execution_id, max(q.record), coalesce(min(c.finished_at), now()) FROM check_requests q JOIN checks c ON c.id = q.check_id WHERE q.record IS NOT NULL GROUP BY q.execution_id;
ALTER TABLE check_requests RENAME COLUMN execution_id TO former_execution_id;
ALTER TABLE check_requests ADD COLUMN execution_id VARCHAR(64) CONSTRAINT check_requests_execution_id_fkey REFERENCES check_records (execution_id);
UPDATE check_requests SET execution_id = former_execution_id WHERE record IS NOT NULL;
ALTER TABLE check_requests DROP COLUMN former_execution_id;
ALTER TABLE check_requests DROP COLUMN record;
UPDATE checks SET config_json = NULL, sampler_json = NULL, counts_by_template_json = NULL WHERE was_cached;
CREATE INDEX ix_check_requests_execution ON check_requests (execution_id) WHERE execution_id IS NOT NULL;
ALTER TABLE check_requests ADD COLUMN result_key VARCHAR(64);
CREATE INDEX ix_check_requests_shared ON check_requests (result_key) WHERE share_id IS NOT NULL;
CREATE INDEX ix_checks_user_claim ON checks (user_id, claim_hash) WHERE NOT was_cached;
DELETE FROM result_cache;

CREATE TABLE rate_counts (
  scope VARCHAR(32) NOT NULL,
  subject VARCHAR(64) NOT NULL,
  started_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  used INTEGER NOT NULL,
  CONSTRAINT rate_counts_pkey PRIMARY KEY (scope, subject)
);

CREATE INDEX ix_rate_counts_started ON rate_counts (started_at);
ALTER TABLE webhook_events ADD COLUMN customer_hash VARCHAR(64);
CREATE INDEX ix_webhook_events_customer ON webhook_events (customer_hash) WHERE customer_hash IS NOT NULL;
CREATE INDEX ix_webhook_events_created ON webhook_events (created_at);
UPDATE webhook_events SET payload = '{}';
ALTER TABLE billing_accounts ADD COLUMN customer_account VARCHAR(255);
CREATE UNIQUE INDEX uq_billing_customer_account ON billing_accounts (customer_account);
