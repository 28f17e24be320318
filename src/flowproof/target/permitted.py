"""What a run may do on a target, in sentences: how often, at which pace, what it creates, and what it costs at most."""

from collections.abc import Iterator, Mapping

from flowproof.conformance.effects import Effect

from .profile import Pace, Permission

__all__ = ["costly_operations", "effect_text", "permitted_sentences"]

UNLIMITED = "nothing limits what all calls together cost: the profile has no permits.spend"


def permitted_sentences(permission: Permission, pace: Pace, effects: Mapping[str, Effect]) -> tuple[str, ...]:
    """
    Everything that a profile permits.

    Args:
        permission: The profile's.
        pace: The same.
        effects: Of the provider's operations.
    """
    if permission.everything:
        return permission.sentences()
    sentences = []
    for sentence, operation in zip(permission.sentences(), permission.operations, strict=False):
        effect = effects.get(operation)
        sentences.append(f"{sentence}; {text}" if effect is not None and (text := effect_text(effect)) else sentence)
    sentences += permission.sentences()[len(sentences) :]
    if permission.spend is None and costly_operations(permission, effects):
        sentences.append(UNLIMITED)
    rate = pace.requests_per_second
    return (*sentences, *([f"at most {rate:g} requests a second"] if rate is not None else []))


def costly_operations(permission: Permission, effects: Mapping[str, Effect]) -> tuple[str, ...]:
    """The permitted operations of which a call is known to cost something."""
    permitted = (each for each, times in permission.operations.items() if times != 0)
    return tuple(each for each in permitted if each in effects and effects[each].spends is not None)


def effect_text(effect: Effect) -> str:
    """What a call of an operation creates and costs; empty where it does neither."""
    return ", and ".join(_parts(effect))


def _parts(effect: Effect) -> Iterator[str]:
    if effect.creates is not None:
        yield f"{effect.undone_by.operation} removes what it creates" if effect.undone_by else "what it creates stays"
    cost = effect.spends
    if cost is None and effect.creates is not None:
        yield "no response says what a call costs"
    elif cost is not None and cost.prices is not None:
        yield f"a call costs its price in the response of {cost.prices.operation}"
    elif cost is not None:
        yield "a call costs what its response says"
