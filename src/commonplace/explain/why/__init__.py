"""Why: who wrote a sentence, in every state that ever stood, and what came of it."""
