#!/usr/bin/env python
"""Django's command line for Pushcart."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.command_line import main

    main(sys.argv)
