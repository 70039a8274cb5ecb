"""What the tables of one symptom say of each other: unknown codes, terms, timers, rules that would lower.

All rules are MAX rules: more answers never give less. So it is enough to look at each rule with exactly the
answers that make it hold. Worked case: `FLOW=POUR → grade 2` is checked with nothing but `FLOW=POUR`; what
that answer alone must not do (give a grade without the level that belongs to it, or give less than the milder
`FLOW=DRIP`), it does not do with any other answers either.

Source: specification 2.2 (MAX semantics), 7.1 nr. 4 and 5 (invariants), 2.10 (grades that exist).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from bot.rules.study import Level, QuestionKind, SymptomGroup
from bot.study_file import shape
from bot.study_file.problems import Problem
from bot.study_file.words import label_problems

NOT_SURE = "NOT_SURE"

When = Mapping[str, frozenset[str]]
_Answers = Mapping[str, str]
_Rule = tuple[When, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Codes that other files define; None where that file could not be read: then nothing is judged by it."""

    symptoms: frozenset[str] | None
    texts: frozenset[str] | None
    terms: Mapping[str, int] | None
    bands: tuple[str, ...] | None


def unknown(
    place: str, codes: Iterable[str], known: Collection[str] | None, what: str, remedy: str
) -> Iterator[Problem]:
    """A problem for every code that is not known."""
    for code in codes:
        if known is not None and code not in known:
            yield Problem(place, code, what, remedy)


def unknown_symptoms(place: str, codes: Iterable[str], known: Known) -> Iterator[Problem]:
    """A problem for every symptom that is not in the catalogue."""
    remedy = "Correct the code, or add the symptom."
    return unknown(place, codes, known.symptoms, "a symptom of the catalogue", remedy)


def unknown_texts(place: str, codes: Iterable[str], known: Known) -> Iterator[Problem]:
    """A problem for every text that texts.toml does not have."""
    return unknown(place, codes, known.texts, "a text of texts.toml", "Correct the id, or add the text.")


def unknown_bands(place: str, codes: Iterable[str], known: Known) -> Iterator[Problem]:
    """A problem for every band that is no context band."""
    what = f"a context band: {', '.join(known.bands or ())}"
    return unknown(place, codes, known.bands, what, "Name a band of labs.toml.")


def twice(place: str, codes: Sequence[str]) -> Iterator[Problem]:
    """A problem for every code that occurs more than once."""
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield Problem(place, f"{code} twice", "each code once", "Rename or remove one.")


def condition_problems(
    place: str, when: When, questions: Mapping[str, shape.QuestionShape]
) -> Iterator[Problem]:
    """Questions and answers of a condition that the symptom does not have."""
    for question_id, answers in when.items():
        question = questions.get(question_id)
        if question is None:
            yield Problem(place, question_id, f"one of {', '.join(questions)}", "Correct the question id.")
            continue
        codes = [option.code for option in question.options]
        for answer in sorted(answers.difference(codes)):
            yield Problem(
                f"{place}.{question_id}", answer, f"one of {', '.join(codes)}", "Correct the answer code."
            )


def symptom_problems(place: str, one: shape.SymptomShape, known: Known) -> Iterator[Problem]:
    """Every contradiction in one symptom file."""
    questions = {question.id: question for question in one.questions}
    yield from twice(f"{place}: questions", [question.id for question in one.questions])
    yield from label_problems(f"{place}: label", one.label.en, one.label.zh)
    for number, question in enumerate(one.questions):
        yield from _question(f"{place}: questions[{number}]", question, questions)
    conditions = [
        problem
        for where, when in _conditions(place, one)
        for problem in condition_problems(where, when, questions)
    ]
    yield from conditions
    yield from _references(place, one, known)
    yield from _terms(place, one, known)
    yield from _first_match(place, one)
    if not conditions:
        yield from _never_milder(place, one)
        yield from _never_quiet(place, one)
    yield from _red_flag_capable(place, one)


def _conditions(place: str, one: shape.SymptomShape) -> Iterator[tuple[str, When]]:
    for name in type(one.rules).model_fields:
        for number, rule in enumerate(getattr(one.rules, name)):
            yield f"{place}: rules.{name}[{number}].when", rule.when


# ---------------------------------------------------------------- questions


