"""The doors: how people and time reach the house."""
