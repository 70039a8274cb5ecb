"""The operator's commands, a room per noun. Each calls the same actions as chat and console."""
