DROP TABLE deleted_users;
DROP TABLE heard_orders;
DROP TABLE preferences;
DROP TABLE templates;
DROP TABLE messages;
