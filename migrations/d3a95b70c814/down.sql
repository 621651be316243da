-- revision: d3a95b70c814
-- destroys: heretix_server_refusals

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
