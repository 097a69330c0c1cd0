"""The words of the admin pages for professionals, entitlements and hospitals."""

from typing import Final

from server.web.languages import marked

TITLES: Final = {
    "chief_physician": marked("主任医师"),
    "associate_chief": marked("副主任医师"),
    "attending_physician": marked("主治医师"),
    "resident_physician": marked("住院医师"),
    "assistant_physician": marked("助理医师"),
}

REASONS: Final = {
    "photo_unclear": marked("照片不清晰或不完整"),
    "mismatch": marked("填写的信息与证件不一致"),
    "licence_unknown": marked("查询不到该执业证书"),
    "not_a_physician": marked("不是医师执业证书"),
    "hospital_unclear": marked("无法确认执业机构"),
    "other": marked("其他原因"),
}

STATES: Final = {
    "submitted": marked("待审核"),
    "approved": marked("已通过"),
    "refused": marked("未通过"),
    "expired": marked("已到期"),
    "revoked": marked("已失效"),
    "replaced": marked("已更新"),
    "withdrawn": marked("已撤回"),
}
STATE_COLOURS: Final = {
    "submitted": "badge-amber",
    "approved": "badge-green",
    "refused": "badge-red",
    "expired": "badge-amber",
    "revoked": "badge-red",
    "replaced": "",
    "withdrawn": "",
}

ENDINGS: Final = {
    "withdrawn": marked("医生撤回"),
    "consent_withdrawn": marked("医生撤回授权"),
    "revoked": marked("撤销"),
    "replaced": marked("被新的认证替代"),
    "expired": marked("到期"),
}

MATCHES: Final = {
    "exact": marked("名称一致"),
    "alias": marked("别名一致"),
    "fuzzy": marked("相近"),
    "ambiguous": marked("不能确定"),
    "none": marked("词典中没有"),
}
MATCH_COLOURS: Final = {
    "exact": "badge-green",
    "alias": "badge-green",
    "fuzzy": "badge-amber",
    "ambiguous": "badge-amber",
    "none": "",
}

# Why a name was found to mean a hospital or none, and what was evened out on the way.
WHY: Final = {
    "equal_exact": marked("与正式名称一致"),
    "equal_alias": marked("与别名一致"),
    "sounds_alike": marked("读音相同"),
    "alike": marked("写法相近"),
    "shared": marked("几家医院都有这个名称"),
    "several_alike": marked("几家医院同样相近"),
    "generic": marked("许多医院都可能叫这个名称"),
    "nothing_alike": marked("没有足够相近的医院"),
    "empty": marked("没有填写"),
    "written": marked("已统一繁简体、全半角"),
    "brackets": marked("已去掉括号内容"),
    "campus": marked("已去掉院区"),
    "numerals": marked("已统一数字"),
    "abbreviation": marked("已展开简称"),
    "region_suffix": marked("已去掉地名后的省、市"),
    "ordinal_differs": marked("序数不同"),
    "kind_differs": marked("专科不同"),
    "region_differs": marked("地区不同"),
    "name_differs": marked("字号不同"),
}

# What is wrong with a row of a list of hospitals.
FAULTS: Final = {
    "key_bad": marked("编码只含小写字母、数字和连字符。"),
    "key_twice": marked("编码重复。"),
    "name_taken": marked("另一家医院已有这个名称。"),
    "missing": marked("此项必填。"),
    "too_long": marked("内容太长。"),
    "too_many": marked("别名最多 30 个。"),
    "alias_generic": marked("这个名称许多医院都有，不能作别名。"),
    "alias_short": marked("别名至少两个字。"),
}
FIELDS: Final = {
    "key": marked("编码"),
    "name": marked("名称"),
    "province": marked("省份"),
    "city": marked("城市"),
    "level": marked("等级"),
    "aliases": marked("别名"),
}

RIGHTS: Final = {
    "coming": marked("未开始"),
    "standing": marked("生效中"),
    "over": marked("已结束"),
    "revoked": marked("已撤销"),
}
RIGHT_COLOURS: Final = {"coming": "badge-blue", "standing": "badge-green", "over": "", "revoked": "badge-red"}

DEEDS: Final = {
    "professional.look": marked("查看认证资料"),
    "professional.look_at_photo": marked("查看证件照片"),
    "professional.approve": marked("通过认证"),
    "professional.refuse": marked("不通过认证"),
    "professional.revoke": marked("撤销认证"),
    "professional.forget": marked("按期限删除认证资料"),
    "hospital.take_in": marked("导入医院"),
    "hospital.save": marked("修改医院"),
    "hospital.remove": marked("删除医院"),
    "entitlement.grant": marked("授予权益"),
    "entitlement.revoke": marked("撤销权益"),
}
SUBJECTS: Final = {
    "professional_application": marked("专业人士认证"),
    "hospital": marked("医院"),
    "entitlement": marked("权益"),
}
EVENTS: Final = {
    "professional_submitted": marked("提交认证"),
    "professional_withdrawn": marked("撤回认证申请"),
    "professional_approved": marked("通过认证"),
    "professional_refused": marked("认证未通过"),
    "professional_expired": marked("认证到期"),
    "professional_ended": marked("认证提前结束"),
    "entitlement_granted": marked("授予权益"),
    "entitlement_revoked": marked("撤销权益"),
}
MESSAGE_KEYS: Final = {"professional_decided": marked("认证结果通知")}
KEYS: Final = {"professional": marked("执业证书编码")}
