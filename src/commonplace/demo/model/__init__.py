"""The same crew on a real model: the verbs of the memory as tools of the Messages API."""
