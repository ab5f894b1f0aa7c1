-- An API client's token is a session that ends at a time of its own, in epoch
-- milliseconds (0 = it slides), and that was got by a secret or a key.
ALTER TABLE session ADD COLUMN expires {{bigint}} NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN via {{bigint}} NOT NULL DEFAULT 0;
