#!/usr/bin/env python3
"""Holds the examples of deploy/ to the programs that read them and to the source. Usage: check_deploy.py SOURCE_FOLDER"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
DEPLOY = SOURCE / "deploy"
SERIES = re.compile(r"\bauth_gateway_[a-z_]+\b")
SUFFIXES = ("_bucket", "_sum", "_count")


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr


def known_series():
    """Every name that the source gives to a series."""
    text = "".join(path.read_text() for path in (SOURCE / "core").rglob("*.cpp"))
    return set(re.findall(r'"(auth_gateway_[a-z_]+)"', text))


def base(name):
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), name)


class Deploy(unittest.TestCase):
    def test_prometheus_accepts_its_files(self):
        run("promtool", "check", "config", DEPLOY / "prometheus/prometheus.yml")

    def test_every_alert_is_explained_to_operators(self):
        manual = (SOURCE / "docs/operations.md").read_text()
        alerts = re.findall(r"- alert: (\w+)", (DEPLOY / "prometheus/alerts.yml").read_text())
        self.assertTrue(alerts)
        self.assertEqual([name for name in alerts if f"`{name}`" not in manual], [])

    def test_series_of_alerts_and_dashboard_exist(self):
        known = known_series()
        for file in ("prometheus/alerts.yml", "grafana/auth-gateway.json"):
            used = {base(name) for name in SERIES.findall((DEPLOY / file).read_text())}
            self.assertTrue(used, file)
            self.assertEqual(used - known, set(), file)

    def test_series_of_the_source_are_in_the_manual(self):
        manual = set(SERIES.findall((SOURCE / "docs/operations.md").read_text()))
        self.assertEqual(known_series() - manual, set())

    def test_dashboard_is_whole(self):
        dashboard = json.loads((DEPLOY / "grafana/auth-gateway.json").read_text())
        panels = dashboard["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        for panel in panels:
            if panel["type"] == "row":
                continue
            self.assertTrue(panel["title"] and panel["description"], panel["id"])
            self.assertTrue(all(target["expr"] for target in panel["targets"]), panel["title"])

    def test_nginx_accepts_its_file(self):
        text = (DEPLOY / "nginx/auth-gateway.conf").read_text()
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                "-subj", "/CN=auth.example.com", "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem")  # fmt: skip
            text = text.replace("/etc/auth-gateway/tls", name).replace("/var/log/nginx", name)
            (folder / "site.conf").write_text(text)
            (folder / "nginx.conf").write_text(
                f"pid {name}/nginx.pid;\nerror_log {name}/error.log;\nevents {{}}\n"
                f"http {{ access_log off; include {name}/site.conf; }}\n"
            )
            run("nginx", "-t", "-p", folder, "-c", folder / "nginx.conf", env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def test_unit_names_settings_that_exist_and_no_secret(self):
        unit = (DEPLOY / "systemd/auth-gateway.service").read_text()
        known = (SOURCE / "core/config/variables.cpp").read_text()
        for name, value in re.findall(r"^Environment=(\w+)=(.*)$", unit, re.M):
            self.assertIn(f'"{name.removesuffix("_FILE")}"', known)
            self.assertTrue(name.endswith("_FILE") and value.startswith("%d/"), name)
        credentials = set(re.findall(r"^LoadCredential=([\w-]+):", unit, re.M))
        self.assertEqual(credentials, set(re.findall(r"=%d/([\w-]+)$", unit, re.M)))


if __name__ == "__main__":
    unittest.main()
