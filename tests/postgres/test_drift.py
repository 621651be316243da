"""Whatever was changed by hand in our tables is found and named; what is allowed raises no alarm."""
import json
import unittest

from cases import HEAD, PostgresTest

# What was done, and the object that `db check` must name.
MUTATIONS = [
    # columns
    ("ALTER TABLE checks DROP COLUMN pqs", "column checks.pqs"),
    ("ALTER TABLE checks ADD COLUMN extra text", "column checks.extra"),
    ("ALTER TABLE checks RENAME COLUMN claim TO claim_text", "column checks.claim_text"),
    ('ALTER TABLE checks RENAME COLUMN "K" TO k', "column checks.K"),
    ("ALTER TABLE checks ALTER COLUMN seed TYPE integer", "column checks.seed"),
    ("ALTER TABLE checks ALTER COLUMN run_id TYPE varchar(65)", "column checks.run_id"),
    ("ALTER TABLE checks ALTER COLUMN claim TYPE varchar", "column checks.claim"),
    ("ALTER TABLE checks ALTER COLUMN pqs TYPE real", "column checks.pqs"),
    ("ALTER TABLE result_cache ALTER COLUMN payload TYPE json", "column result_cache.payload"),
    ("ALTER TABLE sessions ALTER COLUMN expires_at TYPE timestamp", "column sessions.expires_at"),
    ("ALTER TABLE sessions ALTER COLUMN expires_at TYPE timestamptz(3)", "column sessions.expires_at"),
    ("ALTER TABLE users ALTER COLUMN email TYPE varchar(320) COLLATE \"C\"", "column users.email"),
    ("ALTER TABLE checks ALTER COLUMN env DROP NOT NULL", "column checks.env"),
    ("ALTER TABLE checks ALTER COLUMN claim SET NOT NULL", "column checks.claim"),
    ("ALTER TABLE users ALTER COLUMN plan DROP DEFAULT", "column users.plan"),
    ("ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'pro'", "column users.plan"),
    ("ALTER TABLE usage_ledger ALTER COLUMN checks_used SET DEFAULT 0", "column usage_ledger.checks_used"),
    ("ALTER TABLE checks ALTER COLUMN id SET DEFAULT gen_random_uuid()", "column checks.id"),
    ("ALTER TABLE samples ALTER COLUMN created_at SET DEFAULT 0", "column samples.created_at"),
    ("ALTER TABLE heretix_executions ALTER COLUMN created_at ADD GENERATED ALWAYS AS IDENTITY", "column heretix_executions.created_at"),
    ("ALTER TABLE samples ADD COLUMN double_p double precision GENERATED ALWAYS AS (prob_true * 2) STORED", "column samples.double_p"),
    ("ALTER TABLE checks DROP COLUMN finished_at; ALTER TABLE checks DROP COLUMN created_at; ALTER TABLE checks ADD finished_at timestamptz; "
     "ALTER TABLE checks ADD created_at timestamptz NOT NULL DEFAULT now()", "order checks"),
    ("ALTER TABLE heretix_answers ALTER COLUMN raw_text TYPE text USING encode(raw_text, 'escape')", "column heretix_answers.raw_text"),
    # constraints
    ("ALTER TABLE checks DROP CONSTRAINT uq_checks_run_id", "constraint checks.uq_checks_run_id"),
    ("ALTER TABLE checks RENAME CONSTRAINT uq_checks_run_id TO checks_run_id_key", "constraint checks.checks_run_id_key"),
    ("ALTER TABLE checks DROP CONSTRAINT checks_pkey CASCADE", "constraint checks.checks_pkey"),
    ("ALTER TABLE checks DROP CONSTRAINT checks_user_id_fkey", "constraint checks.checks_user_id_fkey"),
    ("ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey, ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)",
     "constraint sessions.sessions_user_id_fkey"),
    ("ALTER TABLE sessions ALTER CONSTRAINT sessions_user_id_fkey DEFERRABLE INITIALLY DEFERRED", "constraint sessions.sessions_user_id_fkey"),
    ("ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey, ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) "
     "ON DELETE CASCADE NOT VALID", "constraint sessions.sessions_user_id_fkey"),
    ("ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey, ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) "
     "ON DELETE CASCADE ON UPDATE CASCADE", "constraint sessions.sessions_user_id_fkey"),
    ("ALTER TABLE checks ADD CONSTRAINT p_range CHECK (prob_true_rpl BETWEEN 0 AND 1)", "constraint checks.p_range"),
    ("ALTER TABLE checks ADD CONSTRAINT p_range CHECK (prob_true_rpl >= 0) NOT VALID", "constraint checks.p_range"),
    ("ALTER TABLE usage_ledger DROP CONSTRAINT uq_usage_period, ADD CONSTRAINT uq_usage_period UNIQUE (user_id, period_end)",
     "constraint usage_ledger.uq_usage_period"),
    ("ALTER TABLE users DROP CONSTRAINT uq_users_email, ADD CONSTRAINT uq_users_email UNIQUE NULLS NOT DISTINCT (email)", "constraint users.uq_users_email"),
    ("ALTER TABLE samples ADD CONSTRAINT one EXCLUDE USING btree (response_id WITH =)", "constraint samples.one"),
    # indexes
    ("DROP INDEX ix_checks_env", "index checks.ix_checks_env"),
    ("ALTER INDEX ix_checks_env RENAME TO checks_env", "index checks.checks_env"),
    ("CREATE INDEX by_hand ON checks (model)", "index checks.by_hand"),
    ("DROP INDEX ix_checks_env; CREATE INDEX ix_checks_env ON checks (env DESC)", "index checks.ix_checks_env"),
    ("DROP INDEX ix_checks_env; CREATE UNIQUE INDEX ix_checks_env ON checks (env)", "index checks.ix_checks_env"),
    ("DROP INDEX ix_checks_env; CREATE INDEX ix_checks_env ON checks (env) WHERE user_id IS NULL", "index checks.ix_checks_env"),
    ("DROP INDEX ix_checks_env; CREATE INDEX ix_checks_env ON checks (lower(env))", "index checks.ix_checks_env"),
    ("DROP INDEX ix_checks_env; CREATE INDEX ix_checks_env ON checks USING hash (env)", "index checks.ix_checks_env"),
    ("DROP INDEX ix_checks_env; CREATE INDEX ix_checks_env ON checks (env) INCLUDE (model)", "index checks.ix_checks_env"),
    ("DROP INDEX ix_checks_env; CREATE INDEX ix_checks_env ON checks (env varchar_pattern_ops)", "index checks.ix_checks_env"),
    ("DROP INDEX ix_checks_env; CREATE INDEX ix_checks_env ON checks (env COLLATE \"C\")", "index checks.ix_checks_env"),
    ("DROP INDEX heretix_executions_by_run; CREATE INDEX heretix_executions_by_run ON heretix_executions (created_at, run_id)",
     "index heretix_executions.heretix_executions_by_run"),
    ("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_checks_env'::regclass", "index checks.ix_checks_env"),
    # tables
    ("DROP TABLE email_tokens", "table email_tokens"),
    ("ALTER TABLE result_cache RENAME TO cache", "table result_cache"),
    ("ALTER TABLE result_cache SET UNLOGGED", "table result_cache"),
    ("ALTER TABLE checks ENABLE ROW LEVEL SECURITY", "table checks"),
    ("ALTER TABLE checks FORCE ROW LEVEL SECURITY", "table checks"),
    ("CREATE TABLE more () INHERITS (samples)", "table samples"),
    ("CREATE TABLE parent (x int); ALTER TABLE samples ADD x int; ALTER TABLE samples INHERIT parent", "table samples"),
    ("DROP TABLE heretix_answers; CREATE VIEW heretix_answers AS SELECT 1 AS cache_key", "table heretix_answers"),
    ("ALTER TABLE alembic_version ALTER COLUMN version_num TYPE varchar(64)", "column alembic_version.version_num"),
    # what hangs on tables
    ("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL;END'; CREATE TRIGGER t BEFORE INSERT ON checks FOR EACH ROW "
     "EXECUTE FUNCTION f()", "trigger checks.t"),
    ("ALTER TABLE sessions DISABLE TRIGGER ALL", "trigger sessions.sessions_user_id_fkey (5)"),
    ("CREATE RULE r AS ON DELETE TO checks DO INSTEAD NOTHING", "rule checks.r"),
    ("CREATE POLICY p ON checks USING (env = 'prod')", "policy checks.p"),
]

