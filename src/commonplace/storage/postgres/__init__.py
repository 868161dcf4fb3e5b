"""The PostgreSQL engine: one database, many processes of many hosts."""
