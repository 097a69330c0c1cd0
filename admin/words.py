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
    "staff.create": marked("新建"),
    "staff.change": marked("修改"),
    "staff.disable": marked("停用"),
    "staff.enable": marked("恢复"),
    "staff.sign_in": marked("登录"),
    "staff.sign_out": marked("退出登录"),
    "staff.sign_out_others": marked("退出其他设备"),
    "staff.sign_in_refused": marked("登录失败"),
    "staff.sign_in_locked_out": marked("锁定期间尝试登录"),
    "staff.lock_out": marked("登录失败并锁定"),
    "staff.pass_first_factor": marked("密码通过，等待验证码"),
    "staff.wrong_code": marked("验证码错误"),
    "staff.wrong_password": marked("当前密码错误"),
    "staff.change_password": marked("修改密码"),
    "staff.reset_password": marked("重置密码"),
    "staff.choose_language": marked("切换语言"),
    "staff.begin_totp": marked("开始设置两步验证"),
    "staff.set_up_totp": marked("启用两步验证"),
    "staff.remove_totp": marked("关闭两步验证"),
    "staff.reset_totp": marked("重置两步验证"),
    "item.create": marked("新建内容"),
    "item.save": marked("保存草稿"),
    "item.discard": marked("删除草稿"),
    "item.publish": marked("发布"),
    "item.schedule": marked("安排发布"),
    "item.unschedule": marked("取消发布安排"),
    "item.withdraw": marked("下线"),
    "item.begin": marked("定时发布生效"),
    "item.hold_back": marked("定时发布未通过检查"),
    "item.expire": marked("到期下线"),
    "item.move": marked("移动位置"),
    "item.order": marked("调整顺序"),
    "item.roll_back": marked("恢复旧版本"),
    "item.submit": marked("提交审核"),
    "item.approve": marked("审核通过"),
    "item.refuse": marked("审核不通过"),
    "airing.set": marked("设定播出时间"),
    "airing.moved": marked("播出改期"),
    "airing.cancelled": marked("取消播出"),
    "asset.take_in": marked("上传文件"),
    "asset.describe": marked("修改文件说明"),
    "asset.remove": marked("删除文件"),
    "filmed_consent.register": marked("登记知情同意"),
    "filmed_consent.withdraw": marked("撤回知情同意"),
    "tag.save": marked("保存标签"),
    "tag.remove": marked("删除标签"),
    "pin.arrange": marked("调整置顶"),
    "people.decide": marked("身份复核"),
    "people.merge": marked("合并账号"),
    "people.unmerge": marked("拆分账号"),
    "person.erase": marked("注销个人信息"),
    "consent.publish_text": marked("发布授权文本"),
    "mini_program.register": marked("登记小程序"),
    "mini_program.disable": marked("停用小程序"),
    "message_template.configure": marked("设置消息模板"),
    "event_month.make": marked("准备日志分区"),
    "event_month.detach": marked("移出日志分区"),
}

SUBJECTS: Final = {
    "staff": marked("工作人员"),
    "item": marked("内容"),
    "airing": marked("播出"),
    "asset": marked("文件"),
    "filmed_consent": marked("知情同意"),
    "tag": marked("标签"),
    "pin": marked("置顶"),
    "merge_review": marked("身份复核"),
    "person_link": marked("账号关联"),
    "person": marked("个人"),
    "consent_text": marked("授权文本"),
    "mini_program": marked("小程序"),
    "message_template": marked("消息模板"),
    "event_month": marked("日志分区"),
}

MESSAGE_KEYS: Final = {
    "episode_soon": marked("开播提醒"),
    "episode_moved": marked("改期通知"),
    "episode_cancelled": marked("取消通知"),
}
MESSAGE_STATES: Final = {
    "planned": marked("待发送"),
    "sending": marked("发送中"),
    "sent": marked("已发送"),
    "failed": marked("发送失败"),
    "unknown": marked("结果未知"),
    "cancelled": marked("已取消"),
    "expired": marked("已过时"),
    "no_credit": marked("无订阅次数"),
}
MESSAGE_COLOURS: Final = {
    "planned": "badge-blue",
    "sending": "badge-blue",
    "sent": "badge-green",
    "failed": "badge-red",
    "unknown": "badge-amber",
    "cancelled": "",
    "expired": "badge-amber",
    "no_credit": "badge-amber",
}

