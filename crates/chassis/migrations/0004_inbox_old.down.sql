DROP INDEX inbox_dead;
DROP INDEX inbox_done;
