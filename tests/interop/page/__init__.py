"""The page for browsers, driven by clicks in a headless Chromium."""
