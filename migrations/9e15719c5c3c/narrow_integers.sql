-- from: narrow_integers
-- title: 32-bit integers made 64-bit

ALTER TABLE checks
  ALTER COLUMN "K" TYPE bigint,
  ALTER COLUMN "R" TYPE bigint,
  ALTER COLUMN "T" TYPE bigint,
  ALTER COLUMN "B" TYPE bigint,
  ALTER COLUMN seed TYPE bigint,
  ALTER COLUMN bootstrap_seed TYPE bigint,
  ALTER COLUMN max_output_tokens TYPE bigint;
ALTER TABLE usage_ledger
  ALTER COLUMN checks_allowed TYPE bigint,
  ALTER COLUMN checks_used DROP DEFAULT,
  ALTER COLUMN checks_used TYPE bigint,
  ALTER COLUMN checks_used SET DEFAULT '0';
