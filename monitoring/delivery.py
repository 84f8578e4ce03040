"""Messages on their way out: mail, chat and pagers by Apprise, webhooks by a signed request. Only workers send.

A target that is down, slow or wrong delays its own messages alone: each is tried seven times over a day and a half,
then it lies among the dead, where an administrator sees it and may send it again.
"""

import hashlib
import hmac
import ipaddress
import json
import logging
import socket
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

import apprise
import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

from inspection.sealing import opened, sealed
from monitoring import notices
from monitoring.models import Channel, Notice
from monitoring.rules.notices import retry_at

logger = logging.getLogger(__name__)

TIMEOUT_S = 5.0
PORTS = (443, 8443)
BATCH = 20
# Services with an address of their own, and mail: nothing here can be pointed at a machine of the plant.
SERVICES = frozenset(
    {"mailto", "mailtos", "slack", "msteams", "discord", "tgram", "pagerduty", "opsgenie", "gchat", "wxteams",
     "pover", "kakaotalk", "line", "twilio", "ses", "sns", "sendgrid", "mailgun"}
)  # fmt: skip


class AddressRefused(Exception):
    """A channel's address is not one that messages may be sent to."""


class NotDelivered(Exception):
    """The target did not take the message."""


def add(*, name: str, kind: str, address: str, secret: str, now: datetime, **facts: object) -> Channel:
    """Make a channel. Raises AddressRefused for an address that may not be used."""
    check_address(kind, address)
    parts = urlsplit(address)
    shown = f"{parts.scheme}://{parts.hostname or '…'}" if kind == Channel.WEBHOOK else f"{parts.scheme}://…"
    return Channel.objects.create(
        name=name,
        kind=kind,
        sealed_address=sealed(address),
        sealed_secret=sealed(secret),
        shown=shown[:120],
        created_at=now,
        **facts,
    )


def check_address(kind: str, address: str) -> None:
    """Raise AddressRefused unless messages may be sent there. Where a name leads is checked when a socket opens."""
    parts = urlsplit(address)
    if kind == Channel.APPRISE:
        if parts.scheme not in SERVICES or apprise.Apprise.instantiate(address) is None:
            raise AddressRefused(f"{parts.scheme or 'an address without a scheme'} is none of the services offered.")
    elif parts.hostname not in settings.NOTICE_HOSTS and (parts.scheme != "https" or (parts.port or 443) not in PORTS):
        raise AddressRefused("A webhook is an https address on port 443 or 8443.")


def send_due(*, clock: Callable[[], datetime]) -> int:
    """Try every message whose time has come. Return how many were taken."""
    due = Notice.objects.filter(state=Notice.WAITING, next_at__lte=clock()).order_by("next_at", "pk")
    return sum(_try(notice, now=clock()) for notice in due.select_related("channel")[:BATCH])


def revive(notice: Notice, *, now: datetime) -> None:
    """Try a dead message again, from its first attempt."""
    Notice.objects.filter(pk=notice.pk, state=Notice.DEAD).update(state=Notice.WAITING, attempts=0, next_at=now)


def signature(secret: str, body: bytes) -> str:
    """Return what proves to the receiver that a body is ours: HMAC-SHA256 in hexadecimal."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _try(notice: Notice, *, now: datetime) -> bool:
    attempts = notice.attempts + 1
    again = retry_at(attempts, now=now)
    # Written before it is sent: a worker that dies over it has used up an attempt.
    claim = Notice.objects.filter(pk=notice.pk, state=Notice.WAITING, attempts=notice.attempts)
    state = Notice.WAITING if again else Notice.DEAD
    if not claim.update(attempts=attempts, state=state, next_at=again or now):
        return False
    try:
        _SENDERS[notice.channel.kind](notice, now)
    except (NotDelivered, AddressRefused, requests.RequestException) as trouble:
        logger.warning("Notice %s was not taken by %s: %s", notice.pk, notice.channel, type(trouble).__name__)
        Notice.objects.filter(pk=notice.pk).update(error=str(trouble)[:200])
        return False
    Notice.objects.filter(pk=notice.pk).update(state=Notice.SENT, sent_at=now, error="")
    return True


def _by_apprise(notice: Notice, _now: datetime) -> None:
    way = apprise.Apprise()
    address = opened(notice.channel.sealed_address)
    check_address(Channel.APPRISE, address)
    way.add(address)
    if not way.notify(title=notice.title, body=notice.text):
        raise NotDelivered("The service did not take the message.")


def _by_webhook(notice: Notice, now: datetime) -> None:
    address = opened(notice.channel.sealed_address)
    check_address(Channel.WEBHOOK, address)
    body = _body(notice, now)
    headers = {
        "Content-Type": "application/json",
        "X-Tollgate-Signature": signature(opened(notice.channel.sealed_secret), body),
    }
    with requests.Session() as session:
        session.trust_env = False
        if urlsplit(address).hostname not in settings.NOTICE_HOSTS:
            session.mount("https://", _PublicOnly())
        with session.post(
            address, data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True
        ) as answer:
            # What the target says beside its status is nobody's business here, and might come byte by byte.
            if not 200 <= answer.status_code < 300:
                raise NotDelivered(f"The target answered {answer.status_code}.")


def _body(notice: Notice, now: datetime) -> bytes:
    """Return what a webhook carries. When it is sent stands in it, so the signature holds for this attempt alone."""
    facts = {"id": notice.pk, "title": notice.title, "text": notice.text, "alarms": notice.alarms}
    times = {"written_at": notice.written_at.isoformat(), "sent_at": now.isoformat()}
    return json.dumps({**facts, **times, "facts": notices.facts(notice)}).encode()


class _PublicConnection(HTTPSConnection):
    """Opens sockets to public addresses only, wherever a name leads at that moment."""

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        address = ipaddress.ip_address(connected.getpeername()[0].partition("%")[0])
        if not (getattr(address, "ipv4_mapped", None) or address).is_global:
            connected.close()
            raise AddressRefused("The address leads to a machine that is not on the public network.")
        return connected


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicOnly(HTTPAdapter):
    def init_poolmanager(self, *args, **kwargs) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}


_SENDERS = {Channel.APPRISE: _by_apprise, Channel.WEBHOOK: _by_webhook}
