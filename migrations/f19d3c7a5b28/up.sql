-- revision: f19d3c7a5b28
-- parent: a7c0e5d41b93
-- title: repeats: claims that are measured again and again

CREATE TABLE repeats (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  claim text NOT NULL,
  model varchar(200) NOT NULL,
  wish text NOT NULL,
  every_days bigint NOT NULL,
  runs bigint DEFAULT 0 NOT NULL,
  next_at timestamptz NOT NULL,
  last_check_id uuid,
  trouble text,
  created_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT repeats_pkey PRIMARY KEY (id),
  CONSTRAINT repeats_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_repeats_user_created ON repeats (user_id, created_at);
