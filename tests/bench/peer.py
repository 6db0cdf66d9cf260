"""The two servers that the gateway is compared with: nginx with the same bytes, FastAPI with the same rows."""

import contextlib
import os
import subprocess
import sys

from common import BUILD, ROOT, free_port, process, say, wait_for
from load import Crowd

FASTAPI = ROOT / "tests/bench/peers/fastapi"


def nginx_text(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def nginx_configuration(folder, port, body, headers):
    own = {"content-length", "content-type", "connection", "date", "server", "keep-alive"}
    lines = "\n".join(
        f"      add_header {name} {nginx_text(value)};" for name, value in headers.items() if name.lower() not in own
    )
    text = f"""daemon off; worker_processes auto; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location = /health {{ return 200 ok; }}
    location = /auth/token {{
      default_type application/json;
{lines}
      return 200 {nginx_text(body.decode())};
    }}
  }}
}}
"""
    file = folder / "nginx.conf"
    file.write_text(text)
    return file


@contextlib.contextmanager
def nginx(folder, body, headers):
    """Returns `body` and `headers` from memory; its address."""
    port = free_port()
    configuration = nginx_configuration(folder, port, body, headers)
    with process(["nginx", "-c", configuration, "-p", folder], folder / "nginx.log") as child:
        wait_for(f"http://127.0.0.1:{port}/health", child, folder / "nginx.log")
        yield f"http://127.0.0.1:{port}"


def fastapi_python():
    """The interpreter of an environment with its requirements, made on first use."""
    venv = BUILD / "fastapi"
    wanted = FASTAPI / "requirements.txt"
    done = venv / ".installed"
    if not done.exists() or done.read_text() != wanted.read_text():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted], check=True)
        done.write_text(wanted.read_text())
    return venv / "bin/python"


def best_workers(folder, gateway, users):
    """Of a worker for each core and two, the number that answers more."""
    rates = {}
    for workers in (os.cpu_count(), 2 * os.cpu_count()):
        with fastapi(folder, gateway, workers) as url:
            Crowd(url, users, gateway.keys, 1)
            rates[workers] = Crowd(url, users, gateway.keys, 3).rate
            say(f"FastAPI with {workers} workers: {rates[workers]:,.0f}/s")
    return max(rates, key=rates.get)


@contextlib.contextmanager
def fastapi(folder, gateway, workers):
    """On the database of `gateway`, with its keys; its address."""
    port = free_port()
    log = folder / "fastapi.log"
    command = [fastapi_python(), "-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", port, "--workers", workers,
               "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]  # fmt: skip
    with process(command, log, cwd=FASTAPI, env=gateway.environment) as child:
        wait_for(f"http://127.0.0.1:{port}/health", child, log)
        yield f"http://127.0.0.1:{port}"
