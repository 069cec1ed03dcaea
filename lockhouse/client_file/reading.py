"""Read a file of clients: strict YAML, one table of keys, and every mistake with its place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.language import Findings, Span, YamlBad, YamlEntry, YamlMap, YamlNode, YamlScalar, nearest, read_yaml
from lockhouse.client_fields import FIELDS, LIMITS, client_with, key_of
from lockhouse.client_file.declared import DEFAULT_OWNER, ClientFile, Declared, FileInvalid, Mistake
from lockhouse.client_file.values import ValueWrong, found_words, read_value
from protocols.oauth2 import KEY_METHODS, ClientInvalid, ClientPolicy, NewClient

__all__ = ["Secrets", "read_client_file"]

_TOP = ("owner", "clients")
_OWNER = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_KEYS = (*(field.key for field in FIELDS), "secret", "limits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Where secrets are looked up: the environment, and files beside the file of clients."""

    environ: Mapping[str, str]
    folder: Path

    def find(self, kind: str, name: str) -> str:
        """Return the secret in the variable or the file called *name*; ValueWrong where there is none."""
        if kind == "env":
            if not (found := self.environ.get(name)):
                raise ValueWrong(f"the environment has no variable {name}", "set it where this command runs")
            return found
        try:
            return (self.folder / name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueWrong(f"the file {name} cannot be read", "it stands relative to this file") from error


def read_client_file(file: Path, *, policy: ClientPolicy, secrets: Secrets | None = None) -> ClientFile:
    """Return what *file* declares; raise FileInvalid with everything that is wrong with it, in its order.

    Without *secrets* none is looked up: the file is judged as it stands, wherever that is.
    """
    try:
        source = file.read_bytes()
    except OSError as error:
        says = f"there is no readable file here: {error.strerror}"
        raise FileInvalid([Mistake(file=str(file), line=1, column=1, message=says)]) from error
    reading = _Reading(file=file, policy=policy, secrets=secrets)
    found = reading.read(source)
    if reading.mistakes or found is None:
        raise FileInvalid(sorted(reading.mistakes, key=lambda mistake: (mistake.line, mistake.column)))
    return found


class _Reading:
    """Collects what is wrong while one file is read."""

    def __init__(self, *, file: Path, policy: ClientPolicy, secrets: Secrets | None) -> None:
        self._file, self._policy, self._secrets = file, policy, secrets
        self.mistakes: list[Mistake] = []

    def read(self, source: bytes) -> ClientFile | None:
        findings = Findings(str(self._file))
        root = read_yaml(source, findings)
        for each in findings.found:
            self.mistakes.append(
                Mistake(file=each.file, line=each.line, column=each.column, message=each.message, hint=each.hint)
            )
        top = self._map(root, "a file with the key 'clients'", known=_TOP) if root is not None else None
        if top is None:
            return None
        owner = self._owner(top.get("owner"))
        clients = self._map(top.get("clients"), "clients by their ids") if top.get("clients") else None
        if top.get("clients") is None:
            self._note(top.span, "expected the key 'clients'", "clients: {} declares that there is none")
        read = [self._client(entry) for entry in clients.entries] if clients else []
        return ClientFile(owner=owner, clients=tuple(each for each in read if each is not None))

    def _owner(self, node: YamlNode | None) -> str:
        match node:
            case None:
                return DEFAULT_OWNER
            case YamlScalar(value=str() as owner) if _OWNER.fullmatch(owner):
                return owner
            case _:
                self._note(node.span, "owner: expected a short name of a-z 0-9 . _ -", found_words(node))
                return DEFAULT_OWNER

    def _client(self, entry: YamlEntry) -> Declared | None:
        before = len(self.mistakes)
        body = self._map(
            entry.value, "a client: its keys", known=[field.key for field in FIELDS] + ["secret", "limits"]
        )
        if body is None:
            return None
        values = {
            field.key: self._value(found, field.key, field)
            for field in FIELDS
            if (found := body.get(field.key)) is not None
        }
        values |= self._limits(body.get("limits"))
        secret = self._secret(body.get("secret"))
        if len(self.mistakes) > before:
            return None
        client = client_with(values, NewClient(client_id=entry.key, secret=secret))
        return self._judged(client, entry, body)

    def _judged(self, client: NewClient, entry: YamlEntry, body: YamlMap) -> Declared | None:
        try:
            _check_reference(client, named=body.get("secret") is not None)
            self._policy.check(client, secret_kept=self._secrets is None)
        except ClientInvalid as error:
            key = key_of(error.setting)
            place = body.entry(key)
            span = place.value.span if place is not None else entry.key_span
            self._note(span, f"{key}: expected {error.expected}")
            return None
        return Declared(client=client, line=entry.key_span.line)

    def _limits(self, node: YamlNode | None) -> dict[str, Any]:
        limits = self._map(node, "limits by their names", known=[field.key for field in LIMITS]) if node else None
        if limits is None:
            return {}
        return {
            field.key: self._value(found, f"limits.{field.key}", field)
            for field in LIMITS
            if (found := limits.get(field.key)) is not None
        }

    def _secret(self, node: YamlNode | None) -> str | None:
        if node is None or isinstance(node, YamlBad):
            return None
        entries = node.entries if isinstance(node, YamlMap) else ()
        match entries:
            case (YamlEntry(key="env" | "file" as kind, value=YamlScalar(value=str() as name)),):
                try:
                    return self._secrets.find(kind, name) if self._secrets else None
                except ValueWrong as wrong:
                    self._note(node.span, f"secret: {wrong.message}", wrong.hint)
            case _:
                # What stands here may be a secret: it is not repeated.
                says = "secret: expected {env: NAME} or {file: PATH}: a file of clients never holds one"
                self._note(node.span, says, "if a secret stood here, replace it: it is none now")
        return None

    def _value(self, node: YamlNode, name: str, field: Any) -> Any:
        try:
            return read_value(node, field, folder=self._file.parent)
        except ValueWrong as wrong:
            if not isinstance(node, YamlBad):
                self._note(node.span, f"{name}: {wrong.message}", wrong.hint)
            return None

    def _map(self, node: YamlNode | None, expected: str, *, known: Any = None) -> YamlMap | None:
        if not isinstance(node, YamlMap):
            if node is not None and not isinstance(node, YamlBad):
                self._note(node.span, f"expected {expected}", found_words(node))
            return None
        for entry in node.entries:
            if known is not None and entry.key not in known:
                self._note(entry.key_span, f"there is no key '{entry.key}' here", nearest(entry.key, known))
        return node

    def _note(self, span: Span, message: str, hint: str = "") -> None:
        self.mistakes.append(
            Mistake(file=str(self._file), line=span.line, column=span.column, message=message, hint=hint)
        )


def _check_reference(client: NewClient, *, named: bool) -> None:
    if client.auth_method in KEY_METHODS and named:
        raise ClientInvalid("secret", "none: this client proves itself by its keys")
    if client.auth_method not in KEY_METHODS and not named:
        raise ClientInvalid("secret", "{env: NAME} or {file: PATH}: a file of clients never holds one")
