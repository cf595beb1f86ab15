-- When what is held is captured.
ALTER TABLE payments ADD COLUMN capture TEXT NOT NULL DEFAULT 'at_once'
    CHECK (capture IN ('at_once', 'on_shipment'));
