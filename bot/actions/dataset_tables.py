"""The tables of the data set: which fact goes into which column. No files and no rights here.

Nothing is left out because it was replaced or voided: each row says whether it still counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from bot.actions.publish_study import Binding
from bot.rules.activities import Course
from bot.rules.asked_check_ins import AskedCheckIn
from bot.rules.case import Case, CaseKind, Outcome
from bot.rules.dataset import Cell, Column, ColumnKind, Table, column, words_of
from bot.rules.endpoints import Endpoints, ReadingName, endpoints, of_site
from bot.rules.participant import (
    Consent,
    Decision,
    DecisionKind,
    Dose,
    DoseKind,
    Hold,
    HoldReason,
    LabResult,
    Participant,
    ParticipantState,
    Stated,
    StatedWhat,
    Therapy,
    Transfusion,
    TreatmentStop,
)
from bot.rules.report import Answer, Assessment, GradeDecision, OpenedBy, Report, Reporter, ReportStatus
from bot.rules.sae import Causality, SaeAnswer, SaeCause, SaeCriterion, SaeTask, answered_in_time
from bot.rules.study import Bilingual, Language, Level, Sex, Study
from storage.conversations import SaidText
from storage.overviews import LogEntry, LoggedEvent
from storage.understood import UnderstoodWords

_Fact = TypeVar("_Fact")
_Rows = Iterator[tuple[Cell, ...]]

# What an event of a case is called; a note stands beside it.
_EVENTS = "ABOUT | RAISED | ACKNOWLEDGED | CONTACTED | CONTACT_FAILED | CLOSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of one participant; `reads_words`: her free text goes along.

    `study` is the version she is bound to, `bindings` all she ever was, oldest first. `serious`: what may
    have been a serious event, with the answer where there is one. `check_ins`: those that were asked.
    `understood`: derived from her words, in the order read.
    """

    participant: Participant
    study: Study
    bindings: tuple[Binding, ...]
    consents: tuple[Consent, ...]
    log: tuple[LogEntry, ...]
    course: Course
    cut_at: datetime
    reads_words: bool
    serious: tuple[tuple[SaeTask, SaeAnswer | None], ...] = ()
    check_ins: tuple[AskedCheckIn, ...] = ()
    understood: tuple[UnderstoodWords, ...] = ()

    def of(self, kind: type[_Fact]) -> tuple[_Fact, ...]:
        """The facts of one kind, oldest first."""
        return tuple(entry.fact for entry in self.log if isinstance(entry.fact, kind))

    def words(self, text: str | None) -> str | None:
        return text if self.reads_words else None


def tables(facts: Sequence[Facts]) -> tuple[Table, ...]:
    """Every table, in the order a reader wants them."""
    return (
        _table("participants", "one row a participant", "受试者", _PARTICIPANTS, _participants, facts),
        _table("versions", "versions she was bound to", "研究配置版本", _VERSIONS, _versions, facts),
        _table("consents", "one row a consent tick", "同意记录", _CONSENTS, _consents, facts),
        _table("doses", "doses recorded by staff", "用药记录", _DOSES, _doses, facts),
        _table("labs", "laboratory results", "化验结果", _LABS, _labs, facts),
        _table("transfusions", "blood given", "输血记录", _TRANSFUSIONS, _transfusions, facts),
        _table("therapies", "therapies, each change a row", "抗肿瘤治疗", _THERAPIES, _therapies, facts),
        _table("decisions", "visits moved or skipped", "改期与跳过", _DECISIONS, _decisions, facts),
        _table("holds", "times in which doses waited", "暂停用药", _HOLDS, _holds, facts),
        _table("endpoints", "the endpoint in both readings", "终点指标", _ENDPOINTS, _endpoints, facts),
        _site_endpoints(facts),
        _table("stated", "what the patient said of a visit", "患者自述的到访情况", _STATED, _stated, facts),
        _table(
            "check_ins", "check-ins asked, answered or not", "随访问询（含未回答）", _ASKED, _asked, facts
        ),
        _table("reports", "symptom reports", "症状报告", _REPORTS, _reports, facts),
        _table("answers", "every answer as given", "每一个回答", _ANSWERS, _answers, facts),
        _table(
            "assessments", "what each symptom was judged to be", "症状分级", _ASSESSMENTS, _assessments, facts
        ),
        _table("grades", "grades decided by investigators", "研究者确认的分级", _GRADES, _grades, facts),
        _table("words", "everything the patient typed", "患者原话", _WORDS, _words, facts),
        _table(
            "understood",
            "what typed words were taken to mean: derived, not stated",
            "文字的理解结果（程序推导，非患者原话）",
            _UNDERSTOOD,
            _understood,
            facts,
        ),
        _table("cases", "matters a person had to take", "事件", _CASES, _cases, facts),
        _table("case_events", "what happened in each case", "事件经过", _CASE_EVENTS, _case_events, facts),
        _table(
            "serious_events", "events that may be serious", "可能的严重不良事件", _SERIOUS, _serious, facts
        ),
    )


