"""The words of the admin pages for what the code names in English: roles, deeds, states.

The rule: a name without a word here is shown as it is, so that a new deed is readable before it is translated.
"""

from typing import Final

from server.core.roles import Role
from server.web.languages import marked

ROLES: Final = {
    Role.AUTHOR: marked("作者"),
    Role.EDITOR: marked("编辑"),
    Role.MEDICAL: marked("医学审核"),
    Role.LEGAL: marked("法务审核"),
    Role.COMPLIANCE: marked("合规审核"),
    Role.PUBLISHER: marked("发布"),
    Role.ANALYST: marked("分析"),
    Role.ADMINISTRATOR: marked("管理员"),
}

ROLE_HINTS: Final = {
    Role.AUTHOR: marked("撰写并修改内容"),
    Role.EDITOR: marked("修改内容、安排播出、管理素材"),
    Role.MEDICAL: marked("审核医学准确性"),
    Role.LEGAL: marked("审核法律风险"),
    Role.COMPLIANCE: marked("审核合规、身份复核、查看审计"),
    Role.PUBLISHER: marked("发布与撤回内容"),
    Role.ANALYST: marked("查看数据与消息"),
    Role.ADMINISTRATOR: marked("管理工作人员、查看审计"),
}

DEEDS: Final = {
    "create": marked("新建"),
    "change": marked("修改"),
    "disable": marked("停用"),
    "enable": marked("恢复"),
    "sign_in": marked("登录"),
    "sign_out": marked("退出登录"),
    "sign_out_others": marked("退出其他设备"),
    "sign_in_refused": marked("登录失败"),
    "sign_in_locked_out": marked("锁定期间尝试登录"),
    "lock_out": marked("登录失败并锁定"),
    "unlock": marked("解除锁定"),
    "pass_first_factor": marked("密码通过，等待验证码"),
    "wrong_code": marked("验证码错误"),
    "wrong_password": marked("当前密码错误"),
    "change_password": marked("修改密码"),
    "reset_password": marked("重置密码"),
    "choose_language": marked("切换语言"),
    "begin_totp": marked("开始设置两步验证"),
    "set_up_totp": marked("启用两步验证"),
    "remove_totp": marked("关闭两步验证"),
    "reset_totp": marked("重置两步验证"),
}

SUBJECTS: Final = {
    "staff": marked("工作人员"),
}

EVENTS: Final = {
    "account_created": marked("新账号"),
    "consent_granted": marked("同意授权"),
    "consent_withdrawn": marked("撤回授权"),
    "identity_bound": marked("绑定身份"),
    "identity_merged": marked("身份合并"),
    "identity_unmerged": marked("身份拆分"),
    "erasure_requested": marked("申请注销"),
    "erasure_done": marked("注销完成"),
    "content_published": marked("内容发布"),
    "content_retagged": marked("标签变更"),
    "content_withdrawn": marked("内容撤回"),
    "content_expired": marked("内容到期"),
    "content_rescheduled": marked("播出改期"),
    "content_favorite": marked("收藏"),
    "content_unfavorite": marked("取消收藏"),
    "content_like": marked("点赞"),
    "content_unlike": marked("取消点赞"),
    "content_rate": marked("评分"),
    "content_share": marked("分享"),
    "share_opened": marked("打开分享"),
    "video_start": marked("开始观看"),
    "video_heartbeat": marked("观看进度"),
    "video_finish": marked("看完"),
    "series_follow": marked("追剧"),
    "series_unfollow": marked("取消追剧"),
    "message_sent": marked("消息已发送"),
    "message_failed": marked("消息失败"),
    "message_delivered": marked("消息送达"),
    "message_opened": marked("打开消息"),
}
