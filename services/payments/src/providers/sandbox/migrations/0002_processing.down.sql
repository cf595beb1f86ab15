UPDATE sandbox_charges SET state = 'requires_action' WHERE state = 'processing';
