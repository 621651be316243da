-- revision: 9e15719c5c3c
-- destroys: usage_ledger sessions result_cache email_tokens checks users

DROP TABLE usage_ledger;
DROP TABLE sessions;
DROP TABLE result_cache;
DROP TABLE email_tokens;
DROP TABLE checks;
DROP TABLE users;
