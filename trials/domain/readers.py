"""The two languages of documents, YAML and JSON, read into nodes."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.resolver import Resolver

from trials.domain.errors import Code, SpecError
from trials.domain.nodes import MAX_DEPTH, Builder, Merge, Node, fatal

_JSON_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\],:"]+')
_MERGE: Final = "tag:yaml.org,2002:merge"
_CONTAINER_TAGS: Final = frozenset({None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_MAX_NUMBER_CHARACTERS: Final = 100
"""A longer one is none; reading 1:1:1:… to the base 60 would take hours."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Final[Any] = Resolver()


def read_yaml(text: str) -> Node:
    """The document; an empty one is null. Raises SpecError if it is no YAML."""
    builder = Builder(len(text))
    anchors: dict[str, Node] = {}
    documents = 0
    try:
        event: Any
        for event in yaml.parse(text, Loader=_LOADER):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise fatal(
                    Code.YAML_SYNTAX, "has a second document after ---", line=_line(event), hint="send one at a time"
                )
            _take(event, builder, anchors)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text) from None
    except yaml.YAMLError as error:
        raise fatal(Code.YAML_SYNTAX, f"is no YAML: {str(error).splitlines()[0]}") from None
    return builder.root or Node(1)


def _syntax_error(error: yaml.MarkedYAMLError, text: str) -> SpecError:
    mark = error.problem_mark or error.context_mark
    words = " ".join(filter(None, [error.context, error.problem]))
    hint = "indent with blanks, not with tabs" if "'\\t'" in words or "tab" in words else ""
    line = (
        min(mark.line + 1, len(text.splitlines())) if mark else None
    )  # what is missing at the end is missing in the last line
    return fatal(Code.YAML_SYNTAX, f"is no YAML: {words}", line=line, hint=hint)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _span(event: Any) -> tuple[int, int]:
    """Where it begins and ends, in characters."""
    return event.start_mark.index, event.end_mark.index


def _take(event: Any, builder: Builder, anchors: dict[str, Node]) -> None:
    if isinstance(event, yaml.AliasEvent):
        if event.anchor not in anchors:
            raise fatal(Code.YAML_SYNTAX, f"the alias *{event.anchor} has no anchor before it", line=_line(event))
        builder.add_alias(anchors[event.anchor], _line(event))
    elif isinstance(event, yaml.CollectionEndEvent):
        builder.close(_span(event)[1])
    elif isinstance(event, yaml.NodeEvent):
        node = Node(_line(event))
        if event.anchor is not None:
            anchors[event.anchor] = node
        if isinstance(event, yaml.ScalarEvent):
            node.value, node.text = _scalar(event), event.value
            begin, end = _span(event)
            node.cost = end - begin
            builder.add(node)
        else:
            _refuse_tag(event)
            node.kind = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
            node.value = []
            builder.open(node, _span(event)[0])


def _refuse_tag(event: Any) -> None:
    if event.tag not in _CONTAINER_TAGS:
        raise fatal(Code.YAML_SYNTAX, f"the tag {event.tag} is not supported", line=_line(event), hint="leave it out")


def _scalar(event: Any) -> Any:
    """The value of a plain or quoted scalar. A date stays text: nothing here is a date, and JSON has none."""
    tag = event.tag
    if tag in {None, "!"}:
        tag = _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit)
    kind = tag.removeprefix("tag:yaml.org,2002:")
    if kind in {"str", "timestamp", "value"}:
        return event.value
    if kind == "null":
        return None
    if tag == _MERGE:
        return Merge(event.value)
    if kind not in {"int", "float", "bool"}:
        raise fatal(Code.YAML_SYNTAX, f"the tag {tag} is not supported", line=_line(event), hint="leave it out")
    if len(event.value) > _MAX_NUMBER_CHARACTERS:
        message = f"is a number of {len(event.value)} characters; at most {_MAX_NUMBER_CHARACTERS} are allowed"
        raise fatal(Code.YAML_SYNTAX, message, line=_line(event), hint="quote it, if it is text")
    try:
        return getattr(SafeConstructor(), f"construct_yaml_{kind}")(yaml.ScalarNode(tag, event.value))
    except (ValueError, KeyError, OverflowError, IndexError, ConstructorError):
        raise fatal(
            Code.YAML_SYNTAX, f"{event.value[:40]!r} is no {kind}", line=_line(event), hint="quote it"
        ) from None


def read_json(text: str) -> Node | None:
    """The document if it is JSON, whose words for numbers and whose escapes are not quite those of YAML; else None."""
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return None
    except RecursionError:
        raise fatal(Code.TOO_LARGE, f"is nested more than {MAX_DEPTH} levels deep") from None
    builder = Builder(len(text))
    for word, line, position in _tokens(text):
        if word in "{[":
            builder.open(Node(line, [], kind="map" if word == "{" else "list"), position)
        elif word in "}]":
            builder.close(position + 1)
        else:
            builder.add(Node(line, json.loads(word), cost=len(word)))
    return builder.root


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    line, seen = 1, 0
    for match in _JSON_TOKEN.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        yield match[0], line, seen
