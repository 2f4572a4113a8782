"""Renders the package's Visualforce pages: a small renderer that knows what it knows and refuses the rest by name.

Source: Salesforce "Visualforce Developer Guide", components apex:page, apex:canvasApp, apex:includeScript,
apex:stylesheet, apex:outputText, global variables and formula functions; "Canvas Developer Guide", "Visualforce
Pages and Canvas".
"""

from __future__ import annotations

import html
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from xml.parsers import expat

from flask import Blueprint, Response, request

from .http import session_of_request, text
from .metadata import MetadataError
from .org import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .org import Org, Record, Session

PAGE_ATTRIBUTES: Final = {
    "applybodytag", "applyhtmltag", "cache", "contenttype", "controller", "doctype", "label", "language",
    "lightningstylesheets", "showheader", "sidebar", "standardstylesheets", "title", "id", "apiversion",
}  # fmt: skip
CANVAS_ATTRIBUTES: Final = {
    "applicationname", "border", "bordercolor", "borderwidth", "canvasid", "containerid", "developername",
    "entityfields", "height", "id", "maxheight", "maxwidth", "namespaceprefix", "oncanvasapperror", "oncanvasappload",
    "parameters", "rendered", "scrolling", "width",
}  # fmt: skip
VOID: Final = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_USER_FIELDS: Final = {
    "id": "Id", "username": "Username", "firstname": "FirstName", "lastname": "LastName", "email": "Email",
    "alias": "Alias", "profileid": "ProfileId", "userroleid": "UserRoleId", "isactive": "IsActive",
}  # fmt: skip


@dataclass
class Context:
    """What expressions may read: the org, the person, the page's query."""

    org: Org
    user: Record
    session: Session
    query: Mapping[str, str]
    controller: str | None = None
    properties: dict[str, str] = field(default_factory=dict)

    def label(self, name: str) -> str:
        labels = self.org.package.labels(self.user["LanguageLocaleKey"])
        if name not in labels:
            raise MetadataError(f"Field $Label.{name} does not exist. Check spelling.")
        return labels[name]

    def resource(self, name: str) -> str:
        if not self.org.package.has_resource(name):
            raise MetadataError(f"Static Resource named {name} does not exist. Check spelling.")
        return f"/resource/1763800000000/{name}"

    def controller_property(self, name: str) -> str:
        """A property of the page's controller: Apex does not run here, so each known one has a stand-in."""
        makers = CONTROLLERS.get(self.controller or "", {})
        if name not in makers:
            raise MetadataError(f"Unknown property '{self.controller}.{name}'")
        if not self.org.package.has_class(self.controller or ""):
            raise MetadataError(f"Apex class '{self.controller}' does not exist")
        return self.properties.setdefault(name, makers[name]())


#: What the package's page controllers give, property by property, once a page load.
CONTROLLERS: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {
    "FCC_WebPhoneController": {"n": lambda: secrets.token_hex(16)},
}


# expressions

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>\$?[A-Za-z_][\w.$]*)|(?P<sign>&&|\|\||<>|==|!=|[(),&=+]))"
)


