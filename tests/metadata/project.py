"""The Salesforce project as the tests of it read it."""

from __future__ import annotations

import pathlib
import xml.etree.ElementTree as ET

from tools import render_metadata

ROOT = render_metadata.SOURCE
NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
FILES = render_metadata.read(ROOT)
SOURCE = {path: text for path, text in FILES.items() if not path.startswith(render_metadata.TEMPLATES)}
ACME = render_metadata.values(
    connector_url="https://fcc.acme.example",
    my_domain="acme",
    fcc_domain="acme.fcc-online.pl",
    contact_email="admin@acme.example",
    integration_user="fcc.integration@acme.example",
)
RENDERED = render_metadata.render(FILES, ACME)
MAIN = "force-app/main/default/"
APPS = "force-app/apps/"


def element(path: str, files: dict[str, str] | None = None) -> ET.Element:
    """The root element of a file of the rendered project (or of the one given)."""
    return ET.fromstring((files or RENDERED)[path])


def local(name: str) -> str:
    """A tag without its namespace."""
    return name.removeprefix(NAMESPACE)


def text(root: ET.Element, *names: str) -> list[str]:
    """The texts of all elements at a path of names."""
    return [found.text or "" for found in root.findall("/".join(NAMESPACE + name for name in names))]


def one(root: ET.Element, *names: str) -> str:
    """The text of the only element at a path of names."""
    (only,) = text(root, *names)
    return only


def metadata(files: dict[str, str]) -> list[str]:
    """Paths of the files that hold metadata."""
    return [path for path in files if path.endswith("-meta.xml")]


def folder(path: str) -> str:
    """The name of the folder a file lies in."""
    return pathlib.PurePosixPath(path).parent.name


def stem(path: str) -> str:
    """A metadata file's own name, without its endings."""
    return pathlib.PurePosixPath(path).name.split(".")[0]
