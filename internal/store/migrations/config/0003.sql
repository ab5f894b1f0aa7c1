-- The name by which an org is known to its login host, <vanity>.zslogin.net.
-- Orgs from before have none and go by their id.
ALTER TABLE org ADD COLUMN vanity TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX org_vanity ON org (vanity) WHERE vanity <> '';
