-- Schema number 2: what providers say beside the answer, and what was sent as one of their batches (docs/storage.md).

ALTER TABLE heretix_answers ADD COLUMN finish TEXT;                    -- the provider's own word for how it stopped
ALTER TABLE heretix_answers ADD COLUMN tokens_cached INTEGER;          -- of tokens_in, read from the provider's cache
ALTER TABLE heretix_answers ADD COLUMN tokens_cache_written INTEGER;   -- of tokens_in, written to it
ALTER TABLE heretix_answers ADD COLUMN tokens_reasoning INTEGER;       -- of tokens_out
ALTER TABLE heretix_answers ADD COLUMN billed_pico_usd INTEGER;        -- 10^-12 dollars, exact; empty: unknown
ALTER TABLE heretix_answers ADD COLUMN logprobs TEXT;                  -- JSON, where they were asked for

-- Optional parameters that a model refused: left out from then on.
CREATE TABLE heretix_refused_parameters (
  model TEXT NOT NULL,
  parameter TEXT NOT NULL,
  refused_at INTEGER NOT NULL,      -- Unix seconds, UTC
  message TEXT NOT NULL,            -- what the provider said
  PRIMARY KEY (model, parameter)
);

-- Batches handed to a provider; their attempts are open until it is fetched.
CREATE TABLE heretix_batches (
  batch_id TEXT PRIMARY KEY,        -- ours
  provider_batch_id TEXT,           -- empty: not known to have arrived
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  run_id TEXT NOT NULL,
  execution_id TEXT NOT NULL,
  state TEXT NOT NULL,              -- submitting, submitted, fetched, failed
  submitted_at INTEGER NOT NULL,    -- Unix seconds, UTC
  fetched_at INTEGER,
  note TEXT
);
CREATE TABLE heretix_batch_questions (
  batch_id TEXT NOT NULL,
  cache_key TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  PRIMARY KEY (batch_id, cache_key)
);
CREATE INDEX heretix_batch_questions_by_key ON heretix_batch_questions (cache_key);

-- For a day's spending.
CREATE INDEX heretix_attempts_by_start ON heretix_attempts (started_at);
