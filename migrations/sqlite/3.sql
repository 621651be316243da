-- Schema number 3: what heretix drift measured of its sentinels, in order (docs/storage.md). Everything else about a
-- watch is computed from these executions.

CREATE TABLE heretix_drift_measurements (
  watch TEXT NOT NULL,
  epoch INTEGER NOT NULL,           -- grows with every baseline begun anew
  claim_hash TEXT NOT NULL,
  number INTEGER NOT NULL,          -- of the sentinel's measurements in the epoch, from 0
  is_baseline INTEGER NOT NULL,
  execution_id TEXT NOT NULL,
  recorded_at INTEGER NOT NULL,     -- Unix seconds, UTC
  PRIMARY KEY (watch, epoch, claim_hash, number)
);
