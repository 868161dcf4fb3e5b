"""Where records live: the engine contract, group commit, and transactions written once."""
