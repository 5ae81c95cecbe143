"""Jurisdictions as a request states them and as packs name them: ISO 3166 codes (`US`, `US-CA`, `DE`), and `EU` for the union."""

import re
from typing import Final


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


EU: Final = _codes(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK AX GF GP MF MQ RE YT"
)
"""The member states, and those of their regions that have a code of their own and lie inside the union (TFEU 355(1), (4))."""
COUNTRIES: Final = _codes(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC "
    "CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD "
    "GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH "
    "KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW "
    "MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC "
    "SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY "
    "UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
"""ISO 3166-1, the codes that are assigned: `UK`, `EL`, `WW` are none, and who writes one may mean any place."""
STATES: Final = _codes(
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI "
    "SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR UM VI"
)
"""ISO 3166-2:US. Only of the United States do packs name a part, so only there must a part be one."""
_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


def within(stated: str, named: str) -> bool | None:
    """Whether what a request states touches the place that a pack names; `None`: it can't be read, and so may be anywhere.

    A whole touches its parts and a part its whole: who says `US` may mean California.
    """
    if not _known(stated):
        return None
    if stated == named or named.startswith(f"{stated}-") or stated.startswith(f"{named}-"):
        return True
    if named == "EU":
        return stated[:2] in EU
    return stated == "EU" and named[:2] in EU


def _known(code: str) -> bool:
    """Whether it is a code that is assigned: one that is not would lead past every place, as no place at all."""
    if _CODE.fullmatch(code) is None:
        return False
    country, _, part = code.partition("-")
    if code == "EU":
        return True
    return country in COUNTRIES and (country != "US" or not part or part in STATES)
