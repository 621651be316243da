-- revision: 5f27c9e1a804
-- destroys: heretix_drift_measurements heretix_batch_questions heretix_batches heretix_refused_parameters billing_accounts webhook_events failed_verifiers idempotency_keys daily_spending rate_events anonymous_visitors check_events check_requests jobs

DROP TABLE heretix_drift_measurements;
DROP TABLE heretix_batch_questions;
DROP TABLE heretix_batches;
DROP TABLE heretix_refused_parameters;
DROP INDEX heretix_attempts_by_start;
ALTER TABLE heretix_answers DROP COLUMN logprobs;
ALTER TABLE heretix_answers DROP COLUMN billed_pico_usd;
ALTER TABLE heretix_answers DROP COLUMN tokens_reasoning;
ALTER TABLE heretix_answers DROP COLUMN tokens_cache_written;
ALTER TABLE heretix_answers DROP COLUMN tokens_cached;
ALTER TABLE heretix_answers DROP COLUMN finish;
DROP TABLE billing_accounts;
DROP TABLE webhook_events;
DROP TABLE failed_verifiers;
DROP TABLE idempotency_keys;
DROP TABLE daily_spending;
DROP TABLE rate_events;
DROP TABLE anonymous_visitors;
DROP TABLE check_events;
DROP INDEX ix_checks_user_created;
DROP TABLE check_requests;
DROP TABLE jobs;
