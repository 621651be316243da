-- revision: b6e84d02f7a1
-- destroys: api_keys decisions decision_executions heretix_decisions

DROP TABLE heretix_decisions;
DROP TABLE decision_executions;
DROP TABLE decisions;
DROP TABLE api_keys;
