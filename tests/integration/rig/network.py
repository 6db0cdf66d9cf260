"""A network of the gateway's own, whose cables can be pulled: one to its callers, one to its database, one to its provider."""

import secrets
import subprocess

from .privileges import not_tested


def network_or_skip():
    try:
        return Network()
    except OSError as error:
        not_tested(error, "a network cut needs root and network namespaces")


def _ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


class Network:
    """A network namespace; `enter` before a command runs it there. Addresses of ours are `outside`, its own `inside`."""

    def __init__(self):
        number = secrets.randbelow(1 << 16)
        self.name = f"agw-{number:04x}"
        _ip("netns", "add", self.name)
        try:
            _ip("-n", self.name, "link", "set", "lo", "up")
            self.callers, self.database, self.provider = (Cable(self.name, number, place) for place in range(3))
        except OSError:
            self.remove()
            raise
        self.enter = ["ip", "netns", "exec", self.name]

    def remove(self):
        _ip("netns", "del", self.name)  # its ends of the cables go with it, and so do ours


class Cable:
    """A pair of interfaces with a subnet to themselves."""

    def __init__(self, namespace, number, place):
        subnet = f"10.{number >> 8}.{number & 255}"
        self.outside, self.inside = f"{subnet}.{4 * place + 1}", f"{subnet}.{4 * place + 2}"
        self.namespace, self.name = namespace, f"{namespace}-{place}"
        peer = f"{self.name}i"
        _ip("link", "add", self.name, "type", "veth", "peer", "name", peer, "netns", namespace)
        _ip("addr", "add", f"{self.outside}/30", "dev", self.name)
        _ip("link", "set", self.name, "up")
        _ip("-n", namespace, "addr", "add", f"{self.inside}/30", "dev", peer)
        _ip("-n", namespace, "link", "set", peer, "up")
        self.peer = peer

    def pull(self):
        """The gateway's end is down: it is told at once that there is no way."""
        _ip("-n", self.namespace, "link", "set", self.peer, "down")

    def plug(self):
        _ip("-n", self.namespace, "link", "set", self.peer, "up")

    def swallow(self):
        """What the gateway sends arrives, and what is sent to it vanishes: it is told nothing."""
        _ip("route", "add", "blackhole", f"{self.inside}/32")

    def pass_on(self):
        _ip("route", "del", "blackhole", f"{self.inside}/32")
