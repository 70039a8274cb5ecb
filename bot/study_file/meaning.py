"""What the parts of a study say of each other: unknown codes, missing texts, windows that overlap.

Source: specification 7.1 (invariants 5, 15), 1.4 (windows), 3.3 (chains), 2.9 (texts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import time
from decimal import Decimal
from itertools import pairwise

from bot.rules.access import RIGHTS, Act
from bot.rules.study import ChainHours, Level, QuestionKind
from bot.study_file import shape
from bot.study_file.problems import Problem
from bot.study_file.reading import Read
from bot.study_file.tables import (
    Known,
    condition_problems,
    symptom_problems,
    twice,
    unknown_bands,
    unknown_symptoms,
    unknown_texts,
)
from bot.study_file.words import label_problems, word_problems


def problems_of(found: Read) -> list[Problem]:
    """Every contradiction within and between the files that could be read, in no particular order."""
    known = _known(found)
    problems = [*word_problems(found), *_symptoms(found, known)]
    if found.study is not None:
        problems += _hours(found.study)
    if found.schedule is not None:
        problems += [*_doses(found.schedule), *_draws(found.schedule), *_check_ins(found.schedule)]
        problems += _prophylaxis(found.schedule.prophylaxis)
    if found.schedule is not None and found.study is not None:
        problems += _quiet_reminders(found.schedule, found.study)
    if found.labs is not None:
        problems += _labs(found.labs)
    if found.labs is not None and found.schedule is not None:
        problems += _analytes_named(found.schedule, found.labs)
    if found.gate is not None:
        problems += _gate(found.gate, known)
    if found.closing is not None:
        problems += _closing(found.closing)
    if found.texts is not None:
        problems += twice("texts.toml: texts", [text.id for text in found.texts.texts])
    if found.ctcae is not None:
        problems += twice("ctcae.toml: terms", [term.term for term in found.ctcae.terms])
    if found.chains is not None:
        problems += _chains(found.chains)
        problems += _targets(found.chains)
    if found.consent is not None:
        problems += _consent(found.consent)
    if found.triage is not None:
        problems += [*_triage(found, found.triage, known), *_context(found, found.triage, known)]
    if found.sae is not None:
        problems += _special(found, found.sae, known)
    return problems


def _known(found: Read) -> Known:
    symptoms = frozenset(one.code for one in found.symptoms.values())
    return Known(
        symptoms=None if found.unread_symptoms else symptoms,
        texts=None if found.texts is None else frozenset(text.id for text in found.texts.texts),
        terms=None if found.ctcae is None else {term.term: term.max_grade for term in found.ctcae.terms},
        bands=None if found.labs is None else tuple(band.name for band in found.labs.context),
    )


# ---------------------------------------------------------------- schedule and hours


def _hours(study: shape.StudyShape) -> Iterator[Problem]:
    quiet, work = study.quiet_hours, study.working_hours
    if quiet.starts.value == quiet.ends.value:
        yield Problem(
            "study.toml: quiet_hours.ends",
            f"{quiet.ends.value:%H:%M}, when they start",
            "an end after the start, past midnight if earlier",
            "Set the end of quiet hours.",
        )
    if work.opens.value >= work.closes.value:
        yield Problem(
            "study.toml: working_hours.closes",
            f"{work.closes.value:%H:%M}",
            f"a time after {work.opens.value:%H:%M}, when work begins",
            "Set the end of working hours.",
        )


def _doses(schedule: shape.ScheduleShape) -> Iterator[Problem]:
    doses = schedule.doses
    interval, least = doses.interval_days.value, doses.min_interval_days.value
    if least > interval:
        yield Problem(
            "schedule.toml: doses.min_interval_days",
            str(least),
            f"at most interval_days, which is {interval}",
            "Lower the minimum interval.",
        )
    width = doses.window_early_days.value + doses.window_late_days.value
    if width >= interval:
        yield Problem(
            "schedule.toml: doses.window_late_days",
            f"windows of {width + 1} days every {interval} days",
            "windows of consecutive doses that do not overlap",
            "Shorten a window.",
        )
    last_target = 1 + (doses.max_doses.value - 1) * interval
    if last_target > doses.last_day.value:
        yield Problem(
            "schedule.toml: doses.last_day",
            f"day {doses.last_day.value}",
            f"day {last_target} or later, the target of the last dose",
            "Raise last_day, or lower max_doses.",
        )


def _prophylaxis(rules: shape.ProphylaxisShape | None) -> Iterator[Problem]:
    if rules is None:
        return
    lead, arrive = rules.lead_minutes.value, rules.arrive_minutes_before.value
    if arrive < lead:
        yield Problem(
            "schedule.toml: prophylaxis.arrive_minutes_before",
            f"{arrive} minutes before the therapy",
            f"{lead} or more: the dose is given then",
            "Let the patient arrive before the dose.",
        )
    if rules.counts_toward_max.value:
        yield Problem(
            "schedule.toml: prophylaxis.counts_toward_max",
            "true",
            "false: these doses have a counter of their own",
            "Write false; counting them among the weekly doses is not carried out.",
        )


def _draws(schedule: shape.ScheduleShape) -> Iterator[Problem]:
    calendar, doses = schedule.draws.calendar, schedule.doses
    yield from twice("schedule.toml: draws.calendar", [draw.code for draw in calendar])
    yield from twice("schedule.toml: draws.calendar", [f"{draw.anchor} day {draw.day}" for draw in calendar])
    for number, draw in enumerate(calendar):
        place = f"schedule.toml: draws.calendar[{number}].before_dose"
        if draw.before_dose is None:
            continue
        target = 1 + (draw.before_dose - 1) * doses.interval_days.value
        if not 1 <= draw.before_dose <= doses.max_doses.value:
            yield Problem(
                place, f"dose {draw.before_dose}", f"1 to {doses.max_doses.value}", "Name a dose that exists."
            )
        elif draw.day != target:
            yield Problem(
                place,
                f"day {draw.day}, before dose {draw.before_dose}",
                f"day {target}, the day of that dose",
                "Set the day of the draw to the day of the dose.",
            )


def _check_ins(schedule: shape.ScheduleShape) -> Iterator[Problem]:
    rules = schedule.check_ins
    if rules.every_two_days_below.value < rules.daily_below.value:
        yield Problem(
            "schedule.toml: check_ins.every_two_days_below",
            str(rules.every_two_days_below.value),
            f"at least daily_below, which is {rules.daily_below.value}",
            "Raise every_two_days_below.",
        )
    if rules.very_high_at_or_above.value < rules.high_at_or_above.value:
        yield Problem(
            "schedule.toml: check_ins.very_high_at_or_above",
            str(rules.very_high_at_or_above.value),
            f"at least high_at_or_above, which is {rules.high_at_or_above.value}",
            "Raise very_high_at_or_above.",
        )


def _quiet_reminders(schedule: shape.ScheduleShape, study: shape.StudyShape) -> Iterator[Problem]:
    """A routine message planned into quiet hours would never be sent."""
    quiet = study.quiet_hours
    planned = {
        "reminders.day_before_at": schedule.reminders.day_before_at,
        "reminders.morning_at": schedule.reminders.morning_at,
        "reminders.morning_at_if_early": schedule.reminders.morning_at_if_early,
        "reminders.ask_done_at": schedule.reminders.ask_done_at,
        "check_ins.at": schedule.check_ins.at,
        "check_ins.nudge_at": schedule.check_ins.nudge_at,
        "check_ins.nudge_next_morning_at": schedule.check_ins.nudge_next_morning_at,
    }
    for key, setting in planned.items():
        if _is_within(setting.value, quiet.starts.value, quiet.ends.value):
            yield Problem(
                f"schedule.toml: {key}",
                f"{setting.value:%H:%M}",
                f"a time outside quiet hours, {quiet.starts.value:%H:%M} to {quiet.ends.value:%H:%M}",
                "Choose a time at which a routine message may be sent.",
            )


def _is_within(clock: time, starts: time, ends: time) -> bool:
    if starts <= ends:
        return starts <= clock < ends
    return clock >= starts or clock < ends


# ---------------------------------------------------------------- laboratory


def _labs(labs: shape.LabsShape) -> Iterator[Problem]:
    codes = [one.code for one in labs.analytes]
    yield from twice("labs.toml: analytes", codes)
    for key, code in (("lead", labs.lead), ("neutrophils", labs.neutrophils)):
        yield from _unknown_analyte(f"labs.toml: {key}", code, codes)
    yield from _row_of_bands("labs.toml: context", labs.context)
    for number, one in enumerate(labs.analytes):
        place = f"labs.toml: analytes[{number}].bands"
        yield from _row_of_bands(place, one.bands)
        yield from _band_levels(place, one.bands)
        yield from _copies(place, one.bands)
    names = [band.name for band in labs.context]
    if labs.unknown_band not in names:
        yield Problem(
            "labs.toml: unknown_band",
            labs.unknown_band,
            f"one of {', '.join(names)}",
            "Name a context band.",
        )


def _row_of_bands(place: str, row: Sequence[shape.BandShape]) -> Iterator[Problem]:
    yield from twice(place, [band.name for band in row])
    if row[0].at_or_above is not None or row[-1].below is not None:
        yield Problem(
            place, "an end that is closed", "open ends", "Leave out the lowest and the highest bound."
        )
    for number, (lower, upper) in enumerate(pairwise(row), start=1):
        if lower.below is None or lower.below != upper.at_or_above:
            yield Problem(
                f"{place}[{number}].at_or_above",
                str(upper.at_or_above),
                f"{lower.below}, where the band before it ends",
                "Let each band begin where the one before it ends.",
            )


def _unknown_analyte(place: str, code: str, codes: Sequence[str]) -> Iterator[Problem]:
    if code not in codes:
        yield Problem(place, code, f"one of {', '.join(codes)}", "Name an analyte of labs.toml.")


def _analytes_named(schedule: shape.ScheduleShape, labs: shape.LabsShape) -> Iterator[Problem]:
    """What schedule.toml and labs.toml say of each other."""
    codes = [one.code for one in labs.analytes]
    yield from _unknown_analyte("schedule.toml: stop.analyte", schedule.stop.analyte.value, codes)
    yield from _unknown_analyte("schedule.toml: endpoint.analyte", schedule.endpoint.analyte.value, codes)
    draws = [draw.code for draw in schedule.draws.calendar]
    named = {
        "labs.toml: trends.no_response_draw": labs.trends.no_response_draw.value,
        "schedule.toml: follow_up.last_draw": schedule.follow_up.last_draw.value,
    }
    for place, code in named.items():
        if code not in draws:
            yield Problem(place, code, f"one of {', '.join(draws)}", "Name a draw of schedule.toml.")


def _copies(place: str, row: Sequence[shape.BandShape]) -> Iterator[Problem]:
    """Whoever has a copy must be able to take the case, and there must be one."""
    for number, band in enumerate(row):
        if band.also and Level[band.level] is Level.NONE:
            yield Problem(
                f"{place}[{number}].also",
                "a copy of an alert that does not exist",
                "a level above NONE",
                "Give the band a level, or leave `also` out.",
            )
        for role in band.also:
            if role not in RIGHTS[Act.ACKNOWLEDGE_CASE]:
                yield Problem(
                    f"{place}[{number}].also",
                    role.value,
                    "a role that may take a case",
                    "Name a role of the site's clinical staff, or central.",
                )


def _band_levels(place: str, row: Sequence[shape.BandShape]) -> Iterator[Problem]:
    """Further from the quiet middle is never less urgent: lower on its left, higher on its right."""
    levels = [Level[band.level] for band in row]
    quiet = levels.index(min(levels))
    for number, (left, right) in enumerate(pairwise(levels), start=1):
        if (number <= quiet and left < right) or (number > quiet and left > right):
            yield Problem(
                f"{place}[{number}].level",
                f"{right.name} after {left.name}",
                "levels that fall towards the middle and rise after it",
                "Correct the level of this band or of the one before it.",
            )


# ---------------------------------------------------------------- what is asked


def _symptoms(found: Read, known: Known) -> Iterator[Problem]:
    yield from twice("symptoms/", [one.code for one in found.symptoms.values()])
    for place, one in found.symptoms.items():
        yield from symptom_problems(place, one, known)
        typed = [question.id for question in one.questions if question.kind is QuestionKind.NUMBER]
        temperature = found.triage.temperature if found.triage else None
        if found.triage is None or (temperature and [temperature.question] == typed):
            continue
        for question_id in typed:
            yield Problem(
                place,
                f"{question_id}, a typed number",
                "the question that triage.toml names as the temperature",
                "Name it in triage.toml: temperature, or ask with options.",
            )


def _gate(gate: shape.GateShape, known: Known) -> Iterator[Problem]:
    yield from twice("gate.toml: items", [item.code for item in gate.items])
    yield from label_problems("gate.toml: none", gate.none.en, gate.none.zh)
    for number, item in enumerate(gate.items):
        place = f"gate.toml: items[{number}]"
        yield from unknown_symptoms(f"{place}.opens", item.opens, known)
        yield from unknown_texts(f"{place}.advice", [item.advice], known)
        yield from label_problems(f"{place}.label", item.label.en, item.label.zh)
        if Level[item.level] < Level.URGENT:
            yield Problem(
                f"{place}.level",
                item.level,
                "URGENT or EMERGENCY",
                "Raise the level: a red flag is never less.",
            )


def _closing(closing: shape.ClosingsShape) -> Iterator[Problem]:
    yield from twice("closing.toml: questions", [one.id for one in closing.questions])
    for number, one in enumerate(closing.questions):
        place = f"closing.toml: questions[{number}]"
        levels = {option.code: Level[option.level] for option in one.options}
        yield from twice(f"{place}.options", [option.code for option in one.options])
        for key, codes in (("good", [one.good]), ("words_after", sorted(one.words_after))):
            for code in codes:
                if code not in levels:
                    yield Problem(
                        f"{place}.{key}", code, f"one of {', '.join(levels)}", "Name one of the options."
                    )
        if levels.get(one.good, Level.NONE) > Level.NONE:
            yield Problem(
                f"{place}.good",
                f"{one.good} at {levels[one.good].name}",
                "an answer that calls for nobody",
                "Name the answer of a good day, or remove its level.",
            )
        for at, option in enumerate(one.options):
            yield from label_problems(f"{place}.options[{at}]", option.en, option.zh)


def _consent(consent: shape.ConsentShape) -> Iterator[Problem]:
    yield from twice("consent.toml: items", [item.code for item in consent.items])
    for number, item in enumerate(consent.items):
        yield from label_problems(f"consent.toml: items[{number}].label", item.label.en, item.label.zh)
    if not any(item.required for item in consent.items):
        yield Problem(
            "consent.toml: items",
            "no required item",
            "at least one",
            "Mark what is needed to join as required.",
        )


# ---------------------------------------------------------------- chains


def _chains(chains: shape.ChainsShape) -> Iterator[Problem]:
    written = [Level[chain.level] for chain in chains.chains]
    for level in Level:
        if level is not Level.NONE and written.count(level) != 1:
            yield Problem(
                "chains.toml: chains",
                f"{written.count(level)} chains for {level.name}",
                "exactly one for each level",
                "Write one chain for each level from ROUTINE to EMERGENCY.",
            )
    for number, chain in enumerate(chains.chains):
        yield from _chain(f"chains.toml: chains[{number}]", chain)
    limits = sorted((Level[chain.level], chain.acknowledge_minutes) for chain in chains.chains)
    for (lower, longer), (higher, shorter) in pairwise(limits):
        if shorter > longer:
            yield Problem(
                "chains.toml: chains",
                f"{shorter} minutes to acknowledge {higher.name}, {longer} for {lower.name}",
                "less time the higher the level",
                "Shorten acknowledge_minutes of the higher level.",
            )


def _targets(chains: shape.ChainsShape) -> Iterator[Problem]:
    """What a chain or a site sets as the target for taking a case stays within the limits of its level."""
    limits = {one.level: (one.least_minutes, one.most_minutes) for one in chains.limits}
    both: tuple[tuple[str, Sequence[shape.ChainShape | shape.SiteTargetShape]], ...] = (
        ("chains", chains.chains),
        ("sites", chains.sites),
    )
    set_here = [
        (f"{name}[{number}]", one.level, one.acknowledge_minutes)
        for name, written in both
        for number, one in enumerate(written)
    ]
    for place, level, minutes in set_here:
        if level not in limits and place.startswith("sites"):
            yield Problem(
                f"chains.toml: {place}.level",
                f"a target of a site for {level}",
                "a level that has limits",
                "Write the limits of this level, or leave it to the chain.",
            )
        least, most = limits.get(level, (minutes, minutes))
        if not least <= minutes <= most:
            yield Problem(
                f"chains.toml: {place}.acknowledge_minutes",
                f"{minutes} minutes to acknowledge {level}",
                f"{least} to {most} minutes",
                "Keep within the limits; a new one needs approval.",
            )
    named = [(one.site, one.level) for one in chains.sites]
    for site, level in sorted({one for one in named if named.count(one) > 1}):
        yield Problem(
            "chains.toml: sites", f"two targets of {site} for {level}", "one for each level", "Remove one."
        )


def _chain(place: str, chain: shape.ChainShape) -> Iterator[Problem]:
    times = [step.after for step in chain.steps]
    if times != sorted(times):
        yield Problem(f"{place}.steps", f"steps after {times}", "steps in order of time", "Sort the steps.")
    if Level[chain.level] >= Level.URGENT:
        yield from _never_waits(place, chain, times)
    if chain.repeat_minutes is None and not chain.repeat_each_working_morning:
        yield Problem(
            place,
            "a chain that ends",
            "repeat_minutes or repeat_each_working_morning",
            "Say how it goes on: no escalation ends in silence.",
        )
    for number, step in enumerate(chain.patient):
        if (step.next_morning_at is None) == (step.after == 0):
            yield Problem(
                f"{place}.patient[{number}]",
                "a question without a time of its own",
                "either after or next_morning_at",
                "Say when the patient is asked.",
            )


def _never_waits(place: str, chain: shape.ChainShape, times: Sequence[int]) -> Iterator[Problem]:
    if times[0] != 0:
        yield Problem(
            f"{place}.steps[0].after",
            f"{times[0]} minutes",
            f"0: {chain.level} is told at once",
            "Let the first step begin at once.",
        )
    if chain.hours is not ChainHours.ALWAYS:
        yield Problem(
            f"{place}.hours", f"“{chain.hours}”", f"“always”: {chain.level} knows no night", "Write always."
        )


# ---------------------------------------------------------------- triage


def _triage(found: Read, triage: shape.TriageShape, known: Known) -> Iterator[Problem]:
    fallbacks = {
        "emergency_fallback": triage.emergency_fallback,
        "urgent_fallback": triage.urgent_fallback,
        "same_day_text": triage.same_day_text,
        "department_text": triage.department_text,
        "routine_text": triage.routine_text,
    }
    for key, text_id in fallbacks.items():
        yield from unknown_texts(f"triage.toml: {key}", [text_id], known)
    yield from unknown_symptoms(
        "triage.toml: multi_amber_symptoms", sorted(triage.multi_amber_symptoms), known
    )
    bands = triage.new_blood_thinner_bands.value
    yield from unknown_bands("triage.toml: new_blood_thinner_bands", sorted(bands), known)
    for at, text in enumerate(found.texts.texts if found.texts else ()):
        if text.id == triage.emergency_fallback and text.stranger_en is None and text.stranger_zh is None:
            yield Problem(
                f"texts.toml: texts[{at}]",
                f"{text.id} without words for a stranger",
                "stranger_en and stranger_zh",
                "Write what somebody is told of whom nothing is known.",
            )
    if triage.temperature is not None:
        yield from _temperature(found, triage.temperature, known)


def _temperature(found: Read, rules: shape.TemperatureShape, known: Known) -> Iterator[Problem]:
    place = "triage.toml: temperature"
    yield from unknown_symptoms(f"{place}.symptom", [rules.symptom], known)
    bounds = [bound for step in rules.steps if (bound := _bound(step)) is not None]
    if bounds != sorted(bounds):
        yield Problem(
            f"{place}.steps", f"steps at {', '.join(map(str, bounds))}", "coldest first", "Sort the steps."
        )
    for one in found.symptoms.values():
        if one.code == rules.symptom:
            yield from _temperature_codes(place, rules, one)


def _bound(step: shape.TemperatureStepShape) -> Decimal | None:
    return step.from_c if step.from_c is not None else step.above_c


def _temperature_codes(
    place: str, rules: shape.TemperatureShape, one: shape.SymptomShape
) -> Iterator[Problem]:
    questions = {question.id: question for question in one.questions}
    steps = frozenset(
        {*(step.option for step in rules.steps), rules.cold_counts_as, rules.cold_with_signs_counts_as}
    )
    for question, options in (
        (rules.question, steps),
        (rules.site_question, frozenset({rules.armpit, rules.not_measured})),
        (rules.signs_question, frozenset({rules.no_sign})),
    ):
        yield from condition_problems(place, {question: options}, questions)


def _special(found: Read, serious: shape.SaeShape, known: Known) -> Iterator[Problem]:
    by_code: Mapping[str, shape.SymptomShape] = {one.code: one for one in found.symptoms.values()}
    for number, rule in enumerate(serious.special):
        place = f"sae.toml: special[{number}]"
        yield from unknown_symptoms(f"{place}.symptom", [rule.symptom], known)
        if rule.cause is None and rule.hold is None:
            yield Problem(
                place, f"{rule.symptom} without effect", "cause or hold", "Say what follows from it."
            )
        if rule.symptom in by_code:
            questions = {question.id: question for question in by_code[rule.symptom].questions}
            yield from condition_problems(place, rule.when, questions)


def _context(found: Read, triage: shape.TriageShape, known: Known) -> Iterator[Problem]:
    by_code: Mapping[str, shape.SymptomShape] = {one.code: one for one in found.symptoms.values()}
    for number, row in enumerate(triage.context.rows):
        place = f"triage.toml: context.rows[{number}]"
        yield from unknown_symptoms(f"{place}.symptoms", sorted(row.symptoms), known)
        yield from unknown_bands(f"{place}.bands", sorted(row.bands), known)
        if row.raise_by == 0 and Level[row.at_least] is Level.NONE:
            yield Problem(place, f"{row.id} without effect", "at_least or raise_by", "Say what the row does.")
        if (row.when or row.unless) and not row.symptoms:
            yield Problem(
                f"{place}.symptoms", "answers without a symptom", "the symptoms asked", "Name the symptoms."
            )
        for code in sorted(row.symptoms & by_code.keys()):
            questions = {question.id: question for question in by_code[code].questions}
            for when in (row.when, *row.unless):
                yield from condition_problems(f"{place} ({code})", when, questions)
