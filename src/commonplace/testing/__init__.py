"""The conformance suite: what an engine must show before anything is built on it.

Write a `Harness` for the engine, give it to pytest as the fixture `harness`, and import the
tests: `from commonplace.testing.suite import *`. See docs/how-to/test-an-engine.md. Needs the
extra `test` (pytest and hypothesis); the worker processes need neither.
"""
