"""Builds every part once and connects them; the only floor that knows all.

`opening` makes the desk of a command; `service` the whole of `suifang run`; `theatre` the rehearsal. A plain
command loads the first alone: Telegram, web and charts are imported where they are run.
"""
