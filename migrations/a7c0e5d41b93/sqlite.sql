-- revision: a7c0e5d41b93
-- The service's own tables in SQLite, which stores any length in any column. Never edit this file, add a revision.

CREATE TABLE sets (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  name VARCHAR(200) NOT NULL,
  models text NOT NULL,
  request text NOT NULL,
  claims INTEGER NOT NULL,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT sets_pkey PRIMARY KEY (id),
  CONSTRAINT sets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_sets_user_created ON sets (user_id, created_at, id);

CREATE TABLE set_claims (
  set_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  line INTEGER NOT NULL,
  claim text NOT NULL,
  tags text NOT NULL,
  truth INTEGER,
  CONSTRAINT set_claims_pkey PRIMARY KEY (set_id, number),
  CONSTRAINT set_claims_set_id_fkey FOREIGN KEY (set_id) REFERENCES sets (id) ON DELETE CASCADE
);

CREATE TABLE set_checks (
  set_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  model INTEGER NOT NULL,
  check_id TEXT NOT NULL,
  figures text,
  billed_micro_usd INTEGER,
  CONSTRAINT set_checks_pkey PRIMARY KEY (set_id, number, model),
  CONSTRAINT uq_set_checks_check UNIQUE (check_id),
  CONSTRAINT set_checks_set_id_fkey FOREIGN KEY (set_id) REFERENCES sets (id) ON DELETE CASCADE,
  CONSTRAINT set_checks_check_id_fkey FOREIGN KEY (check_id) REFERENCES checks (id) ON DELETE CASCADE
);
