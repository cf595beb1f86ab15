DROP TRIGGER ledger_entries_append_only ON ledger_entries;
DROP FUNCTION refuse_ledger_change();
