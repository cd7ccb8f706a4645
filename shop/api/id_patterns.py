"""What ids look like (regular expressions without anchors); imports nothing, since the settings read it."""

# Printable, without slash and blank at the ends; "." and ".." would be eaten by every URL library.
PATTERN = r"[A-Za-z0-9_~:@+=-][A-Za-z0-9_.~:@+=, -]{0,127}"
# A shopper's id is written into events, logs and file names, so it may not be an e-mail address.
SHOPPER_PATTERN = r"[A-Za-z0-9_~:-][A-Za-z0-9_.~:-]{0,127}"
# Slugs from the root, joined by slashes.
CATEGORY_PATH = r"[a-z0-9_-]{1,80}(?:/[a-z0-9_-]{1,80}){0,5}"
