"""Shared memory for teams of LLM agents."""