def _table(
    name: str,
    en: str,
    zh: str,
    columns: Iterable[Column],
    rows: Callable[[Facts], _Rows],
    facts: Sequence[Facts],
) -> Table:
    told = tuple(row for one in facts for row in rows(one))
    return Table(name=name, label=Bilingual(en=en, zh=zh), columns=(_SUBJECT, *columns), rows=told)


def _code(name: str, en: str, zh: str, codes: str = "") -> Column:
    return column(name, ColumnKind.CODE, en, zh, codes=codes)


def _text(name: str, en: str, zh: str) -> Column:
    return column(name, ColumnKind.TEXT, en, zh)


def _moment(name: str, en: str, zh: str) -> Column:
    return column(name, ColumnKind.MOMENT, en, zh)


def _yes_no(name: str, en: str, zh: str) -> Column:
    return column(name, ColumnKind.YES_NO, en, zh)


_SUBJECT = _code("subject", "subject code", "受试者编号")

_PARTICIPANTS = (
    _code("site", "site code", "中心代码"),
    _code("state", "where she stands in the study", "研究状态", words_of(ParticipantState)),
    _code("sex", "sex", "性别", words_of(Sex)),
    _code("language", "language of the chat", "聊天语言", words_of(Language)),
    _code("time_zone", "time zone of local times", "时区"),
    column("consent_signed_on", ColumnKind.DAY, "study consent signed on", "知情同意签署日期"),
    _moment("day1_at", "dose 1: planned, recorded once given", "第1次用药时间（给药前为计划）"),
    _code("study_version", "version of the study file she is bound to", "所绑定的研究配置版本"),
    _moment("enrolled_at", "enrolled", "入组登记时间"),
    _moment("joined_at", "joined in the chat; empty: not yet", "加入聊天时间（空：尚未）"),
    _yes_no("caregiver_may_write", "a carer may write for her", "家人可代写"),
    _moment("messages_stopped_at", "messages stopped", "停止消息时间"),
    _moment("unreachable_since", "chat unreachable since", "聊天联系不上的起始时间"),
    _yes_no("blood_thinner", "takes a blood thinner; empty: unknown", "使用抗凝药（空：未知）"),
    _yes_no("liver_disease", "has liver disease; empty: unknown", "肝病（空：未知）"),
    column("usual_stools", ColumnKind.WHOLE, "usual stools a day", "平时每天大便次数"),
    _yes_no("usual_headaches", "often has headaches; empty: unknown", "平时常头痛（空：未知）"),
    _yes_no("lymphoedema", "has lymphoedema; empty: unknown", "淋巴水肿（空：未知）"),
    _yes_no(
        "emergency_contact", "the site has an emergency contact; empty: unknown", "有紧急联系人（空：未知）"
    ),
    _moment("treatment_stopped_at", "doses ended early", "提前停药时间"),
    _code("treatment_stopped_because", "why doses ended early", "提前停药原因", words_of(TreatmentStop)),
    column(
        "last_chemotherapy_on",
        ColumnKind.DAY,
        "last chemotherapy; empty: unknown",
        "末次化疗日期（空：未知）",
    ),
)


