"""The past of an entry: its states, how long a line stood, and what its words came from."""
