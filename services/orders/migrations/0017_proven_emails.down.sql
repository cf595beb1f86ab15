DROP INDEX orders_of_guests;
DROP TABLE proven_emails;
