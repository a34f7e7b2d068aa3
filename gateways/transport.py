"""How calls travel to Braintree: straight over a fresh connection, or to the built-in gateway within this process."""

from typing import Any

from gateways.demo import DemoGateway
from gateways.demo.faults import Lost
from gateways.demo.lost import as_raised


def transport(base: Any, simulator: DemoGateway | None) -> type:  # noqa: ANN401 -- the SDK has no types
    """The class that the SDK makes its transport of; `base` is the SDK's own."""
    return _inside(base, simulator) if simulator else _direct(base)


def _direct(base: Any) -> type:  # noqa: ANN401 -- the SDK has no types
    import requests

    class Direct(base):  # type: ignore[misc]
        """No connection is kept: one that the other side had closed would lose an answer. No proxy, no redirect."""

        def http_do(self, verb: str, url: str, headers: dict[str, Any], body: Any) -> list[Any]:  # noqa: ANN401
            prepared = requests.Request(method=verb, url=url, headers=headers, data=body).prepare()
            with requests.Session() as session:
                session.trust_env = False
                verify = self.environment.ssl_certificate or True
                answer = session.send(prepared, verify=verify, timeout=self.config.timeout, allow_redirects=False)
            answer.encoding = "utf-8"
            return [answer.status_code, answer.text]

    return Direct


def _inside(base: Any, simulator: DemoGateway) -> type:  # noqa: ANN401 -- the SDK has no types
    class Inside(base):  # type: ignore[misc]
        def http_do(self, verb: str, url: str, headers: dict[str, Any], body: Any) -> list[Any]:  # noqa: ANN401
            path, sent = url.removeprefix(self.config.base_url()), (body or "").encode()
            try:
                return list(simulator.handle(verb, path, headers["Authorization"].decode(), sent))
            except Lost as lost:
                raise as_raised(lost) from lost

    return Inside
