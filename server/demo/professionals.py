"""The demo professionals: a doctor who has been verified and holds a membership, and one who waits.

The rule: names and numbers are invented, and the pictures of their licences say that they are none.
"""

import io
from datetime import datetime, timedelta
from typing import Any, Final

from PIL import Image, ImageDraw

from cdp import (
    entitlements,
    hospital_lists,
    professional_decisions,
    professional_records,
    professionals,
)
from cdp.professional_particulars import Particulars, Title
from cdp.professional_records import Overview
from server.core import images
from server.core.images import Clean
from server.demo.doctors import PURPOSES, doctor
from server.demo.typesetting import FontMissing, font
from server.sandbox import demo

MEMBERSHIP: Final = "membership"
VALID: Final = timedelta(days=365)
VERIFIED: Final = Particulars("何演示", "110000000000001", "杏林演示医院", "胃肠外科", Title.ASSOCIATE_CHIEF.value)
WAITING: Final = Particulars("苏演示", "110000000000002", "杏林演示第二医院", "肝胆外科", Title.ATTENDING.value)
MOST_BYTES: Final = 1024 * 1024


async def seed(ctx: Any, *, at: datetime) -> None:
    """Let the two hand in their applications, and one of them be approved, where that has not been done.

    The dictionary of hospitals is the house's own; what staff have changed in it stays.
    """
    await hospital_lists.take_in(rows=hospital_lists.standard(), dry_run=False, actor="command", at=at)
    decided = at - timedelta(days=30)
    account_id, held = await _application(ctx, demo.VERIFIED_DOCTOR, VERIFIED, at=decided - timedelta(days=1))
    if held.open:
        await professional_decisions.approve(
            changes=ctx.changes,
            application_id=held.applications[0].id,
            valid_until=at + VALID,
            actor="command",
            at=decided,
        )
    if not await entitlements.listing(at=at, account_id=account_id):
        await entitlements.grant(
            changes=ctx.changes,
            account_id=account_id,
            name=MEMBERSHIP,
            starts_at=decided,
            ends_at=at + VALID,
            reason="演示会员",
            actor="command",
            at=decided,
        )
    await _application(ctx, demo.WAITING_DOCTOR, WAITING, at=at - timedelta(hours=30))


async def _application(ctx: Any, user: str, particulars: Particulars, *, at: datetime) -> tuple[int, Overview]:
    """Hand in an application, unless this doctor has; give the account and where it stands."""
    reader = await doctor(ctx.issuer, user, at=at, purposes=(*PURPOSES, "verification"))
    account_id = reader.account_id
    held = await professional_records.overview(sealer=ctx.sealer, account_id=account_id, at=at)
    if not held.applications:
        await professionals.submit(
            sealer=ctx.sealer,
            account_id=account_id,
            particulars=particulars,
            photo=await picture(particulars),
            matched="none",
            at=at,
        )
        held = await professional_records.overview(sealer=ctx.sealer, account_id=account_id, at=at)
    return account_id, held


async def picture(particulars: Particulars) -> Clean:
    """Draw what stands for the photo of a licence."""
    sheet = Image.new("RGB", (1200, 800), "#f4ead2")
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((30, 30, 1170, 770), outline="#a8742c", width=6)
    lines = (
        (90, 72, "演示证件 · 并非真实证书"),
        (250, 44, f"姓　　名　{particulars.name}"),
        (350, 44, f"证书编码　{particulars.licence}"),
        (450, 44, f"执业机构　{particulars.hospital}"),
        (650, 36, "仅供试用，不作任何证明"),
    )
    try:
        for top, size, words in lines:
            draw.text((110, top), words, font=font(size), fill="#4a3413")
    except FontMissing:
        # Without the font the sheet stays bare; the house is tried all the same.
        draw.line((110, 120, 1090, 120), fill="#4a3413", width=8)
    written = io.BytesIO()
    sheet.save(written, "JPEG", quality=85)
    return await images.clean(written.getvalue(), at_most=MOST_BYTES)
