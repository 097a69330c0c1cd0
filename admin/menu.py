"""The menu of the admin pages: what there is, and for which roles.

The rule: a page that somebody may not open is not in their menu; that it is not there protects nothing, the doors do.
"""

from typing import Final

from msgspec import Struct

from admin.kind_forms import LISTED
from server.core.roles import STAFF, Role
from server.web.languages import marked

WRITERS: Final = frozenset({Role.AUTHOR, Role.EDITOR})
TAGGERS: Final = frozenset({Role.EDITOR})
PLANNERS: Final = frozenset({Role.EDITOR, Role.PUBLISHER})
PUBLISHERS: Final = frozenset({Role.PUBLISHER})
# Taking something away must never wait for one person.
WITHDRAWERS: Final = frozenset({Role.PUBLISHER, Role.EDITOR, Role.COMPLIANCE, Role.LEGAL, Role.MEDICAL})
CONSENT_KEEPERS: Final = frozenset({Role.EDITOR, Role.COMPLIANCE, Role.LEGAL})
SEARCH_KEEPERS: Final = frozenset({Role.EDITOR})
SEARCH_READERS: Final = SEARCH_KEEPERS | {Role.ANALYST}
MESSAGE_READERS: Final = frozenset({Role.EDITOR, Role.ANALYST, Role.COMPLIANCE})
# The words of doctors are theirs: for who answers them, and nobody else.
QUESTION_READERS: Final = frozenset({Role.EDITOR, Role.MEDICAL})
IDENTITY_REVIEWERS: Final = frozenset({Role.COMPLIANCE})
# Who decides on doctors opens their licences; nobody else does, administrators least of all.
CREDENTIAL_REVIEWERS: Final = frozenset({Role.COMPLIANCE})
HOSPITAL_KEEPERS: Final = frozenset({Role.COMPLIANCE, Role.EDITOR})
ENTITLERS: Final = frozenset({Role.COMPLIANCE, Role.ADMINISTRATOR})
HOSTS: Final = frozenset({Role.EDITOR, Role.PUBLISHER})
AUDITORS: Final = frozenset({Role.ADMINISTRATOR, Role.COMPLIANCE})
# What is agreed to is the word of counsel; that it was published is for who watches over it to read.
CONSENT_PUBLISHERS: Final = frozenset({Role.LEGAL})
CONSENT_READERS: Final = frozenset({Role.LEGAL, Role.COMPLIANCE})
ADMINISTRATORS: Final = frozenset({Role.ADMINISTRATOR})


class Entry(Struct, frozen=True):
    """A line of the menu."""

    address: str
    name: str
    icon: str
    roles: frozenset[Role] = STAFF


MENU: Final[tuple[tuple[str, tuple[Entry, ...]], ...]] = (
    ("", (Entry("/admin/", marked("概览"), "layout-dashboard"),)),
    (
        marked("内容"),
        tuple(Entry(f"/admin/{form.list_name}", form.name, form.icon) for form in LISTED),
    ),
    (
        marked("编排"),
        (
            Entry("/admin/reviewing", marked("内容审核"), "checks"),
            Entry("/admin/calendar", marked("排期日历"), "calendar-month"),
            Entry("/admin/assets", marked("素材库"), "photo"),
            Entry("/admin/imports", marked("导入"), "file-upload", WRITERS),
            Entry("/admin/sections", marked("栏目"), "list-details"),
            Entry("/admin/tags", marked("标签"), "tags"),
            Entry("/admin/filming", marked("患者知情同意"), "clipboard-list"),
        ),
    ),
    (
        marked("运营"),
        (
            Entry("/admin/activities", marked("活动与报名"), "clipboard-list"),
            Entry("/admin/questions", marked("医生提问"), "help-circle", QUESTION_READERS),
            Entry("/admin/figures", marked("内容数据"), "chart-bar"),
            Entry("/admin/search", marked("搜索"), "search", SEARCH_READERS),
            Entry("/admin/messages", marked("消息"), "message-circle", MESSAGE_READERS),
            Entry("/admin/professionals", marked("专业人士认证"), "shield-check", CREDENTIAL_REVIEWERS),
            Entry("/admin/hospitals", marked("医院词典"), "building-hospital", HOSPITAL_KEEPERS),
            Entry("/admin/entitlements", marked("权益"), "award", ENTITLERS),
            Entry("/admin/reviews", marked("身份复核"), "user-check", IDENTITY_REVIEWERS),
        ),
    ),
    (
        marked("系统"),
        (
            Entry("/admin/consents", marked("授权文本"), "file-text", CONSENT_READERS),
            Entry("/admin/apps", marked("小程序"), "brand-wechat", ADMINISTRATORS),
            Entry("/admin/audit", marked("审计日志"), "history", AUDITORS),
            Entry("/admin/staff", marked("工作人员"), "users-group", ADMINISTRATORS),
        ),
    ),
)
