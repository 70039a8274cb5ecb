"""The archive: what is remembered, and how."""
