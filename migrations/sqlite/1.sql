-- Our additional tables in a harness file, schema number 1 (docs/storage.md). `runs` and `samples` belong to the
-- shared contract and are not created here.

CREATE TABLE heretix_meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

-- The text of every bank that an execution used, so that a record can be recomputed without the prompt files.
CREATE TABLE heretix_banks (
  content_sha256 TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  bank_json TEXT NOT NULL
);

CREATE TABLE heretix_executions (
  execution_id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  status TEXT NOT NULL,             -- running, done, stopped, failed
  owner TEXT NOT NULL,              -- process that runs it: boot id, pid, start time
  created_at INTEGER NOT NULL,      -- Unix seconds, UTC
  finished_at INTEGER,
  claim TEXT NOT NULL,
  model TEXT NOT NULL,
  mode TEXT NOT NULL,
  prompt_version TEXT NOT NULL,
  bank_content_sha256 TEXT NOT NULL,
  config_json TEXT NOT NULL,
  record_json TEXT,                 -- once done
  record_sha256 TEXT
);
CREATE INDEX heretix_executions_by_run ON heretix_executions (run_id, created_at);

-- The answers an execution counted, in plan order.
CREATE TABLE heretix_execution_samples (
  execution_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  cache_key TEXT NOT NULL,
  attempt INTEGER,                  -- of heretix_answers; empty: only `samples` holds the answer
  from_store INTEGER NOT NULL,
  PRIMARY KEY (execution_id, position)
);

-- Committed before the first byte of a request is sent.
CREATE TABLE heretix_attempts (
  cache_key TEXT NOT NULL,
  attempt INTEGER NOT NULL,         -- from 1, for each key
  execution_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  started_at INTEGER NOT NULL,      -- Unix microseconds, UTC
  max_cost_micro_usd INTEGER,       -- empty: unknown
  outcome TEXT,                     -- answered, failed, in_doubt, not_sent; empty: unknown
  finished_at INTEGER,
  billed_micro_usd INTEGER,         -- empty: unknown
  error TEXT,
  PRIMARY KEY (cache_key, attempt)
);
CREATE INDEX heretix_attempts_by_execution ON heretix_attempts (execution_id);

CREATE TABLE heretix_answers (
  cache_key TEXT NOT NULL,
  attempt INTEGER NOT NULL,         -- of heretix_attempts
  execution_id TEXT NOT NULL,
  raw_text TEXT NOT NULL,
  raw_sha256 TEXT NOT NULL,
  usable INTEGER NOT NULL,
  reason TEXT,                      -- empty: usable (docs/answers.md)
  prob_true REAL,
  provider TEXT NOT NULL,
  provider_model_id TEXT NOT NULL,
  response_id TEXT NOT NULL,
  tokens_in INTEGER,
  tokens_out INTEGER,
  latency_ms REAL NOT NULL,
  created_at INTEGER NOT NULL,      -- Unix seconds, UTC
  PRIMARY KEY (cache_key, attempt)
);
