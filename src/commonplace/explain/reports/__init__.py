"""Reports: their citations read, and each held against what the run was shown and what stands."""
