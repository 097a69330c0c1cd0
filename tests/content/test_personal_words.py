"""Numbers and addresses of people are noticed however they are written, and medicine is not taken for them."""

import pytest

from content.personal_words import ContactGiven, refuse_contacts, tidy

NAMING = {
    "mobile": "请打 13800138000 找我",
    "grouped": "138 0013 8000",
    "hyphens": "138-0013-8000",
    "with the country": "+86 13800138000",
    "full width": "１３８００１３８０００",
    "spoken": "幺三八零零幺三八零零零",
    "spoken otherwise": "一三八〇〇一三八〇〇〇",
    "split by what nobody sees": "138\u200b0013\u200b8000",
    "landline": "021-62345678",
    "landline without a sign": "02162345678",
    "hotline": "400-820-1234",
    "identity card": "11010519491231002X",
    "record": "住院号 202611240017",
    "address": "写信到 chen.yi@example.org 吧",
}
MEDICAL = {
    "distance": "肿瘤距肛缘 4 厘米还能保肛吗？",
    "day": "2026-11-24 术后第 3 天引流 120 ml",
    "pressure": "血压 120/80，心率 78，血红蛋白 98",
    "stage": "ypT2N0M0，CEA 5.2，CA199 37",
    "doses": "卡培他滨 1000 mg/m2，每天 2 次，14 天",
    "numbers in words": "三四个淋巴结，五到七天拔管，一二线方案都用过",
    "figures in a row": "12 15 18 22 厘米处各有一枚息肉",
}


@pytest.mark.parametrize("text", NAMING.values(), ids=NAMING)
def test_what_names_or_reaches_somebody_is_refused(text: str) -> None:
    with pytest.raises(ContactGiven) as refused:
        refuse_contacts(text)
    assert refused.value.field == "text"
    assert text not in str(refused.value)


@pytest.mark.parametrize("text", MEDICAL.values(), ids=MEDICAL)
def test_medicine_is_let_through(text: str) -> None:
    refuse_contacts(text)


def test_a_text_is_tidied_without_losing_words() -> None:
    assert tidy("  一句\x07话 \r\n\r\n\r\n\r\n另一句\t") == "一句话\n\n另一句"
