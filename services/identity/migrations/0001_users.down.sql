DROP TABLE audit_log;
DROP TABLE addresses;
DROP TABLE locks;
DROP TABLE users;
