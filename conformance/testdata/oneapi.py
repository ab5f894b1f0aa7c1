"""OneAPI with requests, as the Python SDK makes its calls: a token by form, an
empty object with reads and deletes, and the end that activates."""
import os
import sys

import requests

BASE = "https://api.zsapi.net/ztw/api/v1"


def expect(what, got, want):
    if got != want:
        sys.exit("%s: %r, want %r" % (what, got, want))


form = {
    "grant_type": "client_credentials", "client_id": os.environ["ZSCALER_CLIENT_ID"], "client_secret": os.environ["ZSCALER_CLIENT_SECRET"],
    "audience": "https://api.zscaler.com",
}
r = requests.post("https://" + os.environ["ZSCALER_VANITY_DOMAIN"] + ".zslogin.net/oauth2/v1/token", data=form)
expect("token", (r.status_code, r.json()["token_type"]), (200, "Bearer"))
s = requests.Session()
s.headers.update({"Authorization": "Bearer " + r.json()["access_token"], "Accept": "application/json"})

r = s.post(BASE + "/ipDestinationGroups", json={"name": "from requests", "type": "DSTN_IP", "addresses": ["192.0.2.1"]})
expect("create", (r.status_code, r.headers["Content-Type"]), (200, "application/json"))
one = BASE + "/ipDestinationGroups/" + str(r.json()["id"])
expect("read", s.get(one, json={}).json()["addresses"], ["192.0.2.1"])
expect("pending", s.get(BASE + "/ecAdminActivateStatus", json={}).json()["orgEditStatus"], "EDITS_PRESENT")
r = s.delete(BASE + "/auth")  # no body and no content type
expect("end", r.status_code, 200)
expect("activated", s.get(BASE + "/ecAdminActivateStatus", json={}).json()["orgEditStatus"], "EDITS_CLEARED")
r = s.delete(one, json={})
expect("delete", (r.status_code, r.text, r.headers.get("Content-Type")), (204, "", None))
expect("gone", s.get(one, json={}).status_code, 404)
print("a client has lived")
