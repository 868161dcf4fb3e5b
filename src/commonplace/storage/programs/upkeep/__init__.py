"""Upkeep: what keeps a log whole and of a bounded size, carries it over, and forgets."""
