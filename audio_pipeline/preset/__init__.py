"""The document: TOML, `extends`, `--set`, resolving, schema. Its tables are the sounds' parameters."""
