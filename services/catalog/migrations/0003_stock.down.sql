DROP TABLE stock_ledger;
DROP TABLE reservation;
DROP TABLE stock;
