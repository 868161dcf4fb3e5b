"""How the properties of the unit tests are searched: the same examples on every machine."""

from hypothesis import settings
from hypothesis import strategies as st

prove = settings(derandomize=True, deadline=None, database=None, max_examples=200)
prove_much = settings(prove, max_examples=600)

any_text = st.text(st.characters(exclude_categories=()))
"""Text with anything in it, lone surrogates included."""
