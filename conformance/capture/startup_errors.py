"""Why there is nothing to capture: one sentence of what happened, one of what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from conformance.api.openai import MODELS
from conformance.api.probe import is_web_page, says_unknown_model, words
from conformance.errors import ExitCode, UserError
from conformance.inputs.endpoint import Endpoint
from conformance.inputs.proxies import Proxy
from conformance.model import UNREACHABLE, Exchange, Outcome
from conformance.secrets.known import known_secrets
from conformance.text import brief

_NO_ANSWER = {
    Outcome.NO_SUCH_HOST: ("There is no host named {host}.", "Check the base URL for a typo, and your DNS."),
    Outcome.REFUSED: ("{host} refused the connection.", "Is the server running, and is this its port?"),
    Outcome.CONNECT_FAILED: ("{host} could not be reached: {detail}.", "Check the network and the proxy settings."),
    Outcome.TLS_ERROR: (
        "TLS with {host} failed: {detail}.",
        "Check http or https, and the certificate; --insecure (`verify_tls: false` in a configuration) trusts any.",
    ),
    Outcome.CONNECT_TIMEOUT: (
        "{host} did not accept a connection in time.",
        "Check the network, or `timeouts.connect`.",
    ),
    Outcome.NO_ANSWER: ("{host} closed the connection without an answer.", "Check http or https in the URL."),
    Outcome.PROTOCOL_ERROR: (
        "What {host} answered is not HTTP: {detail}.",
        "Check http or https and the port in the URL.",
    ),
    Outcome.FIRST_BYTE_TIMEOUT: ("{host} did not answer in time.", "Try again later, or raise `timeouts.first_byte`."),
    Outcome.TOTAL_TIMEOUT: ("{host} did not finish an answer in time.", "Try again later, or raise `timeouts.total`."),
}

_OF_A_PROXY = {
    Outcome.NO_SUCH_HOST: "there is no host of that name",
    Outcome.REFUSED: "it refused the connection",
    Outcome.CONNECT_FAILED: "{detail}",
    Outcome.TLS_ERROR: "TLS failed: {detail}",
    Outcome.CONNECT_TIMEOUT: "no connection in time",
}
"""The same of the proxy that was asked in the endpoint's place."""


class Aborts:
    """Makes the errors of one endpoint.

    Args:
        endpoint: names the URL and the key's variable.
        key: masked wherever the endpoint's own words are shown.
        proxy: named where nobody answered.
    """

    def __init__(self, endpoint: Endpoint, key: str | None, proxy: Proxy | None = None) -> None:
        self._endpoint, self._has_key, self._proxy = endpoint, bool(key), proxy
        self._secrets = known_secrets(key)

    def silent(self, exchange: Exchange) -> UserError | None:
        """No status came: who did not answer, and how."""
        known = _NO_ANSWER.get(exchange.outcome)
        if exchange.status is not None or known is None:
            return None
        host = urlsplit(self._endpoint.base_url).netloc.rpartition("@")[2]
        said, hint = known[0].format(host=host, detail=self._shown(exchange.detail).rstrip(".")), known[1]
        if self._proxy and exchange.outcome in UNREACHABLE:
            why = _OF_A_PROXY[exchange.outcome].format(detail=self._shown(exchange.detail).rstrip("."))
            said = f"{host} could not be reached through the proxy {self._proxy.place}: {why}."
            hint = f"{self._proxy.variable} names the proxy; NO_PROXY={host} asks the endpoint without it."
        elif self._proxy:
            said = f"{said[:-1]} (through the proxy {self._proxy.place})."
        return self._unreachable(said, hint)

    def refused_key(self, exchange: Exchange) -> UserError | None:
        """401 or 403."""
        if exchange.status not in {401, 403} or is_web_page(exchange):
            return None
        variable = self._endpoint.api_key_env
        said = self._said(exchange)
        if self._has_key:
            what = f"The endpoint refused the key in {variable or 'the environment'} ({exchange.status}){said}"
            return self._unreachable(what, "Check that the key is valid for this endpoint and not expired.")
        what = f"The endpoint asks for a key ({exchange.status}), and none was sent{said}"
        hint = f"Set {variable}." if variable else "Put the key into a variable and name it with --api-key-env NAME."
        return self._unreachable(what, hint)

    def unknown_model(self, exchange: Exchange, model: str, listed: Sequence[str]) -> UserError | None:
        """A named model that the endpoint does not know; near matches are listed."""
        if not says_unknown_model(exchange):
            return None
        near = difflib.get_close_matches(model, listed, n=3, cutoff=0.4) or list(listed[:3])
        names = ", ".join(self._shown(name) for name in near)
        hint = f"Did you mean: {names}?" if near else "Name a model that it serves with --model."
        return UserError(f"The endpoint knows no model named {model} ({exchange.status}).", hint, ExitCode.USAGE)

    def wrong_place(self, exchanges: Sequence[Exchange]) -> UserError | None:
        """A web page, a redirect, or 404 on everything: the base URL is not the API's."""
        last = exchanges[-1]
        if is_web_page(last) and (last.ok or last.status in {404, 405}):
            return self._unreachable(f"{self._endpoint.base_url} is a web page, not an API.", self._elsewhere())
        if last.status is not None and 300 <= last.status < 400:
            target = self._shown(last.header("location") or "elsewhere")
            what = f"The endpoint redirects to {target}, and a redirect is not followed with a key."
            return self._unreachable(what, "Use the URL that it redirects to.")
        if all(exchange.status in {404, 405} for exchange in exchanges):
            what = f"Everything below {self._endpoint.base_url} is answered {last.status}."
            return self._unreachable(what, self._elsewhere())
        return None

    def broken(self, exchanges: Sequence[Exchange]) -> UserError | None:
        """5xx on everything."""
        if not all(exchange.status is not None and exchange.status >= 500 for exchange in exchanges):
            return None
        last = exchanges[-1]
        what = f"The endpoint answers every request with an error of its own ({last.status}){self._said(last)}"
        return self._unreachable(what, "Try again later.")

    def no_model(self, listing: Exchange, tried: Sequence[str]) -> UserError:
        """No model was named, and none was found."""
        if tried:
            names = ", ".join(self._shown(name) for name in tried)
            what = f"No model was named, and none of {names} answered a chat request."
        else:
            what = f"No model was named, and {MODELS.path} lists none (answered {listing.status})."
        return UserError(what, "Name a model with --model.", ExitCode.USAGE)

    def _shown(self, text: str) -> str:
        return brief(self._secrets.mask_words(text))

    def _said(self, exchange: Exchange) -> str:
        said = words(exchange, self._secrets)
        end = "" if said.endswith((".", "!", "?", "…")) else "."
        return f": {said}{end}" if said else "."

    def _elsewhere(self) -> str:
        base = self._endpoint.base_url
        if self._endpoint.hint:
            return self._endpoint.hint
        if re.search(r"/v\d+\w*$", urlsplit(base).path):
            return "Check the path of the base URL."
        return f"Did you mean {base.rstrip('/')}/v1?"

    @staticmethod
    def _unreachable(message: str, hint: str) -> UserError:
        return UserError(message, hint, ExitCode.UNREACHABLE)
