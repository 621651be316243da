-- revision: d3a95b70c814
-- destroys: heretix_server_refusals check_records rate_counts

-- A name that was cut would be another model's: where one does not fit, nothing is done.
DO $$ DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM checks WHERE length(model) > 64 OR length(provider_model_id) > 64; IF n > 0 THEN RAISE EXCEPTION USING ERRCODE = '22001', MESSAGE = n || ' checks name a model in more than 64 characters, which the revision before cannot hold', HINT = 'export those checks and delete their rows, or stay at this revision'; END IF; END $$;
ALTER TABLE checks ALTER COLUMN model TYPE varchar(64);
ALTER TABLE checks ALTER COLUMN provider_model_id TYPE varchar(64);
DROP TABLE heretix_server_refusals;
CREATE TABLE heretix_refused_parameters (
  model text NOT NULL,
  parameter text NOT NULL,
  refused_at bigint NOT NULL,
  message text NOT NULL,
  CONSTRAINT heretix_refused_parameters_pkey PRIMARY KEY (model, parameter)
);

-- Every check has its record in its own row again. The table is made anew, because its columns have an order.
ALTER TABLE check_requests RENAME TO check_requests_after;
ALTER TABLE check_requests_after DROP CONSTRAINT check_requests_pkey;
ALTER TABLE check_requests_after DROP CONSTRAINT uq_check_requests_share;
ALTER TABLE check_requests_after DROP CONSTRAINT check_requests_check_id_fkey;
DROP INDEX ix_check_requests_visitor;
DROP INDEX ix_check_requests_updated;
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
INSERT INTO check_requests (check_id, state, request, visitor_id, ledger_id, charged_to, cancel_requested, lease_token, execution_id, record, error_kind, error, last_event, share_id, created_at, updated_at) SELECT q.check_id, q.state, q.request, q.visitor_id, q.ledger_id, q.charged_to, q.cancel_requested, q.lease_token, q.execution_id, r.record, q.error_kind, q.error, q.last_event, q.share_id, q.created_at, q.updated_at FROM check_requests_after q LEFT JOIN check_records r ON r.execution_id = q.execution_id;
CREATE INDEX ix_check_requests_visitor ON check_requests (visitor_id) WHERE visitor_id IS NOT NULL;
CREATE INDEX ix_check_requests_updated ON check_requests (updated_at);
DROP TABLE check_requests_after;
DROP INDEX ix_checks_user_claim;
DROP TABLE check_records;
DROP TABLE rate_counts;
DROP INDEX ix_webhook_events_created;
ALTER TABLE webhook_events DROP COLUMN customer_hash;
ALTER TABLE billing_accounts DROP COLUMN customer_account;
DROP INDEX heretix_execution_samples_by_key;
DROP INDEX heretix_answers_by_execution;
