"""Following: a copy of one tenant that tails another engine's records and serves the reads."""
