"""
The kinds of change, each with an id, a sentence and whom it breaks.

*Clients* are programs written for the old document that meet a provider who follows the new one. *The provider* is a
server that follows the old document and is measured by the new one. What a request may be is demanded of clients, what
a response may be is demanded of the provider; so to allow less in a request breaks clients, and to allow more in it
breaks the provider; in a response it is the other way round.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["RULES", "Effect", "Position", "Rule", "SchemaRule", "schema_rule_id"]

Effect = Literal["narrowed", "widened", "replaced", "noted"]
Position = Literal["request", "response"]


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A kind of change.

    Args:
        id: Of three or more words with dots between.
        text: One sentence.
        clients: Whether it breaks clients.
        provider: Whether it breaks the provider.
    """

    id: str
    text: str
    clients: bool = False
    provider: bool = False

    @property
    def breaks(self) -> str:
        """``clients``, ``provider``, ``both`` or ``none``."""
        if self.clients and self.provider:
            return "both"
        return "clients" if self.clients else "provider" if self.provider else "none"


@dataclass(frozen=True, slots=True)
class SchemaRule:
    """
    A kind of change of a schema, which breaks one side in a request and the other in a response.

    Args:
        id: The last part of the ids of its two rules.
        text: The first part of a sentence; ends without a full stop.
        effect: Whether the schema allows less, more, or something else than before, or the same.
    """

    id: str
    text: str
    effect: Effect


_DOCUMENT = (
    Rule("document.servers.added", "There is a further server."),
    Rule("document.servers.removed", "A server is gone.", clients=True),
    Rule("document.version.changed", "The version of the API is another."),
    Rule("operation.added", "There is a further operation.", provider=True),
    Rule("operation.removed", "An operation is gone.", clients=True),
    Rule("operation.deprecated", "An operation is deprecated."),
    Rule("operation.undeprecated", "An operation is no longer deprecated."),
    Rule(
        "operation.id.changed", "An operationId is another; requests stay as they are, names in generated code do not."
    ),
    Rule("operation.path.renamed", "A path parameter has another name; requests stay as they are."),
    Rule("webhook.added", "There is a further webhook.", clients=True),
    Rule("webhook.removed", "A webhook is no longer sent.", clients=True, provider=True),
    Rule("callback.added", "There is a further callback.", clients=True),
    Rule("callback.removed", "A callback is no longer sent.", clients=True, provider=True),
    Rule("security.added", "There is a further way to authenticate.", provider=True),
    Rule("security.removed", "A way to authenticate is gone.", clients=True),
    Rule("security.scope.added", "A way to authenticate needs a further scope.", clients=True),
    Rule("security.scope.removed", "A way to authenticate needs a scope less.", provider=True),
    Rule("security.scheme.changed", "A security scheme works in another way.", clients=True, provider=True),
    Rule("parameter.added", "There is a further optional parameter.", provider=True),
    Rule("parameter.added.required", "There is a further parameter, and it is required.", clients=True, provider=True),
    Rule("parameter.removed", "A parameter is gone.", clients=True),
    Rule("parameter.required", "A parameter has become required.", clients=True),
    Rule("parameter.optional", "A parameter is no longer required.", provider=True),
    Rule("parameter.form.changed", "A parameter is written in another form.", clients=True, provider=True),
    Rule("parameter.deprecated", "A parameter is deprecated."),
    Rule("request.body.added", "There is a body, which may be left out.", provider=True),
    Rule("request.body.added.required", "There is a body, and it is required.", clients=True, provider=True),
    Rule("request.body.removed", "There is no body any more.", clients=True),
    Rule("request.body.required", "The body has become required.", clients=True),
    Rule("request.body.optional", "The body is no longer required.", provider=True),
    Rule("request.media_type.added", "A request may have a further media type.", provider=True),
    Rule("request.media_type.removed", "A request may no longer have a media type.", clients=True),
    Rule("response.status.added", "There is a further status, of a class that the operation had already."),
    Rule("response.status.added.class", "There is a status of a class that the operation did not have.", clients=True),
    Rule("response.status.removed", "A status of an error is gone.", provider=True),
    Rule("response.status.removed.success", "A status of a success is gone.", clients=True, provider=True),
    Rule("response.media_type.added", "A response may have a further media type.", provider=True),
    Rule("response.media_type.removed", "A response no longer has a media type.", clients=True, provider=True),
    Rule("response.header.added", "A response may have a further header."),
    Rule("response.header.added.required", "A response must have a further header.", provider=True),
    Rule("response.header.removed", "A response header is gone.", clients=True),
    Rule("response.header.required", "A response header has become required.", provider=True),
    Rule("response.header.optional", "A response header is no longer sure to come.", clients=True),
)

