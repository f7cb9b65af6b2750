"""The tree of what can go wrong while somebody uses the tool.

    AudioPipelineError
    ├── PresetError     a preset, a batch file or `--set` cannot be understood or obeyed
    ├── StemError       an audio file that was asked for cannot be used
    ├── RenderError     the mix could not be made or written
    └── ReportError     a report, a delivery or a marker list cannot be read or compared

Misuse of the library by a programmer (wrong shapes, wrong dtypes) stays `ValueError`.
"""


class AudioPipelineError(Exception):
    """One sentence that names the file or key and the cause, and a hint at what to do.

    `message` is the sentence; `hint` is one more, or None. Neither holds line breaks of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class PresetError(AudioPipelineError):
    """A preset, a batch file or a `--set` that cannot be understood or obeyed."""


class StemError(AudioPipelineError):
    """An audio file that was asked for and cannot be used."""


class RenderError(AudioPipelineError):
    """The mix could not be made or written; whatever was there before still is."""


class ReportError(AudioPipelineError):
    """A report, a delivery or a marker list that cannot be read or compared."""