def _participants(facts: Facts) -> _Rows:
    her = facts.participant
    yield (
        her.subject_code,
        her.site_code,
        her.state,
        her.sex,
        her.language,
        her.time_zone,
        her.consent_signed_on,
        her.day1_at,
        her.study_version,
        her.enrolled_at,
        her.joined_at,
        her.caregiver_may_write,
        her.messages_stopped_at,
        her.unreachable_since,
        her.blood_thinner,
        her.liver_disease,
        her.usual_stools,
        her.usual_headaches,
        her.lymphoedema,
        her.emergency_contact,
        her.treatment_stopped_at,
        her.treatment_stopped_because,
        her.last_chemotherapy_on,
    )


_VERSIONS = (
    _code("version", "version of the study file", "研究配置版本"),
    _moment("since", "bound to it since; the newest row counts", "起始时间（最新一行有效）"),
    _code("bound_by", "enrolled or moved by", "入组或更换操作人"),
    _text("reason", "why she was moved; empty: at enrolment", "更换原因（空：入组时）"),
    _text("approved_by", "version approved by; empty: never published", "批准人（空：未单独发布）"),
    column("approved_on", ColumnKind.DAY, "version approved on", "批准日期"),
)


def _versions(facts: Facts) -> _Rows:
    for one in facts.bindings:
        yield (
            facts.participant.subject_code,
            one.version,
            one.since,
            one.by,
            facts.words(one.reason) or None,
            one.approval.approved_by if one.approval else None,
            one.approval.approved_on if one.approval else None,
        )


_CONSENTS = (
    _code("item", "what was ticked", "同意项目"),
    _yes_no("agreed", "agreed", "是否同意"),
    _code("version", "version of the consent text", "同意书版本"),
    _code("language", "language shown", "显示语言", words_of(Language)),
    _moment("at", "when", "时间"),
)


def _consents(facts: Facts) -> _Rows:
    for one in facts.consents:
        yield one.subject_code, one.item, one.agreed, one.version, one.language, one.at


_DOSES = (
    _code("dose_id", "id", "编号"),
    _code("kind", "treatment or prophylaxis", "治疗或预防", words_of(DoseKind)),
    column("number", ColumnKind.WHOLE, "number of the dose", "第几次"),
    _moment("given_at", "given", "给药时间"),
    column("amount", ColumnKind.WHOLE, "amount", "剂量", unit="µg"),
    _yes_no("whole", "all of it went in", "全部给完"),
    column("therapy", ColumnKind.WHOLE, "therapy a prophylactic dose was given before", "对应第几次化疗"),
    _code("corrects", "record that this one replaces", "更正了哪条记录"),
    _code("recorded_by", "recorded by", "记录人"),
    _moment("recorded_at", "recorded", "记录时间"),
    _moment("voided_at", "no longer counts since; empty: it counts", "作废时间（空：有效）"),
)


def _doses(facts: Facts) -> _Rows:
    for one in facts.of(Dose):
        yield (
            one.subject_code,
            one.id,
            one.kind,
            one.number,
            one.given_at,
            one.amount_ug,
            one.whole,
            one.therapy,
            one.corrects,
            one.recorded_by,
            one.recorded_at,
            one.voided_at,
        )


_LABS = (
    _code("lab_id", "id", "编号"),
    _code("analyte", "what was measured", "项目"),
    column("value", ColumnKind.DECIMAL, "value", "数值", unit="10^9/L (Hb: g/L)"),
    _text("as_entered", "as it was entered", "录入原文"),
    _moment("sampled_at", "sample taken; empty: not known", "采样时间（空：未知）"),
    _yes_no("verified", "entered or confirmed by staff", "工作人员已核实"),
    _yes_no("baseline", "baseline count", "基线值"),
    _code("recorded_by", "recorded by", "记录人"),
    _moment("recorded_at", "recorded", "记录时间"),
    _yes_no("by_command_line", "entered by command line", "由命令行录入"),
    _yes_no("unit_unconfirmed", "unit not confirmed", "单位未确认"),
    _yes_no("clumped", "the laboratory doubts it", "检验科存疑（聚集）"),
    _text("laboratory", "laboratory", "检验科"),
    _code("corrects", "record that this one replaces", "更正了哪条记录"),
    _moment("voided_at", "no longer counts since; empty: it counts", "作废时间（空：有效）"),
)


