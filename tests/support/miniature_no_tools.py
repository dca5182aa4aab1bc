"""A small server of chats alone, without tools: a model that babbles, by rules as plain as can be.

It counts the same prompt tokens with tools and without, and what it babbles holds now and then a stray closing tag. It
knows no other operation than the list of models and chats; all else is 404 in the words of its web framework.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Json = dict[str, Any]
MODEL = "babbler-1"
KEY = "miniature-key-0123456789"
CREATED = 1_700_000_000
WORDS = ("Sunny", "</tool_call>", "today", "and", "mild", "near", "the", "sea", "with", "some", "wind", "later")
BOUNDS = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "max_tokens": (1, 10**6),
    "max_completion_tokens": (1, 10**6),
}
UNSUPPORTED = ("logprobs", "top_logprobs", "response_format", "logit_bias")
LIMIT = 40


class Refused(Exception):
    """A request that is wrong, and which member of it is."""

    def __init__(self, message: str, param: str | None = None, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}


def check_request(sent: Any) -> None:
    """Raise Refused for what is wrong with a request."""
    if not isinstance(sent, dict):
        raise Refused("The body must be an object.")
    messages = sent.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused("'messages' must be an array with at least one message.", "messages")
    for message in messages:
        _check_message(message)
    if not any(message["role"] != "assistant" for message in messages):
        raise Refused("Nobody asked anything.", "messages")
    for name, (least, most) in BOUNDS.items():
        value = sent.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise Refused(f"'{name}' must be a number.", name, "invalid_type")
        if value is not None and not least <= value <= most:
            raise Refused(f"'{name}' must be between {least} and {most}.", name)
    _check_rest(sent)


def _check_rest(sent: Json) -> None:
    for name in UNSUPPORTED:
        if sent.get(name) and sent[name] != {"type": "text"}:
            raise Refused(f"'{name}' is not supported by this model.", name, "unsupported_parameter")
    if (sent.get("n") or 1) != 1:
        raise Refused("'n' above 1 is not supported by this model.", "n", "unsupported_value")
    stop = sent.get("stop")
    if isinstance(stop, list) and len(stop) > 4:
        raise Refused("At most 4 stop strings.", "stop")
    if sent.get("stream_options") and not sent.get("stream"):
        raise Refused("'stream_options' goes with 'stream' only.", "stream_options")
    if not isinstance(sent.get("stream") or False, bool):
        raise Refused("'stream' must be a boolean.", "stream", "invalid_type")


def _check_message(message: Any) -> None:
    roles = {"system", "developer", "user", "assistant", "tool"}
    if not isinstance(message, dict) or message.get("role") not in roles:
        raise Refused("A message needs a known role.", "messages")
    content = message.get("content")
    if content is None and not message.get("tool_calls"):
        raise Refused("A message needs content.", "messages")
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict) or part.get("type") != "text":
            raise Refused("This model reads text only.", "messages", "unsupported_value")
    if not isinstance(content, str | list | None):
        raise Refused("Content must be a string or an array.", "messages", "invalid_type")


def count_prompt(sent: Json) -> int:
    """The tokens of the messages: their words; what else is sent costs nothing, tools neither."""
    return sum(3 + len(_text_of(one).split()) for one in sent["messages"])


def _text_of(message: Json) -> str:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in parts)


def make_text(sent: Json) -> tuple[list[str], str]:
    """The pieces of an answer, one a token, and why it ends."""
    start = count_prompt(sent) % 5
    length = 3 + count_prompt(sent) % 9
    wanted = [*WORDS[start:], *WORDS][:length]
    pieces = [word if at == 0 else f" {word}" for at, word in enumerate(wanted)]
    limit = sent.get("max_completion_tokens") or sent.get("max_tokens") or LIMIT
    stops = [sent["stop"]] if isinstance(sent.get("stop"), str) else sent.get("stop") or []
    if len(pieces) >= limit:
        return pieces[: int(limit)], "length"
    whole = "".join(pieces)
    for stop in stops:
        if stop in whole:
            return [whole.partition(stop)[0]], "stop"
    return pieces, "stop"


class Talk(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Counting

    def log_message(self, *_: object) -> None:
        """Nothing is written."""

    def do_GET(self) -> None:
        """The models, and nothing else."""
        path = self.path.partition("?")[0]
        entry = {"id": MODEL, "object": "model", "created": CREATED, "owned_by": "miniature"}
        if path == "/v1/models":
            self._send(200, {"object": "list", "data": [entry]})
        elif path == f"/v1/models/{MODEL}":
            self._send(200, entry)
        elif path.startswith("/v1/models/"):
            self._refuse(404, "The model does not exist.", "model", "model_not_found")
        else:
            self._send(404 if path != "/v1/chat/completions" else 405, {"detail": "Not Found"})

    def do_PUT(self) -> None:
        """No operation has this method."""
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self._refuse(405, "There is no such method here.", None, "method_not_allowed")

    def do_OPTIONS(self) -> None:
        """As PUT."""
        self.do_PUT()

    def do_HEAD(self) -> None:
        """As GET; a body does not go along."""
        self.do_GET()

    def do_POST(self) -> None:
        """A chat."""
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.partition("?")[0] != "/v1/chat/completions":
            self._send(404, {"detail": "Not Found"})
        elif self.headers.get("authorization") != f"Bearer {KEY}":
            self._refuse(401, "A key is needed.", None, "invalid_api_key")
        else:
            try:
                sent = json.loads(raw)
                check_request(sent)
            except Refused as refused:
                self._send(400, {"error": refused.error})
                return
            except (ValueError, RecursionError):
                self._refuse(400, "The body is not JSON.", None, "invalid_json")
                return
            self._answer(sent)

    def _answer(self, sent: Json) -> None:
        if not isinstance(sent.get("model"), str):
            self._refuse(400, "'model' must be a string.", "model", "missing_required_parameter")
            return
        if sent["model"] != MODEL:
            self._refuse(404, f"The model {str(sent.get('model'))[:40]!r} does not exist.", "model", "model_not_found")
            return
        pieces, reason = make_text(sent)
        made = len(pieces)
        prompt = count_prompt(sent)
        usage = {"prompt_tokens": prompt, "completion_tokens": made, "total_tokens": prompt + made}
        head = {"id": self.server.next_id(), "created": int(self.server.now()), "model": MODEL}
        if sent.get("stream"):
            self._stream(list(stream_events(head, pieces, reason, usage, sent)))
            return
        message = {"role": "assistant", "content": "".join(pieces), "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        self._send(200, {**head, "object": "chat.completion", "choices": [choice], "usage": usage})

    def _refuse(self, status: int, message: str, param: str | None, code: str) -> None:
        self._send(status, {"error": Refused(message, param, code).error})

    def _send(self, status: int, body: Json) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def _stream(self, events: list[str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            raw = f"data: {event}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


def stream_events(head: Json, pieces: list[str], reason: str, usage: Json, sent: Json) -> Iterator[str]:
    """The data of each event of a stream."""
    counted = bool((sent.get("stream_options") or {}).get("include_usage"))
    shared = {**head, "object": "chat.completion.chunk", **({"usage": None} if counted else {})}
    deltas = [({"role": "assistant", "content": ""}, None), *(({"content": one}, None) for one in pieces), ({}, reason)]
    for delta, finish in deltas:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        yield json.dumps({**shared, "choices": [choice]})
    if counted:
        yield json.dumps({**shared, "choices": [], "usage": usage})
    yield "[DONE]"


class Counting(ThreadingHTTPServer):
    """Numbers its answers, and knows the time."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self._lock, self._count = threading.Lock(), 0

    def handle_error(self, *_: object) -> None:
        """A client that went away is no news."""

    def next_id(self) -> str:
        """An id that no answer had before."""
        with self._lock:
            self._count += 1
            return f"chatcmpl-{self._count:08d}"

    def now(self) -> float:
        """Seconds since the epoch."""
        import time

        return time.time()


class Miniature:
    """The server, from `with` to its end."""

    def __enter__(self) -> Self:
        self._server = Counting()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"
