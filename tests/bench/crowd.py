#!/usr/bin/env python3
"""A crowd of clients in one process: crowd.py PORT OPEN IDLE DRIPPING.

OPEN of them ask something every few seconds and keep their connection, IDLE connect and say nothing, DRIPPING send an
octet of a request now and then. Whoever is put out comes back. They come from many loopback addresses, as the gateway
counts connections and requests by address. Prints `ready`, and at SIGTERM what became of them.
"""

import json
import random
import selectors
import signal
import socket
import sys
import time

QUESTION = b"GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n"
PAUSE = 4.0  # seconds between two questions or octets of one client: within the gateway's patience with idle ones
KINDS = ("open", "idle", "dripping")
ADDRESSES = 20  # of each kind


class Client:
    def __init__(self, kind, number, port, selector):
        self.kind, self.port, self.selector = kind, port, selector
        self.home = f"127.0.{KINDS.index(kind) + 1}.{number % ADDRESSES + 1}"
        self.answered = self.refused = self.comebacks = 0
        self.at = 0
        self.connect()

    def connect(self):
        self.plug = socket.socket()
        self.plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.plug.bind((self.home, 0))
        self.plug.connect(("127.0.0.1", self.port))
        self.plug.setblocking(False)
        self.at = 0
        self.selector.register(self.plug, selectors.EVENT_READ, self)

    def come_back(self):
        self.selector.unregister(self.plug)
        self.plug.close()
        self.comebacks += 1
        self.connect()

    def act(self):
        try:
            if self.kind == "open":
                self.plug.send(QUESTION)
            elif self.kind == "dripping":
                self.plug.send(QUESTION[self.at % 20 : self.at % 20 + 1])
                self.at += 1
        except OSError:
            self.come_back()

    def hear(self):
        try:
            text = self.plug.recv(65536)
        except OSError:
            text = b""
        if not text:
            self.come_back()
        elif text.startswith(b"HTTP/1.1 200"):
            self.answered += 1
        elif self.kind == "open":
            self.refused += 1


def main():
    port, *counts = map(int, sys.argv[1:])
    ending = []
    signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
    selector = selectors.DefaultSelector()
    clients = [Client(kind, number, port, selector) for kind, count in zip(KINDS, counts) for number in range(count)]
    begun = time.monotonic()
    due = [client for client in clients if client.kind != "idle"]
    random.shuffle(due)
    for number, client in enumerate(due):
        client.next_at = begun + PAUSE * number / len(due)
    print("ready", flush=True)
    at = 0
    while not ending:
        for key, _ in selector.select(0.01):
            key.data.hear()
        now = time.monotonic()
        while due[at].next_at <= now:  # in the order of their turns, which stays
            due[at].act()
            due[at].next_at += PAUSE
            at = (at + 1) % len(due)
    for client in clients:
        client.plug.close()
    of = [client for client in clients if client.kind == "open"]
    print(json.dumps({
        "served": sum(client.answered > 0 for client in of),
        "refused": sum(client.refused for client in of),
        "put_out": {kind: sum(client.comebacks for client in clients if client.kind == kind) for kind in KINDS},
    }))  # fmt: skip


main()
