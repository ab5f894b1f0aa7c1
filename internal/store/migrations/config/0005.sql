-- The trail as a chain: the hash of a row is over the row and the hash of the
-- one before it. It is NULL in rows that are older than the chain until the
-- audit package has chained them.
ALTER TABLE audit ADD COLUMN hash {{blob}};

-- The two ends of an org's chain. The anchor is the last row that was pruned;
-- the head is the newest row, so that rows cut off at the end are missed. A
-- hash is NULL where there has been no such row. Rows up to old were there
-- before the chain.
CREATE TABLE audit_chain (
    org         {{bigint}} PRIMARY KEY,
    anchor_seq  {{bigint}} NOT NULL,
    anchor_hash {{blob}},
    head_seq    {{bigint}} NOT NULL,
    head_hash   {{blob}},
    old         {{bigint}} NOT NULL
) {{table}};
INSERT INTO audit_chain (org, anchor_seq, anchor_hash, head_seq, head_hash, old)
SELECT org, 0, NULL, 0, NULL, MAX(seq) FROM audit GROUP BY org;

-- The trail is listed by time. The same time may be that of many rows.
CREATE INDEX audit_at ON audit (org, at, seq);
CREATE INDEX audit_login ON audit (org, lower(login), at, seq);
CREATE INDEX audit_object ON audit (org, kind, object, at, seq) WHERE object <> 0;
CREATE INDEX audit_failure ON audit (org, at, seq) WHERE result = 'failure';
