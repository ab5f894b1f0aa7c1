"""The published steps of managing credentials: list the keys, regenerate one,
activate, list again. Then a rotation as the vendor's script does it, in one
session: own password, key, forced activation, and both new values at the next
sign-in."""
from session import account, call, expect, sign_in

username, password, old_key = account()
s, r = sign_in(username, password, old_key)
expect("sign-in", r.status_code, 200)

# 1. The keys, and the id of the one to replace.
keys = call(s, "GET", "apiKeys").json()
expect("number of keys", len(keys), 1)
expect("key", keys[0]["keyValue"], old_key)
key_id = keys[0]["id"]

# 2. Regenerate it. The answer has the new value, and the session lives on.
r = call(s, "POST", "apiKeys/" + str(key_id) + "/regenerate")
expect("regenerate", r.status_code, 200)
new_key = r.json()["keyValue"]
expect("length of the key", len(new_key), 12)
expect("letters and digits", new_key.isalnum() and new_key.isascii(), True)
expect("another key", new_key != old_key, True)

# 3. Activate, without a body.
r = call(s, "PUT", "ecAdminActivateStatus/activate")
expect("activation", r.json()["adminActivateStatus"], "ADM_ACTV_DONE")

# 4. List again, in the same session.
expect("listed key", call(s, "GET", "apiKeys").json()[0]["keyValue"], new_key)

# The old key is dead for new sign-ins at once, the new one works.
_, r = sign_in(username, password, old_key)
expect("sign-in with the old key", (r.status_code, r.json()["code"]), (400, "INVALID_USERNAME_OR_PASSWORD"))
s, r = sign_in(username, password, new_key)
expect("sign-in with the new key", r.status_code, 200)

# A rotation.
new_password = "Rotated-1-" + new_key
change = {"userName": username, "oldPassword": password, "newPassword": new_password}
r = call(s, "POST", "passwordChange", change)
expect("password change", (r.status_code, r.text), (204, ""))
r = call(s, "POST", "apiKeys/" + str(key_id) + "/regenerate")
expect("regenerate after the password change", r.status_code, 200)
last_key = r.json()["keyValue"]
r = call(s, "PUT", "ecAdminActivateStatus/forcedActivate")
expect("forced activation", r.json()["orgEditStatus"], "EDITS_CLEARED")
_, r = sign_in(username, password, last_key)
expect("sign-in with the old password", r.status_code, 400)
s2, r = sign_in(username, new_password, last_key)
expect("sign-in with both", r.status_code, 200)
expect("the session of the rotation", call(s, "GET", "ecAdminActivateStatus").status_code, 200)

# A password of somebody else's is not to be had, nor the same one once more.
change = {"userName": "somebody@example.com", "oldPassword": new_password, "newPassword": "Another-1"}
expect("somebody else's password", call(s2, "POST", "passwordChange", change).status_code, 403)
change = {"userName": username, "oldPassword": new_password, "newPassword": new_password}
expect("the same password", call(s2, "POST", "passwordChange", change).status_code, 400)
print("credentials rotated")
