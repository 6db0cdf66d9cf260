"""What was said in a test between an MCP client, its server and the person, for people to read."""

import json
import os
import re
from pathlib import Path

FOLDER = os.environ.get("AGW_TRANSCRIPTS")
"""Where transcripts are kept; without it none is."""

_SECRET_PARAMETERS = re.compile(r"\b(state|code|nonce|code_challenge|ticket|session_id)=[^&\s\"]+")
_UUIDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Transcript:
    def __init__(self, *secrets):
        """`secrets` are texts that must not be in it, beside what looks like one."""
        self.secrets = secrets
        self.lines = []

    def says(self, who, text):
        self.lines.append(f"{who}: {text}")

    def sends(self, who, message):
        self.says(who, json.dumps(message, indent=2, ensure_ascii=False))

    def text(self):
        text = "\n\n".join(self.lines) + "\n"
        for secret in self.secrets:
            text = text.replace(secret, "***")
        text = _SECRET_PARAMETERS.sub(r"\1=***", text)
        return _UUIDS.sub("***", text)

    def keep(self, name):
        if FOLDER:
            Path(FOLDER).mkdir(parents=True, exist_ok=True)
            Path(FOLDER, name).write_text(self.text(), encoding="utf-8")
