"""Transactions written once: generators of steps that every engine's driver runs."""
