"""The words of the admin pages for what the code of activities and broadcasts names in English."""

from typing import Final

from server.web.languages import marked

DEEDS: Final = {
    "activity.set": marked("安排活动时间"),
    "activity.moved": marked("活动改期"),
    "activity.placed": marked("更换活动地点"),
    "activity.changed": marked("修改报名设置"),
    "activity.restored": marked("重新安排活动"),
    "activity.cancelled": marked("取消活动"),
    "registration.remove": marked("取消他人报名"),
    "registration.export": marked("导出报名名单"),
    "check_in.enter": marked("现场签到"),
    "check_in.undo": marked("撤销签到"),
    "broadcast.open": marked("开播"),
    "broadcast.close": marked("结束直播"),
    "broadcast.attach": marked("上传直播回放"),
    "broadcast_question.approved": marked("通过提问"),
    "broadcast_question.answered": marked("回答提问"),
    "broadcast_question.hidden": marked("隐藏提问"),
    "broadcast_question.waiting": marked("退回提问"),
    "poll.make": marked("新建投票"),
    "poll.open": marked("开始投票"),
    "poll.close": marked("结束投票"),
    "poll.remove": marked("删除投票"),
}

SUBJECTS: Final = {
    "activity": marked("活动"),
    "registration": marked("报名"),
    "check_in": marked("签到"),
    "broadcast": marked("直播"),
    "broadcast_question": marked("直播提问"),
    "poll": marked("投票"),
}

FORMS: Final = {"meeting": marked("学术会议"), "official": marked("官方活动"), "live": marked("直播")}
STATUSES: Final = {
    "unplanned": marked("未安排时间"),
    "upcoming": marked("未开始"),
    "on": marked("进行中"),
    "over": marked("已结束"),
    "cancelled": marked("已取消"),
}
STATUS_COLOURS: Final = {
    "unplanned": "badge-amber",
    "upcoming": "badge-blue",
    "on": "badge-green",
    "over": "",
    "cancelled": "badge-red",
}
REGISTRATION_STATES: Final = {
    "registered": marked("已报名"),
    "waiting": marked("候补"),
    "cancelled": marked("已取消"),
}
REGISTRATION_COLOURS: Final = {"registered": "badge-green", "waiting": "badge-amber", "cancelled": ""}
QUESTION_STATES: Final = {
    "waiting": marked("待审核"),
    "approved": marked("已通过"),
    "answered": marked("已回答"),
    "hidden": marked("已隐藏"),
}
QUESTION_COLOURS: Final = {
    "waiting": "badge-amber",
    "approved": "badge-blue",
    "answered": "badge-green",
    "hidden": "",
}
PHASES: Final = {
    "none": marked("没有直播"),
    "before": marked("未开播"),
    "on": marked("直播中"),
    "over": marked("已结束"),
}

EVENTS: Final = {
    "activity_reschedule": marked("活动时间变更"),
    "activity_register": marked("活动报名"),
    "activity_promote": marked("候补转正"),
    "activity_cancel": marked("取消报名"),
    "activity_check_in": marked("现场签到"),
    "activity_check_in_undo": marked("撤销签到"),
    "live_register": marked("预约直播"),
    "live_join": marked("进入直播"),
    "live_leave": marked("离开直播"),
    "live_interact": marked("直播互动"),
}

MESSAGE_KEYS: Final = {
    "activity_soon": marked("活动提醒"),
    "activity_moved": marked("活动变更通知"),
    "activity_cancelled": marked("活动取消通知"),
    "activity_promoted": marked("候补成功通知"),
}

FINDINGS: Final = {
    "plan_missing": marked("请先安排活动的时间。"),
    "plan_cancelled": marked("活动已取消。"),
    "stream_missing": marked("还没有填写直播流，开播前请补上。"),
    "place_missing": marked("请填写活动地点。"),
    "speakers_missing": marked("请填写讲者。"),
    "speaker_twice": marked("讲者重复。"),
    "speaker_incomplete": marked("请写明讲者的单位。"),
    "speaker_unknown": marked("议程中的讲者不在讲者名单中。"),
    "agenda_missing": marked("建议填写议程。"),
    "agenda_unsorted": marked("议程须按时间先后排列。"),
    "agenda_outside": marked("议程超出活动的结束时间。"),
}
