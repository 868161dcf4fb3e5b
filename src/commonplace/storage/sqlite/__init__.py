"""The SQLite engine: one file, many processes of one host."""
