"""The words of the figures: how the circles of people and the rates are called, and what each rate is."""

from typing import Final

from server.web.languages import marked

CIRCLES: Final = {
    "shown": marked("展示人数"),
    "clicked": marked("点击人数"),
    "opened": marked("打开人数"),
    "read": marked("读完人数"),
    "favourite": marked("收藏人数"),
    "returned": marked("复读人数"),
    "started": marked("开播人数"),
    "finished": marked("看完人数"),
}
RATES: Final = {
    "click": marked("点击率"),
    "read": marked("完读率"),
    "favourite": marked("收藏率"),
    "return": marked("复读率"),
    "completion": marked("完播率"),
}
RATE_HINTS: Final = {
    "click": marked("从卡片点开的人 ÷ 看到卡片满 1 秒的人"),
    "read": marked("读到九成、用时不少于预计三成的人 ÷ 打开的人"),
    "favourite": marked("期末仍收藏的人 ÷ 打开的人"),
    "return": marked("间隔半小时以上再次打开的人 ÷ 打开的人"),
    "completion": marked("看满九成（不重复的秒数）的人 ÷ 开始播放的人"),
}