def _labs(facts: Facts) -> _Rows:
    for one in facts.of(LabResult):
        yield (
            one.subject_code,
            one.id,
            one.analyte,
            one.value,
            one.as_entered,
            one.sampled_at,
            one.verified,
            one.baseline,
            one.recorded_by,
            one.recorded_at,
            one.by_command_line,
            one.unit_unconfirmed,
            one.clumped,
            one.laboratory,
            one.corrects,
            one.voided_at,
        )


_TRANSFUSIONS = (
    _code("transfusion_id", "id", "编号"),
    _moment("at", "given", "输注时间"),
    _yes_no("platelets", "platelets (otherwise red cells)", "血小板（否则为红细胞）"),
    _code("recorded_by", "recorded by", "记录人"),
    _moment("recorded_at", "recorded", "记录时间"),
    _moment("voided_at", "no longer counts since; empty: it counts", "作废时间（空：有效）"),
)


def _transfusions(facts: Facts) -> _Rows:
    for one in facts.of(Transfusion):
        yield (
            one.subject_code,
            one.id,
            one.at,
            one.platelets,
            one.recorded_by,
            one.recorded_at,
            one.voided_at,
        )


_THERAPIES = (
    _code("therapy_id", "id", "编号"),
    column(
        "number", ColumnKind.WHOLE, "number; the newest row of a number counts", "第几次（同号最新一行有效）"
    ),
    _moment("starts_at", "planned start", "计划开始时间"),
    _moment("infusion_started_at", "when it began in truth", "实际开始时间"),
    _text("what", "which therapy", "方案"),
    _yes_no("cytotoxic", "cytotoxic", "细胞毒性"),
    _yes_no("cancelled", "cancelled", "已取消"),
    _yes_no("ordered", "a dose before it was ordered although the count is high", "血小板高仍医嘱预防用药"),
    column("count_before", ColumnKind.DECIMAL, "count before this cycle", "本周期前计数", unit="10^9/L"),
    _code("decided_by", "decided by", "决定人"),
    _moment("decided_at", "decided", "决定时间"),
    _text("reason", "why", "原因"),
)


def _therapies(facts: Facts) -> _Rows:
    for one in facts.of(Therapy):
        yield (
            one.subject_code,
            one.id,
            one.number,
            one.starts_at,
            one.infusion_started_at,
            facts.words(one.what),
            one.cytotoxic,
            one.cancelled,
            one.ordered,
            one.count_before,
            one.decided_by,
            one.decided_at,
            facts.words(one.reason),
        )


_DECISIONS = (
    _code("decision_id", "id", "编号"),
    _code("activity", "planned activity; the newest decision counts", "计划项目（最新一条有效）"),
    _code("kind", "moved or skipped", "改期或跳过", words_of(DecisionKind)),
    _moment("to_at", "moved to", "改到"),
    _text("reason", "why", "原因"),
    _code("decided_by", "decided by", "决定人"),
    _moment("decided_at", "decided", "决定时间"),
    _yes_no("overrides_last_day", "allowed after the last day of treatment", "允许超过治疗最后一天"),
)


def _decisions(facts: Facts) -> _Rows:
    for one in facts.of(Decision):
        yield (
            one.subject_code,
            one.id,
            one.activity_key,
            one.kind,
            one.to_at,
            facts.words(one.reason),
            one.decided_by,
            one.decided_at,
            one.overrides_last_day,
        )


_HOLDS = (
    _code("hold_id", "id", "编号"),
    _code("reason", "why doses wait", "暂停原因", words_of(HoldReason)),
    _text("note", "note", "备注"),
    _code("placed_by", "placed by", "设置人"),
    _moment("placed_at", "placed", "设置时间"),
    _code("released_by", "released by", "解除人"),
    _moment("released_at", "released; empty: it stands", "解除时间（空：仍有效）"),
    _text("release_note", "note at the release", "解除备注"),
)


def _holds(facts: Facts) -> _Rows:
    for one in facts.of(Hold):
        yield (
            one.subject_code,
            one.id,
            one.reason,
            facts.words(one.note),
            one.placed_by,
            one.placed_at,
            one.released_by,
            one.released_at,
            facts.words(one.release_note),
        )


