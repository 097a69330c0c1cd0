"""What a doctor writes down to be verified, and the one way in which it is stored.

The rule: what is refused here is named by its field; what passes is on one line and within its length.
"""

import enum
import re
import unicodedata
from typing import Final

from msgspec import Struct

from server.core.errors import Invalid

# 医师执业证书编码: fifteen digits. What they stand for has changed with the years, so that only this is held to.
LICENCE: Final = re.compile(r"[0-9]{15}")
_NAME: Final = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134fA-Za-z][^\d<>{}\[\]\\/@#$%^&*=+|~`]{0,38}[^\W\d_]"
)
LONGEST_HOSPITAL: Final = 100
LONGEST_DEPARTMENT: Final = 60


class Title(enum.StrEnum):
    """The ranks of physicians (卫生技术职务)."""

    ASSISTANT = "assistant_physician"
    RESIDENT = "resident_physician"
    ATTENDING = "attending_physician"
    ASSOCIATE_CHIEF = "associate_chief"
    CHIEF = "chief_physician"


TITLES: Final = {
    Title.CHIEF: "主任医师",
    Title.ASSOCIATE_CHIEF: "副主任医师",
    Title.ATTENDING: "主治医师",
    Title.RESIDENT: "住院医师",
    Title.ASSISTANT: "助理医师",
}


class ParticularsInvalid(Invalid):
    """A field of the application is not what it has to be."""

    code = "professional_invalid"
    title = "认证资料有误"


class Particulars(Struct, frozen=True):
    """What a doctor writes down to be verified; the hospital as typed, and its key where it was picked."""

    name: str
    licence: str
    hospital: str
    department: str
    title: str
    hospital_key: str = ""

    def __repr__(self) -> str:
        return "Particulars(…)"


def checked(particulars: Particulars) -> Particulars:
    """Give what a doctor wrote in the one way in which it is stored.

    :raises ParticularsInvalid: if a field is none; ``field`` names it.
    """
    name = " ".join(unicodedata.normalize("NFKC", particulars.name).split())
    if not _NAME.fullmatch(name):
        raise ParticularsInvalid("请填写证件上的姓名。", field="name")
    licence = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", particulars.licence))
    if not LICENCE.fullmatch(licence):
        raise ParticularsInvalid("医师执业证书编码为 15 位数字。", field="licence")
    hospital = _line(particulars.hospital, most=LONGEST_HOSPITAL)
    if len(hospital) < 2:
        raise ParticularsInvalid("请填写医院全称（不超过 100 字）。", field="hospital")
    department = _line(particulars.department, most=LONGEST_DEPARTMENT)
    if not department:
        raise ParticularsInvalid("请填写科室（不超过 60 字）。", field="department")
    if particulars.title not in set(Title):
        raise ParticularsInvalid("请选择职称。", field="title")
    return Particulars(name, licence, hospital, department, particulars.title, particulars.hospital_key)


def _line(text: str, *, most: int) -> str:
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= most else ""
