-- revision: f19d3c7a5b28
-- The service's own tables in SQLite, which stores any length in any column. Never edit this file, add a revision.

CREATE TABLE repeats (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  claim text NOT NULL,
  model VARCHAR(200) NOT NULL,
  wish text NOT NULL,
  every_days INTEGER NOT NULL,
  runs INTEGER DEFAULT 0 NOT NULL,
  next_at TEXT NOT NULL,
  last_check_id TEXT,
  trouble text,
  created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT repeats_pkey PRIMARY KEY (id),
  CONSTRAINT repeats_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_repeats_user_created ON repeats (user_id, created_at);
