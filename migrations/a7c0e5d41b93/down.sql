-- revision: a7c0e5d41b93
-- destroys: set_checks set_claims sets

DROP TABLE set_checks;
DROP TABLE set_claims;
DROP TABLE sets;
