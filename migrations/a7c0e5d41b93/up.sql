-- revision: a7c0e5d41b93
-- parent: d3a95b70c814
-- title: sets: many claims by several models

CREATE TABLE sets (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  name varchar(200) NOT NULL,
  models text NOT NULL,
  request text NOT NULL,
  claims bigint NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT sets_pkey PRIMARY KEY (id),
  CONSTRAINT sets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_sets_user_created ON sets (user_id, created_at, id);

-- A claim of a set, with what its line said beside it.
CREATE TABLE set_claims (
  set_id uuid NOT NULL,
  number bigint NOT NULL,
  line bigint NOT NULL,
  claim text NOT NULL,
  tags text NOT NULL,
  truth bigint,
  CONSTRAINT set_claims_pkey PRIMARY KEY (set_id, number),
  CONSTRAINT set_claims_set_id_fkey FOREIGN KEY (set_id) REFERENCES sets (id) ON DELETE CASCADE
);

-- The check of a claim by a model. Its figures are copied from the record when they are first shown, because a record
-- is far too long to be read for every cell of a table.
CREATE TABLE set_checks (
  set_id uuid NOT NULL,
  number bigint NOT NULL,
  model bigint NOT NULL,
  check_id uuid NOT NULL,
  figures text,
  billed_micro_usd bigint,
  CONSTRAINT set_checks_pkey PRIMARY KEY (set_id, number, model),
  CONSTRAINT uq_set_checks_check UNIQUE (check_id),
  CONSTRAINT set_checks_set_id_fkey FOREIGN KEY (set_id) REFERENCES sets (id) ON DELETE CASCADE,
  CONSTRAINT set_checks_check_id_fkey FOREIGN KEY (check_id) REFERENCES checks (id) ON DELETE CASCADE
);