def _question(
    place: str, question: shape.QuestionShape, questions: Mapping[str, shape.QuestionShape]
) -> Iterator[Problem]:
    codes = [option.code for option in question.options]
    yield from twice(f"{place}.options", codes)
    if len(codes) < 2:
        yield Problem(f"{place}.options", f"{len(codes)} option", "two or more", "Add the other answers.")
    for number, option in enumerate(question.options):
        yield from label_problems(f"{place}.options[{number}]", option.en, option.zh)
    yield from _not_sure(place, question, codes)
    for number, timer in enumerate(question.timers):
        yield from _timer(f"{place}.timers[{number}]", timer, question, codes)
    for number, rule in enumerate(question.heard):
        if rule.option not in codes:
            yield Problem(
                f"{place}.heard[{number}].option",
                rule.option,
                f"one of {', '.join(codes)}",
                "Name an option of this question.",
            )
    for name, when in (("only_if", question.only_if), ("skip_if", question.skip_if)):
        others = {id: other for id, other in questions.items() if id != question.id}
        yield from condition_problems(f"{place}.{name}", when, others)


def _not_sure(place: str, question: shape.QuestionShape, codes: Sequence[str]) -> Iterator[Problem]:
    counts_as = question.not_sure_counts_as
    if counts_as is not None and counts_as not in codes:
        yield Problem(
            f"{place}.not_sure_counts_as",
            counts_as,
            f"one of {', '.join(codes)}",
            "Name an option of this question.",
        )
    if (counts_as is None) != (NOT_SURE not in codes) or counts_as == NOT_SURE:
        yield Problem(
            f"{place}.not_sure_counts_as",
            counts_as or "nothing",
            f"an answer that {NOT_SURE} counts as, where there is that option",
            "Give the next worse answer, or remove the option.",
        )
    elif counts_as is not None and question.ordered and codes.index(counts_as) == 0:
        yield Problem(
            f"{place}.not_sure_counts_as",
            f"{counts_as}, the mildest answer",
            "a worse answer",
            "Name the next worse answer: not knowing never counts as the mildest.",
        )


def _timer(
    place: str, timer: shape.TimerShape, question: shape.QuestionShape, codes: Sequence[str]
) -> Iterator[Problem]:
    for name, code in (("on", timer.on), ("becomes", timer.becomes)):
        if code is not None and code not in codes:
            yield Problem(
                f"{place}.{name}", code, f"one of {', '.join(codes)}", "Name an option of this question."
            )
            return
    if timer.becomes is None and timer.raises_to is None:
        yield Problem(place, "a timer without effect", "becomes or raises_to", "Say what silence counts as.")
    if timer.becomes is not None and question.ordered and codes.index(timer.becomes) <= codes.index(timer.on):
        yield Problem(
            f"{place}.becomes",
            f"{timer.becomes}, not worse than {timer.on}",
            "a worse answer",
            "Name a worse answer: silence never counts as better.",
        )


# ---------------------------------------------------------------- rules


def _references(place: str, one: shape.SymptomShape, known: Known) -> Iterator[Problem]:
    for number, opening in enumerate(one.rules.opens):
        where = f"{place}: rules.opens[{number}]"
        yield from unknown_symptoms(f"{where}.symptoms", opening.symptoms, known)
        own = [question.id for question in one.questions]
        what, remedy = f"one of {', '.join(own)}", "Name a question of this symptom."
        yield from unknown(f"{where}.carries", opening.carries, own, what, remedy)
    for name, advice in (("emergency", one.rules.emergency), ("urgent", one.rules.urgent)):
        for number, rule in enumerate(advice):
            where = f"{place}: rules.{name}[{number}]"
            yield from unknown_texts(f"{where}.text", [rule.text], known)
            yield from unknown_bands(f"{where}.bands", sorted(rule.bands), known)


def _terms(place: str, one: shape.SymptomShape, known: Known) -> Iterator[Problem]:
    for number, rule in enumerate(one.rules.terms):
        where = f"{place}: rules.terms[{number}]"
        if known.terms is None:
            continue
        highest = known.terms.get(rule.term)
        if highest is None:
            yield Problem(f"{where}.term", rule.term, "a term of ctcae.toml", "Correct the term, or add it.")
        elif rule.max_grade is None or rule.max_grade > highest:
            yield Problem(
                f"{where}.max_grade",
                str(rule.max_grade or "nothing"),
                f"at most {highest}, the highest grade of {rule.term}",
                "Cap the grade where the term ends.",
            )
        if rule.min_grade is not None and rule.max_grade is not None and rule.min_grade > rule.max_grade:
            yield Problem(
                f"{where}.min_grade", str(rule.min_grade), f"at most {rule.max_grade}", "Lower the minimum."
            )


