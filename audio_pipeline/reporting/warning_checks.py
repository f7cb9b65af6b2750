"""The checks that add warnings to a report, each with a time and a figure."""

from __future__ import annotations

from collections.abc import Mapping

from audio_pipeline.reporting.audibility import audibility_warning
from audio_pipeline.reporting.dropout import UNCERTAIN_S
from audio_pipeline.reporting.facts import MixFacts
from audio_pipeline.reporting.fault_warnings import fault_warnings
from audio_pipeline.reporting.fold_check import fold_warning
from audio_pipeline.reporting.gain_checks import warnings_of_gains
from audio_pipeline.reporting.measuring import Measured
from audio_pipeline.reporting.model import DeliveryVerdict, DropoutLevels
from audio_pipeline.reporting.silences import MOST_SILENCES, silences_in_short
from audio_pipeline.reporting.warnings import OVERRUN_CODES, ReportWarning, WarningCode


def warnings_of(
    measured: Measured,
    facts: MixFacts,
    figures: Mapping[str, float | None],
    dropout: DropoutLevels | None,
    delivery: DeliveryVerdict,
) -> tuple[ReportWarning, ...]:
    """All warnings about a file."""
    return (
        *(
            ReportWarning.model_validate({"code": code, "message": said})
            for code, said in facts.warnings
        ),
        *_of_overruns(measured, facts),
        *_of_file(measured, facts),
        *warnings_of_gains(facts, figures),
        *_of_floor(measured, delivery),
        *_of_folds(measured),
        *_of_fall(measured, facts, dropout),
        *_of_silence_cue(measured, facts, dropout),
        *_of_silences(facts, delivery),
        *fault_warnings(measured.faults, measured.roles, facts, measured.info.sample_rate_hz),
    )


def _of_overruns(measured: Measured, facts: MixFacts) -> list[ReportWarning]:
    rate = measured.info.sample_rate_hz
    return [
        ReportWarning(
            code=OVERRUN_CODES[overrun.code],
            message=overrun.message(rate),
            at_s=overrun.span.start / rate,
            until_s=overrun.span.stop / rate,
            figure=f"slots.{overrun.voice}",
        )
        for overrun in facts.overruns
    ]


def _of_file(measured: Measured, facts: MixFacts) -> list[ReportWarning]:
    rate, loudness = measured.info.sample_rate_hz, measured.loudness
    found = [
        ReportWarning(code=WarningCode.FILE_STRUCTURE, message=word) for word in measured.info.warnings
    ]
    found += [
        ReportWarning.model_validate({"code": code, "message": said})
        for code, said in measured.info.remarks
    ]
    for section in facts.sections:
        if section.span.stop > measured.info.frames:
            found.append(
                ReportWarning(
                    code=WarningCode.SECTION_PAST_END,
                    message=f"The section {section.name!r} ends after the file. Correct its marker.",
                    at_s=section.span.start / rate,
                    until_s=section.span.stop / rate,
                    figure="sections",
                )
            )
    if (peak := loudness.sample_peak_dbfs) is not None and peak > 0.0:
        found.append(
            ReportWarning(
                code=WarningCode.OVER_FULL_SCALE,
                message=f"Samples exceed full scale by {peak:.1f} dB and clip in an integer format."
                " Lower the gain.",
                at_s=loudness.sample_peak_at_s,
                figure="sample_peak_dbfs",
            )
        )
    return found


def _of_floor(measured: Measured, delivery: DeliveryVerdict) -> list[ReportWarning]:
    listening, floor = delivery.listening, measured.floor
    if listening is None or floor is None or (word := audibility_warning(listening)) is None:
        return []
    return [
        ReportWarning(
            code=WarningCode.FLOOR_INAUDIBLE,
            message=word,
            at_s=floor.span.start / measured.info.sample_rate_hz,
            until_s=floor.span.stop / measured.info.sample_rate_hz,
            figure="delivery.listening.over_nc25_db",
        )
    ]


def _of_folds(measured: Measured) -> list[ReportWarning]:
    if measured.mono_folds is None or (word := fold_warning(measured.mono_folds)) is None:
        return []
    return [ReportWarning(code=WarningCode.MONO_FOLD_HOLE, message=word, figure="provenance.mono_fold")]


def _of_fall(measured: Measured, facts: MixFacts, dropout: DropoutLevels | None) -> list[ReportWarning]:
    plan = facts.dropout
    if plan is None or dropout is None:
        return []
    planned_s, fall_s = plan.fade / measured.info.sample_rate_hz, dropout.fall_s
    if fall_s is not None and fall_s > planned_s + UNCERTAIN_S:
        code = WarningCode.FALL_TOO_LONG
        message = (
            f"The fall takes {fall_s:.3f} s, not the specified {planned_s:.3f} s."
            " Check which layers outlast the dropout."
        )
    elif fall_s is None and plan.at < measured.info.frames:
        code = WarningCode.FALL_NOT_MEASURED
        message = f"The fall cannot be measured: {dropout.reasons['fall_s']}."
    else:
        return []
    until_s = dropout.at_s + (planned_s if fall_s is None else fall_s)
    return [
        ReportWarning(
            code=code, message=message, at_s=dropout.at_s, until_s=until_s, figure="dropout.fall_s"
        )
    ]


def _of_silence_cue(
    measured: Measured, facts: MixFacts, dropout: DropoutLevels | None
) -> list[ReportWarning]:
    plan, rate = facts.dropout, measured.info.sample_rate_hz
    if plan is None or plan.silence is None or dropout is None or plan.silence >= measured.info.frames:
        return []
    if dropout.silence_at_s is not None and round(dropout.silence_at_s * rate) <= plan.silence:
        return []
    return [
        ReportWarning(
            code=WarningCode.SILENCE_NOT_SILENT,
            message=f"The silence at {facts.clock.timecode_of_sample(plan.silence, rate)} is not silent."
            " End every layer at this cue.",
            at_s=plan.silence / rate,
            figure="dropout.silence_at_s",
        )
    ]


def _of_silences(facts: MixFacts, delivery: DeliveryVerdict) -> list[ReportWarning]:
    """Warnings about digital silence; none without cues, because any silence may then be intended. Very many
    silences are pauses and share one warning.
    """
    stated = facts.sections and facts.states_silence
    runs = [run for run in delivery.silences if stated and not run.deliberate]
    if len(runs) > MOST_SILENCES:
        return [
            _silence(
                runs[0].start_s,
                runs[-1].stop_s,
                f"{silences_in_short(runs)}; no cue specifies it. Check the stems for gaps.",
            )
        ]
    return [
        _silence(
            run.start_s,
            run.stop_s,
            f"Digital silence from {run.start} to {run.stop}; no cue specifies it. Check the stems for gaps.",
        )
        for run in runs
    ]


def _silence(at_s: float, until_s: float, message: str) -> ReportWarning:
    return ReportWarning(
        code=WarningCode.UNPLANNED_SILENCE,
        message=message,
        at_s=at_s,
        until_s=until_s,
        figure="delivery.silences",
    )
