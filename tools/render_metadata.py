"""Writes the Salesforce project of `sf_metadata/` for one org: `python -m tools.render_metadata --help`.

What differs between orgs (the connector's address, the org's own hosts, the FCC tenant, two names) stands as
`{{name}}` in `sf_metadata/templates/`. Rendering is a pure function from files and values to files; only `read` and
`write` touch the disk. The repository's own `force-app` is the same templates rendered with `PLACEHOLDERS`, so that the
project can be read and checked as it stands.
"""

from __future__ import annotations

import argparse
import dataclasses
import ipaddress
import pathlib
import re
import sys
import urllib.parse
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "sf_metadata"
API_VERSION = "67.0"
TEMPLATES = "templates/"
MANIFEST = "manifest/package.xml"
RENDERED_ONLY = "force-app/apps/extlClntAppGlobalOauthSets/"
"""Made for an org and never kept: a file of this type that is read back from an org holds the app's secret.

Source: Metadata API Developer Guide, "ExtlClntAppGlobalOauthSettings".
"""

TYPES: Mapping[str, tuple[str, str]] = {
    "applications": ("app", "CustomApplication"),
    "callCenters": ("callCenter", "CallCenter"),
    "classes": ("cls", "ApexClass"),
    "cspTrustedSites": ("cspTrustedSite", "CspTrustedSite"),
    "externalClientApps": ("eca", "ExternalClientApplication"),
    "extlClntAppCanvasSettings": ("ecaCanvas", "ExtlClntAppCanvasSettings"),
    "extlClntAppGlobalOauthSets": ("ecaGlblOauth", "ExtlClntAppGlobalOauthSettings"),
    "extlClntAppOauthPolicies": ("ecaOauthPlcy", "ExtlClntAppOauthConfigurablePolicies"),
    "extlClntAppOauthSettings": ("ecaOauth", "ExtlClntAppOauthSettings"),
    "extlClntAppPolicies": ("ecaPlcy", "ExtlClntAppConfigurablePolicies"),
    "fields": ("field", "CustomField"),
    "flexipages": ("flexipage", "FlexiPage"),
    "pages": ("page", "ApexPage"),
    "permissionsets": ("permissionset", "PermissionSet"),
    "remoteSiteSettings": ("remoteSite", "RemoteSiteSetting"),
    "settings": ("settings", "Settings"),
    "staticresources": ("resource", "StaticResource"),
}
"""Folder -> (suffix of the file, without `-meta.xml`; type in a manifest).

Source: Metadata API Developer Guide, "Metadata Types"; Salesforce DX Developer Guide, "Salesforce DX Project
Structure".
"""


class InvalidValueError(ValueError):
    """A value from which no deployable project can be made; the message says which and why."""


@dataclasses.dataclass(frozen=True)
class Hosts:
    """One org's origins: API and login, Lightning Experience, and Visualforce pages outside any package."""

    my: str
    lightning: str
    visualforce: str


@dataclasses.dataclass(frozen=True)
class Values:
    """All that differs between orgs. Each is checked where it is made, so rendering can't fail on it.

    connector_origin, fcc_origin, my_origin (the org's API and login), visualforce_origin: scheme and host (and port),
    no path; integration_user: a username; contact_email: whom Salesforce may write to about the two apps.
    """

    connector_origin: str
    my_origin: str
    visualforce_origin: str
    fcc_origin: str
    contact_email: str
    integration_user: str

    def words(self) -> dict[str, str]:
        """What stands for each `{{name}}` of a template."""
        return {
            "adapter_url": f"{self.visualforce_origin}/apex/FCC_WebPhone",
            "canvas_url": f"{self.connector_origin}/canvas",
            "connector_origin": self.connector_origin,
            "connector_socket_origin": "ws" + self.connector_origin.removeprefix("http"),
            "contact_email": self.contact_email,
            "fcc_origin": self.fcc_origin,
            "integration_user": self.integration_user,
            "my_origin": self.my_origin,
            "visualforce_origin": self.visualforce_origin,
        }