class Expression:
    """One `{!…}` formula, evaluated while it is read."""

    def __init__(self, source: str, context: Context) -> None:
        self._source = source
        self._context = context
        self._tokens: list[tuple[str, str]] = []
        place = 0
        stripped = source.rstrip()
        while place < len(stripped):
            match = _TOKEN.match(stripped, place)
            if match is None:
                raise MetadataError(f"Syntax error in the expression {{!{source}}}")
            kind = match.lastgroup or ""
            self._tokens.append((kind, match.group(kind)))
            place = match.end()
        self._place = 0

    def value(self) -> Any:
        """The formula's value; MetadataError when it uses something unknown."""
        made = self._joined()
        if self._place != len(self._tokens):
            raise MetadataError(f"Syntax error in the expression {{!{self._source}}}")
        return made

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._place += 1
        return token

    def _joined(self) -> Any:
        left = self._term()
        while self._peek() in {("sign", "&"), ("sign", "=")}:
            _, sign = self._next()
            right = self._term()
            left = f"{_text(left)}{_text(right)}" if sign == "&" else left == right
        return left

    def _term(self) -> Any:
        kind, token = self._next()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if kind == "number":
            return float(token) if "." in token else int(token)
        if (kind, token) == ("sign", "("):
            made = self._joined()
            self._expect(")")
            return made
        if kind != "name":
            raise MetadataError(f"Syntax error in the expression {{!{self._source}}}")
        if self._peek() == ("sign", "("):
            self._next()
            arguments: list[Any] = []
            while self._peek() != ("sign", ")"):
                arguments.append(self._joined())
                if self._peek() == ("sign", ","):
                    self._next()
            self._expect(")")
            return self._call(token.upper(), arguments)
        return self._variable(token)

    def _expect(self, sign: str) -> None:
        if self._next() != ("sign", sign):
            raise MetadataError(f"Syntax error in the expression {{!{self._source}}}: {sign} expected")

    def _call(self, name: str, arguments: list[Any]) -> Any:
        one: dict[str, Callable[[Any], Any]] = {
            "JSENCODE": lambda value: _js_encode(_text(value)),
            "HTMLENCODE": lambda value: html.escape(_text(value)),
            "JSINHTMLENCODE": lambda value: _js_encode(html.escape(_text(value))),
            "URLENCODE": lambda value: quote(_text(value), safe=""),
            "TEXT": _text,
            "LOWER": lambda value: _text(value).lower(),
            "UPPER": lambda value: _text(value).upper(),
            "ISBLANK": lambda value: _text(value) == "",
            "NOT": lambda value: not value,
        }
        if name in one and len(arguments) == 1:
            return one[name](arguments[0])
        if name == "URLFOR" and len(arguments) in {1, 2}:
            return "/".join(_text(part).strip("/") if place else _text(part) for place, part in enumerate(arguments))
        if name == "IF" and len(arguments) == 3:  # noqa: PLR2004 - condition, then, else
            return arguments[1] if arguments[0] else arguments[2]
        if name == "SUBSTITUTE" and len(arguments) == 3:  # noqa: PLR2004 - text, old, new
            return _text(arguments[0]).replace(_text(arguments[1]), _text(arguments[2]))
        raise MetadataError(f"Unknown function {name} with {len(arguments)} arguments in {{!{self._source}}}")

    def _variable(self, name: str) -> Any:
        head, *rest = name.split(".")
        head = head.lower()
        if not rest and head in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[head]
        if head.startswith("$"):
            found, value = self._global(head, rest)
            if found:
                return value
        elif self._context.controller is not None:
            return self._context.controller_property(name)
        raise MetadataError(f"Unknown property or variable '{name}' in {{!{self._source}}}")

    def _global(self, head: str, rest: list[str]) -> tuple[bool, Any]:
        """A global variable: whether it is known here, and its value."""
        context = self._context
        first = rest[0] if rest else ""
        if head == "$currentpage" and len(rest) == 2 and first.lower() == "parameters":  # noqa: PLR2004 - and its name
            return True, context.query.get(rest[1], "")
        if len(rest) != 1:
            return False, None
        makers: dict[str, Callable[[], Any]] = {
            "$label": lambda: context.label(first),
            "$resource": lambda: context.resource(first),
            "$page": lambda: f"/apex/{first}",
        }
        if head in makers:
            return True, makers[head]()
        known = {
            "$user": {name: context.user[column] for name, column in _USER_FIELDS.items()} | {"uitheme": "Theme4d"},
            "$organization": {"id": context.org.id, "name": context.org.world.name},
        }.get(head, {})
        return first.lower() in known, known.get(first.lower())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _js_encode(value: str) -> str:
    escapes = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "/": "\\/"}
    escapes |= {"<": "\\u003C", ">": "\\u003E"}
    return "".join(escapes.get(char, char) for char in value)


def merge(source: str, context: Context, escape: Callable[[str], str]) -> str:
    """The text with every `{!…}` replaced by its value, escaped for where it stands."""
    made: list[str] = []
    place = 0
    while (start := source.find("{!", place)) >= 0:
        made.append(source[place:start])
        end = _end_of_expression(source, start + 2)
        made.append(escape(_text(Expression(source[start + 2 : end], context).value())))
        place = end + 1
    made.append(source[place:])
    return "".join(made)


def _end_of_expression(source: str, place: int) -> int:
    quoted = ""
    for index in range(place, len(source)):
        char = source[index]
        if quoted:
            quoted = "" if char == quoted and source[index - 1] != "\\" else quoted
        elif char in "'\"":
            quoted = char
        elif char == "}":
            return index
    raise MetadataError(f"Unclosed expression {source[place - 2 : place + 30]!r}")


# object literals of apex:canvasApp's `parameters`

_LITERAL: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_$][\w$]*)|(?P<sign>[{}\[\]:,]))"
)