_READING = _code(
    "reading",
    "all counts, or without those soon after platelets were given",
    "口径",
    words_of(ReadingName),
)
_ENDPOINTS = (
    _READING,
    column("study_day", ColumnKind.WHOLE, "study day of the endpoint", "终点研究日"),
    _yes_no("due", "the window is over: what is missing stays missing", "窗口已过（缺失不再补）"),
    column("count", ColumnKind.DECIMAL, "count; empty: missing", "终点计数（空：缺失）", unit="10^9/L"),
    _moment("sampled_at", "sample of that count", "采样时间"),
    _yes_no("responded_at", "reached the limit at the endpoint; empty: unknown", "终点时达标（空：未知）"),
    _yes_no("responded_by", "reached the limit by the endpoint; empty: unknown", "终点前达标（空：未知）"),
    _moment("first_response_at", "first count that reached the limit", "首次达标时间"),
    column("lowest", ColumnKind.DECIMAL, "lowest count after dose 1", "最低计数", unit="10^9/L"),
    column("doses_given", ColumnKind.WHOLE, "doses given", "用药次数"),
    column("transfusions", ColumnKind.WHOLE, "platelet transfusions", "输血小板次数"),
)


def _endpoints(facts: Facts) -> _Rows:
    found = endpoints(facts.study, facts.course, facts.cut_at)
    if found is None:
        return
    for name in ReadingName:
        one = found.reading(name)
        yield (
            facts.participant.subject_code,
            name,
            found.day,
            found.due,
            one.count,
            one.sampled_at,
            one.responded_at,
            one.responded_by,
            found.first_response_at,
            found.lowest,
            found.doses_given,
            found.transfusions,
        )


_SITE_ENDPOINTS = (
    _code("site", "site code", "中心代码"),
    _READING,
    column("treated", ColumnKind.WHOLE, "participants who had dose 1", "已打第 1 针人数"),
    column("due", ColumnKind.WHOLE, "of these, the endpoint's window is over", "终点窗口已过人数"),
    column("responded_at", ColumnKind.WHOLE, "reached the limit at the endpoint", "终点时达标人数"),
    column("missing_at", ColumnKind.WHOLE, "no count at the endpoint", "终点计数缺失人数"),
    column("responded_by", ColumnKind.WHOLE, "reached the limit by the endpoint", "终点前达标人数"),
    column("missing_by", ColumnKind.WHOLE, "no count by the endpoint", "终点前无计数人数"),
)


def _site_endpoints(facts: Sequence[Facts]) -> Table:
    """A row for each site and reading; the shares of due participants only."""
    found: dict[str, list[Endpoints]] = {}
    for one in facts:
        reached = endpoints(one.study, one.course, one.cut_at)
        if reached is not None:
            found.setdefault(one.participant.site_code, []).append(reached)
    rows = tuple(
        (
            site,
            one.reading,
            one.treated,
            one.due,
            one.at.responded,
            one.at.missing,
            one.by.responded,
            one.by.missing,
        )
        for site, known in found.items()
        for one in of_site(known)
    )
    label = Bilingual(en="the endpoint site by site", zh="各中心终点汇总")
    return Table(name="site_endpoints", label=label, columns=_SITE_ENDPOINTS, rows=rows)


_STATED = (
    _code("activity", "planned activity", "计划项目"),
    _code("what", "what she said of it", "患者所述", words_of(StatedWhat)),
    _moment("at", "when", "时间"),
)


def _stated(facts: Facts) -> _Rows:
    for one in facts.of(Stated):
        yield one.subject_code, one.activity_key, one.what, one.stated_at


_ASKED = (
    _code("check_in", "planned check-in", "随访问询"),
    _moment("asked_at", "asked, or found that she could not be asked", "询问时间（或发现未能询问的时间）"),
    _yes_no("sent", "it could be sent in time", "是否按时发出"),
    _moment("nudged_at", "asked once more; empty: no", "再次提醒时间（空：无）"),
    _code(
        "report_id",
        "report that answered it; EMPTY: NO ANSWER, NOT NO SYMPTOMS",
        "对应报告（空：未回答，不代表无症状）",
    ),
    _moment("answered_at", "that report began", "回答开始时间"),
)


