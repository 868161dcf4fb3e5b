"""Taking back: what a retraction reaches, whom it concerns, and how readers see it."""
