"""The contract of the pane's channel, written out of the server's models: its JSON Schema and the pane's types.

`python -m tools.channel_contract` writes both files, with `--check` it only says whether they are what it would write.
A schema that holds for all languages comes from pydantic; the types are a short walk over it.
"""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from cti.pane.command import CommandId, Nothing
from cti.pane.commands import COMMANDS
from cti.pane_events import EVENTS, Count, Problem, Time

ROOT: Final = pathlib.Path(__file__).resolve().parent.parent
SCHEMA: Final = ROOT / "docs" / "pane-channel.schema.json"
TYPES: Final = ROOT / "static" / "pane" / "channel-types.d.ts"
ENVELOPE: Final = {"seq": Count, "at": Time}
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ABOUT: Final = (
    "Both directions of /pane/channel, subprotocol fcc-pane.v1. Commands go from the pane to the server, server "
    "messages the other way. Whoever tests one side uses #/$defs/command or #/$defs/serverMessage. "
    "Written by tools/channel_contract.py."
)


class _Plain(GenerateJsonSchema):
    """Without the titles that pydantic makes of names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        return schema is None


def models() -> dict[str, Any]:
    """The JSON Schema of each model, by its class's name, those that others name included."""
    answers = {command.answer for command in COMMANDS}
    roots = sorted({*COMMANDS, *EVENTS, *answers, Problem}, key=lambda model: model.__name__)
    inputs = [(model.__name__, "validation", TypeAdapter[Any](model)) for model in roots]
    found, shared = TypeAdapter.json_schemas(inputs, schema_generator=_Plain)  # type: ignore[arg-type]
    defs: dict[str, Any] = shared.get("$defs", {})
    for (name, _), schema in found.items():
        if "$ref" not in schema:
            defs[name] = schema
    for schema in defs.values():
        schema.pop("title", None)
    return defs


def contract(defs: dict[str, Any]) -> dict[str, Any]:
    """The schema of both directions."""
    out: dict[str, Any] = {command_of(command): defs[command.__name__] for command in COMMANDS}
    for event in EVENTS:
        own = defs[event.__name__]
        head = {name: _schema(kind) for name, kind in ENVELOPE.items()} | {
            "type": {"type": "string", "const": event.type}
        }
        required = [*head, *own.get("required", [])]
        out[f"event.{event.type}"] = own | {"properties": head | own["properties"], "required": required}
    for command in COMMANDS:
        out[answer_of(command)] = defs[command.answer.__name__]
    re = {"re": _schema(CommandId)}
    out["answer"] = _object(re | {"ok": _any(answer_of(command) for command in COMMANDS)})
    out["refusal"] = _object(_nullable(re) | {"error": _ref(Problem.__name__)})
    out["command"] = {"oneOf": [_ref(command_of(command)) for command in COMMANDS]}
    out["event"] = {"oneOf": [_ref(f"event.{event.type}") for event in EVENTS]}
    out["serverMessage"] = {"oneOf": [_ref("answer"), _ref("refusal"), _ref("event")]}
    return {
        "$schema": DIALECT,
        "title": "The pane's channel",
        "description": ABOUT,
        "anyOf": [_ref("command"), _ref("serverMessage")],
        "$defs": _named_by(out, defs) | out,
    }


def command_of(command: Any) -> str:
    """The name of a command's definition."""
    return f"command.{type_of(command)}"


def answer_of(command: Any) -> str:
    """The name of the definition of what a command is answered with."""
    return "answer.nothing" if command.answer is Nothing else f"answer.{type_of(command)}"


def type_of(command: Any) -> str:
    """The `type` of a command."""
    (name,) = command.model_fields["type"].annotation.__args__
    return str(name)


def _named_by(schema: Any, defs: dict[str, Any]) -> dict[str, Any]:
    """The shared definitions that a schema names, and those that these name."""
    text = json.dumps(schema)
    found = {name: own for name, own in sorted(defs.items()) if json.dumps(_ref(name)) in text}
    more = {name: own for name, own in found.items() if name not in schema}
    return dict(sorted((_named_by(schema | found, defs) if more else found).items()))


def _schema(kind: Any) -> dict[str, Any]:
    return TypeAdapter[Any](kind).json_schema(schema_generator=_Plain)


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def _any(names: Any) -> dict[str, Any]:
    return {"anyOf": [_ref(name) for name in dict.fromkeys(names)]}


def _nullable(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: {"anyOf": [schema, {"type": "null"}]} for name, schema in properties.items()}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def types(defs: dict[str, Any]) -> str:
    """The same for the pane's type checker."""
    named = "\n".join(
        f"/** {schema.get('description', name)} */\nexport type {name} = {_type(schema)};\n"
        for name, schema in sorted(defs.items())
    )
    sent = "".join(f'  "{type_of(each)}": Omit<{each.__name__}, "id" | "type">;\n' for each in COMMANDS)
    answered = "".join(f'  "{type_of(each)}": {each.answer.__name__};\n' for each in COMMANDS)
    told = "".join(f'\n  | Told<"{event.type}", {event.__name__}>' for event in EVENTS)
    return (
        "/* What goes over the pane's channel. Written by tools/channel_contract.py out of the server's models. */\n\n"
        f"{named}\n"
        f"/** The fields of each command beside its id and type. */\nexport interface Commands {{\n{sent}}}\n\n"
        f"/** What each command is answered with. */\nexport interface Answers {{\n{answered}}}\n\n"
        "export type Told<T extends string, Fields> = Fields & { seq: number; type: T; at: string };\n\n"
        f"/** What panes are told. */\nexport type ChannelEvent ={told};\n"
    )


def _type(schema: dict[str, Any]) -> str:  # noqa: PLR0911 - one case a kind of schema
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    match schema.get("type"):
        case "object":
            optional = schema["properties"].keys() - schema.get("required", [])
            fields = [
                f"  {name}{'?' if name in optional else ''}: {_type(own)};\n"
                for name, own in schema["properties"].items()
            ]
            return "{\n" + "".join(fields) + "}" if fields else "Record<string, never>"
        case "array":
            return f"Array<{_type(schema['items'])}>"
        case "integer" | "number":
            return "number"
        case "string" | "boolean" | "null" as plain:
            return str(plain)
    return "unknown"


def files() -> dict[pathlib.Path, str]:
    """What stands in each file."""
    defs = models()
    return {SCHEMA: json.dumps(contract(defs), indent=2, ensure_ascii=False) + "\n", TYPES: types(defs)}


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` name those that differ; 1 when one does."""
    stale = [path for path, text in files().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what the models say: run python -m tools.channel_contract")
        return int(bool(stale))
    for path in stale:
        path.write_text(files()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
