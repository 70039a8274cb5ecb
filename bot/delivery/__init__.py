"""The ways out: Telegram and the other channels of the staff."""
