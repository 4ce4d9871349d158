"""What must hold between the parts of a rule set: follow-ups that lead somewhere, words for every tier."""

from __future__ import annotations

from .types import NO, Kind, RuleSet, ScreeningQuestion, Text, Tier


def problems_in(rules: RuleSet) -> list[str]:
    """Every reason why these rules, each part of which is well formed, can't be used together."""
    by_id = {question.id: question for question in rules.questions}
    parents = {question.when.question for question in rules.questions if question.when is not None}
    problems = _emergency_words("Rules", rules.messages)
    for number, question in enumerate(rules.questions, start=1):
        where = named(f"Question {number}", question.id)
        problems += _follow_up(where, question, by_id)
        problems += _emergency_words(where, question.messages)
        problems += _words_for_tiers(where, question, rules)
        harmless = question.kind is not Kind.DATE and question.worst is Tier.CLEAR
        if harmless and question.tiers and question.id not in parents:
            problems.append(f"{where}: every answer leads to clear, so asking it changes nothing.")
    problems += _cards(rules)
    # Without one, a service that nobody thought of would be screened by nothing at all.
    if not any(not question.services and question.when is None for question in rules.questions):
        problems.append("Rules: at least one question must be asked for every service.")
    return problems


def _follow_up(where: str, question: ScreeningQuestion, by_id: dict[str, ScreeningQuestion]) -> list[str]:
    if question.when is None:
        return []
    parent = by_id.get(question.when.question)
    if parent is None:
        return [f"{where}: follows {shown(question.when.question)}, and there is no such question."]
    problems = []
    if parent.when is not None:
        # One level keeps 'is it asked?' a look at one answer, and rules out circles.
        problems.append(
            f'{where}: follows "{parent.id}", which is itself a follow-up; one level is the most.'
        )
    for answer in question.when.answers:
        if answer not in parent.answers:
            offered = ", ".join(parent.answers)
            problems.append(f'{where}: waits for {shown(answer)}, but "{parent.id}" offers only {offered}.')
    if parent.services and not set(question.services) <= set(parent.services):
        problems.append(f'{where}: must name only services for which "{parent.id}" is asked too.')
    return problems


def _cards(rules: RuleSet) -> list[str]:
    """'None of these' says no to every question of a card, so each of them must be one that a no to is harmless."""
    problems = []
    cards = [card.id for card in rules.cards]
    for number, question in enumerate(rules.questions, start=1):
        where = named(f"Question {number}", question.id)
        harmless = question.kind is Kind.YES_NO_UNSURE and question.tier_for(NO) is Tier.CLEAR
        if question.card and question.when is not None:
            problems.append(
                f'{where}: is a follow-up and stands where its question does, so leave out "card".'
            )
        elif question.card and question.card not in cards:
            problems.append(f"{where}: stands on {shown(question.card)}, and there is no such card.")
        elif question.card and not harmless:
            problems.append(f'{where}: can\'t stand on a card, where "none of these" answers no for it.')
        elif cards and harmless and question.when is None and not question.card:
            problems.append(f'{where}: needs a "card".')
    used = {question.card for question in rules.questions}
    problems += [
        f"Rules: no question stands on the card {shown(card)}." for card in cards if card not in used
    ]
    worst = {
        card: max((q.worst for q in rules.questions if q.card == card), default=Tier.CLEAR) for card in cards
    }
    if any(worst[card] is Tier.EMERGENCY for card in cards) and worst[cards[0]] is not Tier.EMERGENCY:
        problems.append("Rules: the card with the emergency signs must come first.")
    return problems


def _words_for_tiers(where: str, question: ScreeningQuestion, rules: RuleSet) -> list[str]:
    problems = []
    reachable = {tier for _, tier in question.tiers}
    for tier in sorted(reachable):
        if tier >= Tier.CLEARANCE and rules.message_for(question, tier) is None:
            problems.append(
                f'{where}: an answer leads to {tier.slug}, but "messages" has no words for {tier.slug}.'
            )
    if Tier.CAUTION in reachable and question.note is None:
        problems.append(f'{where}: an answer leads to caution, so the therapist needs a "note".')
    return problems


def _emergency_words(where: str, messages: tuple[tuple[Tier, Text], ...]) -> list[str]:
    text = dict(messages).get(Tier.EMERGENCY)
    return [
        f"{where}: the emergency message ({language}) must tell the client to call 911."
        for language, words in (text.translations if text is not None else ())
        if "911" not in words
    ]


def named(where: str, identifier: str) -> str:
    """The place of a question in the rules, with its id."""
    return f'{where} ("{identifier}")'


def shown(value: object) -> str:
    """A value for a problem message: short, and safe for whatever was typed (no repr of deep structures)."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        # Python refuses to spell out an integer of thousands of digits.
        return str(value) if abs(value) < 1_000_000 else "a number"
    if isinstance(value, str):
        short = value if len(value) <= 40 else value[:40] + "…"
        return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short) + '"'
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else "something else"