def _asked(facts: Facts) -> _Rows:
    for one in facts.check_ins:
        yield (
            facts.participant.subject_code,
            one.key,
            one.asked_at,
            one.sent,
            one.nudged_at,
            one.answer.id if one.answer else None,
            one.answer.opened_at if one.answer else None,
        )


_REPORTS = (
    _code("report_id", "id", "编号"),
    _moment("opened_at", "opened", "开始时间"),
    _moment("closed_at", "closed; empty: still open", "结束时间（空：未结束）"),
    _code("status", "complete, incomplete or open", "完成情况", words_of(ReportStatus)),
    _code("opened_by", "what began it", "由什么开始", words_of(OpenedBy)),
    _code("reporter", "who answered; empty: not said", "由谁回答（空：未说明）", words_of(Reporter)),
    _code("level", "highest level reached in it", "最高级别", words_of(Level)),
    _code("language", "language shown", "显示语言", words_of(Language)),
    _code("catalogue_version", "version of the questions", "题库版本"),
    _code("check_in", "planned check-in it answers", "对应的随访问询"),
)


def _reports(facts: Facts) -> _Rows:
    for one in facts.of(Report):
        yield (
            one.subject_code,
            one.id,
            one.opened_at,
            one.closed_at,
            one.status,
            one.opened_by,
            one.reporter,
            one.level,
            one.language,
            one.catalogue_version,
            one.check_in_key,
        )


_ANSWERS = (
    _code("report_id", "report", "报告编号"),
    _code("answer_id", "id", "编号"),
    _code("symptom", "symptom, or GATE, BLEEDING, MENU, CLOSING", "症状或环节"),
    _code("question", "question", "题目"),
    _code("codes", "options chosen; DECLINED: did not want to answer", "所选代码（DECLINED：不想回答）"),
    _text("codes_en", "what the options say (English)", "选项（英文）"),
    _text("codes_zh", "what the options say (Chinese)", "选项（中文）"),
    _text("typed", "typed", "输入的文字"),
    _text("wording_shown", "question as it was shown", "显示的问题"),
    _code("language", "language shown", "显示语言", words_of(Language)),
    _code("catalogue_version", "version of the questions", "题库版本"),
    _moment("shown_at", "shown", "显示时间"),
    _moment("answered_at", "answered", "回答时间"),
    _code("replaced_by", "answer that replaced it; empty: it counts", "被哪个回答替换（空：有效）"),
    _yes_no("assumed", "not said by her: what silence counts as", "非患者所述，按未回答处理"),
)


def _answers(facts: Facts) -> _Rows:
    labels = {
        (str(symptom.code), question.id, option.code): option.label
        for symptom in facts.study.symptoms
        for question in symptom.questions
        for option in question.options
    }
    for one in facts.of(Answer):
        said = [labels.get((one.symptom, one.question, code)) for code in one.codes]
        yield (
            facts.participant.subject_code,
            one.report_id,
            one.id,
            one.symptom,
            one.question,
            " ".join(one.codes),
            "; ".join(label.en for label in said if label),
            "；".join(label.zh for label in said if label),
            facts.words(one.typed),
            one.wording_shown,
            one.language,
            one.catalogue_version,
            one.shown_at,
            one.answered_at,
            one.replaced_by,
            one.assumed,
        )


_ASSESSMENTS = (
    _code("report_id", "report", "报告编号"),
    _code("symptom", "symptom", "症状"),
    column("grade", ColumnKind.WHOLE, "CTCAE grade, proposed by the rules", "CTCAE 分级（规则建议）"),
    column("who", ColumnKind.WHOLE, "WHO bleeding grade, proposed; empty: none", "WHO 出血分级（规则建议）"),
    _code("base_level", "level of the answers alone", "仅按回答的级别", words_of(Level)),
    _code("level", "level with what else is known", "结合其他情况的级别", words_of(Level)),
    _text("term", "CTCAE term", "CTCAE 术语"),
    _text("rules", "rules that fired", "触发的规则"),
    _moment("at", "when", "时间"),
)


