"""Settings of the process, from environment variables; what belongs to a tenant or an org is in the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from cti.outgoing import is_loopback_name

PREFIX = "FCC_CONNECTOR_"
MIN_SECRET_LENGTH = 32


class SettingsError(Exception):
    """The settings don't allow a start; the text says which and what to change."""


class Settings(BaseSettings):
    """What a process of the connector is told by its environment; docs/settings.md lists the same."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    public_url: str = Field(
        description="The address under which browsers and FCC reach the connector, without a path. https, except for "
        "loopback names and `*.localhost`.",
    )
    secret_key: SecretStr = Field(
        description="At least 32 characters of randomness; the keys that sign sessions are derived from it. "
        "`fcc-connector secret new` makes one.",
    )
    encryption_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        description="Fernet keys for secrets in the database, separated by commas. The first encrypts, all decrypt: "
        "put a new key first to change it.",
    )
    data_dir: Path = Field(
        default=Path("var"), description="Directory for what the connector keeps in files, the SQLite database first."
    )
    database_url: str = Field(
        default="",
        repr=False,
        description="`postgresql://user:password@host/name` or `sqlite:///path`. Empty: `connector.db` in the data "
        "directory.",
    )
    web_processes: int = Field(
        default=1,
        description="Number of web worker processes, also given as Gunicorn's `-w`. Anything but 1 is refused: who "
        "holds an agent's phone is kept in the memory of one process.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least severe log lines that are written."
    )
    trusted_proxy_hops: int = Field(
        default=0,
        ge=0,
        le=5,
        description="How many reverse proxies in front of the connector set X-Forwarded-For and X-Forwarded-Proto.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file of the certificate authorities to trust for calls to FCC and Salesforce, in place of "
        "the usual ones.",
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="Bearer token for `/metrics`. Without it, `/metrics` answers only where the public address is this "
        "machine's own, as in the demo.",
    )
    outbox_wait_seconds: float = Field(
        default=10.0,
        ge=0.0,
        le=300.0,
        description="How long the first delivery of a call waits for others to share its request to Salesforce.",
    )
    max_request_bytes: int = Field(
        default=1_048_576, ge=65_536, le=67_108_864, description="The largest request body that is read."
    )
    canvas_max_bytes: int = Field(
        default=65_536, ge=4_096, le=1_048_576, description="The largest Canvas signed request that is read."
    )
    session_seconds: int = Field(
        default=900,
        ge=120,
        le=3_600,
        description="Validity of a pane's session token; the pane renews it while it is open.",
    )
    retention_days: int = Field(
        default=90,
        ge=1,
        le=3_650,
        description="After how many days the facts about a call are redacted to a tombstone.",
    )

    @field_validator("public_url")
    @classmethod
    def _origin_only(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("give an address such as https://connector.example.com")
        if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
            raise ValueError("give scheme, host and port only, without a path, a query or a user")
        if parts.scheme == "http" and not is_loopback_name(parts.hostname):
            raise ValueError("http is for loopback names only; change it to https, browsers give no microphone to http")
        return f"{parts.scheme}://{parts.netloc.lower()}"

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < MIN_SECRET_LENGTH:
            raise ValueError("give at least 32 characters; `fcc-connector secret new` makes a good one")
        return value

    @field_validator("encryption_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("encryption_keys")
    @classmethod
    def _usable_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not value:
            raise ValueError("give at least one key; `fcc-connector secret new` makes one")
        for position, key in enumerate(value, start=1):
            try:
                Fernet(key.get_secret_value())
            except ValueError:
                raise ValueError(
                    f"key {position} is not a Fernet key (32 bytes in URL-safe base64); "
                    "`fcc-connector secret new` makes one"
                ) from None
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("give postgresql://user:password@host/name or sqlite:///path")
        return value

    @field_validator("web_processes")
    @classmethod
    def _one_process(cls, value: int) -> int:
        if value != 1:
            raise ValueError(
                f"the connector is one web process, on PostgreSQL too, for who holds an agent's phone is kept in its "
                f"memory: set it to 1, not {value}"
            )
        return value

    @field_validator("ca_file")
    @classmethod
    def _existing_file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {value}")
        return value

    @property
    def database(self) -> str:
        """The address of the database that is used, the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'connector.db'}"

    @property
    def websocket_url(self) -> str:
        """`public_url` with the scheme of WebSockets."""
        return "ws" + self.public_url.removeprefix("http")

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the connector over https."""
        return self.public_url.startswith("https://")


def load(**values: Any) -> Settings:
    """The settings from the environment, `values` taking precedence (by field name).

    Raises SettingsError with a line for each setting that stands in the way.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_input=False, include_url=False):
            name = PREFIX + str(problem["loc"][0]).upper() if problem["loc"] else ""
            text = "is not set" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {text}" if name else text)
        raise SettingsError("The connector cannot start:\n  " + "\n  ".join(lines)) from None


def table() -> str:
    """The table of docs/settings.md, made from the fields."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "*required*" if field.is_required() else _shown(field.default)
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def _shown(default: object) -> str:
    return "" if default in {None, ""} else f"`{default}`"
