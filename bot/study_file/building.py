"""From the checked shapes to the frozen values of `rules.study`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self, TypeVar

from pydantic import BaseModel

from bot.rules import study as noun
from bot.study_file import shape
from bot.study_file.reading import FILES, Read

_T = TypeVar("_T")
_NAMES = tuple(name.removesuffix(".toml") for name in FILES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All files of a study folder, each in its shape; `symptoms` in catalogue order."""

    study: shape.StudyShape
    schedule: shape.ScheduleShape
    labs: shape.LabsShape
    gate: shape.GateShape
    closing: shape.ClosingsShape
    texts: shape.TextsShape
    ctcae: shape.TermsShape
    triage: shape.TriageShape
    chains: shape.ChainsShape
    consent: shape.ConsentShape
    sae: shape.SaeShape
    symptoms: tuple[shape.SymptomShape, ...]

    @classmethod
    def of(cls, found: Read) -> Self | None:
        """The files as read, or None where one could not be."""
        named = {name: getattr(found, name) for name in _NAMES}
        if None in named.values() or found.unread_symptoms:
            return None
        return cls(**named, symptoms=tuple(found.symptoms.values()))


def build(parts: Parts) -> noun.Study:
    """The study of parts without problems."""
    about = parts.study
    return noun.Study(
        id=noun.StudyId(about.id),
        version=about.version,
        catalogue_version=about.catalogue_version,
        ctcae_version=about.ctcae_version,
        title=_both(about.title),
        emergency_number=about.emergency_number.value,
        doses=_settings(noun.DoseRules, parts.schedule.doses),
        stop=_settings(noun.StopRule, parts.schedule.stop),
        prophylaxis=_prophylaxis(parts.schedule.prophylaxis),
        endpoint=_settings(noun.EndpointRules, parts.schedule.endpoint),
        follow_up=_settings(noun.FollowUpRules, parts.schedule.follow_up),
        draws=tuple(_draw(draw) for draw in parts.schedule.draws.calendar),
        reminders=_reminders(parts.schedule.reminders),
        check_ins=_settings(noun.CheckInRules, parts.schedule.check_ins),
        quiet_hours=_settings(noun.QuietHours, about.quiet_hours),
        working_hours=_settings(noun.WorkingHours, about.working_hours),
        labs=_labs(parts.labs),
        gate_ask=_both(parts.gate.ask),
        gate_none=_both(parts.gate.none),
        gate=tuple(_gate_item(item) for item in parts.gate.items),
        symptoms=tuple(_symptom(one) for one in parts.symptoms),
        closing=tuple(_closing(one) for one in parts.closing.questions),
        texts={noun.TextId(one.id): _text(one) for one in parts.texts.texts},
        triage=_triage(parts.triage),
        chains={noun.Level[one.level]: _chain(one) for one in parts.chains.chains},
        site_targets={
            (noun.SiteCode(one.site), noun.Level[one.level]): timedelta(minutes=one.acknowledge_minutes)
            for one in parts.chains.sites
        },
        consent=_consent(parts.consent),
        sae=_sae(parts.sae),
        terms={one.term: _term(one) for one in parts.ctcae.terms},
        provenance=dict(_provenance(parts)),
    )


def _both(words: shape.BothLanguages) -> noun.Bilingual:
    return noun.Bilingual(en=words.en, zh=words.zh)


def _settings(made: Any, table: BaseModel) -> Any:
    """A value whose fields are the settings of the table, name by name."""
    return made(**{name: getattr(table, name).value for name in type(table).model_fields})


def _draw(draw: shape.DrawShape) -> noun.DrawRule:
    return noun.DrawRule(
        code=draw.code,
        anchor=draw.anchor,
        day=draw.day,
        window_early_days=draw.early,
        window_late_days=draw.late,
        required=draw.required,
        before_dose=draw.before_dose,
        endpoint=draw.endpoint,
    )


def _reminders(table: shape.RemindersShape) -> noun.ReminderRules:
    return noun.ReminderRules(
        day_before_at=table.day_before_at.value,
        morning_at=table.morning_at.value,
        morning_at_if_early=table.morning_at_if_early.value,
        early_visit_before=table.early_visit_before.value,
        ask_done_at=table.ask_done_at.value,
        grace=timedelta(minutes=table.grace_minutes.value),
        unconfirmed_at=table.unconfirmed_at.value,
        window_closing_at=table.window_closing_at.value,
    )


def _band(band: shape.BandShape) -> noun.Band:
    minutes = band.acknowledge_minutes
    return noun.Band(
        name=band.name,
        at_or_above=band.at_or_above,
        below=band.below,
        level=noun.Level[band.level],
        acknowledge_within=None if minutes is None else timedelta(minutes=minutes),
        also=band.also,
    )


