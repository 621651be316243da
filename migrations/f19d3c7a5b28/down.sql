-- revision: f19d3c7a5b28
-- destroys: repeats

DROP TABLE repeats;
