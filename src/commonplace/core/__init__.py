"""What the memory decides, as pure functions: no I/O, no clock, no randomness.

`decide` is the only place where a conflict is decided; `rules/` holds one file per rule.
"""