ALLOWED = [
    "ANALYZE", "COMMENT ON TABLE checks IS 'x'; COMMENT ON COLUMN checks.env IS 'y'", "CREATE ROLE some_reader_{db}; GRANT SELECT ON checks TO some_reader_{db}",
    "CREATE ROLE some_owner_{db}; ALTER TABLE checks OWNER TO some_owner_{db}", "ALTER TABLE checks SET (fillfactor = 70, autovacuum_enabled = false)",
    "ALTER TABLE checks ALTER COLUMN claim SET STATISTICS 1000", "ALTER TABLE checks ALTER COLUMN claim SET STORAGE EXTERNAL",
    "CREATE STATISTICS s ON env, model FROM checks", "CREATE TABLE another (id serial PRIMARY KEY, checks text)", "CREATE VIEW v AS SELECT env FROM checks",
    "CREATE SEQUENCE q", "CREATE TYPE mood AS ENUM ('a')", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA other; CREATE TABLE other.checks (id int)", "CREATE PUBLICATION pub FOR TABLE checks", "ALTER TABLE checks REPLICA IDENTITY FULL",
    "INSERT INTO samples (cache_key) VALUES ('a')", "REINDEX TABLE checks", "CLUSTER checks USING checks_pkey",
    "ALTER DATABASE \"{db}\" SET search_path = other_schema, public", "ALTER DATABASE \"{db}\" SET timezone = 'Asia/Tokyo'",
    "ALTER DATABASE \"{db}\" SET quote_all_identifiers = off", "ALTER DATABASE \"{db}\" SET bytea_output = 'escape'",
    "DROP INDEX ix_checks_env; CREATE INDEX ix_checks_env ON checks (env)",
    "ALTER TABLE checks DROP CONSTRAINT uq_checks_run_id; ALTER TABLE checks ADD CONSTRAINT uq_checks_run_id UNIQUE (run_id)",
    "ALTER TABLE checks ADD COLUMN x int; ALTER TABLE checks DROP COLUMN x", "ALTER TABLE checks DISABLE ROW LEVEL SECURITY",
    "CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM checks", "CREATE DOMAIN p AS float8 CHECK (VALUE >= 0)", "CREATE EXTENSION pgcrypto",
]


