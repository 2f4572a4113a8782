"""Turns a page's markup into HTML.

Source: Salesforce "Visualforce Developer Guide", components apex:page, apex:canvasApp, apex:includeScript,
apex:stylesheet, apex:outputText; "Canvas Developer Guide", "Visualforce Pages and Canvas".
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from simulators.salesforce.metadata.components import MetadataError
from simulators.salesforce.org import API_VERSION

from .expressions import merge
from .literals import object_literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .context import Context


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
        return merge(value, self._context)

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
        if self._open and self._open[-1] in {"script", "style"}:
            self._out.append(merge(data, self._context))
        else:
            self._out.append(merge(data, self._context, html.escape, lambda text: html.escape(text, quote=False)))

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
