-- What mails to the user are written in, a primary language tag such as `de`; NULL for the shop's.
ALTER TABLE users ADD COLUMN language TEXT;