def object_literal(source: str) -> dict[str, Any]:
    """A JavaScript object literal of plain values (`{n:'x', a:1}`) or JSON; MetadataError when it is neither."""
    tokens: list[tuple[str, str]] = []
    place = 0
    stripped = source.strip()
    while place < len(stripped):
        match = _LITERAL.match(stripped, place)
        if match is None:
            raise MetadataError(f"The attribute parameters of apex:canvasApp is no object: {source!r}")
        tokens.append((match.lastgroup or "", match.group(match.lastgroup or "")))
        place = match.end()
    tokens.append(("end", ""))
    feed = iter(tokens)
    made = _literal(next(feed), feed, source)
    if not isinstance(made, dict) or next(feed) != ("end", ""):
        raise MetadataError(f"The attribute parameters of apex:canvasApp is no object: {source!r}")
    return made


def _literal(token: tuple[str, str], feed: Any, source: str) -> Any:
    kind, value = token
    wrong = MetadataError(f"The attribute parameters of apex:canvasApp is no object: {source!r}")
    if kind == "text":
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    if kind == "number":
        return float(value) if "." in value else int(value)
    if kind == "name" and value in {"true", "false", "null"}:
        return {"true": True, "false": False, "null": None}[value]
    if value != "{":
        raise wrong
    made: dict[str, Any] = {}
    token = next(feed)
    while token != ("sign", "}"):
        if token[0] not in {"text", "name"} or next(feed) != ("sign", ":"):
            raise wrong
        key = token[1][1:-1] if token[0] == "text" else token[1]
        made[key] = _literal(next(feed), feed, source)
        token = next(feed)
        if token == ("sign", ","):
            token = next(feed)
        elif token != ("sign", "}"):
            raise wrong
    return made


# pages


