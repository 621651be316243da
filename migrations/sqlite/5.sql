-- Schema number 5: what heretix probe found out about models that state a probability (docs/probe.md).

-- A row is written before the first question of a probe is sent, so that a probe that was killed goes on under its own
-- name and asks nothing twice. The newest finished row of a model decides whether wordings go into one request.
CREATE TABLE heretix_probes (
  probe_id TEXT PRIMARY KEY,        -- the execution_id of its answers and attempts
  address TEXT NOT NULL,            -- of the server; empty: none answers
  model TEXT NOT NULL,              -- as hashed into keys
  mode TEXT NOT NULL,               -- how its answers are made, as far as that changes them: server, temperature, …
  design TEXT NOT NULL,             -- what is asked: bank, wordings and repeats
  started_at INTEGER NOT NULL,      -- Unix seconds, UTC
  finished_at INTEGER,              -- empty: it was stopped, or still runs
  program_version TEXT NOT NULL,
  profile_json TEXT                 -- format heretix_probe; empty until it is finished
);
CREATE INDEX heretix_probes_by_model ON heretix_probes (address, model, mode);
