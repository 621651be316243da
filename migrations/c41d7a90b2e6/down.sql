-- revision: c41d7a90b2e6
-- destroys: heretix_answers heretix_attempts heretix_execution_samples heretix_executions heretix_banks samples

DROP TABLE heretix_answers;
DROP TABLE heretix_attempts;
DROP TABLE heretix_execution_samples;
DROP TABLE heretix_executions;
DROP TABLE heretix_banks;
DROP TABLE samples;