SCHEMA_RULES: Final = (
    SchemaRule("type.narrowed", "A type is no longer allowed", "narrowed"),
    SchemaRule("type.widened", "A further type is allowed", "widened"),
    SchemaRule("type.changed", "The type is another", "replaced"),
    SchemaRule("enum.removed", "A value is no longer allowed", "narrowed"),
    SchemaRule("enum.added", "A further value is allowed", "widened"),
    SchemaRule("limit.tightened", "A limit is tighter", "narrowed"),
    SchemaRule("limit.loosened", "A limit is looser", "widened"),
    SchemaRule("format.added", "A format or pattern is demanded", "narrowed"),
    SchemaRule("format.removed", "A format or pattern is no longer demanded", "widened"),
    SchemaRule("format.changed", "The format or pattern is another", "replaced"),
    SchemaRule("property.required", "A property has become required", "narrowed"),
    SchemaRule("property.optional", "A property is no longer required", "widened"),
    SchemaRule("property.added.required", "There is a further property, and it is required", "narrowed"),
    SchemaRule("property.added.closed", "There is a further property, where none was allowed before", "widened"),
    SchemaRule("property.access.changed", "readOnly or writeOnly is another", "replaced"),
    SchemaRule("others.forbidden", "Properties or items that are not named are no longer allowed", "narrowed"),
    SchemaRule("others.allowed", "Properties or items that are not named are allowed", "widened"),
    SchemaRule("condition.added", "A further condition must hold", "narrowed"),
    SchemaRule("condition.removed", "A condition need no longer hold", "widened"),
    SchemaRule("condition.changed", "A condition is another", "replaced"),
    SchemaRule("alternative.removed", "An alternative is gone", "narrowed"),
    SchemaRule("alternative.added", "There is a further alternative", "widened"),
    SchemaRule("schema.narrowed", "Nothing is allowed any more", "narrowed"),
    SchemaRule("schema.widened", "Something is allowed where nothing was", "widened"),
    SchemaRule("deprecated", "A part is deprecated", "noted"),
    SchemaRule("documentation", "The description or an example is another", "noted"),
)

# Where a request and a response are not each other's mirror: optional properties are ignored by who does not know them.
_PROPERTIES = (
    Rule("request.property.added", "There is a further optional property in a request.", provider=True),
    Rule("request.property.removed", "There is a property less in a request.", clients=True),
    Rule("request.property.removed.closed", "A property is no longer allowed in a request.", clients=True),
    Rule("request.default.changed", "The default of something in a request is another.", clients=True),
    Rule("response.property.added", "There is a further optional property in a response."),
    Rule("response.property.removed", "There is a property less in a response.", clients=True),
    Rule(
        "response.property.removed.closed",
        "A property is no longer allowed in a response.",
        clients=True,
        provider=True,
    ),
    Rule("response.default.changed", "The default of something in a response is another."),
)


def schema_rule_id(position: Position, last: str) -> str:
    """The id of a schema's rule in a request or a response."""
    return f"{position}.{last}"


def _schema_rules() -> Iterator[Rule]:
    for each in SCHEMA_RULES:
        for position in ("request", "response"):
            demanded, allowed = each.effect in {"narrowed", "replaced"}, each.effect in {"widened", "replaced"}
            yield Rule(
                f"{position}.{each.id}",
                f"{each.text} in a {position}.",
                clients=demanded if position == "request" else allowed,
                provider=allowed if position == "request" else demanded,
            )


RULES: Final[dict[str, Rule]] = {each.id: each for each in (*_DOCUMENT, *_PROPERTIES, *_schema_rules())}
