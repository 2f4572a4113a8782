"""The platform's refusals, which the API tells in its own shape."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - it is the platform's answer, not a failure of ours
    """The platform's refusal: `code` (a StatusCode), `message`, the `fields` it is about, the HTTP status alone."""

    def __init__(self, code: str, message: str, fields: tuple[str, ...] = (), status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status
