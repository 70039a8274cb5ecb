"""Alembic's folder: up, down, and equal to the tables (tested)."""