KEYS: Final = {"unionid": marked("微信 UnionID"), "phone": marked("手机号"), "device": marked("设备")}

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

KINDS: Final = {"series": marked("系列"), "season": marked("季"), "episode": marked("单集")}

STATES: Final = {
    "draft": marked("草稿"),
    "in_review": marked("审核中"),
    "approved": marked("已批准"),
    "scheduled": marked("待发布"),
    "published": marked("已发布"),
    "expired": marked("已过期"),
    "withdrawn": marked("已下线"),
}
STATE_COLOURS: Final = {
    "draft": "",
    "in_review": "badge-amber",
    "approved": "badge-teal",
    "scheduled": "badge-blue",
    "published": "badge-green",
    "expired": "badge-amber",
    "withdrawn": "badge-red",
}

AUDIENCES: Final = {
    "everyone": marked("所有人"),
    "doctor": marked("医生"),
    "professional": marked("已认证的专业人士"),
    "patient": marked("患者"),
}

STAGES: Final = {
    "consultation": marked("面诊要点"),
    "plan": marked("手术方案"),
    "difficulty": marked("术中难点"),
    "nursing": marked("术后护理团队配合"),
}

FACETS: Final = {
    "disease": marked("疾病"),
    "specialty": marked("专科"),
    "operation": marked("术式"),
    "topic": marked("主题"),
    "stage": marked("诊疗阶段"),
    "literacy": marked("阅读难度"),
    "health-day": marked("健康日"),
}

FILE_KINDS: Final = {
    "image": marked("图片"),
    "video": marked("视频"),
    "audio": marked("音频"),
    "document": marked("文档"),
}

# What a publish check says, where the language is not the one that its own sentence is in.
FINDINGS: Final = {
    "missing": marked("此项必填。"),
    "too_long": marked("内容太长。"),
    "too_many": marked("项目太多。"),
    "too_small": marked("数值太小。"),
    "too_large": marked("数值太大。"),
    "not_a_choice": marked("不是可选的值。"),
    "not_a_number": marked("应为数字。"),
    "bad_key": marked("只能用小写字母、数字和连字符。"),
    "bad_value": marked("内容不合要求。"),
    "unknown_field": marked("没有这个字段。"),
    "summary_missing": marked("建议写一段简介。"),
    "tag_unknown": marked("没有这个标签。"),
    "tag_twice": marked("标签重复。"),
    "parent_missing": marked("还没有归入系列。"),
    "parent_unpublished": marked("所属系列尚未发布，发布系列后读者才能看到。"),
    "audience_empty": marked("可见范围与所属系列矛盾，没有人能看到。"),
    "cover_missing": marked("请上传封面。"),
    "alt_missing": marked("请为封面写一句替代文字。"),
    "asset_unknown": marked("素材库中没有这个文件。"),
    "asset_wrong_kind": marked("文件类型不符。"),
    "video_missing": marked("请上传视频或填写视频地址。"),
    "video_twice": marked("视频文件和视频地址只能填一个。"),
    "url_unsafe": marked("视频地址必须是公开的 https 地址。"),
    "duration_differs": marked("与视频的实际时长不符。"),
    "duration_unusual": marked("建议时长 10–15 分钟。"),
    "chapters_missing": marked("建议划分章节。"),
    "chapter_twice": marked("章节标识重复。"),
    "chapters_unsorted": marked("章节须按开始时间先后排列。"),
    "chapter_outside": marked("章节开始时间超出视频时长。"),
    "chapter_unknown": marked("请选择回答这个问题的章节。"),
    "questions_missing": marked("建议写明本集回答的问题。"),
    "consent_missing": marked("有患者出镜，须登记患者的知情同意。"),
    "consent_unknown": marked("没有这份知情同意。"),
    "consent_withdrawn": marked("患者已撤回同意，不能发布。"),
    "consent_not_yet": marked("知情同意的签署日期在将来。"),
    "not_de_identified": marked("视频尚未做去标识化处理。"),
    "consent_scope": marked("可见范围超出患者同意的范围。"),
    "consent_differs": marked("这个视频登记的是另一份知情同意。"),
    "airing_missing": marked("没有播出时间，发布后立即可看，也不会出现在追剧日历里。"),
}
