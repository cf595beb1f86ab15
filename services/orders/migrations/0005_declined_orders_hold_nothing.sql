-- An order that waits for another payment holds no stock: those that wait now let go of it. Their
-- lease ended when they began to wait, so that they are due at once.
UPDATE sagas SET step = 'release', due_at = lease_until, version = version + 1
WHERE step = 'await_payment';
