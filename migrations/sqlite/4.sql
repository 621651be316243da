-- Schema number 4: what a server refused to take, with the value and with what it was sent (docs/storage.md).

-- The table before named a parameter without its value, so that one refused value silenced all others. What it held is
-- found out again by one request that costs nothing.
DROP TABLE heretix_refused_parameters;
CREATE TABLE heretix_server_refusals (
  address TEXT NOT NULL,            -- of the server: base URL and path
  model TEXT NOT NULL,              -- as hashed into keys
  parameter TEXT NOT NULL,          -- temperature, reasoning, logprobs; or a way to ask: form, limit, system
  value TEXT NOT NULL,              -- what was sent
  sent_with TEXT NOT NULL,          -- the other optional parameters beside it, "name=value;name=value"
  refused_at INTEGER NOT NULL,      -- Unix seconds, UTC
  message TEXT NOT NULL,            -- what the server said
  PRIMARY KEY (address, model, parameter, value, sent_with)
);

-- Which executions count an answer, and which answers came to one: for what is removed with its last reader.
CREATE INDEX heretix_execution_samples_by_key ON heretix_execution_samples (cache_key);
CREATE INDEX heretix_answers_by_execution ON heretix_answers (execution_id);
