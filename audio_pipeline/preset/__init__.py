"""Presets: TOML, `extends`, `--set`, checks, schedule, schema. Their tables are the parameters of sounds."""