def is_loopback(host: str) -> bool:
    """Whether a host name or address is the machine itself. Source: RFC 6761, section 6.3."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str, name: str) -> str:
    """The origin of an address that must be nothing more than an origin.

    Takes `https://host[:port]`, and `http` for the machine itself. Raises InvalidValueError, naming the value, for
    anything else.
    """
    parts = urllib.parse.urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise InvalidValueError(f"{name}: {url} has no valid port") from error
    host = parts.hostname or ""
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise InvalidValueError(f"{name}: give the address without a path, a query or a user: {url}")
    if not (is_loopback(host) or re.fullmatch(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", host)):
        raise InvalidValueError(f"{name}: {url} has no host name")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise InvalidValueError(f"{name}: {url} must begin with https://; Salesforce frames nothing else")
    host = f"[{host}]" if ":" in host else host
    default = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if port in {None, default} else f":{port}")


def hosts(my_domain: str) -> Hosts:
    """The org's hosts from its My Domain: `acme`, `acme--uat.sandbox`, `acme-dev-ed.develop`, or its whole address.

    Raises InvalidValueError for a name that isn't one, and for the government and China clouds, whose hosts differ.
    Source: Salesforce Help, "My Domain URL Formats"; Apex Reference Guide, "DomainCreator Class".
    """
    given = my_domain.strip().lower()
    name = given.removeprefix("https://").removesuffix("/")
    for ending in (".my.salesforce.com", ".lightning.force.com"):
        name = name.removesuffix(ending)
    match = re.fullmatch(
        r"(?P<name>(?!-)(?:(?!--)[a-z0-9-])+(?<!-))(?:--(?P<sandbox>[a-z0-9]+))?(?:\.(?P<partition>[a-z]+))?", name
    )
    if not match:
        raise InvalidValueError(f"my domain: {my_domain} is not the name of an org, such as acme or acme--uat.sandbox")
    if bool(match["sandbox"]) != (match["partition"] == "sandbox"):
        raise InvalidValueError(f"my domain: a sandbox is written name--sandbox.sandbox, not {my_domain}")
    partition = f".{match['partition']}" if match["partition"] else ""
    label = name.removesuffix(partition) if partition else name
    return Hosts(
        my=f"https://{label}{partition}.my.salesforce.com",
        lightning=f"https://{label}{partition}.lightning.force.com",
        visualforce=f"https://{label}--c{partition}.vf.force.com",
    )


def own_origin(my_domain: str) -> str:
    """The origin of an org's API, of which `hosts` may not know the form; then the whole address must be given."""
    try:
        return hosts(my_domain).my
    except InvalidValueError:
        return origin(my_domain, "my domain")