class Drift(PostgresTest):
    def mutated(self, sql):
        """`db check` on a copy that had this done to it: exit code and differences by object."""
        name = "copy_of_" + self.name
        self.admin(f'CREATE DATABASE "{name}" TEMPLATE "{self.name}"')
        try:
            for statement in sql.replace("{db}", name).split("; "):
                self.do(statement, name=name)
            done = self.db("check", "--json", address=self.server.address(name))
            return done.returncode, {d["object"] for d in json.loads(done.stdout)["databases"][0]["differences"]}
        finally:
            self.admin(f'DROP DATABASE "{name}" WITH (FORCE)')
            for role in ("some_reader_", "some_owner_"):
                self.admin(f'DROP ROLE IF EXISTS {role}{name}')

    def setUp(self):
        super().setUp()
        self.db_ok("upgrade")

    def test_every_mutation_is_found_and_named(self):
        self.assertGreaterEqual(len(MUTATIONS), 40)
        script = self.ok("db", "upgrade", "--sql", "--from", "base")
        for sql, expected in MUTATIONS:
            with self.subTest(sql):
                self.do("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
                self.do(script)
                self.do(sql)
                self.assertIn(expected, set(self.differences()))

    def test_what_is_allowed_raises_no_alarm(self):
        for sql in ALLOWED:
            with self.subTest(sql):
                self.assertEqual(self.mutated(sql), (0, set()))

    def test_being_behind_is_told_apart_from_another_shape(self):
        self.db_ok("downgrade")
        code, found = self.mutated("SELECT 1")
        self.assertEqual((code, found), (1, set()))
        self.assertIn("behind head", self.db("check").stdout)
        self.assertNotEqual(self.current(), HEAD)


if __name__ == "__main__":
    unittest.main()
