"""The published steps of managing admins and roles: a role is added, changed
and given to an admin, who signs in; both are changed by what was read before,
and deleted in the order of their dependence, with an activation after each
step."""
from session import account, call, expect, sign_in

username, password, key = account()
s, r = sign_in(username, password, key)
expect("sign-in", r.status_code, 200)


def activate():
    expect("activation", call(s, "PUT", "ecAdminActivateStatus/activate").json()["adminActivateStatus"], "ADM_ACTV_DONE")


# Roles: the list, one of them by its id, and a new one whose rank is a text.
roles = call(s, "GET", "adminRoles").json()
expect("built-in roles", {"Super Admin", "Read-only Admin"} <= {x["name"] for x in roles}, True)
one = call(s, "GET", "adminRoles?id=" + str(roles[0]["id"])).json()
expect("role by id", [x["name"] for x in one], [roles[0]["name"]])
role = {
    "name": "Forwarding operators", "rank": "7", "policyAccess": "NONE", "alertingAccess": "READ_ONLY", "dashboardAccess": "NONE",
    "reportAccess": "NONE", "analysisAccess": "NONE", "usernameAccess": "NONE", "deviceInfoAccess": "NONE", "adminAcctAccess": "READ_WRITE",
    "roleType": "EDGE_CONNECTOR_ADMIN",
    "featurePermissions": {
        "APIKEY_MANAGEMENT": "READ_ONLY", "EDGE_CONNECTOR_CLOUD_PROVISIONING": "NONE", "EDGE_CONNECTOR_LOCATION_MANAGEMENT": "READ_ONLY",
        "EDGE_CONNECTOR_DASHBOARD": "READ_ONLY", "EDGE_CONNECTOR_FORWARDING": "READ_WRITE", "EDGE_CONNECTOR_TEMPLATE": "NONE",
        "REMOTE_ASSISTANCE_MANAGEMENT": "NONE", "EDGE_CONNECTOR_ADMIN_MANAGEMENT": "NONE", "EDGE_CONNECTOR_NSS_CONFIGURATION": "NONE",
    },
}
r = call(s, "POST", "adminRoles", role)
expect("add role", r.status_code, 200)
added = r.json()
expect("rank is a number", added["rank"], 7)
activate()

# A clone sends back what was read, whatever keys it has.
clone = call(s, "GET", "adminRoles/" + str(added["id"])).json()
clone["name"] = "Clone"
clone["somethingOfTheScripts"] = True
r = call(s, "POST", "adminRoles", clone)
expect("clone role", r.status_code, 200)
expect("the clone is another role", r.json()["id"] != added["id"], True)
expect("delete clone", call(s, "DELETE", "adminRoles/" + str(r.json()["id"])).status_code, 204)

# An admin with it. The role's id is a text, and the password never comes back.
login = "operator@" + username.split("@")[1]
admin = {
    "userName": "Operator", "email": login, "loginName": login, "password": "Operator-1",
    "role": {"id": str(added["id"]), "name": added["name"]},
}
r = call(s, "POST", "adminUsers", admin)
expect("add admin", r.status_code, 200)
user = r.json()
expect("role's id is a number", user["role"]["id"], added["id"])
expect("no password", "password" in user, False)
activate()
t, r = sign_in(login, "Operator-1", key)
expect("the new admin's sign-in", r.status_code, 200)
group = {"name": "theirs", "ipAddresses": ["10.0.0.1"]}
expect("what the role allows", call(t, "POST", "ipSourceGroups", group).status_code, 200)
expect("what it does not", call(t, "GET", "adminUsers").status_code, 403)
expect("their logout", call(t, "DELETE", "auth").status_code, 200)

# A change is what was read, changed, with the password again.
path = "adminUsers/" + str(user["id"])
read = call(s, "GET", path).json()
read["comments"], read["password"] = "on call", "Operator-2"
r = call(s, "PUT", path, read)
expect("change admin", (r.status_code, r.json().get("comments")), (200, "on call"))
activate()
expect("sign-in with the old password", sign_in(login, "Operator-1", key)[1].status_code, 400)
expect("sign-in with the new one", sign_in(login, "Operator-2", key)[1].status_code, 200)

# A role in use stays; without its admin it goes.
role_path = "adminRoles/" + str(added["id"])
expect("delete a role in use", call(s, "DELETE", role_path).status_code, 409)
expect("delete admin", call(s, "DELETE", path).status_code, 204)
activate()
expect("the admin is gone", call(s, "GET", path).status_code, 404)
expect("sign-in of nobody", sign_in(login, "Operator-2", key)[1].status_code, 400)
expect("delete role", call(s, "DELETE", role_path).status_code, 204)
activate()
expect("the role is gone", call(s, "GET", role_path).status_code, 404)
listed = call(s, "GET", "adminUsers?includeAdminUsers=true&search=operator").json()
expect("no admin is left", listed, [])
print("admin and role have lived")
