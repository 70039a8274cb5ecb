"""The timer door: ticks, each of which calls one action."""
