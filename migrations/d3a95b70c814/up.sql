-- revision: d3a95b70c814
-- parent: 5f27c9e1a804
-- title: safety: names of 200 characters, what a server refuses; harness schema 4

-- Hub paths and the names that gateways give their models are longer than 64 characters.
ALTER TABLE checks ALTER COLUMN model TYPE varchar(200);
ALTER TABLE checks ALTER COLUMN provider_model_id TYPE varchar(200);

-- The table before named a parameter without the value that was refused, so that one refused value silenced all others.
DROP TABLE heretix_refused_parameters;
CREATE TABLE heretix_server_refusals (
  address text NOT NULL,
  model text NOT NULL,
  parameter text NOT NULL,
  value text NOT NULL,
  sent_with text NOT NULL,
  refused_at bigint NOT NULL,
  message text NOT NULL,
  CONSTRAINT heretix_server_refusals_pkey PRIMARY KEY (address, model, parameter, value, sent_with)
);
