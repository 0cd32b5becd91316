"""A simulator for each messenger, all started together on free ports of this machine: for tests, the demo and drills."""

import time
from collections.abc import Iterator, Mapping
from selectors import EVENT_READ, DefaultSelector
from socket import socketpair
from ssl import SSLContext
from threading import Thread
from types import MappingProxyType, TracebackType
from typing import Final, Self

from runtime.adapters.simulators.desk import Clock, Loopback, Provider, WebDesk
from runtime.adapters.simulators.groups import DingTalkRobot, FeishuRobot
from runtime.adapters.simulators.hooks import HookReceiver
from runtime.adapters.simulators.mail import MailDesk, MailServer
from runtime.adapters.simulators.phones import AliyunSms, HttpSms
from runtime.adapters.simulators.wecom import WeComApp, WeComRobot

ON_THE_WEB: Final = (WeComRobot, WeComApp, DingTalkRobot, FeishuRobot, AliyunSms, HttpSms, HookReceiver)


class Simulators(Mapping[str, Provider]):
    """The providers by their messenger's name. Started by `with`, or by `start` and `stop`.

    `clock` is what limits, tokens and signatures go by. With `first_port` they take the ports from there on, else free ones.
    `tls` lets the mail server encrypt.
    """

    def __init__(self, clock: Clock = time.time, first_port: int = 0, tls: SSLContext | None = None) -> None:
        self.mail = MailServer(clock, tls)
        on_the_web = [kind(clock) for kind in ON_THE_WEB]
        self._providers = MappingProxyType({one.messenger: one for one in (*on_the_web, self.mail)})
        self._first_port = first_port
        self._servers: list[Loopback] = []
        self._thread: Thread | None = None
        self._bell, self._ring = socketpair()

    def __getitem__(self, messenger: str) -> Provider:
        return self._providers[messenger]

    def __iter__(self) -> Iterator[str]:
        return iter(self._providers)

    def __len__(self) -> int:
        return len(self._providers)

    def start(self) -> None:
        """Listen, and answer from now on."""
        for index, provider in enumerate(self._providers.values()):
            port = self._first_port + index if self._first_port else 0
            desk = MailDesk(provider, port) if isinstance(provider, MailServer) else WebDesk(provider, port)
            self._servers.append(desk)
        self._thread = Thread(target=self._serve, name="simulators", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, and let go of the ports."""
        for provider in self._providers.values():
            provider.closing.set()
        self._ring.send(b"!")
        if self._thread:
            self._thread.join()
        for server in self._servers:
            server.server_close()
        self._bell.close()
        self._ring.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        """One thread waits at all doors; each who comes is answered in a thread of its own."""
        with DefaultSelector() as doors:
            doors.register(self._bell, EVENT_READ, None)
            for server in self._servers:
                doors.register(server, EVENT_READ, server)
            while True:
                for door, _ in doors.select():
                    if door.data is None:
                        return
                    door.data.handle_request()
