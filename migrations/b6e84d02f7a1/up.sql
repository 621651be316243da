-- revision: b6e84d02f7a1
-- parent: f19d3c7a5b28
-- title: decisions: keys of programs, what they had decided, and its measurements; harness schema 7

-- The id of a key is a keyed hash of it, so that a copy of the database signs nobody in.
CREATE TABLE api_keys (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  name varchar(64) NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  last_used_at timestamptz,
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT uq_api_keys_name UNIQUE (user_id, name),
  CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

-- A question that somebody asked a model by the System One API. It is charged once; without an answer it is under way.
CREATE TABLE decisions (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  question_key varchar(64) NOT NULL,
  model varchar(200) NOT NULL,
  kind varchar(16) NOT NULL,
  state text NOT NULL,
  question text NOT NULL,
  answer text,
  wordings bigint DEFAULT 0 NOT NULL,
  record varchar(64),
  ledger_id uuid,
  created_at timestamptz DEFAULT now() NOT NULL,
  answered_at timestamptz,
  last_asked_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT decisions_pkey PRIMARY KEY (id),
  CONSTRAINT uq_decisions_question UNIQUE (user_id, question_key, model),
  CONSTRAINT decisions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_decisions_user_asked ON decisions (user_id, last_asked_at);
CREATE INDEX ix_decisions_question ON decisions (question_key);

-- The executions that were measured for a question, whoever asked it. They go with the last decision about it.
CREATE TABLE decision_executions (
  execution_id varchar(64) NOT NULL,
  question_key varchar(64) NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT decision_executions_pkey PRIMARY KEY (question_key, execution_id)
);
CREATE INDEX ix_decision_executions_execution ON decision_executions (execution_id);

-- Choices and scores, as in a harness file.
CREATE TABLE heretix_decisions (
  decision_id text NOT NULL,
  decision_key text NOT NULL,
  model text NOT NULL,
  mode text NOT NULL,
  form text NOT NULL,
  method text NOT NULL,
  bank text NOT NULL,
  wordings bigint NOT NULL,
  created_at bigint NOT NULL,
  program_version text NOT NULL,
  state text NOT NULL,
  question_json text NOT NULL,
  bank_json text NOT NULL,
  answer_json text NOT NULL,
  CONSTRAINT heretix_decisions_pkey PRIMARY KEY (decision_id)
);
CREATE UNIQUE INDEX heretix_decisions_by_key ON heretix_decisions (decision_key, model, mode, form, bank, wordings);
