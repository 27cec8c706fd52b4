"""The page that says why."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from desk.instants import local
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import priority, table
from desk.seeing.subject import draw_night_state
from desk.seeing.words import kind_of
from desk.views.explaining import Explanation, LadderLine, RungLine, read_explanation
from desk.words import _, reason


def explain_subject(subject: str, premises: str | None, reading: Reading) -> int:
    """Print why the subject has its priority and its escalations."""
    return look(
        reading,
        "explanation",
        lambda desk, connection: read_explanation(connection, desk.world, desk.now, subject, premises),
        draw_explanation,
    )


def draw_explanation(found: Explanation, desk: Desk) -> Iterable[RenderableType]:
    """Facts, rules, targets and ladders, in the order in which they follow from each other."""
    view = found.subject
    yield Text.assemble((view.subject, "head"), f"  {view.premises_name} ({view.premises})")
    yield Text(
        _("By {policy}, version {version}.", policy=reason(found.policy_name), version=found.policy_version[:12]),
        style="quiet",
    )
    yield ""
    yield from draw_night_state(view, desk)
    if found.base is not None:
        yield from _priority(found, desk)
        yield ""
        yield from _targets(found, desk)
    elif view.kind == "work-order":
        yield Text(_("Nobody has raised it, so no rule applies: it waits as an orphan."), style="doubt")
    for ladder in found.ladders:
        yield ""
        yield from _ladder(ladder, desk)
    if not found.ladders:
        yield Text(_("Nothing was ever escalated about it."), style="good")
    if view.state.ignored:
        yield ""
        yield Text(_("Kept, but changing nothing:"), style="head")
        for one in view.state.ignored:
            kept = _("{id} by {source}: {why}", id=one.id, source=one.source, why=reason(one.why))
            yield Text(f"  {kept}", style="doubt")


def _priority(found: Explanation, desk: Desk) -> Iterable[RenderableType]:
    yield Text.assemble((_("Facts"), "head"))
    facts = table("", "")
    facts.show_header = False
    for fact in found.facts:
        code = f" ({fact.value})" if fact.words != fact.value and fact.value else ""
        several = fact.words.split(", ") if fact.name == "impacts" else [fact.words]
        name, words = reason(fact.name.replace("_", " ")), ", ".join(map(reason, several))
        facts.add_row(Text(f"  {name}", style="quiet"), f"{words}{code}")
    yield facts
    yield Text.assemble((_("Rules that match"), "head"), _("; the strictest decides"))
    rules = table("", "", "")
    rules.show_header = False
    for rule in found.rules:
        rules.add_row(Text.assemble("  ", priority(rule.priority)), rule.rule, reason(rule.reason))
    yield rules
    settled = any(fact.name == "settled" and fact.value == "yes" for fact in found.facts)
    says = _("Settled by the client side as") if settled else _("So its base priority is")
    yield Text.assemble(f"{says} ", priority(found.base), ".")
    for one in found.joined:
        counts, since = _("It counts as "), local(one.since, desk.zone)
        stretch = _(" since {since}: {because}.", since=since, because=reason(one.because))
        if one.until is not None:
            until = local(one.until, desk.zone)
            counts = _("It counted as ")
            stretch = _(" from {since} to {until}: {because}.", since=since, until=until, because=reason(one.because))
        yield Text.assemble(counts, priority("P1"), stretch)


def _targets(found: Explanation, desk: Desk) -> Iterable[RenderableType]:
    heads = ("  " + _("clock"), _("as"), _("allows"), _("from"), _("due"), "")
    drawn = table(*heads, title=_("Clocks"), whole=(0, 1, 3, 4), lead=1)
    for one in found.targets:
        ending = (
            Text(_("met {when}", when=local(one.met_at, desk.zone)), style="good")
            if one.met_at is not None
            else Text(_("overdue since {when}", when=local(one.breached_at, desk.zone)), style="bad")
            if one.breached_at is not None
            else Text(_("running"))
        )
        started, due = (local(at, desk.zone) for at in (one.counted_from or one.started_at, one.due_at))
        drawn.add_row(f"  {reason(one.clock)}", priority(one.counts_as), reason(one.allows), started, due, ending)
    yield drawn
    if found.joined:
        joined = _(
            "Counting as P1 sets a due time only where P1's target, counted from then, ends before the {base} target "
            "counted from the start. When it ends, the {base} times hold again; a breach that was reached while it "
            "counted stays one, with the due time that it had.",
            base=found.base,
        )
        yield Text(f"  {joined}", style="quiet")


def _ladder(ladder: LadderLine, desk: Desk) -> Iterable[RenderableType]:
    kind = kind_of(ladder.kind, ladder.clock)
    by = ladder.spell.partition("|")[0]
    again = "" if ladder.spell == "first" else _(", opened again by {source}", source=by)
    yield Text.assemble((kind[:1].upper() + kind[1:], "head"), again, f": {reason(ladder.reason)}")
    drawn = table("", _("who"), _("rule"), "", "", lead=2)
    drawn.show_header = False
    for rung in ladder.rungs:
        rule = "; ".join(map(reason, rung.rule.split("; ")))
        drawn.add_row(f"  {rung.rung}", rung.role, Text(rule, style="quiet"), *_reached(rung, desk))
    yield drawn


def _reached(rung: RungLine, desk: Desk) -> tuple[Text, Text]:
    if rung.reached_at is None or rung.escalation_id is None:
        return Text(_("not reached"), style="quiet"), Text("")
    style = "bad" if rung.standing else "good"
    when = local(rung.reached_at, desk.zone)
    told = _("stands since {when}", when=when) if rung.standing else _("was told {when}", when=when)
    told_by = [_("told by {channels}", channels=", ".join(rung.told_by))] if rung.told_by else []
    remarks = ", ".join([*map(reason, rung.remarks), *told_by])
    return Text(told, style=style), Text(f"{rung.escalation_id[:8]} {remarks}", style="quiet")
