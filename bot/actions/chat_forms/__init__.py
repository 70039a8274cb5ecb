"""The forms that staff fill in in the chat, one module each; `fill_form.py` takes people through them.

A form is a list of questions, a preview and a save (`script.py`). To add one: a `FormKind` with its right in
`bot/rules/entry_form.py`, a module here, a line in `fill_form.SCRIPTS` and in `bot/rules/commands.py`.
"""