def _labs(table: shape.LabsShape) -> noun.LabRules:
    timing = table.timing
    return noun.LabRules(
        lead=table.lead,
        neutrophils=table.neutrophils,
        analytes=tuple(_analyte(one) for one in table.analytes),
        context_bands=tuple(_band(band) for band in table.context),
        unknown_band=table.unknown_band,
        valid_days_treatment=table.valid_days_treatment.value,
        valid_days_follow_up=table.valid_days_follow_up.value,
        timing=noun.ResultTiming(
            expected=timedelta(hours=timing.expected_hours.value),
            overdue=timedelta(hours=timing.overdue_hours.value),
            urgent_below=timing.urgent_below.value,
            before_dose=timedelta(hours=timing.before_dose_hours.value),
        ),
        trends=_trends(table.trends),
    )


def _analyte(one: shape.AnalyteShape) -> noun.Analyte:
    return noun.Analyte(
        code=one.code,
        name=_both(one.name),
        unit=one.unit,
        plausible_max=one.plausible_max,
        bands=tuple(_band(band) for band in one.bands),
        ask_unit_below=one.ask_unit_below,
    )


def _trends(table: shape.TrendsShape) -> noun.TrendRules:
    return noun.TrendRules(
        fall_percent=table.fall_percent.value,
        fall_within=timedelta(days=table.fall_within_days.value),
        fall_only_below=table.fall_only_below.value,
        fall_level=noun.Level[table.fall_level.value],
        rise_by=table.rise_by.value,
        rise_within=timedelta(days=table.rise_within_days.value),
        rise_level=noun.Level[table.rise_level.value],
        rebound_level=noun.Level[table.rebound_level.value],
        no_response_draw=table.no_response_draw.value,
        no_response_level=noun.Level[table.no_response_level.value],
        jump_times=table.jump_times.value,
        jump_within=timedelta(hours=table.jump_within_hours.value),
        not_eligible_at_or_above=table.not_eligible_at_or_above.value,
        hold_at_or_above=None if table.hold_at_or_above is None else table.hold_at_or_above.value,
    )


def _prophylaxis(table: shape.ProphylaxisShape | None) -> noun.ProphylaxisRules | None:
    if table is None:
        return None
    return noun.ProphylaxisRules(
        baseline_below=table.baseline_below.value,
        baseline_source=_given(table.baseline_source) or noun.BaselineSource.STUDY_BASELINE,
        amount_ug=table.amount_ug.value,
        lead=timedelta(minutes=table.lead_minutes.value),
        tolerance=timedelta(minutes=table.tolerance_minutes.value),
        least_interval=timedelta(minutes=table.least_interval_minutes.value),
        most_interval=timedelta(minutes=table.most_interval_minutes.value),
        each_cycle=table.each_cycle.value,
        counts_toward_max=table.counts_toward_max.value,
        skip_at_or_above=table.skip_at_or_above.value,
        draw_code=table.draw_code,
        draw_days_before=table.draw_days_before.value,
        draw_early_days=table.draw_early_days.value,
        draw_after_days=_given(table.draw_after_days),
        draw_after_either_way_days=_given(table.draw_after_either_way_days) or 0,
        follow_up_days=_given(table.follow_up_days),
        arrive_before=timedelta(minutes=table.arrive_minutes_before.value),
        remind_staff_before=timedelta(minutes=table.remind_staff_minutes_before.value),
    )


def _given(setting: shape.Setting[_T] | None) -> _T | None:
    return None if setting is None else setting.value


def _sae(table: shape.SaeShape) -> noun.SaeRules:
    def hours(setting: shape.Setting[tuple[int, ...]]) -> tuple[timedelta, ...]:
        return tuple(timedelta(hours=one) for one in setting.value)

    return noun.SaeRules(
        due_within=timedelta(hours=table.due_hours.value),
        remind_after=hours(table.remind_hours),
        remind_principal_after=hours(table.remind_principal_hours),
        overdue_every=timedelta(hours=table.overdue_every_hours.value),
        grade_at_least=table.grade_at_least,
        who_at_least=table.who_at_least,
        level_at_least=noun.Level[table.level_at_least],
        closing=table.closing,
        answers=table.answers,
        outcomes=table.outcomes,
        count_at_or_above=table.count_at_or_above,
        special=tuple(noun.SpecialRule(**rule.model_dump()) for rule in table.special),
        result_reasons=frozenset(table.result_reasons),
    )


def _codes(codes: tuple[str, ...]) -> tuple[noun.SymptomCode, ...]:
    return tuple(noun.SymptomCode(code) for code in codes)


