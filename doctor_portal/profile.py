"""The doors of my profile: the name and hospital by which I register without a form."""

from msgspec import Struct
from sanic import Blueprint, Request

from cdp import profiles
from cdp.accounts import AccountGone
from cdp.consent import ConsentNeeded
from cdp.profiles import Profile
from server.core import clock
from server.core.roles import DOCTORS, Reader
from server.web.operation import operation
from server.web.replies import Done

blueprint = Blueprint("doctor_profile", url_prefix="/api/doctor")

TAGS = ("profile",)


class MyProfile(Struct, frozen=True):
    """My profile, where there is one."""

    profile: Profile | None


@blueprint.get("/profile")
@operation("My name and hospital, as I have told them", reply=MyProfile, roles=DOCTORS, tags=TAGS)
async def profile(request: Request, reader: Reader) -> MyProfile:
    return MyProfile(await profiles.profile_of(sealer=request.app.ctx.sealer, account_id=reader.account_id))


@blueprint.put("/profile")
@operation(
    "Tell my name and hospital",
    reply=MyProfile,
    body=Profile,
    roles=DOCTORS,
    refuses=(ConsentNeeded, AccountGone),
    tags=TAGS,
    example=Profile(name="陈一川", hospital="江城示范医院", department="胃肠外科", title="主任医师"),
    description="Asked once, for registering in one tap. Seen by the staff of an activity that one registers for.",
)
async def tell(request: Request, reader: Reader, body: Profile) -> MyProfile:
    await profiles.keep(sealer=request.app.ctx.sealer, account_id=reader.account_id, profile=body, at=clock.now())
    return MyProfile(body)


@blueprint.delete("/profile")
@operation("Let my profile be forgotten", reply=Done, roles=DOCTORS, tags=TAGS)
async def forget(request: Request, reader: Reader) -> Done:
    await profiles.forget(account_id=reader.account_id)
    return Done()
