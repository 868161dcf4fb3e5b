"""The faces, written by hand here and generated into `_sync` by `tools/unasync.py`."""
