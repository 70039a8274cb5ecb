"""The words: one catalogue per language."""
