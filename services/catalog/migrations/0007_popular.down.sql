DROP INDEX products_popular;
