DROP TABLE purchases;
DROP TABLE ratings;
DROP TABLE reviews;
