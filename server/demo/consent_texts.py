"""The demo texts of consent, in Chinese: what each portal says about personal information, purpose by purpose.

The rule: they are written for this house and say what it does and no more; they are marked as a demonstration, since
counsel has to check and replace them before anybody real signs in.
"""

from typing import Final, NamedTuple

from cdp.consent import Purpose
from server.core.roles import Audience

VERSION: Final = "2026-11-22"
MARK: Final = "【演示文本，仅供试用；正式上线前须由法务审定并替换。】"


class DemoText(NamedTuple):
    """A text for one audience and one purpose."""

    audience: Audience
    purpose: Purpose
    title: str
    body: str


def _body(*paragraphs: str) -> str:
    return "\n\n".join((MARK, *paragraphs))


_RIGHTS = (
    "五、您的权利。您可以随时在「我的—隐私与授权」中查阅、复制（导出）、更正、删除您的个人信息，或撤回任何一项同意。"
    "撤回与同意一样方便，一次点击即生效；撤回不影响此前已依法进行的处理。您注销账号时，我们会销毁用于保护您信息的密钥，"
    "此后任何人，包括我们自己，都无法再读取这些信息。"
)

DOCTOR_SERVICE = DemoText(
    Audience.DOCTOR,
    "service",
    "杏林医生版个人信息处理规则（演示）",
    _body(
        "一、我们是谁。本小程序由杏林（演示）运营，面向医疗卫生专业人士提供手术与诊疗系列节目、观看日历和学习服务。"
        "您可以通过小程序内「我的—意见反馈」联系个人信息保护负责人。",
        "二、登录时处理的信息。您打开小程序时，微信会告诉我们一个仅在本小程序内有效的编号（openid），"
        "以及同一开放平台下的编号（unionid）。我们用它们识别您的账号，并加密保存。"
        "在您同意本规则之前，我们只处理登录所必需的这些编号，不记录您的浏览和观看。",
        "三、您同意后处理的信息。（一）观看进度、收藏、点赞、评分、关注的系列：用于续播、追剧日历和开播提醒。"
        "（二）您主动授权的手机号：用于核验身份和找回账号，仅以加密形式保存，页面上只显示首尾数字。"
        "（三）您接受的订阅消息次数：用于按您的意愿发送提醒，不会超出您同意的次数。",
        "四、保存与保护。信息存放在中华人民共和国境内；每个账号使用单独的密钥加密；"
        "工作人员的每一次修改都有不可更改的记录。我们不会向第三方出售或未经您单独同意提供您的个人信息。",
        _RIGHTS,
        "六、规则的变更。处理目的、方式或信息种类发生变化时，我们会发布新版本，并在您重新同意之前停止相应处理。",
    ),
)
PATIENT_SERVICE = DemoText(
    Audience.PATIENT,
    "service",
    "杏林患者版个人信息处理规则（演示）",
    _body(
        "一、我们是谁。本小程序由杏林（演示）运营，向患者和家属提供健康科普与就医知识。内容仅供参考，不能代替面诊和医嘱。"
        "您可以通过小程序内「我的—意见反馈」联系个人信息保护负责人。",
        "二、登录时处理的信息。您打开小程序时，微信会告诉我们一个仅在本小程序内有效的编号（openid），"
        "以及同一开放平台下的编号（unionid）。我们用它们识别您的账号，并加密保存。"
        "在您同意本规则之前，我们只处理登录所必需的这些编号，不记录您的阅读。",
        "三、您同意后处理的信息。（一）阅读进度、收藏、点赞和您设置的提醒：用于为您提供这些功能。"
        "（二）您主动授权的手机号：用于核验身份和找回账号，仅以加密形式保存，页面上只显示首尾数字。"
        "您阅读的内容可能反映健康状况，属于敏感个人信息；未经您另行单独同意，我们不会据此分析您，也不会向您推送。",
        "四、保存与保护。信息存放在中华人民共和国境内；每个账号使用单独的密钥加密；"
        "患者账号与医生账号彼此独立，永不自动关联。我们不会向第三方出售或未经您单独同意提供您的个人信息。",
        _RIGHTS,
        "六、规则的变更。处理目的、方式或信息种类发生变化时，我们会发布新版本，并在您重新同意之前停止相应处理。"
        "未满十四周岁的使用者，应由监护人阅读并同意。",
    ),
)
DOCTOR_ANALYTICS = DemoText(
    Audience.DOCTOR,
    "analytics",
    "使用情况分析（演示）",
    _body(
        "为了改进节目和排期，我们希望记录您打开了哪些内容、看到哪里、何时收藏或分享，并结合您的账号进行统计分析。",
        "记录中不含您的手机号、openid、姓名和您写下的文字。您可以不同意，或随时撤回，这不影响您观看节目；"
        "撤回后我们不再把新的记录与您的账号关联。",
    ),
)
PATIENT_ANALYTICS = DemoText(
    Audience.PATIENT,
    "analytics",
    "使用情况分析（演示，敏感个人信息单独同意）",
    _body(
        "为了改进科普内容，我们希望记录您打开了哪些文章、看到哪里，并结合您的账号进行统计分析。"
        "这些记录可能反映您的健康状况，属于敏感个人信息，因此需要您单独同意。",
        "记录中不含您的手机号、openid、姓名和您写下的文字，仅用于改进内容，不用于诊断、定价或提供给任何第三方。"
        "您可以不同意，或随时撤回，这不影响您使用其他功能；撤回后我们不再把新的记录与您的账号关联。",
    ),
)
_MARKETING = _body(
    "我们希望偶尔向您推荐可能感兴趣的新内容和活动：七天内最多两次，二十四小时内最多一次，"
    "夜间（21:00 至次日 8:00）不打扰。",
    "您可以不同意，或随时撤回，撤回后立即停止。您自己设置的开播提醒不属于此类，不受影响。",
)

DOCTOR_VERIFICATION = DemoText(
    Audience.DOCTOR,
    "verification",
    "专业人士认证（演示，敏感个人信息单独同意）",
    _body(
        "为了确认您是执业医师，以便依法仅向医疗卫生专业人士展示处方药等专业信息，我们需要处理您的姓名、执业机构、科室、职称、"
        "医师执业证书编码和证件照片。证件照片可能含有身份证件号码等敏感个人信息，因此需要您单独同意。",
        "姓名、证书编码和照片以您账号专用的密钥加密保存，只有负责审核的人员可以查看，每一次查看都有不可更改的记录。"
        "照片会去除拍摄时间、地点等附加信息，并在作出决定后三十日内删除；未通过或已失效的申请，姓名和证书编码一并删除。"
        "我们保留证书编码的不可逆摘要，仅用于发现同一编码被不同的人使用。",
        "您可以不同意，或随时撤回，这不影响您观看面向医生的其他内容。撤回后认证立即失效，已提交的资料随即删除。",
    ),
)

TEXTS: Final = (
    DOCTOR_SERVICE,
    DOCTOR_ANALYTICS,
    DOCTOR_VERIFICATION,
    DemoText(Audience.DOCTOR, "marketing", "内容与活动推荐（演示）", _MARKETING),
    PATIENT_SERVICE,
    PATIENT_ANALYTICS,
    DemoText(Audience.PATIENT, "marketing", "内容与活动推荐（演示）", _MARKETING),
)
