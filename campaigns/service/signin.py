"""This file is the page that asks a browser for a token; it needs no script, and tells this service alone."""

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Eutectic</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:12vh auto;padding:0 1rem}}
input{{font:inherit;padding:.5rem;width:100%;box-sizing:border-box}}
button{{font:inherit;padding:.5rem 1rem;margin-top:1rem}}
</style></head><body><h1>Eutectic</h1><p>{said}.</p>
<form method="get"><label>Token <input name="token" type="password" autocomplete="off" required autofocus></label>
<button>Open</button></form><p>The address with a token was printed where <code>campaign serve</code> was started;
others are made with <code>campaign token add NAME</code>.</p></body></html>
"""
"""`said`: why it is asked for."""
