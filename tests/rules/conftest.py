"""Properties of the rules: no deadline (machines are shared), few enough examples to take seconds."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("rules", deadline=None, max_examples=50)
settings.load_profile("rules")
