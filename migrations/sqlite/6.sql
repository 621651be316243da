-- Schema number 6: what heretix calibrate found a model's probabilities to be worth (docs/calibrate.md).

-- The newest row of a model, a way of answering and a readout says beside its results how often it was right.
CREATE TABLE heretix_certificates (
  model TEXT NOT NULL,              -- as hashed into keys
  mode TEXT NOT NULL,               -- how its answers are made, as far as that changes them: server, temperature, …
  readout TEXT NOT NULL,            -- how the beliefs were read
  labels_sha256 TEXT NOT NULL,      -- of the file of labelled claims
  made_at INTEGER NOT NULL,         -- Unix seconds, UTC
  program_version TEXT NOT NULL,
  certificate_json TEXT NOT NULL    -- format heretix_calibration
);
CREATE INDEX heretix_certificates_by_model ON heretix_certificates (model, mode, readout);
