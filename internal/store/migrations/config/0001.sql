-- An org: write lock, version and id source of all that is in it.
CREATE TABLE org (
    id      {{bigint}} PRIMARY KEY,
    name    TEXT NOT NULL,
    cloud   TEXT NOT NULL,
    rev     {{bigint}} NOT NULL,
    active  {{bigint}} NOT NULL,
    next_id {{bigint}} NOT NULL
) {{table}};

-- Configuration under revisions. A row is live while rev_to is the largest
-- bigint. The indexes by name, key, parent and rev_from are on live rows only,
-- so that history costs them nothing; they repeat rev_to because a planner
-- prefers the index that meets more of a condition.
CREATE TABLE object (
    org       {{bigint}} NOT NULL,
    kind      TEXT NOT NULL,
    rev_to    {{bigint}} NOT NULL,
    id        {{bigint}} NOT NULL,
    rev_from  {{bigint}} NOT NULL,
    parent    {{bigint}} NOT NULL,
    name      TEXT NOT NULL,
    name_fold {{ordered text}} NOT NULL,
    key       TEXT NOT NULL,
    body      {{blob}} NOT NULL,
    PRIMARY KEY (org, kind, rev_to, id)
) {{table}};
CREATE INDEX object_name ON object (org, kind, rev_to, name, id) WHERE rev_to = 9223372036854775807;
CREATE INDEX object_name_fold ON object (org, kind, rev_to, name_fold, id) WHERE rev_to = 9223372036854775807;
CREATE INDEX object_key ON object (org, kind, rev_to, key, id) WHERE rev_to = 9223372036854775807 AND key <> '';
CREATE INDEX object_parent ON object (org, kind, rev_to, parent, id) WHERE rev_to = 9223372036854775807;
CREATE INDEX object_begun ON object (org, rev_to, rev_from) WHERE rev_to = 9223372036854775807;
CREATE INDEX object_closed ON object (org, rev_to) WHERE rev_to < 9223372036854775807;

CREATE TABLE ref (
    org     {{bigint}} NOT NULL,
    to_kind TEXT NOT NULL,
    to_id   {{bigint}} NOT NULL,
    kind    TEXT NOT NULL,
    id      {{bigint}} NOT NULL,
    PRIMARY KEY (org, to_kind, to_id, kind, id)
) {{small table}};
CREATE INDEX ref_from ON ref (org, kind, id);

CREATE TABLE activation (
    org      {{bigint}} NOT NULL,
    rev      {{bigint}} NOT NULL,
    at       {{bigint}} NOT NULL,
    how      TEXT NOT NULL,
    by_login TEXT NOT NULL,
    PRIMARY KEY (org, rev)
) {{small table}};

CREATE TABLE edit_state (
    org       {{bigint}} NOT NULL,
    principal {{bigint}} NOT NULL,
    login     TEXT NOT NULL,
    state     TEXT NOT NULL,
    ended     {{bigint}} NOT NULL,
    at        {{bigint}} NOT NULL,
    PRIMARY KEY (org, principal)
) {{small table}};

-- Secrets, hashed or sealed. lookup is what a caller presents to be found by;
-- it is unique across orgs.
CREATE TABLE credential (
    org     {{bigint}} NOT NULL,
    kind    TEXT NOT NULL,
    id      {{bigint}} NOT NULL,
    lookup  TEXT NOT NULL,
    secret  {{blob}} NOT NULL,
    changed {{bigint}} NOT NULL,
    PRIMARY KEY (org, kind, id)
) {{small table}};
CREATE UNIQUE INDEX credential_lookup ON credential (kind, lookup) WHERE lookup <> '';

CREATE TABLE session (
    hash    {{blob}} PRIMARY KEY,
    org     {{bigint}} NOT NULL,
    admin   {{bigint}} NOT NULL,
    created {{bigint}} NOT NULL
) {{small table}};
CREATE INDEX session_admin ON session (org, admin);

CREATE TABLE audit (
    org         {{bigint}} NOT NULL,
    seq         {{bigint}} NOT NULL,
    at          {{bigint}} NOT NULL,
    action      TEXT NOT NULL,
    category    TEXT NOT NULL,
    subcategory TEXT NOT NULL,
    resource    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    object      {{bigint}} NOT NULL,
    admin       {{bigint}} NOT NULL,
    login       TEXT NOT NULL,
    ip          TEXT NOT NULL,
    interface   TEXT NOT NULL,
    result      TEXT NOT NULL,
    rev         {{bigint}} NOT NULL,
    before_body {{blob}},
    after_body  {{blob}},
    PRIMARY KEY (org, seq)
) {{table}};
-- For who made a pending change.
CREATE INDEX audit_rev ON audit (org, rev);

CREATE TABLE connector_token (
    hash     {{blob}} PRIMARY KEY,
    org      {{bigint}} NOT NULL,
    vm       {{bigint}} NOT NULL,
    replaced {{bigint}} NOT NULL
) {{small table}};
CREATE INDEX connector_token_vm ON connector_token (org, vm);
