"""Sign-in and calls as the vendor's Python samples make them.

The account comes from the variables that spurline env prints.
"""
import json
import os
import sys
import time

import requests

BASE = "https://connector." + os.environ["ZTW_CLOUD"] + ".net/api/v1/"
HEADERS = {"Content-Type": "application/json"}


def obfuscate(seed):
    now = int(time.time() * 1000)
    n = str(now)[-6:]
    r = str(int(n) >> 1).zfill(6)
    key = ""
    for i in range(len(n)):
        key += seed[int(n[i])]
    for j in range(len(r)):
        key += seed[int(r[j]) + 2]
    return key


def sign_in(username, password, api_key):
    """Returns a session whose cookie jar holds the cookie, and the answer."""
    now = int(time.time() * 1000)  # a moment before the key, as the samples have it
    payload = {"apiKey": obfuscate(api_key), "username": username, "password": password, "timestamp": now}
    s = requests.Session()
    return s, s.post(BASE + "auth", data=json.dumps(payload), headers=HEADERS)


def account():
    return os.environ["ZTW_USERNAME"], os.environ["ZTW_PASSWORD"], os.environ["ZTW_API_KEY"]


def call(s, method, path, payload=None):
    data = None if payload is None else json.dumps(payload)
    return s.request(method, BASE + path, data=data, headers=HEADERS)


def expect(what, got, want):
    if got != want:
        sys.exit("%s: %r, want %r" % (what, got, want))
