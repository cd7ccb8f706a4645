"""What every other room of the settings stands on: the environment, where things lie, which ports are used."""

from __future__ import annotations

import os
from pathlib import Path

from config import embedded, environment
from config.kernel_cache import kernel_cache

BASE_DIR = Path(__file__).resolve().parents[2]

env = environment.Environment()
# What could not be understood, said by config/checks.py; filled while the settings are read.
MISREAD = env.problems
if (BASE_DIR / ".env").is_file():
    env.read_env(str(BASE_DIR / ".env"))

DEBUG = env.bool("DEBUG", default=False)
# The demo shop: demo keys, demo bar, demo logins, simulated shoppers.
DEMO = env.bool("DEMO", default=DEBUG)
DATA_DIR = embedded.data_dir()
os.environ.setdefault("NUMBA_CACHE_DIR", str(kernel_cache(DATA_DIR)))

# The demo's other ports are counted from it.
PORT = env.whole("PORT", default=8000, lowest=1, highest=65_500)
# Server-sent events come from a process of their own (config/live.py, shop/live.py).
LIVE_PORT = env.whole("LIVE_PORT", default=PORT + 1, lowest=1, highest=65_535)
# Origin of that process as browsers reach it. Empty: the same origin (a proxy leads /live/ to it); in the demo the same
# host at LIVE_PORT.
LIVE_URL = env.str("LIVE_URL", default="").rstrip("/")
# Simulated shoppers in the demo.
SIMULATE = env.bool("SIMULATE", default=DEMO)
# Where links in messages lead.
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
