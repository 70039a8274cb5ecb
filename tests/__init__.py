"""The proof: the same tree again, with journeys and house rules."""
