"""Makers of `--set` texts that nobody would write."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.hostile.preset_makers import KEYS, SOUNDS, TABLES, texts, toml, values

_known = st.one_of(
    st.builds(
        "{}.{}.{}".format,
        st.sampled_from(sorted(SOUNDS)),
        st.sampled_from(sorted({name for names in SOUNDS.values() for name in names})),
        st.sampled_from(sorted({key for keys in KEYS.values() for key in keys})),
    ),
    st.builds(
        "{}.{}".format,
        st.sampled_from(["grain", "dropout", "voice_a", "space", "echo", "master", "picture", "cues"]),
        st.sampled_from(sorted({key for keys in (KEYS | TABLES).values() for key in keys})),
    ),
    st.sampled_from(
        ["black", "end", "seed", "title", "layers", "cues", "effects", "extends", "a" + ".a" * 5000]
    ),
)
_fair = st.sampled_from(
    [
        *("dropout.fade=80ms", "grain.level='-57 dBFS'", "black=9s", "layers.breath.on=false", "seed=7"),
        *("master.dialogue=-24 LUFS", "picture.rate=25", "space.rt60=1.2s", "echo.returns=2", "title=x"),
    ]
)
sets = st.lists(
    st.one_of(
        _fair,
        _fair,
        _fair,
        st.builds("{}={}".format, st.one_of(_known, _known, texts), st.one_of(texts, values.map(toml))),
        texts,
    ),
    min_size=1,
    max_size=4,
)
"""One to four texts, most of them `key=value`."""
