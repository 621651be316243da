-- Schema number 7: the choices and scores that heretix systemone answered (docs/systemone.md). Nouls are checks.

-- A row for each number of wordings that an answer rested on. Rows are never changed, so each answer can be verified as it
-- was given.
CREATE TABLE heretix_decisions (
  decision_id TEXT PRIMARY KEY,     -- "dec-" and 12 digits or more
  decision_key TEXT NOT NULL,       -- of state and question, whatever its id and the order of its options
  model TEXT NOT NULL,              -- as hashed into keys
  mode TEXT NOT NULL,               -- how its answers are made, as far as that changes them
  form TEXT NOT NULL,               -- in which the model was asked
  method TEXT NOT NULL,             -- letters, statements
  bank TEXT NOT NULL,               -- the version of the wordings
  wordings INTEGER NOT NULL,        -- that were asked
  created_at INTEGER NOT NULL,      -- Unix seconds, UTC
  program_version TEXT NOT NULL,
  state TEXT NOT NULL,
  question_json TEXT NOT NULL,
  bank_json TEXT NOT NULL,          -- the texts of the wordings
  answer_json TEXT NOT NULL         -- format heretix_decision, version 1
);
CREATE UNIQUE INDEX heretix_decisions_by_key ON heretix_decisions (decision_key, model, mode, form, bank, wordings);
