"""The example MCP servers as processes, and the official SDK's client for them."""

import asyncio
import os
import sys
import threading

import mcp
from mcp.client.stdio import StdioServerParameters

from .process import ROOT, Process, free_port, until

CLIENT_SOURCE = ROOT / "clients/python/src"
SERVERS = {
    "ads": ROOT / "examples/google-ads-mcp/server.py",
    "analytics": ROOT / "examples/google-analytics-mcp/server.py",
    "profile": ROOT / "examples/google-profile-mcp/server.py",
}


def environment(gateway, apis, key=None):
    """What an administrator would set, and Google's addresses turned to the test's own."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(gateway.installation.folder),
        "PYTHONPATH": str(CLIENT_SOURCE),
        "PYTHONUNBUFFERED": "1",
        "AUTH_GATEWAY_URL": gateway.url,
        "AUTH_GATEWAY_API_KEY": key or gateway.installation.root_key,
        "GOOGLE_ADS_DEVELOPER_TOKEN": "developer-token",
        "GOOGLE_ADS_API_URL": apis.url,
        "GOOGLE_ANALYTICS_ADMIN_URL": apis.url,
        "GOOGLE_ANALYTICS_DATA_URL": apis.url,
        "GOOGLE_USERINFO_URL": f"{apis.provider.url}/userinfo",
    }


def over_stdio(server, environ):
    return StdioServerParameters(command=sys.executable, args=[str(SERVERS[server])], env=environ)


class HttpServer:
    """A server on a port of its own."""

    def __init__(self, server, environ, folder):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/mcp"
        command = [sys.executable, SERVERS[server], "--http", port]
        self.process = Process(command, folder / f"{server}-{port}.log", environ, folder)
        until(lambda: "Uvicorn running" in self.process.text() or not self.process.alive(), 60, what="the MCP server")
        assert self.process.alive(), self.process.text()

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Session:
    """One connected MCP client. It lives in a thread of its own, so that a test may drive a browser meanwhile."""

    def __init__(self, target, elicit=None, transcript=None):
        self.transcript = transcript
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.target = target
        self.elicit = elicit

    def __enter__(self):
        self.thread.start()
        ready = self.loop.create_future()
        self.over = asyncio.Event()
        self.life = asyncio.run_coroutine_threadsafe(self._live(ready), self.loop)
        asyncio.run_coroutine_threadsafe(self._first(ready), self.loop).result(60)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.over.set)
        self.life.result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def _first(self, ready):
        await asyncio.wait([ready, asyncio.wrap_future(self.life)], return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            self.life.result(0)

    async def _live(self, ready):
        async with mcp.Client(self.target, elicitation_callback=self.elicit) as self.client:
            ready.set_result(None)
            await self.over.wait()

    def start(self, tool, **arguments):
        """A call under way: a future of (whether it failed, structured result or text)."""
        return asyncio.run_coroutine_threadsafe(self._call(tool, arguments), self.loop)

    def call(self, tool, **arguments):
        return self.start(tool, **arguments).result(90)

    async def _call(self, tool, arguments):
        result = await self.client.call_tool(tool, arguments)
        if self.transcript:
            self.transcript.sends("client -> server", {"method": "tools/call", "params": {"name": tool, "arguments": arguments}})
            self.transcript.sends("server -> client", result.model_dump(mode="json", by_alias=True, exclude_none=True))
        if result.is_error:
            return True, "\n".join(part.text for part in result.content if part.type == "text")
        return False, result.structured_content.get("result", result.structured_content)