def _gate_item(item: shape.GateItemShape) -> noun.GateItem:
    return noun.GateItem(
        code=item.code,
        label=_both(item.label),
        level=noun.Level[item.level],
        advice=noun.TextId(item.advice),
        opens=_codes(item.opens),
    )


def _option(option: shape.OptionShape) -> noun.Option:
    return noun.Option(code=option.code, label=noun.Bilingual(en=option.en, zh=option.zh))


def _timer(timer: shape.TimerShape) -> noun.Timer:
    return noun.Timer(
        on_option=timer.on,
        wait=timedelta(minutes=timer.wait_minutes),
        ask=_both(timer.ask),
        silence_after=timedelta(minutes=timer.silence_minutes),
        on_no=timer.becomes,
        raises_to=None if timer.raises_to is None else noun.Level[timer.raises_to],
    )


def _question(question: shape.QuestionShape) -> noun.Question:
    return noun.Question(
        id=question.id,
        text=_both(question.text),
        kind=question.kind,
        ordered=question.ordered,
        options=tuple(_option(option) for option in question.options),
        timers=tuple(_timer(timer) for timer in question.timers),
        unsure_counts_as=question.not_sure_counts_as,
        only_if=question.only_if,
        skip_if=question.skip_if,
        skip_at_gate=question.skip_at_gate,
        heard=tuple(noun.HeardRule(**rule.model_dump()) for rule in question.heard),
    )


def _symptom(one: shape.SymptomShape) -> noun.Symptom:
    rules = one.rules
    return noun.Symptom(
        code=noun.SymptomCode(one.code),
        group=one.group,
        label=_both(one.label),
        ask=_both(one.ask),
        questions=tuple(_question(question) for question in one.questions),
        base_grade=one.base.grade,
        base_level=noun.Level[one.base.level],
        base_who=one.base.who,
        grade_rules=tuple(noun.GradeRule(when=rule.when, value=rule.value) for rule in rules.grade),
        level_rules=tuple(
            noun.LevelRule(when=rule.when, value=noun.Level[rule.value]) for rule in rules.level
        ),
        who_rules=tuple(noun.GradeRule(when=rule.when, value=rule.value) for rule in rules.who),
        term_rules=tuple(noun.TermRule(**rule.model_dump()) for rule in rules.terms),
        emergency_texts=_advice_rules(rules.emergency),
        urgent_texts=_advice_rules(rules.urgent),
        opens=tuple(
            noun.OpensRule(when=rule.when, symptoms=_codes(rule.symptoms), carries=rule.carries)
            for rule in rules.opens
        ),
        only_sex=one.only_sex,
        on_menu=one.on_menu,
        mucosal=one.mucosal,
        red_flag_capable=one.red_flag_capable,
        menu_first=one.menu_first,
        also_in_symptom_menu=one.also_in_symptom_menu,
        asks_words=one.asks_words,
        first_aid=None if one.first_aid is None else _both(one.first_aid),
    )


def _advice_rules(rules: tuple[shape.AdviceRuleShape, ...]) -> tuple[noun.AdviceRule, ...]:
    return tuple(
        noun.AdviceRule(when=rule.when, text=noun.TextId(rule.text), bands=rule.bands) for rule in rules
    )


def _closing(one: shape.ClosingShape) -> noun.ClosingQuestion:
    return noun.ClosingQuestion(
        id=one.id,
        statement=_both(one.statement),
        question=_both(one.question),
        options=tuple(_option(option) for option in one.options),
        good_answer=one.good,
        levels={option.code: noun.Level[option.level] for option in one.options},
        shown_on_good_day=one.shown_on_good_day,
        words_after=one.words_after,
        rule=one.rule,
    )


def _text(one: shape.TextShape) -> noun.SafetyText:
    stranger = None
    if one.stranger_en and one.stranger_zh:
        stranger = noun.Bilingual(en=one.stranger_en, zh=one.stranger_zh)
    return noun.SafetyText(
        id=noun.TextId(one.id), text=noun.Bilingual(en=one.en, zh=one.zh), to_stranger=stranger
    )


def _term(one: shape.TermShape) -> noun.Term:
    return noun.Term(term=one.term, soc=_both(one.soc), ncit=one.ncit, max_grade=one.max_grade)


