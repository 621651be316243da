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
