"""From the settings to what the gate is told: its words, its colours, its logo; and to the same in mails."""

import logging
from pathlib import Path

from executors.channels.email import Colours
from lockhouse.configuration import Configuration, SettingsInvalid
from lockhouse.gate import GateSettings, LogoInvalid, WordingInvalid, accent_advice, accent_for, check_looks

__all__ = ["gate_settings", "mail_colours"]

_log = logging.getLogger(__name__)


def gate_settings(configuration: Configuration) -> GateSettings:
    """Return what the gate is told. Raise `SettingsInvalid` for words or a logo that cannot be used."""
    settings, gate = configuration.settings, configuration.settings.gate
    told = GateSettings(
        issuer=settings.issuer,
        development=settings.development,
        name=gate.name,
        accent=gate.accent,
        support=gate.support,
        language=gate.language,
        texts=_file(configuration, gate.texts),
        time_zone=gate.time_zone,
        logo=_file(configuration, gate.logo),
        logo_dark=_file(configuration, gate.logo_dark),
    )
    try:
        check_looks(told)
    except LogoInvalid as error:
        raise SettingsInvalid((f"gate.logo: {error}",)) from error
    except WordingInvalid as error:
        raise SettingsInvalid((f"gate.language: {error}",)) from error
    if advice := accent_advice(gate.accent):
        _log.warning("gate.accent", extra={"advice": advice})
    return told


def mail_colours(accent: str) -> Colours:
    """Return the pages' own colours: what can be read there can be read in a mail."""
    shown = accent_for(accent)
    return Colours(light=shown.light, on_light=shown.on_light, dark=shown.dark, on_dark=shown.on_dark)


def _file(configuration: Configuration, text: str) -> Path | None:
    return configuration.path(text) if text else None
