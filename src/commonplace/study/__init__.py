"""The study: recorded conversations replayed as turns, and what the memory answers about them."""
