"""Explaining: who wrote a line, what a region promises, what happened; as values."""
