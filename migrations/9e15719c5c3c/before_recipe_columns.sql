-- from: before_recipe_columns
-- title: checks made anew with the recipe columns, every row carried over
-- Columns must stand in the present order, so the table is made anew. aggregation and diagnostics, which have no column
-- of their own any more, are kept as JSON in config_json; what they may say of seed and bounds stays readable there.
-- run_id is unique now: of rows that share one the oldest keeps it, the others get 12 hexadecimal digits of their id.

ALTER TABLE checks RENAME TO checks_before;
ALTER TABLE checks_before DROP CONSTRAINT checks_pkey;
ALTER TABLE checks_before DROP CONSTRAINT checks_user_id_fkey;
DROP INDEX ix_checks_run_id;
DROP INDEX ix_checks_claim_hash;
DROP INDEX ix_checks_env;
DROP INDEX ix_checks_user_id;
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
INSERT INTO checks (
  id,
  run_id,
  env,
  user_id,
  claim,
  claim_hash,
  model,
  prompt_version,
  "K",
  "R",
  "T",
  "B",
  max_output_tokens,
  prob_true_rpl,
  ci_lo,
  ci_hi,
  ci_width,
  stability_score,
  imbalance_ratio,
  cache_hit_rate,
  config_json,
  was_cached,
  provider_model_id,
  created_at,
  finished_at
)
SELECT
  id,
  run_id || CASE WHEN row_number() OVER (PARTITION BY run_id ORDER BY started_at, id) = 1 THEN ''
    ELSE '-' || substr(md5(id::text), 1, 12) END,
  env,
  user_id,
  claim_text,
  claim_hash,
  model,
  prompt_version,
  k,
  r,
  t,
  b,
  max_output_tokens,
  prob_true_rpl,
  ci_lo,
  ci_hi,
  ci_hi - ci_lo,
  stability_score,
  imbalance_ratio,
  cache_hit_rate,
  jsonb_build_object('aggregation', aggregation, 'diagnostics', diagnostics)::text,
  was_cached,
  provider_model_id,
  coalesce(started_at, finished_at, now()),
  finished_at
FROM checks_before;
DROP TABLE checks_before;
ALTER TABLE usage_ledger
  ALTER COLUMN checks_allowed TYPE bigint,
  ALTER COLUMN checks_used DROP DEFAULT,
  ALTER COLUMN checks_used TYPE bigint,
  ALTER COLUMN checks_used SET DEFAULT '0';
