"""The page of the rehearsal: telephones as chats, the clock, and the log of what happened."""
