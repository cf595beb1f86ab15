ALTER TABLE imports DROP COLUMN set_stock;
DROP INDEX stock_ledger_adjust;
ALTER TABLE stock_ledger DROP COLUMN reason;
