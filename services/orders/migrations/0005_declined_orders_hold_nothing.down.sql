UPDATE sagas SET step = 'await_payment', version = version + 1 WHERE step = 'release';