def _assessments(facts: Facts) -> _Rows:
    for one in facts.of(Assessment):
        yield (
            facts.participant.subject_code,
            one.report_id,
            one.symptom,
            one.grade,
            one.who,
            one.base_level,
            one.level,
            one.term,
            "; ".join(one.rules),
            one.at,
        )


_GRADES = (
    _code("report_id", "report", "报告编号"),
    _code("symptom", "symptom", "症状"),
    column(
        "proposed_grade", ColumnKind.WHOLE, "CTCAE grade, proposed by the rules", "CTCAE 分级（规则建议）"
    ),
    column("proposed_who", ColumnKind.WHOLE, "WHO bleeding grade, proposed", "WHO 出血分级（规则建议）"),
    column("grade", ColumnKind.WHOLE, "CTCAE grade, confirmed", "CTCAE 分级（研究者确认）"),
    column(
        "who", ColumnKind.WHOLE, "WHO bleeding grade, confirmed; empty: none", "WHO 出血分级（研究者确认）"
    ),
    _yes_no("counts", "the newest decision on this symptom of this report", "是否为最新确认"),
    _text("reason", "why it differs", "理由"),
    _code("decided_by", "investigator", "研究者"),
    _moment("decided_at", "when", "时间"),
)


def _grades(facts: Facts) -> _Rows:
    decided = facts.of(GradeDecision)
    newest = {(one.report_id, one.symptom): one.id for one in decided}
    for one in decided:
        yield (
            facts.participant.subject_code,
            one.report_id,
            one.symptom,
            one.proposed_grade,
            one.proposed_who,
            one.grade,
            one.who,
            newest[one.report_id, one.symptom] == one.id,
            one.reason,
            one.decided_by,
            one.decided_at,
        )


_WORDS = (
    _code("words_id", "id", "编号"),
    _moment("at", "received", "收到时间"),
    _code("kind", "text, edit, forward, or the kind of content without words", "类型"),
    _text("text", "as typed; left out for readers without identities", "原文（无身份权限者不含）"),
)


def _words(facts: Facts) -> _Rows:
    for one in facts.of(SaidText):
        yield facts.participant.subject_code, one.id, one.at, one.kind, facts.words(one.text)


_UNDERSTOOD = (
    _code("words_id", "the words it was derived from", "所依据的原话编号"),
    _moment("at", "read", "理解时间"),
    _code("read_with", "ids of the pieces it was read with, in order", "一并理解的各条编号"),
    _code("level", "derived level of the words alone", "推导级别（仅据文字）", words_of(Level)),
    _code("rules", "derived: red flags and level rules that fired", "推导：触发的规则"),
    _code("symptoms", "derived: symptom=way of speaking", "推导：症状=表述方式"),
    _code("asked_back", "derived: red flags asked back, not raised", "推导：已反问、未直接报警的规则"),
    _code("intent", "derived: what the message does", "推导：意图"),
    column("temperature_c", ColumnKind.DECIMAL, "derived: highest reading", "推导：最高体温", unit="°C"),
    _code("counts", "derived: analyte=value, each", "推导：化验项目=数值"),
    _code("rules_version", "version of the reading rules", "理解规则版本"),
    _code("lexicon_version", "version of the word lists", "词库版本"),
)


def _understood(facts: Facts) -> _Rows:
    """Codes and numbers only: the quotes among what is kept are her words, which stand in `words`."""
    for one in facts.understood:
        meant = one.meant
        findings = meant.get("findings", ())
        rules = (*meant.get("red_flags", ()), *(rule for *_, rule in findings if rule))
        temperature = meant.get("temperature_c")
        yield (
            facts.participant.subject_code,
            one.said_id,
            one.at,
            " ".join(one.read_with),
            meant.get("level"),
            " ".join(dict.fromkeys(rules)),
            " ".join(f"{symptom}={polarity}" for symptom, polarity, *_ in findings),
            " ".join(meant.get("confirm", ())),
            meant.get("intent"),
            None if temperature is None else Decimal(temperature),
            " ".join(f"{analyte}={value}" for analyte, value, *_ in meant.get("counts", ())),
            one.rules_version,
            one.lexicon_version,
        )


