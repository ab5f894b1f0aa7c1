-- What a reset puts back: the working configuration of an org as it once was.
CREATE TABLE baseline (
    org  {{bigint}} PRIMARY KEY,
    body {{blob}} NOT NULL
) {{table}};
