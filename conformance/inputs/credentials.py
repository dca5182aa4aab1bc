"""What an endpoint is asked with and nobody else may know: its key, its secret headers, the proxy on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.errors import UserError
from conformance.inputs.endpoint import Endpoint, api_key
from conformance.inputs.proxies import Proxy, proxy_for
from conformance.model import Headers
from conformance.secrets.known import learn_secrets
from conformance.secrets.validation import check_key


@dataclass(frozen=True)
class Credentials:
    """A key, header pairs with values from the environment, a proxy; it does not show itself."""

    key: str | None = None
    headers: Headers = ()
    proxy: Proxy | None = None

    def __repr__(self) -> str:
        return f"Credentials({len(self.headers)} headers, {self.proxy})"


def read_credentials(endpoint: Endpoint, environ: Mapping[str, str]) -> Credentials:
    """Read them from an environment; the run knows them from here on, and masks them in all that it writes.

    Raises:
        UserError: a variable is unset or empty, or holds what no header can carry, or what is no proxy.
    """
    found = Credentials(
        api_key(endpoint, environ),
        tuple((name, _value(endpoint, name, variable, environ)) for name, variable in endpoint.headers_env),
        proxy_for(endpoint.base_url, environ),
    )
    values = [found.key or "", *(value for _, value in found.headers)]
    learn_secrets(
        [*values, *(value.partition(" ")[2] for value in values), *(found.proxy.secrets if found.proxy else ())],
        headers=[name for name, _ in endpoint.headers_env],
        variables=[endpoint.api_key_env or "", *(variable for _, variable in endpoint.headers_env)],
    )
    return found


def _value(endpoint: Endpoint, name: str, variable: str, environ: Mapping[str, str]) -> str:
    value = environ.get(variable, "").strip()
    if not value:
        message = f"{variable} is not set: it should hold the value of the header {name} of {endpoint.name}"
        raise UserError(message, f"Run `export {variable}=…`.")
    check_key(value.replace(" ", ""), variable)
    return value