_CASES = (
    _code("case_id", "id", "编号"),
    _code("kind", "what it is about", "类别", words_of(CaseKind)),
    _code("level", "level; it never falls", "级别", words_of(Level)),
    _moment("opened_at", "opened", "开始时间"),
    _code("report_id", "report it came from", "来自报告"),
    _code("lab_id", "result it came from", "来自化验"),
    _code("acknowledged_by", "taken by", "接手人"),
    _moment("acknowledged_at", "taken", "接手时间"),
    _code("contacted_by", "reached her", "联系到患者的人"),
    _moment("contacted_at", "she was reached", "联系到患者的时间"),
    _code("closed_by", "closed by; her own code: she answered by herself", "结束人（患者编号：本人已作答）"),
    _moment("closed_at", "closed; empty: open", "结束时间（空：未结束）"),
    _code("outcome", "how it ended", "结果", words_of(Outcome)),
    column("rings", ColumnKind.WHOLE, "times staff were alerted", "提醒次数"),
)


def _cases(facts: Facts) -> _Rows:
    for one in facts.of(Case):
        yield (
            one.subject_code,
            one.id,
            one.kind,
            one.level,
            one.opened_at,
            one.report_id,
            one.lab_id,
            one.acknowledged_by,
            one.acknowledged_at,
            one.contacted_by,
            one.contacted_at,
            one.closed_by,
            one.closed_at,
            one.outcome,
            one.rings,
        )


_CASE_EVENTS = (
    _code("case_id", "case", "事件编号"),
    _moment("at", "when", "时间"),
    _code("kind", "what happened", "发生了什么", _EVENTS),
    _code("by", "who", "由谁"),
    _text(
        "note", "note, what was learnt by phone, or what the case is about", "备注、电话了解到的情况，或事由"
    ),
)


def _case_events(facts: Facts) -> _Rows:
    for one in facts.of(LoggedEvent):
        event = one.event
        yield (
            facts.participant.subject_code,
            one.case_id,
            event.at,
            event.kind,
            event.actor_code,
            facts.words(event.note),
        )


_SERIOUS = (
    _code("task_id", "id", "编号"),
    _code("case_id", "case it came from; empty: none", "来自事件（空：无）"),
    _code("causes", "why it may be serious; the bot never decides", "可能严重的原因", words_of(SaeCause)),
    _moment("raised_at", "asked", "提出时间"),
    _moment("aware_at", "the site knew; the clock begins", "中心获知时间（开始计时）"),
    _moment("due_at", "answer due", "应答截止时间"),
    _code("answered_by", "answered by", "作答人"),
    _moment("answered_at", "answered; empty: open", "作答时间（空：未作答）"),
    _yes_no("in_time", "answered in time; empty: open", "是否按时（空：未作答）"),
    _yes_no("serious", "serious, as the investigator decided; empty: open", "研究者判定为严重（空：未作答）"),
    _code("criteria", "criteria ticked", "严重标准", words_of(SaeCriterion)),
    column("started_on", ColumnKind.DAY, "event began on", "发生日期"),
    _code("to_study_drug", "related to the study drug", "与试验药物的关系", words_of(Causality)),
    _code("to_other_therapy", "related to other therapy", "与其他治疗的关系", words_of(Causality)),
    _text("action_with_drug", "what was done with the study drug", "对试验药物采取的措施"),
    _text("outcome", "outcome of the event", "事件转归"),
    column("grade", ColumnKind.WHOLE, "CTCAE grade, confirmed", "CTCAE 分级（已确认）"),
    _text("narrative", "narrative, or why it is not serious", "描述，或不严重的理由"),
)


def _serious(facts: Facts) -> _Rows:
    for task, answer in facts.serious:
        yield (
            task.subject_code,
            task.id,
            task.case_id,
            " ".join(task.causes),
            task.raised_at,
            task.aware_at,
            task.due_at,
            task.answered_by,
            task.answered_at,
            answered_in_time(task),
            task.serious,
            " ".join(answer.criteria) if answer else None,
            answer.started_on if answer else None,
            answer.to_study_drug if answer else None,
            answer.to_other_therapy if answer else None,
            facts.words(answer.action_with_drug) if answer else None,
            facts.words(answer.outcome) if answer else None,
            answer.grade if answer else None,
            facts.words(answer.narrative) if answer else None,
        )