def _first_match(place: str, one: shape.SymptomShape) -> Iterator[Problem]:
    """In a list of which the first match counts, nothing stands behind a row that always matches."""
    lists: Mapping[str, Sequence[bool]] = {
        "terms": [
            not rule.when and rule.anc_below is None and rule.temperature_above_c is None
            for rule in one.rules.terms
        ],
        "emergency": [not rule.when and not rule.bands for rule in one.rules.emergency],
        "urgent": [not rule.when and not rule.bands for rule in one.rules.urgent],
    }
    for name, always in lists.items():
        if True in always[:-1]:
            yield Problem(
                f"{place}: rules.{name}[{always.index(True)}]",
                "a row that always matches, with rows behind it",
                "such a row at the end only",
                "Move it to the end: the first match counts.",
            )
    if one.rules.terms and True not in lists["terms"]:
        yield Problem(
            f"{place}: rules.terms",
            "answers without a term",
            "a last row that always matches",
            "Add a row with `when = {}` at the end.",
        )


def _never_milder(place: str, one: shape.SymptomShape) -> Iterator[Problem]:
    """A worse answer to an ordered question, the rest equal, never gives less. Source: 7.1 nr. 4."""
    for what, base, rules in _scales(one):
        for question in one.questions:
            order = [option.code for option in question.options if option.code != NOT_SURE]
            for milder, worse in pairwise(order) if question.ordered else ():
                for when, value in rules:
                    if milder not in when.get(question.id, ()):
                        continue
                    if any(
                        max(base, _value(rules, {**answers, question.id: worse})) < value
                        for answers in _answers_of(when)
                    ):
                        yield Problem(
                            f"{place}: rules.{what}",
                            f"{question.id}={worse} gives less than {question.id}={milder} ({_said(when)})",
                            "that a worse answer never gives less",
                            f"Add {worse} to the rule, or mend the order of the options.",
                        )


def _never_quiet(place: str, one: shape.SymptomShape) -> Iterator[Problem]:
    """What is grave is never at a low level. Source: 7.1 nr. 5."""
    base_level = Level[one.base.level]
    levels = [(rule.when, int(Level[rule.value])) for rule in one.rules.level]
    for what, base, rules in _scales(one):
        if what == "level":
            continue
        for when, value in (({}, base), *rules):
            needed = _level_needed(one, what, value)
            if any(max(base_level, _value(levels, answers)) < needed for answers in _answers_of(when)):
                name = "WHO grade" if what == "who" else "grade"
                yield Problem(
                    f"{place}: rules.level",
                    f"{name} {value} without {needed.name} ({_said(when)})",
                    f"{needed.name} or more wherever the {name} is {value}",
                    "Add a level rule for these answers.",
                )


def _level_needed(one: shape.SymptomShape, what: str, grade: int) -> Level:
    bleeding = one.group is SymptomGroup.BLEEDING
    if what == "grade" and grade >= 4:
        return Level.EMERGENCY
    if bleeding and grade >= 3:
        return Level.URGENT
    if (what == "who" and grade >= 2) or grade >= 3:
        return Level.SAME_DAY
    return Level.NONE


def _scales(one: shape.SymptomShape) -> tuple[tuple[str, int, list[_Rule]], ...]:
    """Grade, WHO grade and level, each with base value and rules, as plain numbers."""
    rules = one.rules
    return (
        ("grade", one.base.grade, [(rule.when, rule.value) for rule in rules.grade]),
        ("who", one.base.who or 0, [(rule.when, rule.value) for rule in rules.who]),
        ("level", int(Level[one.base.level]), [(rule.when, int(Level[rule.value])) for rule in rules.level]),
    )


def _answers_of(when: When) -> Iterator[_Answers]:
    """Every set of answers that just makes a rule hold: one answer to each question it names."""
    for chosen in product(*(sorted(codes) for codes in when.values())):
        yield dict(zip(when, chosen, strict=True))


def _value(rules: Iterable[_Rule], answers: _Answers) -> int:
    return max(
        (
            value
            for when, value in rules
            if all(answers.get(question) in codes for question, codes in when.items())
        ),
        default=0,
    )


def _said(when: When) -> str:
    return " & ".join(f"{question}={'/'.join(sorted(codes))}" for question, codes in when.items()) or "always"


def _red_flag_capable(place: str, one: shape.SymptomShape) -> Iterator[Problem]:
    levels = [one.base.level, *(rule.value for rule in one.rules.level)]
    levels += [timer.raises_to for question in one.questions for timer in question.timers if timer.raises_to]
    capable = one.group is SymptomGroup.BLEEDING or Level.EMERGENCY.name in levels
    if capable and not one.red_flag_capable:
        yield Problem(
            f"{place}: red_flag_capable",
            "false",
            "true for every bleeding and whatever may reach EMERGENCY",
            "Set red_flag_capable = true: a report left half way then reaches a person the same day.",
        )
    numbers = [question for question in one.questions if question.kind is QuestionKind.NUMBER]
    if len(numbers) > 1:
        yield Problem(
            f"{place}: questions",
            f"{len(numbers)} typed numbers",
            "at most one",
            "Ask for one number in a symptom.",
        )
