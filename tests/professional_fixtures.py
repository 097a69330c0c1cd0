"""Doctors who hand in applications, and what staff decide on them: the fixture ``practice``."""

import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from people_fixtures import ALL, People, Visitor
from PIL import Image

from cdp import professional_decisions, professional_records, professionals
from cdp.professional_particulars import Particulars, Title
from server.core import clock
from server.core.images import Clean
from server.core.roles import Reader

YEAR = timedelta(days=365)
NAME = "欧阳修远"
LICENCE = "110330000987654"
PARTICULARS = Particulars(NAME, LICENCE, "四川大学华西医院", "胃肠外科", Title.ATTENDING.value)
AGREED = (*ALL, "verification")


def jpeg(*, side: int = 64, exif: bytes = b"") -> bytes:
    """Draw what stands for the photo of a licence."""
    written = io.BytesIO()
    Image.effect_noise((side, side), 40).convert("RGB").save(written, "JPEG", exif=exif)
    return written.getvalue()


PHOTO = Clean(jpeg(), 64, 64)


@dataclass
class Practice:
    """Hands in and decides in the real house."""

    ctx: Any
    people: People

    async def doctor(self, name: str = "chen", **more: Any) -> Visitor:
        return await self.people.sign_in(name, consents=more.pop("consents", AGREED), **more)

    async def submit(self, doctor: Visitor, *, at: datetime | None = None, **changed: Any) -> int:
        return await professionals.submit(
            sealer=self.ctx.sealer,
            account_id=doctor.account_id,
            particulars=replace_fields(PARTICULARS, **changed),
            photo=PHOTO,
            matched="none",
            at=at or clock.now(),
        )

    async def approve(self, application_id: int, *, at: datetime | None = None, **more: Any) -> None:
        at = at or clock.now()
        await professional_decisions.approve(
            changes=self.ctx.changes,
            application_id=application_id,
            valid_until=more.pop("valid_until", at + YEAR),
            actor=more.pop("actor", "staff:1"),
            at=at,
            **more,
        )

    async def refuse(self, application_id: int, *, at: datetime | None = None, **more: Any) -> None:
        await professional_decisions.refuse(
            application_id=application_id,
            reason=more.pop("reason", "photo_unclear"),
            note=more.pop("note", ""),
            actor=more.pop("actor", "staff:1"),
            at=at or clock.now(),
        )

    async def revoke(self, application_id: int, *, at: datetime | None = None) -> None:
        await professional_decisions.revoke(
            changes=self.ctx.changes,
            application_id=application_id,
            note="证书已注销",
            actor="staff:1",
            at=at or clock.now(),
        )

    async def verified(self, name: str = "chen", **more: Any) -> tuple[Visitor, int]:
        """Give a verified professional, and the application that the standing rests on."""
        doctor = await self.doctor(name)
        application_id = await self.submit(doctor, **more)
        await self.approve(application_id)
        return doctor, application_id

    async def overview(self, doctor: Visitor, *, at: datetime | None = None) -> professional_records.Overview:
        return await professional_records.overview(
            sealer=self.ctx.sealer, account_id=doctor.account_id, at=at or clock.now()
        )

    async def reader(self, doctor: Visitor, *, at: datetime | None = None) -> Reader:
        found: Reader = await self.ctx.standings(
            account_id=doctor.account_id, session_id=doctor.session_id, at=at or clock.now()
        )
        return found


def replace_fields(particulars: Particulars, **changed: Any) -> Particulars:
    values = {name: getattr(particulars, name) for name in particulars.__struct_fields__}
    return Particulars(**{**values, **changed})


@pytest.fixture
async def practice(app: Any, people: People) -> Practice:
    return Practice(app.ctx, people)
