"""A small client of the language server protocol: enough to open files, complete and read what is underlined."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Underlined:
    """What the server underlines: the text, and what it says about it."""

    text: str
    message: str


class LanguageServer:
    """Talks to one server over its standard input and output."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        self._process, self._folder = process, folder
        self._asked = 0
        self._published: dict[str, list[Json]] = {}
        self._ask(
            "initialize",
            {"processId": None, "rootUri": folder.as_uri(), "capabilities": {"textDocument": {"completion": {}}}},
        )
        self._tell("initialized", {})
        # The schema is the one that the file itself names: nothing comes from elsewhere.
        settings = {"yaml": {"validate": True, "completion": True, "schemaStore": {"enable": False}}}
        self._tell("workspace/didChangeConfiguration", {"settings": settings})

    def underlined(self, name: str, text: str) -> list[Underlined]:
        """Open a file and return what the server says about it."""
        uri = self._open(name, text)
        while uri not in self._published:
            self._receive()
        lines = text.splitlines()
        return [Underlined(_text_at(lines, found["range"]), found["message"]) for found in self._published[uri]]

    def offered(self, name: str, text: str, mark: str = "«") -> list[str]:
        """Open a file and return what the server offers where *mark* stands in it."""
        before, _, after = text.partition(mark)
        uri = self._open(name, before + after)
        place = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        answer = self._ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": place})
        return [item["label"] for item in answer["items"]]

    def _open(self, name: str, text: str) -> str:
        uri = (self._folder / name).as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        while True:
            answer = self._receive()
            if answer.get("id") == self._asked and "method" not in answer:
                return answer["result"]

    def _tell(self, method: str, params: Mapping[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _receive(self) -> Json:
        message = read_message(_pipe(self._process.stdout))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._published[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            # The server asks too: for settings, which it has, and to register, which we allow.
            wanted = len(message["params"]["items"]) if message["method"] == "workspace/configuration" else 0
            self._send({"id": message["id"], "result": [None] * wanted or None})
        return message

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        pipe = _pipe(self._process.stdin)
        pipe.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        pipe.flush()


def read_message(pipe: IO[bytes]) -> Json:
    """Return the next message: headers, an empty line, JSON."""
    length = 0
    while line := pipe.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    assert length, "the language server has ended"
    message: Json = json.loads(pipe.read(length))
    return message


@contextmanager
def language_server(node: str, program: Path, folder: Path) -> Iterator[LanguageServer]:
    """Run the server of *program* for the files of *folder*."""
    command = [node, str(program), "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield LanguageServer(process, folder)
        finally:
            process.kill()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _text_at(lines: list[str], found: Json) -> str:
    start, end = found["start"], found["end"]
    line: str = lines[start["line"]]
    return line[start["character"] : end["character"]] if end["line"] == start["line"] else line
