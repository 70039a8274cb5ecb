"""Message key + values + language → words, dates, numbers, plurals.

**The catalogues** stand in `locales/<language>/LC_MESSAGES/<part>.po`, read at start without any compiling
step. The msgid is a key such as `patient.reminder.visit_tomorrow`, whose first word names the file
(`refusal.…` stands in `operator.po`).

**To add a message:** put the same key with `msgstr` into both languages' file of that part, beside its topic;
use it in code (`phrase("patient.home")`, `Refusal("refusal.no_such_site", site=…)`); run
`pytest tests/house_rules/test_locales.py`, which finds keys that are missing, unused, or said without one of
their values. Where English needs a plural, give `msgid_plural` (the same key) with `msgstr[0]` and
`msgstr[1]`; the value `count` chooses, and Chinese has `msgstr[0]` alone. A key that is made in code from an
enum or a study file (`patient.answer.{option}`) needs one entry for every member.

**Placeholders** are `{name}` or `{name:form}`:

| Value | `{name}` | Forms |
| --- | --- | --- |
| moment | local: `3月10日（周二）09:30`, `Tue 10 March, 09:30` | `:day` and `:time` alone |
| date | day and weekday | |
| text | as it is | `:short` at most 300 characters, for what a person typed |
| Phrase, Bilingual | in the language of the message | |
| tuple of these | one a line | `:list` in one line |
| enum | the key `staff.<enum>.<MEMBER>`, such as `staff.level.URGENT` | |
| Decimal, int | all its digits | |

Values are never read as templates: a patient's braces come through as she typed them.
"""

from bot.texts.catalogues import LOCALES, Catalogue, CataloguesFaulty, faults_in, read_catalogues
from bot.texts.lock_screen import lock_screen, told_on_lock_screen
from bot.texts.moments import day_in_words, moment_in_words
from bot.texts.wording import Rendered, RenderedButton, Texts, TooLong, Unsayable, enum_key

__all__ = [
    "LOCALES",
    "Catalogue",
    "CataloguesFaulty",
    "Rendered",
    "RenderedButton",
    "Texts",
    "TooLong",
    "Unsayable",
    "day_in_words",
    "enum_key",
    "faults_in",
    "lock_screen",
    "moment_in_words",
    "read_catalogues",
    "told_on_lock_screen",
]
