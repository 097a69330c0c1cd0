"""The commands that set up mini-programs and texts of consent, as somebody would type them."""

import asyncio
import os
import sys
from pathlib import Path

from people_fixtures import People

from cdp import consent, entitlements, hospitals, mini_programs
from server.core import clock
from server.core.keys import Sealer
from server.core.roles import Audience
from server.core.settings import Settings

SECRET = "0123456789abcdef0123456789abcdef"


async def xinglin(settings: Settings, *words: str) -> tuple[int, str]:
    """Run a command of the house on the tests' own stores, and give its status and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server",
        *words,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")},
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "XINGLIN_HOME": str(settings.home),
            "XINGLIN_MASTER_KEY": settings.master_key,
            "XINGLIN_TOKEN_KEY": settings.token_key,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_a_mini_program_is_registered_by_a_command(settings: Settings, database: None) -> None:
    words = ("apps", "register", "wx00000000000000aa", "doctor", "--name", "医生端", "--secret", SECRET)
    status, said = await xinglin(settings, *words, "--push-token", "token", "--push-key", "k" * 43)
    assert status == 0, said
    assert "/wechat/wx00000000000000aa/push" in said
    assert SECRET not in said
    sealer = Sealer(settings.key_bytes[0])
    found = await mini_programs.credentials(sealer=sealer, app_id="wx00000000000000aa", audience=Audience.DOCTOR)
    assert found.secret == SECRET
    assert (await mini_programs.push_secrets(sealer=sealer, app_id="wx00000000000000aa")).token == "token"

    status, said = await xinglin(settings, *words[:3], "patient", *words[4:], "--push-token", "", "--push-key", "")
    assert (status, "受众" in said) == (1, True), said


async def test_a_text_of_consent_is_published_by_a_command_once(
    settings: Settings, database: None, tmp_path: Path
) -> None:
    text = tmp_path / "规则.txt"
    text.write_text("全文。", "utf-8")
    words = ("--audience", "patient", "--purpose", "service", "--version", "2026-11-22", "--title", "规则")
    status, said = await xinglin(settings, "consents", "publish", str(text), *words)
    assert status == 0, said
    (published,) = await consent.texts(audience=Audience.PATIENT)
    assert (published.body, published.material) == ("全文。", True)
    status, said = await xinglin(settings, "consents", "publish", str(text), *words)
    assert (status, "已发布" in said) == (1, True), said


async def test_hospitals_are_taken_in_by_a_command(settings: Settings, database: None, tmp_path: Path) -> None:
    status, said = await xinglin(settings, "hospitals", "import", "--dry-run")
    assert (status, "205 new" in said) == (0, True), said
    assert (await hospitals.listing()).total == 0
    status, said = await xinglin(settings, "hospitals", "import")
    assert (status, "205 new" in said) == (0, True), said
    own = tmp_path / "医院.csv"
    own.write_text("编码,名称,省份,城市,别名\njiangcheng,江城示范医院,示范省,江城市,江城院\n", "gb18030")
    status, said = await xinglin(settings, "hospitals", "import", str(own))
    assert (status, "1 new" in said) == (0, True), said
    own.write_text("编码,名称,省份,城市,别名\nx,某医院,示范省,江城市,人民医院\n", "utf-8")
    status, said = await xinglin(settings, "hospitals", "import", str(own))
    assert (status, "alias_generic" in said) == (1, True), said
    assert (await hospitals.listing()).total == 206


async def test_an_entitlement_is_granted_and_revoked_by_a_command(settings: Settings, people: People) -> None:
    chen = await people.doctor()
    words = ("entitlements", "grant", str(chen.account_id), "membership", "--reason", "年度会员")
    status, said = await xinglin(settings, *words, "--until", "2099-01-01")
    assert status == 0, said
    (held,) = await entitlements.listing(at=clock.now(), account_id=chen.account_id)
    assert (held.state, held.granted_by) == ("standing", "command")
    status, said = await xinglin(settings, "entitlements", "revoke", str(held.id), "--reason", "退费")
    assert status == 0, said
    (held,) = await entitlements.listing(at=clock.now(), account_id=chen.account_id)
    assert held.state == "revoked"
    status, said = await xinglin(settings, "entitlements", "grant", "999999", "membership", "--reason", "x")
    assert (status, "没有该账号" in said) == (1, True), said