def _triage(table: shape.TriageShape) -> noun.TriageRules:
    return noun.TriageRules(
        axilla_offset_c=table.axilla_offset_c.value,
        anc_low=table.anc_low.value,
        anc_valid_days=table.anc_valid_days.value,
        worse_by_grades=table.worse_by_grades.value,
        bleeding_worse_by_grades=table.bleeding_worse_by_grades.value,
        multi_amber=table.multi_amber.value,
        multi_amber_symptoms=frozenset(noun.SymptomCode(code) for code in table.multi_amber_symptoms),
        high_platelet_days=table.high_platelet_days.value,
        emergency_fallback=noun.TextId(table.emergency_fallback),
        urgent_fallback=noun.TextId(table.urgent_fallback),
        same_day_text=noun.TextId(table.same_day_text),
        department_text=noun.TextId(table.department_text),
        routine_text=noun.TextId(table.routine_text),
        context_rules=tuple(_context_rule(row) for row in table.context.rows),
        temperature=None if table.temperature is None else _temperature(table.temperature),
        silence=_silence(table.silence),
        words=_words(table.words),
        previous_report_days=table.previous_report_days.value,
        persistent_after=timedelta(hours=table.persistent_hours.value),
        new_blood_thinner_bands=table.new_blood_thinner_bands.value,
    )


def _context_rule(row: shape.ContextRuleShape) -> noun.ContextRule:
    said = row.model_dump(exclude={"at_least", "base_at_least", "symptoms"})
    return noun.ContextRule(
        **said,
        at_least=noun.Level[row.at_least],
        base_at_least=noun.Level[row.base_at_least],
        symptoms=frozenset(_codes(tuple(row.symptoms))),
    )


def _temperature(table: shape.TemperatureShape) -> noun.TemperatureRules:
    said = table.model_dump(exclude={"source", "symptom", "steps"})
    steps = tuple(noun.TemperatureStep(**step.model_dump()) for step in table.steps)
    return noun.TemperatureRules(**said, symptom=noun.SymptomCode(table.symptom), steps=steps)


def _silence(table: shape.SilenceShape) -> noun.SilenceRules:
    return noun.SilenceRules(
        nudge_after=timedelta(minutes=table.nudge_minutes.value),
        nudge_after_urgent=timedelta(minutes=table.nudge_minutes_urgent.value),
        close_after_nudge=timedelta(minutes=table.close_minutes.value),
    )


def _words(table: shape.WordsShape) -> noun.WordsRules:
    return noun.WordsRules(
        joins_within=timedelta(seconds=table.join_seconds.value),
        medicine_counts_for=timedelta(days=table.medicine_days.value),
    )


def _chain(one: shape.ChainShape) -> noun.Chain:
    return noun.Chain(
        level=noun.Level[one.level],
        steps=tuple(
            noun.ChainStep(after=timedelta(minutes=step.after), roles=step.roles, road=step.road)
            for step in one.steps
        ),
        repeat_every=None if one.repeat_minutes is None else timedelta(minutes=one.repeat_minutes),
        repeat_each_working_morning=one.repeat_each_working_morning,
        acknowledge_within=timedelta(minutes=one.acknowledge_minutes),
        contact_within=timedelta(minutes=one.contact_minutes),
        hours=one.hours,
        patient_steps=tuple(_patient_step(step) for step in one.patient),
    )


def _patient_step(step: shape.PatientStepShape) -> noun.PatientStep:
    return noun.PatientStep(
        after=timedelta(minutes=step.after),
        key=step.key,
        options=step.options,
        next_morning_at=step.next_morning_at,
    )


def _consent(table: shape.ConsentShape) -> noun.ConsentText:
    return noun.ConsentText(
        version=table.version,
        summary=_both(table.summary),
        full=_both(table.full),
        items=tuple(
            noun.ConsentItem(code=item.code, label=_both(item.label), required=item.required)
            for item in table.items
        ),
    )


def _provenance(parts: Parts) -> Iterator[tuple[str, noun.Source]]:
    """Every source that stands in the files, by key path such as `schedule.doses.max_doses`."""
    for name in _NAMES:
        yield from _sources(name, getattr(parts, name))
    for one in parts.symptoms:
        yield f"symptoms.{one.code}", _source(one.source)


def _sources(path: str, table: BaseModel) -> Iterator[tuple[str, noun.Source]]:
    for name in type(table).model_fields:
        part = getattr(table, name)
        if isinstance(part, shape.SourceShape):
            yield path, _source(part)
        elif isinstance(part, shape.Setting):
            yield f"{path}.{name}", _source_of_setting(part)
        elif isinstance(part, BaseModel):
            yield from _sources(f"{path}.{name}", part)


def _source(part: shape.SourceShape) -> noun.Source:
    return noun.Source(**part.model_dump())


def _source_of_setting(part: shape.Setting[Any]) -> noun.Source:
    said = part.model_dump(exclude={"value", "source"})
    return noun.Source(kind=part.source, **said)
