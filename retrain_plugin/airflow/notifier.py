"""Telling a web hook what was decided."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from airflow.sdk import BaseNotifier

from retrain_plugin.errors import DeclarationError

if TYPE_CHECKING:
    from airflow.sdk import Context

_LINE = "{{ decision.model }}: {{ decision.outcome }}. {{ decision.reason }} {{ decision.report_url or '' }}"
_OUTCOMES = ("promoted", "refused", "withheld", "kept", "held")


class DecisionNotifier(BaseNotifier):
    """Posts each decision as JSON to the address of an Airflow connection, for ``on_decision=``.

    The body has ``text``, one line that chats such as Slack and Mattermost show, and ``decision``.
    Any other Airflow notifier does as well: in its templates, ``{{ decision.outcome }}``.

    Parameters:
        conn_id: of the connection whose host is the web hook's address; its password, if it has
            one, is sent as a bearer token.
        only: outcomes to tell; those at which something changes or somebody should look unless given.
        text: the line, templated.
        timeout: seconds.

    Raises:
        DeclarationError: an outcome that does not exist.
    """

    template_fields: Sequence[str] = ("text",)

    def __init__(
        self,
        conn_id: str,
        *,
        only: Collection[str] = ("promoted", "refused", "withheld", "held"),
        text: str = _LINE,
        timeout: float = 10.0,
    ) -> None:
        super().__init__()
        if unknown := sorted(set(only) - set(_OUTCOMES)):
            raise DeclarationError(f"only={unknown!r}: outcomes are {', '.join(_OUTCOMES)}")
        self.conn_id = conn_id
        self.only = tuple(only)
        self.text = text
        self.timeout = timeout

    def notify(self, context: Context) -> None:
        """Post, where the outcome is one of those asked for."""
        import requests
        from airflow.sdk import BaseHook

        decision = context["decision"]  # type: ignore[typeddict-item]
        if decision["outcome"] not in self.only:
            return
        connection = BaseHook.get_connection(self.conn_id)
        host = connection.host or ""
        scheme = connection.schema or connection.conn_type or "https"
        address = host if "://" in host else f"{scheme}://{host}"
        headers = {"Content-Type": "application/json"}
        if connection.password:
            headers["Authorization"] = f"Bearer {connection.password}"
        body = json.dumps({"text": self.text, "decision": decision}, default=str)
        requests.post(address, data=body, headers=headers, timeout=self.timeout).raise_for_status()
