"""The version: read from the newest released heading of CHANGELOG.md."""

VERSION = "0.1.0.dev0"
