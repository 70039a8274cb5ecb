"""The rehearsal: an embedded stand-in of the Bot API, the phones page, an adjustable clock, the cast."""
