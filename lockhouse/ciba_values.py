"""What the protocol layer is told of the settings: plain values, with the files that they name read."""

from collections.abc import Mapping
from datetime import timedelta

from lockhouse.configuration import Configuration, SettingsInvalid
from lockhouse.hint_settings import HintIssuerSection
from lockhouse.settings import CibaSection, Settings
from lockhouse.trust_anchors import mutual_tls
from protocols.oauth2 import STANDARD_SCOPES, KeySetInvalid, RegistrationRules, Scope, parse_key_set
from protocols.oauth2_ciba import CibaSettings, HintIssuer, IdTokenHintPolicy, Limits, WaitLimits

__all__ = ["ciba_settings"]


def ciba_settings(configuration: Configuration) -> CibaSettings:
    """Return what the protocol layer is told. Raise `SettingsInvalid` for a key set that cannot be read."""
    settings = configuration.settings
    ciba = settings.ciba
    return CibaSettings(
        issuer=settings.issuer,
        profile=ciba.profile,
        scopes=_scopes(settings),
        expires_in=timedelta(seconds=ciba.expires_in),
        max_expires_in=timedelta(seconds=ciba.max_expires_in),
        interval=timedelta(seconds=ciba.interval),
        access_token_life=timedelta(seconds=ciba.access_token_lifetime),
        id_token_life=timedelta(seconds=ciba.id_token_lifetime),
        refresh_token_life=timedelta(days=ciba.refresh_token_days),
        keep_final=timedelta(days=ciba.keep_days),
        composition=ciba.composition,
        compositions=ciba.compositions,
        locale=settings.gate.language,
        limits=_limits(ciba),
        long_polls=WaitLimits(held=ciba.long_polls, held_each=ciba.long_polls_per_client),
        registration=RegistrationRules(mode=settings.registration.mode, most=settings.registration.most),
        acr={"+".join(sorted(methods.split("+"))): name for methods, name in ciba.acr.items()},
        resources=ciba.resources,
        id_token_hint=IdTokenHintPolicy(
            unknown_key=ciba.id_token_hint.unknown_key, max_age=timedelta(days=ciba.id_token_hint.max_age_days)
        ),
        hint_issuers=tuple(_issuer(configuration, name, each) for name, each in settings.hint_issuers.items()),
        answer_as_if_known=ciba.answer_as_if_known,
        mutual_tls=mutual_tls(configuration),
        dpop_nonces=ciba.dpop_nonces,
    )


def _issuer(configuration: Configuration, name: str, section: HintIssuerSection) -> HintIssuer:
    return HintIssuer(
        issuer=section.issuer,
        algorithms=section.algorithms,
        jwks=_key_set(configuration, f"hint_issuers.{name}.jwks", section.jwks) if section.jwks else None,
        jwks_uri=section.jwks_uri or None,
        clients=frozenset(section.clients) or None,
        naming=section.naming,
    )


def _key_set(configuration: Configuration, setting: str, file: str) -> str:
    try:
        text = configuration.path(file).read_text(encoding="utf-8")
        parse_key_set(text)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid((f'{setting}: expected a file with a key set, cannot read "{file}"',)) from error
    except KeySetInvalid as error:
        raise SettingsInvalid((f"{setting}: {error}",)) from error
    return text


def _scopes(settings: Settings) -> Mapping[str, Scope]:
    own = {
        name: Scope(name=name, title=scope.title, description=scope.description or None, required=scope.required)
        for name, scope in settings.scopes.items()
    }
    return {**STANDARD_SCOPES, **own}


def _limits(ciba: CibaSection) -> Limits:
    limits = ciba.limits
    return Limits(
        pair_pending=limits.pair_pending,
        pair_minute=limits.pair_per_minute,
        person_pending=limits.person_pending,
        person_minute=limits.person_per_minute,
        client_pending=limits.client_pending,
    )
