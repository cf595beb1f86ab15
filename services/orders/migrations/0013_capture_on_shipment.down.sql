ALTER TABLE orders DROP COLUMN captured;
ALTER TABLE sagas DROP COLUMN capture_before;
ALTER TABLE sagas DROP COLUMN on_shipment;