def person(text: str, name: str) -> str:
    """An e-mail address, or a username, which has an address's form. Raises InvalidValueError for anything else."""
    if not re.fullmatch(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", text):
        raise InvalidValueError(f"{name}: {text} does not look like name@example.com")
    return text


def values(
    *,
    connector_url: str,
    my_domain: str,
    fcc_domain: str,
    contact_email: str,
    integration_user: str,
    visualforce_origin: str | None = None,
) -> Values:
    """Checks what an administrator typed and gives what templates need.

    fcc_domain: `acme.fcc-online.pl` or its address; visualforce_origin: where that host is not the one
    that follows from its My Domain. Raises InvalidValueError.
    """
    if visualforce_origin:
        visualforce = origin(visualforce_origin, "visualforce origin")
        my = own_origin(my_domain)
    else:
        my, visualforce = hosts(my_domain).my, hosts(my_domain).visualforce
    return Values(
        connector_origin=origin(connector_url, "connector url"),
        my_origin=my,
        visualforce_origin=visualforce,
        fcc_origin=origin(fcc_domain if "://" in fcc_domain else f"https://{fcc_domain}", "fcc domain"),
        contact_email=person(contact_email, "contact e-mail"),
        integration_user=person(integration_user, "integration user"),
    )


PLACEHOLDERS = Values(
    connector_origin="https://connector.example.com",
    my_origin="https://example.my.salesforce.com",
    visualforce_origin="https://example--c.vf.force.com",
    fcc_origin="https://CLIENT.fcc-online.pl",
    contact_email="admin@example.com",
    integration_user="fcc.integration@example.com",
)
"""What stands in the repository: valid, and plainly nobody's."""


def fill(template: str, words: Mapping[str, str], name: str) -> str:
    """A template with its `{{name}}`s replaced; raises InvalidValueError for a name that nobody knows."""

    def word(match: re.Match[str]) -> str:
        try:
            return escape(words[match[1]])
        except KeyError as error:
            raise InvalidValueError(f"{name}: unknown {match[0]}") from error

    return re.sub(r"\{\{([a-z_]+)\}\}", word, template)


def members(paths: Iterable[str]) -> dict[str, list[str]]:
    """What a manifest lists for these files: type -> names, both in order. Other files are passed over."""
    found: dict[str, set[str]] = {}
    for path in map(pathlib.PurePosixPath, paths):
        if path.parent.name not in TYPES or not path.name.endswith("-meta.xml"):
            continue
        suffix, kind = TYPES[path.parent.name]
        ending = f".{suffix}-meta.xml"
        if not path.name.endswith(ending):
            raise InvalidValueError(f"{path}: a file in {path.parent.name} must end in {ending}")
        name = path.name.removesuffix(ending)
        if kind == "CustomField":
            name = f"{path.parent.parent.name}.{name}"
        found.setdefault(kind, set()).add(name)
    return {kind: sorted(found[kind]) for kind in sorted(found)}


def manifest(paths: Iterable[str]) -> str:
    """The text of package.xml for the metadata among these files."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<Package xmlns="http://soap.sforce.com/2006/04/metadata">']
    for kind, names in members(paths).items():
        lines.append("    <types>")
        lines += [f"        <members>{escape(name)}</members>" for name in names]
        lines += [f"        <name>{kind}</name>", "    </types>"]
    return "\n".join([*lines, f"    <version>{API_VERSION}</version>", "</Package>", ""])


def render(files: Mapping[str, str], given: Values) -> dict[str, str]:
    """A deployable project from the source project, path -> text in both; paths are relative and have forward slashes.

    Templates take the place of the files they are named after and are left out themselves; the manifest is made anew.
    """
    project = {path: text for path, text in files.items() if not path.startswith(TEMPLATES)}
    words = given.words()
    for path, text in files.items():
        if path.startswith(TEMPLATES):
            project[path.removeprefix(TEMPLATES)] = fill(text, words, path)
    project[MANIFEST] = manifest(path for path in project if path.startswith("force-app/"))
    return dict(sorted(project.items()))


def read(root: pathlib.Path) -> dict[str, str]:
    """The files of a project as `render` takes them."""
    skipped = {".sf", ".sfdx", "rendered"}
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file() and not skipped & set(path.relative_to(root).parts)
    }


def write(root: pathlib.Path, project: Mapping[str, str]) -> None:
    """Writes a project into a new or empty folder, scripts in `bin/` executable; else raises InvalidValueError."""
    if root.exists() and any(root.iterdir()):
        raise InvalidValueError(f"output: {root} is not empty; nothing is overwritten")
    for path, text in project.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        if path.startswith("bin/"):
            target.chmod(0o755)


def committed(files: Mapping[str, str]) -> dict[str, str]:
    """What the source project holds besides templates: the placeholders' rendering, without `RENDERED_ONLY`."""
    project = render(files, PLACEHOLDERS)
    kept = {path: text for path, text in project.items() if not path.startswith(RENDERED_ONLY)}
    kept[MANIFEST] = manifest(path for path in kept if path.startswith("force-app/"))
    return kept


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        prog="render_metadata", description="Write the Salesforce project for one org, ready for sf project deploy."
    )
    command.add_argument("--connector-url", help="where the connector runs, such as https://connector.example.com")
    command.add_argument("--my-domain", help="the org: acme, acme--uat.sandbox, acme-dev-ed.develop, or its address")
    command.add_argument("--fcc-domain", help="the FCC tenant, such as acme.fcc-online.pl")
    command.add_argument("--contact-email", help="whom Salesforce may write to about the two apps")
    command.add_argument("--integration-user", help="username of the dedicated integration user")
    command.add_argument("--visualforce-origin", help="only where it does not follow from the My Domain")
    command.add_argument("--output", type=pathlib.Path, help="a new folder")
    command.add_argument(
        "--placeholders", action="store_true", help="instead of all this: bring the repository's own files up to date"
    )
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Renders as the arguments say; 0 when written, 2 with a sentence on stderr when a value is missing or wrong."""
    command = parser()
    given = command.parse_args(arguments)
    files = read(SOURCE)
    if given.placeholders:
        for path, text in committed(files).items():
            target = SOURCE / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return 0
    needed = ("connector_url", "my_domain", "fcc_domain", "contact_email", "integration_user", "output")
    missing = [f"--{name.replace('_', '-')}" for name in needed if getattr(given, name) is None]
    if missing:
        print(f"render_metadata: missing: {', '.join(missing)}", file=sys.stderr)
        return 2
    try:
        project = render(
            files,
            values(
                connector_url=given.connector_url,
                my_domain=given.my_domain,
                fcc_domain=given.fcc_domain,
                contact_email=given.contact_email,
                integration_user=given.integration_user,
                visualforce_origin=given.visualforce_origin,
            ),
        )
        write(given.output, project)
    except InvalidValueError as error:
        print(f"render_metadata: {error}", file=sys.stderr)
        return 2
    print(f"{len(project)} files in {given.output}; next: {given.output}/bin/install --help")
    return 0


if __name__ == "__main__":
    sys.exit(main())
