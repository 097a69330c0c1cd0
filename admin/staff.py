"""The people who work here: taking on, roles, passwords, closing the doors."""

from sanic import Blueprint, HTTPResponse, Request

from admin.menu import ADMINISTRATORS
from admin.words import ROLE_HINTS, ROLES
from server.core import clock, passwords, sign_in_tries, staff, staff_account, staff_totp
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.pages import page, redirect, refusal_of, render
from server.web.staff import rules_of

blueprint = Blueprint("admin_staff", url_prefix="/admin/staff")
LIST = "/admin/staff"


@blueprint.get("/")
@page(roles=ADMINISTRATORS)
async def members(request: Request, reader: StaffReader) -> HTTPResponse:
    found = await staff.members()
    keys = {member.id: sign_in_tries.email_key(member.email) for member in found}
    locked = await sign_in_tries.locked(keys.values(), at=clock.now())
    return render(
        request,
        "admin/staff/list.html",
        members=found,
        locked={member_id: locked[key] for member_id, key in keys.items() if key in locked},
        role_names=ROLES,
        totp_required=rules_of(request).totp_required,
    )


@blueprint.get("/new")
@page(roles=ADMINISTRATORS)
async def new_form(request: Request, reader: StaffReader) -> HTTPResponse:
    return _new(request, Form([]), {}, password=passwords.suggested())


@blueprint.post("/new")
@page(roles=ADMINISTRATORS)
async def create(request: Request, reader: StaffReader) -> HTTPResponse:
    form = form_of(request)
    try:
        member = await staff.create(
            email=form.secret("email"),
            name=form.secret("name"),
            password=form.secret("password"),
            roles=form.texts("roles"),
            actor=reader.actor,
            must_change_password=True,
            at=clock.now(),
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused)
        return _new(request, form, errors, password=form.secret("password"), status=status)
    return redirect(request, LIST, flash="已添加 %(name)s。请当面告知初始密码，首次登录时需要修改。", name=member.name)


@blueprint.get("/<staff_id:int>")
@page(roles=ADMINISTRATORS)
async def member_form(request: Request, reader: StaffReader, staff_id: int) -> HTTPResponse:
    return await _edit(request, reader, staff_id, {})


@blueprint.post("/<staff_id:int>")
@page(roles=ADMINISTRATORS)
async def change(request: Request, reader: StaffReader, staff_id: int) -> HTTPResponse:
    form = form_of(request)
    roles = form.texts("roles")
    if staff_id == reader.staff_id:
        # One's own roles are shown and cannot be ticked, so the browser does not send them.
        roles = sorted(reader.roles)
    try:
        member = await staff.change(
            staff_id=staff_id, name=form.secret("name"), roles=roles, actor_id=reader.staff_id, at=clock.now()
        )
    except staff.StaffMissing:
        raise
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="roles")
        return await _edit(request, reader, staff_id, errors, status=status)
    return redirect(request, LIST, flash="已保存 %(name)s 的资料。", name=member.name)


@blueprint.post("/<staff_id:int>/disable")
@page(roles=ADMINISTRATORS)
async def disable(request: Request, reader: StaffReader, staff_id: int) -> HTTPResponse:
    await staff.disable(staff_id=staff_id, actor_id=reader.staff_id, at=clock.now())
    return redirect(request, f"{LIST}/{staff_id}", flash="账号已停用，所有会话已结束。")


@blueprint.post("/<staff_id:int>/enable")
@page(roles=ADMINISTRATORS)
async def enable(request: Request, reader: StaffReader, staff_id: int) -> HTTPResponse:
    await staff.enable(staff_id=staff_id, actor_id=reader.staff_id, at=clock.now())
    return redirect(request, f"{LIST}/{staff_id}", flash="账号已恢复。")


@blueprint.post("/<staff_id:int>/password")
@page(roles=ADMINISTRATORS)
async def reset_password(request: Request, reader: StaffReader, staff_id: int) -> HTTPResponse:
    try:
        await staff_account.reset_password(
            staff_id=staff_id, password=form_of(request).secret("password"), actor=reader.actor, at=clock.now()
        )
    except passwords.PasswordTooWeak as refused:
        status, errors = refusal_of(request, refused)
        return await _edit(request, reader, staff_id, errors, status=status)
    return redirect(request, f"{LIST}/{staff_id}", flash="密码已重置，锁定已解除。请当面告知新密码，登录后需要修改。")


@blueprint.post("/<staff_id:int>/totp")
@page(roles=ADMINISTRATORS)
async def reset_totp(request: Request, reader: StaffReader, staff_id: int) -> HTTPResponse:
    await staff_totp.reset(staff_id=staff_id, actor_id=reader.staff_id, at=clock.now())
    return redirect(request, f"{LIST}/{staff_id}", flash="两步验证已重置，所有会话已结束。")


def _new(request: Request, form: Form, errors: dict[str, str], *, password: str, status: int = 200) -> HTTPResponse:
    return render(
        request,
        "admin/staff/new.html",
        status=status,
        form=form,
        errors=errors,
        password=password,
        role_names=ROLES,
        role_hints=ROLE_HINTS,
    )


async def _edit(
    request: Request, reader: StaffReader, staff_id: int, errors: dict[str, str], *, status: int = 200
) -> HTTPResponse:
    return render(
        request,
        "admin/staff/edit.html",
        status=status,
        member=await staff.member(staff_id=staff_id),
        own=staff_id == reader.staff_id,
        errors=errors,
        password=passwords.suggested(),
        role_names=ROLES,
        role_hints=ROLE_HINTS,
    )
