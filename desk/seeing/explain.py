"""The page that says why."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from desk.instants import local
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import priority, table
from desk.seeing.subject import draw_night_state
from desk.seeing.words import KINDS
from desk.views.explaining import Explanation, LadderLine, RungLine, read_explanation


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
    yield Text(f"By {found.policy_name}, version {found.policy_version[:12]}.", style="quiet")
    yield ""
    yield from draw_night_state(view, desk)
    if found.base is not None:
        yield from _priority(found, desk)
        yield ""
        yield from _targets(found, desk)
    elif view.kind == "work-order":
        yield Text("Nobody has raised it, so no rule applies: it waits as an orphan.", style="doubt")
    for ladder in found.ladders:
        yield ""
        yield from _ladder(ladder, desk)
    if not found.ladders:
        yield Text("Nothing was ever escalated about it.", style="good")
    if view.state.ignored:
        yield ""
        yield Text("Kept, but changing nothing:", style="head")
        for one in view.state.ignored:
            yield Text(f"  {one.id} by {one.source}: {one.why}", style="doubt")


def _priority(found: Explanation, desk: Desk) -> Iterable[RenderableType]:
    yield Text.assemble(("Facts", "head"))
    facts = table("", "")
    facts.show_header = False
    for fact in found.facts:
        code = f" ({fact.value})" if fact.words != fact.value and fact.value else ""
        facts.add_row(Text(f"  {fact.name.replace('_', ' ')}", style="quiet"), f"{fact.words}{code}")
    yield facts
    yield Text.assemble(("Rules that match", "head"), "; the strictest decides")
    rules = table("", "", "")
    rules.show_header = False
    for rule in found.rules:
        rules.add_row(Text.assemble("  ", priority(rule.priority)), rule.rule, rule.reason)
    yield rules
    settled = any(fact.name == "settled" and fact.value == "yes" for fact in found.facts)
    says = "Settled by the client side as" if settled else "So its base priority is"
    yield Text.assemble(f"{says} ", priority(found.base), ".")
    for one in found.joined:
        still = one.until is None
        stretch = f"since {local(one.since, desk.zone)}"
        if one.until is not None:
            stretch = f"from {local(one.since, desk.zone)} to {local(one.until, desk.zone)}"
        yield Text.assemble(f"It {'counts' if still else 'counted'} as ", priority("P1"), f" {stretch}: {one.because}.")


def _targets(found: Explanation, desk: Desk) -> Iterable[RenderableType]:
    drawn = table("  clock", "as", "allows", "from", "due", "", title="Clocks", whole=(0, 1, 3, 4), lead=1)
    for one in found.targets:
        ending = (
            Text(f"met {local(one.met_at, desk.zone)}", style="good")
            if one.met_at is not None
            else Text(f"overdue since {local(one.breached_at, desk.zone)}", style="bad")
            if one.breached_at is not None
            else Text("running")
        )
        started, due = (local(at, desk.zone) for at in (one.counted_from or one.started_at, one.due_at))
        drawn.add_row(f"  {one.clock}", priority(one.counts_as), one.allows, started, due, ending)
    yield drawn
    if found.joined:
        yield Text(
            f"  Counting as P1 sets a due time only where P1's target, counted from then, ends before the {found.base} "
            f"target counted from the start. When it ends, the {found.base} times hold again; a breach that was "
            "reached while it counted stays one, with the due time that it had.", style="quiet",
        )  # fmt: skip


def _ladder(ladder: LadderLine, desk: Desk) -> Iterable[RenderableType]:
    about = f" of {ladder.clock}" if ladder.clock else ""
    again = "" if ladder.spell == "first" else f", opened again by {ladder.spell.partition('|')[0]}"
    yield Text.assemble(
        (f"{KINDS.get(ladder.kind, ladder.kind).capitalize()}{about}", "head"), again, f": {ladder.reason}"
    )
    drawn = table("", "who", "rule", "", "", lead=2)
    drawn.show_header = False
    for rung in ladder.rungs:
        drawn.add_row(f"  {rung.rung}", rung.role, Text(rung.rule, style="quiet"), *_reached(rung, desk))
    yield drawn


def _reached(rung: RungLine, desk: Desk) -> tuple[Text, Text]:
    if rung.reached_at is None or rung.escalation_id is None:
        return Text("not reached", style="quiet"), Text("")
    style = "bad" if rung.standing else "good"
    told = Text(f"{'stands since' if rung.standing else 'was told'} {local(rung.reached_at, desk.zone)}", style=style)
    return told, Text(f"{rung.escalation_id[:8]} {', '.join(rung.remarks)}", style="quiet")
