-- What a crash may lose: it is told again, or is only a little older.
CREATE TABLE live (
    org     {{bigint}} NOT NULL,
    vm      {{bigint}} NOT NULL,
    seen_ms {{bigint}} NOT NULL,
    state   TEXT NOT NULL,
    bundle  TEXT NOT NULL,
    build   TEXT NOT NULL,
    PRIMARY KEY (org, vm)
) {{small table}};

CREATE TABLE session_seen (
    hash    {{blob}} PRIMARY KEY,
    seen_ms {{bigint}} NOT NULL
) {{small table}};

CREATE TABLE principal_seen (
    org       {{bigint}} NOT NULL,
    principal {{bigint}} NOT NULL,
    seen_ms   {{bigint}} NOT NULL,
    PRIMARY KEY (org, principal)
) {{small table}};