class Renderer:
    """Turns one page's markup into HTML while it is read."""

    def __init__(self, context: Context, name: str) -> None:
        self._context = context
        self._name = name
        self._out: list[str] = []
        self._open: list[str] = []
        self._canvas_count = 0
        self._html = False
        self._title = name
        self._wrap = True
        self._content_type = "text/html; charset=utf-8"

    def render(self, source: str) -> tuple[str, str]:
        """HTML and content type; MetadataError when the page uses what is not known here."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.EntityDeclHandler = self._refuse_entity
        parser.buffer_text = True
        try:
            parser.Parse(source.strip(), True)
        except expat.ExpatError as error:
            raise MetadataError(f"Error: {self._name} is not well formed: {error}") from error
        body = "".join(self._out)
        if self._html or not self._wrap:
            return f"<!DOCTYPE html>\n{body}", self._content_type
        title = html.escape(self._title)
        head = f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{title}</title></head>'
        return f"{head}<body>{body}</body></html>", self._content_type

    def _refuse_entity(self, *_: object) -> None:
        raise MetadataError(f"Error: {self._name} declares an entity")

    def _attribute(self, value: str) -> str:
        return merge(value, self._context, lambda made: made)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._open.append(tag)
        if ":" in tag:
            self._component(tag, {name.lower(): value for name, value in attributes.items()})
            return
        if tag == "html":
            self._html = True
        for name in attributes:
            if ":" in name and not name.startswith(("xmlns:", "xml:")):
                raise MetadataError(f"Error: {self._name}: unknown attribute {name}")
        made = "".join(f' {name}="{html.escape(self._attribute(value))}"' for name, value in attributes.items())
        self._out.append(f"<{tag}{made}>")

    def _end(self, tag: str) -> None:
        self._open.pop()
        if ":" not in tag and tag not in VOID:
            self._out.append(f"</{tag}>")

    def _data(self, data: str) -> None:
        raw = any(tag in {"script", "style"} for tag in self._open[-1:])
        self._out.append(self._merge_data(data, raw=raw))

    def _merge_data(self, data: str, *, raw: bool) -> str:
        if raw:
            return merge(data, self._context, lambda made: made)
        made: list[str] = []
        place = 0
        while (start := data.find("{!", place)) >= 0:
            end = _end_of_expression(data, start + 2)
            made.append(html.escape(data[place:start], quote=False))
            made.append(html.escape(_text(Expression(data[start + 2 : end], self._context).value())))
            place = end + 1
        made.append(html.escape(data[place:], quote=False))
        return "".join(made)

    def _component(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "apex:page":
            self._known(tag, attributes, PAGE_ATTRIBUTES)
            self._context.controller = attributes.get("controller")
            self._title = self._attribute(attributes.get("title", self._name))
            self._wrap = attributes.get("applyhtmltag", "true").lower() != "false"
            if "contenttype" in attributes:
                self._content_type = attributes["contenttype"]
        elif tag == "apex:canvasApp":
            self._known(tag, attributes, CANVAS_ATTRIBUTES)
            self._canvas(attributes)
        elif tag == "apex:includeScript":
            self._known(tag, attributes, {"value", "loadonready", "id"})
            self._out.append(f'<script src="{html.escape(self._attribute(attributes["value"]))}"></script>')
        elif tag == "apex:stylesheet":
            self._known(tag, attributes, {"value", "id"})
            self._out.append(f'<link rel="stylesheet" href="{html.escape(self._attribute(attributes["value"]))}">')
        elif tag == "apex:slds":
            self._known(tag, attributes, {"id"})
            self._out.append('<link rel="stylesheet" href="/slds/styles/salesforce-lightning-design-system.min.css">')
        elif tag == "apex:outputText":
            self._known(tag, attributes, {"value", "escape", "rendered", "id"})
            if self._attribute(attributes.get("rendered", "true")) != "false":
                value = self._attribute(attributes.get("value", ""))
                self._out.append(value if attributes.get("escape") == "false" else html.escape(value))
        elif tag == "apex:outputPanel":
            self._known(tag, attributes, {"id", "layout", "styleclass", "style"})
        else:
            raise MetadataError(f"Error: Unknown component {tag} in {self._name}")

    def _known(self, tag: str, attributes: Mapping[str, str], known: set[str]) -> None:
        for name in attributes:
            if name not in known and not name.startswith("xmlns"):
                raise MetadataError(f"Error: Unsupported attribute {name} in <{tag}> in {self._name}")

    def _canvas(self, attributes: dict[str, str]) -> None:
        said = {name: self._attribute(value) for name, value in attributes.items()}
        if said.get("rendered", "true") == "false":
            return
        developer_name = said.get("developername") or said.get("applicationname")
        if not developer_name:
            raise MetadataError("Error: <apex:canvasApp> requires applicationName or developerName")
        self._canvas_count += 1
        canvas_id = said.get("canvasid") or f"canvas{self._canvas_count}"
        place = said.get("containerid") or f"canvas-place-{self._canvas_count}"
        if "containerid" not in said:
            self._out.append(f'<div id="{html.escape(place)}"></div>')
        config = {
            "instanceId": f"{said.get('namespaceprefix') or '_'}:{developer_name}:{canvas_id}",
            "developerName": developer_name,
            "namespace": said.get("namespaceprefix", ""),
            "container": place,
            "width": said.get("width", "800px"),
            "height": said.get("height", "900px"),
            "maxWidth": said.get("maxwidth", "1000px"),
            "maxHeight": said.get("maxheight", "2000px"),
            "scrolling": said.get("scrolling", "no"),
            "border": said.get("border", "0"),
            "onLoad": said.get("oncanvasappload", ""),
            "onError": said.get("oncanvasapperror", ""),
            "parameters": object_literal(said["parameters"]) if said.get("parameters") else {},
            "apiVersion": API_VERSION,
            "canvasOrigin": self._context.org.site.connector_url,
        }
        data = json.dumps(config, ensure_ascii=False).replace("<", "\\u003C")
        self._out.append(f'<script type="application/json" class="canvas-app">{data}</script>')
        if self._canvas_count == 1:
            self._out.append('<script src="/canvas/canvas_parent.js"></script>')


def blueprint(org: Org) -> Blueprint:
    """Pages and static resources of the Visualforce host."""
    pages = Blueprint("visualforce", __name__)

    @pages.get("/apex/<name>")
    def page(name: str) -> Response:
        org.counters.requests["visualforce page"] += 1
        session = session_of_request(org)
        if request.args.get("nonce"):
            session = org.session_of_frame(request.args["nonce"]) or session
        if session is None:
            return text("<h1>Log in to Salesforce</h1>", 401, "text/html; charset=utf-8")
        source = org.package.page(name)
        if source is None:
            return text(f"Page {html.escape(name)} does not exist", 404, "text/html; charset=utf-8")
        context = Context(org, dict(org.table("User")[session.user_id]), session, request.args)
        try:
            made, media = Renderer(context, name).render(source)
        except MetadataError as error:
            return text(f"Visualforce Error\n\n{error}\n", 500)
        response = text(made, 200, media)
        ancestors = f"frame-ancestors {org.site.lightning_origin} {org.site.my_origin} {org.site.vf_origin}"
        response.headers["Content-Security-Policy"] = ancestors
        response.headers["Cache-Control"] = "no-cache, must-revalidate, max-age=0, no-store, private"
        return response

    @pages.get("/resource/<stamp>/<name>", defaults={"inner": ""})
    @pages.get("/resource/<stamp>/<name>/<path:inner>")
    def resource(stamp: str, name: str, inner: str) -> Response:
        del stamp
        found = org.package.resource(name, inner)
        if found is None:
            return text(f"Static resource {html.escape(name)} not found", 404)
        return Response(found[0], 200, content_type=found[1])

    return pages
