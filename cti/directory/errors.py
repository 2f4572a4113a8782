"""Why somebody cannot work in the integration, or cannot dial."""

from __future__ import annotations

from cti.domain.fcc import KIND_WORDS, UserKind
from cti.errors import ConnectorError


class FccUserUnknownError(ConnectorError):
    """No FCC account has the Salesforce user's e-mail address."""

    code = "fcc-user-unknown"
    http_status = 403
    pl = (
        "W FCC nie ma użytkownika z adresem e-mail {email}. Administrator FCC musi wpisać ten sam adres na koncie "
        "użytkownika PBX (personel → użytkownicy)."
    )
    en = (
        "No FCC user has the e-mail address {email}. The FCC administrator must enter the same address in the PBX "
        "user's account (personel → użytkownicy)."
    )


class FccUserInactiveError(ConnectorError):
    """The FCC account with that e-mail address is switched off."""

    code = "fcc-user-inactive"
    http_status = 403
    pl = "Konto FCC z adresem e-mail {email} jest wyłączone. Administrator FCC może je włączyć."
    en = "The FCC account with the e-mail address {email} is switched off. The FCC administrator can switch it on."


class FccUserAmbiguousError(ConnectorError):
    """More than one PBX user has that e-mail address."""

    code = "fcc-user-ambiguous"
    http_status = 403
    pl = "Kilku użytkowników PBX w FCC ma ten sam adres e-mail {email}. Administrator FCC musi zostawić go jednemu."
    en = "Several PBX users in FCC have the e-mail address {email}. The FCC administrator must leave it to one of them."


class FccUserWrongKindError(ConnectorError):
    """The FCC account is of a kind that does not work in the integration."""

    code = "fcc-user-wrong-kind"
    http_status = 403
    pl = "Konto FCC {email} jest typu „{kind}”. W integracji mogą pracować tylko użytkownicy PBX."
    en = "The FCC account {email} is of the kind “{kind}”. Only PBX users can work in the integration."

    def __init__(self, *, email: str, kind: UserKind | None) -> None:
        polish, english = KIND_WORDS[kind] if kind is not None else ("nieznany", "unknown")
        self._words = {"pl": polish, "en": english}
        super().__init__(email=email)

    def message(self, language: str) -> str:
        """The sentence, with FCC's kind of account in the same language."""
        chosen = "pl" if language.lower().startswith("pl") else "en"
        return (self.pl if chosen == "pl" else self.en).format(**self.values, kind=self._words[chosen])


class PairingUnknownError(ConnectorError):
    """The pairing is gone."""

    code = "pairing-unknown"
    http_status = 403
    pl = "Ta organizacja Salesforce nie jest połączona z FCC. Administrator musi ją połączyć."
    en = "This Salesforce org is not connected to FCC. Your administrator must connect it."


class DialNoCityNumberError(ConnectorError):
    """The PBX user has no city number (R6)."""

    code = "dial-no-city-number"
    http_status = 409
    pl = "Nie możesz dzwonić: Twoje konto w FCC nie ma numeru miejskiego. Administrator FCC może go dodać."
    en = "You cannot dial: your FCC account has no city number. The FCC administrator can add one."


class DialNoPresentationError(ConnectorError):
    """The PBX user has no presentation number (R6)."""

    code = "dial-no-presentation"
    http_status = 409
    pl = "Nie możesz dzwonić: Twoje konto w FCC nie ma prezentacji numeru. Administrator FCC może ją dodać."
    en = "You cannot dial: your FCC account has no presentation number. The FCC administrator can add one."


class DialIntegrationInactiveError(ConnectorError):
    """The integration is switched off for this pairing (R13), so nobody dials."""

    code = "dial-integration-inactive"
    http_status = 409
    pl = "Nie możesz dzwonić: integracja z FCC jest wyłączona. Administrator może ją włączyć w ustawieniach integracji."
    en = "You cannot dial: the FCC integration is switched off. Your administrator can switch it on in its settings."


class CampaignMissingError(ConnectorError):
    """The campaign for calls outside campaigns does not exist in FCC (R15)."""

    code = "campaign-missing"
    http_status = 409
    pl = "Kampania dla połączeń poza kampaniami nie istnieje w FCC. Administrator musi wybrać inną w ustawieniach."
    en = "The campaign for off-campaign calls does not exist in FCC. Your administrator must choose another one."


class CampaignWrongModeError(ConnectorError):
    """A campaign that is not in the mode manual - phone (R7)."""

    code = "campaign-wrong-mode"
    http_status = 409
    pl = "Kampania „{campaign}” nie jest w trybie „ręczna – telefon”. Administrator FCC może zmienić jej tryb."
    en = "The campaign “{campaign}” is not in the mode “manual – phone”. The FCC administrator can change its mode."
