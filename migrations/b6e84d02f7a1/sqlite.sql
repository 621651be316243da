-- revision: b6e84d02f7a1
-- The service's own tables in SQLite, which stores any length in any column. Never edit this file, add a revision.

CREATE TABLE api_keys (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  name VARCHAR(64) NOT NULL,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  last_used_at TEXT,
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT uq_api_keys_name UNIQUE (user_id, name),
  CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE decisions (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  question_key VARCHAR(64) NOT NULL,
  model VARCHAR(200) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  state text NOT NULL,
  question text NOT NULL,
  answer text,
  wordings INTEGER DEFAULT 0 NOT NULL,
  record VARCHAR(64),
  ledger_id TEXT,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  answered_at TEXT,
  last_asked_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT decisions_pkey PRIMARY KEY (id),
  CONSTRAINT uq_decisions_question UNIQUE (user_id, question_key, model),
  CONSTRAINT decisions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_decisions_user_asked ON decisions (user_id, last_asked_at);
CREATE INDEX ix_decisions_question ON decisions (question_key);

CREATE TABLE decision_executions (
  execution_id VARCHAR(64) NOT NULL,
  question_key VARCHAR(64) NOT NULL,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT decision_executions_pkey PRIMARY KEY (question_key, execution_id)
);

CREATE INDEX ix_decision_executions_execution ON decision_executions (execution_id);
