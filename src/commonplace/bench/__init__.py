"""The benchmark: what the memory costs, as ratios against bare SQLite and against a peer."""
