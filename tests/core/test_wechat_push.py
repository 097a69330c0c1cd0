"""Pushes: the platform's published vectors, every shape, and everything that can be wrong with them."""

import base64
import contextlib
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st

from server.core.errors import Refusal
from server.core.wechat_push import (
    Channel,
    PushForged,
    PushKeyMalformed,
    PushMalformed,
    answer_url_check,
    decrypt,
    encrypt,
    key_of,
    open_push,
    seal_reply,
    sign,
)
from server.core.wechat_push_body import LARGEST_BODY, Subscription, read_body, read_push

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "wechat-vectors.json").read_text())
SECURE = VECTORS["secure_POST_json"]
KEY = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU"
APPID = "wx0000000000d0c701"
PLAIN = Channel(appid=APPID, token="agreed")
SEALED = Channel(appid=APPID, token="agreed", encoding_aes_key=KEY)
AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
EVENT = {
    "ToUserName": "gh_0",
    "FromUserName": "oUser",
    "CreateTime": 1793534400,
    "MsgType": "event",
    "Event": "debug_demo",
}


def at(stamp: str | int) -> datetime:
    return datetime.fromtimestamp(int(stamp), UTC)


def plain_query(channel: Channel = PLAIN, *, when: datetime = AT) -> dict[str, str]:
    stamp = str(int(when.timestamp()))
    return {"timestamp": stamp, "nonce": "n", "signature": sign(channel.token, stamp, "n")}


def sealed_push(message: bytes, *, appid: str = APPID, key: str = KEY, encrypted: str | None = None):
    encrypted = encrypt(message, key=key_of(key), appid=appid) if encrypted is None else encrypted
    query = plain_query() | {"encrypt_type": "aes", "openid": "oUser"}
    query["msg_signature"] = sign(SEALED.token, query["timestamp"], "n", encrypted)
    return json.dumps({"ToUserName": "gh_0", "Encrypt": encrypted}).encode(), query


def told(**fields: object) -> bytes:
    return json.dumps({**EVENT, **fields}, ensure_ascii=False).encode()


# The published vectors.


def test_the_published_url_check_is_answered():
    vector = VECTORS["url_verification_GET"]
    channel = Channel(appid=APPID, token=vector["token"])

    assert answer_url_check(vector, channel=channel, at=at(vector["timestamp"])) == vector["echostr"]


def test_the_published_plain_push_is_read():
    vector = VECTORS["plain_POST_json"]
    channel = Channel(appid=APPID, token=vector["token"])

    push = open_push(json.dumps(vector["body"]).encode(), vector, channel=channel, at=at(vector["timestamp"]))

    assert (push.kind, push.is_event, push.openid, push.to_user) == (
        "debug_demo",
        True,
        vector["body"]["FromUserName"],
        vector["body"]["ToUserName"],
    )
    assert push.created_at == at(vector["timestamp"])
    assert push.body["debug_str"] == "hello world"


def test_the_published_encrypted_push_is_decrypted():
    channel = Channel(appid=SECURE["appid"], token=SECURE["token"], encoding_aes_key=SECURE["encoding_aes_key"])

    push = open_push(
        json.dumps(SECURE["body"]).encode(), SECURE["query"], channel=channel, at=at(SECURE["query"]["timestamp"])
    )

    assert push.kind == "debug_demo"
    assert push.openid == SECURE["query"]["openid"]


def test_the_published_encrypted_push_is_met_byte_for_byte():
    key = key_of(SECURE["encoding_aes_key"])
    message = decrypt(SECURE["body"]["Encrypt"], key=key, appid=SECURE["appid"])
    again = encrypt(message, key=key, appid=SECURE["appid"], random16=SECURE["random16"].encode())

    assert len(message) == SECURE["msg_len"]
    assert again == SECURE["body"]["Encrypt"]


def test_the_published_reply_is_met_byte_for_byte():
    vector = VECTORS["secure_reply_json"]
    key = key_of(SECURE["encoding_aes_key"])
    sealed = encrypt(vector["plaintext"].encode(), key=key, appid=SECURE["appid"], random16=vector["random16"].encode())

    assert sealed == vector["Encrypt"]
    assert sign(SECURE["token"], str(vector["timestamp"]), vector["nonce"], sealed) == vector["MsgSignature"]


def test_a_reply_is_sealed_so_that_the_other_side_can_open_it():
    sealed = seal_reply("你好 <杏林>", channel=SEALED, at=AT, nonce="7&8")
    as_json = json.loads(sealed.as_json())
    as_xml = {element.tag: element.text for element in ElementTree.fromstring(sealed.as_xml())}

    assert as_json == {
        "Encrypt": sealed.encrypt,
        "MsgSignature": sign(SEALED.token, str(int(AT.timestamp())), "7&8", sealed.encrypt),
        "TimeStamp": int(AT.timestamp()),
        "Nonce": "7&8",
    }
    assert as_xml == {name: str(value) for name, value in as_json.items()}
    assert decrypt(sealed.encrypt, key=key_of(KEY), appid=APPID).decode() == "你好 <杏林>"


# Where a push comes from.


@pytest.mark.parametrize("name", ["timestamp", "nonce", "signature"])
@pytest.mark.parametrize("value", ["", "x", "é", "\x00", "9" * 400], ids=ascii)
def test_a_url_check_or_a_plain_push_with_anything_changed_is_forged(name, value):
    query = plain_query() | {"echostr": "e", name: value}
    with pytest.raises(PushForged):
        answer_url_check(query, channel=PLAIN, at=AT)

    with pytest.raises(PushForged):
        open_push(told(), query, channel=PLAIN, at=AT)


@pytest.mark.parametrize("name", ["timestamp", "nonce", "msg_signature"])
def test_an_encrypted_push_with_anything_changed_is_forged(name):
    body, query = sealed_push(told())

    with pytest.raises(PushForged):
        open_push(body, query | {name: "1"}, channel=SEALED, at=AT)


def test_an_encrypted_push_is_checked_by_its_own_signature_and_not_by_the_plain_one():
    body, query = sealed_push(told())
    swapped = json.dumps({"Encrypt": encrypt(told(Event="other"), key=key_of(KEY), appid=APPID)}).encode()

    assert open_push(body, query | {"signature": "anything"}, channel=SEALED, at=AT).kind == "debug_demo"
    with pytest.raises(PushForged):
        open_push(swapped, query, channel=SEALED, at=AT)


def test_a_plain_push_to_a_channel_with_a_key_is_forged():
    with pytest.raises(PushForged):
        open_push(told(), plain_query(SEALED), channel=SEALED, at=AT)


def test_in_compatible_mode_only_the_encrypted_part_is_believed():
    body, query = sealed_push(told(Event="true_event"))
    both = told(Event="false_event", Encrypt=json.loads(body)["Encrypt"])

    assert open_push(both, query, channel=SEALED, at=AT).kind == "true_event"


@pytest.mark.parametrize("minutes", [-11, 11, 60 * 24 * 400])
def test_a_push_from_another_time_is_forged(minutes):
    with pytest.raises(PushForged):
        open_push(told(), plain_query(when=AT + timedelta(minutes=minutes)), channel=PLAIN, at=AT)


def test_a_push_a_few_minutes_off_is_taken():
    for minutes in (-9, 9):
        assert open_push(told(), plain_query(when=AT + timedelta(minutes=minutes)), channel=PLAIN, at=AT)


def test_a_channel_without_a_token_takes_nothing():
    channel = Channel(appid=APPID, token="")

    with pytest.raises(PushForged):
        open_push(told(), plain_query(channel), channel=channel, at=AT)


def test_a_push_for_another_app_is_forged():
    body, query = sealed_push(told(), appid="wx0000000000000000")

    with pytest.raises(PushForged):
        open_push(body, query, channel=SEALED, at=AT)


@pytest.mark.parametrize("echo", ["", "e" * 513])
def test_a_url_check_without_an_echo_of_decent_length_is_malformed(echo):
    with pytest.raises(PushMalformed):
        answer_url_check(plain_query() | {"echostr": echo}, channel=PLAIN, at=AT)


# What is encrypted.


def raw_sealed(plain: bytes) -> str:
    from wechatpy.crypto.cryptography import WeChatCipher

    return base64.b64encode(WeChatCipher(key_of(KEY)).encrypt(plain)).decode()


def uneven(message: bytes) -> str:
    """Encrypt a good message whose padding has the right length and the wrong bytes."""
    plain = b"r" * 16 + len(message).to_bytes(4, "big") + message + APPID.encode()
    missing = 32 - len(plain) % 32
    return raw_sealed(plain + b"\0" * (missing - 1) + bytes([missing]))


DAMAGED = {
    "empty": "",
    "not base64": "!!!!",
    "not ASCII": "杏林",
    "base64 with a blank in it": "AAAA AAAA",
    "not a whole block": base64.b64encode(b"x" * 31).decode(),
    "half a block of padding": base64.b64encode(b"x" * 48).decode(),
    "made with another key": encrypt(told(), key=b"k" * 32, appid=APPID),
    "padding 0": raw_sealed(b"r" * 16 + b"\0\0\0\1x" + APPID.encode()[:10] + b"\0"),
    "padding 33": raw_sealed(b"r" * 31 + bytes([33]) * 33),
    "padding uneven": uneven(told()),
    "all padding": raw_sealed(bytes([32]) * 32),
    "no room for a length": raw_sealed(b"r" * 18 + bytes([14]) * 14),
    "length beyond the end": raw_sealed(b"r" * 16 + b"\xff\xff\xff\xff" + b"x" * 10 + b"\2\2"),
}


@pytest.mark.parametrize("encrypted", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_encrypted_message_is_malformed(encrypted):
    body, query = sealed_push(b"", encrypted=encrypted)

    with pytest.raises(PushMalformed):
        open_push(body, query, channel=SEALED, at=AT)


def test_a_message_cut_off_at_any_block_is_refused():
    whole = base64.b64decode(encrypt(told(long="杏" * 100), key=key_of(KEY), appid=APPID))
    for cut in range(0, len(whole), 16):
        body, query = sealed_push(b"", encrypted=base64.b64encode(whole[:cut]).decode())
        with pytest.raises((PushMalformed, PushForged)):
            open_push(body, query, channel=SEALED, at=AT)


@pytest.mark.parametrize("key", ["", "short", KEY + "=", KEY + "A", "é" * 43, "!" * 43, KEY[:42]])
def test_a_key_that_is_not_43_characters_of_base64_is_refused(key):
    with pytest.raises(PushKeyMalformed):
        key_of(key)


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_what_is_encrypted_comes_back(message):
    assert decrypt(encrypt(message, key=key_of(KEY), appid=APPID), key=key_of(KEY), appid=APPID) == message


@settings(deadline=None)
@given(st.binary(max_size=400).map(lambda noise: base64.b64encode(noise).decode()) | st.text(max_size=80))
def test_any_text_in_place_of_the_encrypted_message_is_refused_by_name(encrypted):
    with pytest.raises((PushMalformed, PushForged)):
        decrypt(encrypted, key=key_of(KEY), appid=APPID)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["timestamp", "nonce", "signature", "msg_signature", "echostr"]), st.text(max_size=30)
    ),
    st.binary(max_size=200),
    st.sampled_from([PLAIN, SEALED]),
)
def test_any_query_and_body_are_refused_by_name(query, body, channel):
    with pytest.raises(Refusal):
        open_push(body, query, channel=channel, at=AT)


# What a push says.


LIST = {"TemplateId": "t1", "SubscribeStatusString": "accept", "PopupScene": "2"}
SECOND = {"TemplateId": "t2", "SubscribeStatusString": "reject", "PopupScene": 2}


def xml_of(fields: object) -> str:
    if isinstance(fields, dict):
        return "".join(
            f"<{name}>{xml_of(one)}</{name}>"
            for name, value in fields.items()
            for one in (value if isinstance(value, list) else [value])
        )
    return f"<![CDATA[{fields}]]>"


def as_xml(fields: dict) -> bytes:
    return f"<xml>{xml_of(fields)}</xml>".encode()


ONE = {
    "flat JSON": told(Event="subscribe_msg_popup_event", List=LIST),
    "flat JSON array": told(Event="subscribe_msg_popup_event", List=[LIST]),
    "nested JSON": told(Event="subscribe_msg_popup_event", SubscribeMsgPopupEvent={"List": LIST}),
    "nested JSON array": told(Event="subscribe_msg_popup_event", SubscribeMsgPopupEvent={"List": [LIST]}),
    "container without a list": told(Event="subscribe_msg_popup_event", SubscribeMsgPopupEvent=LIST),
    "array of containers": told(Event="subscribe_msg_popup_event", SubscribeMsgPopupEvent=[{"List": LIST}]),
    "fields at the top": told(Event="subscribe_msg_popup_event", **LIST),
    "time as a text": told(Event="subscribe_msg_popup_event", List=LIST, CreateTime="1793534400"),
    "scene as a number": told(Event="subscribe_msg_popup_event", List={**LIST, "PopupScene": 2}),
    "nested XML": as_xml({**EVENT, "Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": {"List": LIST}}),
    "flat XML": as_xml({**EVENT, "Event": "subscribe_msg_popup_event", "List": LIST}),
    "XML with a declaration and a mark": b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n'
    + as_xml({**EVENT, "Event": "subscribe_msg_popup_event", "List": LIST}),
    "blanks around": b"\n  " + told(Event="subscribe_msg_popup_event", List=LIST) + b"\r\n",
}


@pytest.mark.parametrize("body", ONE.values(), ids=ONE)
def test_one_answer_to_a_prompt_reads_the_same_in_every_shape(body):
    push = read_push(body, appid=APPID)

    assert push.subscriptions == (Subscription(template_id="t1", status="accept", popup_scene="2"),)
    assert push.dedupe_key == read_push(ONE["flat JSON"], appid=APPID).dedupe_key


SEVERAL = {
    "flat JSON": told(Event="subscribe_msg_popup_event", List=[LIST, SECOND]),
    "nested JSON": told(Event="subscribe_msg_popup_event", SubscribeMsgPopupEvent={"List": [LIST, SECOND]}),
    "containers": told(Event="subscribe_msg_popup_event", SubscribeMsgPopupEvent=[{"List": LIST}, {"List": SECOND}]),
    "bare items": told(Event="subscribe_msg_popup_event", SubscribeMsgPopupEvent=[LIST, SECOND]),
    "nested XML": as_xml(
        {**EVENT, "Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": {"List": [LIST, SECOND]}}
    ),
}


@pytest.mark.parametrize("body", SEVERAL.values(), ids=SEVERAL)
def test_several_answers_to_a_prompt_read_the_same_in_every_shape(body):
    push = read_push(body, appid=APPID)

    assert [(item.template_id, item.status) for item in push.subscriptions] == [("t1", "accept"), ("t2", "reject")]
    assert push.dedupe_key == read_push(SEVERAL["flat JSON"], appid=APPID).dedupe_key


def test_a_cancellation_is_read():
    body = told(Event="subscribe_msg_change_event", List={"TemplateId": "t1", "SubscribeStatusString": "reject"})

    (item,) = read_push(body, appid=APPID).subscriptions

    assert (item.template_id, item.status) == ("t1", "reject")


@pytest.mark.parametrize("code", ["0", 0, "-1008", -1008])
def test_a_message_that_was_sent_is_read_with_its_id_and_error(code):
    sent = {"TemplateId": "t1", "MsgID": 2_258_123_456_789_012_345, "ErrorCode": code, "ErrorStatus": "success"}

    (item,) = read_push(told(Event="subscribe_msg_sent_event", List=sent), appid=APPID).subscriptions

    assert item.message_id == "2258123456789012345"
    assert item.error_code == int(code)
    assert item.error_status == "success"


@pytest.mark.parametrize("event", ["user_authorization_revoke", "user_authorization_cancellation"])
def test_a_withdrawal_is_about_the_user_it_names_and_not_about_its_sender(event):
    fields = {**EVENT, "Event": event, "OpenID": "oWithdrawn", "AppID": APPID, "RevokeInfo": "1"}
    with_blanks = {**EVENT, "Event": event, " OpenID": "oWithdrawn", " AppID": APPID, " RevokeInfo": "1"}

    for body in (json.dumps(fields).encode(), json.dumps(with_blanks).encode(), as_xml(fields)):
        push = read_push(body, appid=APPID)
        assert (push.kind, push.openid, push.body["RevokeInfo"]) == (event, "oWithdrawn", "1")


def test_a_withdrawal_that_names_nobody_is_about_its_sender():
    assert read_push(told(Event="user_authorization_revoke"), appid=APPID).openid == "oUser"


def test_the_result_of_a_media_check_keeps_its_body_and_trace():
    body = told(
        Event="wxa_media_check",
        appid=APPID,
        trace_id="690b03d2-301f6111-35ffbd44",
        version=2,
        result={"suggest": "pass", "label": "100"},
        detail=[{"strategy": "content_model", "errcode": 0, "suggest": "pass", "label": "100", "prob": 90}],
    )

    push = read_push(body, appid=APPID)

    assert push.trace_id == "690b03d2-301f6111-35ffbd44"
    assert push.body["result"] == {"suggest": "pass", "label": "100"}
    assert push.subscriptions == ()


def test_a_message_of_a_person_is_no_event_and_is_known_by_its_id():
    written = {**EVENT, "MsgType": "text", "Content": "造口", "MsgId": 24_000_000_000_000_001}
    del written["Event"]

    pushes = [read_push(body, appid=APPID) for body in (json.dumps(written).encode(), as_xml(written))]

    for push in pushes:
        assert (push.kind, push.is_event, push.msg_id) == ("text", False, "24000000000000001")
        assert push.body["Content"] == "造口"
    assert pushes[0].dedupe_key == pushes[1].dedupe_key


CHANGES = {
    "app": ({}, "wx0000000000000000"),
    "user": ({"FromUserName": "oOther"}, APPID),
    "account": ({"ToUserName": "gh_1"}, APPID),
    "second": ({"CreateTime": 1793534401}, APPID),
    "event": ({"Event": "other"}, APPID),
    "trace": ({"trace_id": "1-2-3"}, APPID),
    "message id": ({"MsgId": 7}, APPID),
    "template": ({"Event": "subscribe_msg_popup_event", "List": LIST}, APPID),
    "other template": ({"Event": "subscribe_msg_popup_event", "List": SECOND}, APPID),
    "withdrawn user": ({"Event": "user_authorization_revoke", "OpenID": "o1"}, APPID),
    "other withdrawn user": ({"Event": "user_authorization_revoke", "OpenID": "o2"}, APPID),
    "nothing": ({}, APPID),
}


def test_different_pushes_have_different_keys():
    keys = {name: read_push(told(**fields), appid=appid).dedupe_key for name, (fields, appid) in CHANGES.items()}

    assert len(set(keys.values())) == len(keys)
    assert all(len(key) == 64 for key in keys.values())


BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><Event>&c;</Event></xml>"""
OUTSIDE = b'<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Event>&f;</Event></xml>'
WRONG = {
    "nothing": b"",
    "text": b"success",
    "array": b"[]",
    "no fields": b"{}",
    "empty XML": b"<xml/>",
    "half JSON": b'{"MsgType": ',
    "half XML": b"<xml><MsgType>",
    "not UTF-8": b'{"MsgType": "\xff"}',
    "NaN": b'{"MsgType": NaN}',
    "NUL in a value": told(Event="a\x00b"),
    "NUL in a name": told(**{"a\x00b": 1}),
    "NUL in XML": b"<xml><MsgType>a\x00b</MsgType></xml>",
    "NUL by its number": b"<xml><MsgType>&#0;</MsgType></xml>",
    "half a character": b'{"MsgType": "\\ud800"}',
    "deep JSON": b'{"a":' * 50 + b"1" + b"}" * 50,
    "very deep JSON": b'{"a":' * 50_000,
    "deep XML": b"<a>" * 50 + b"</a>" * 50,
    "very deep XML": b"<a>" * 50_000 + b"</a>" * 50_000,
    "billion laughs": BILLION_LAUGHS,
    "file from outside": OUTSIDE,
    "document type": b"<!DOCTYPE xml><xml><MsgType>text</MsgType><CreateTime>1793534400</CreateTime></xml>",
    "unknown encoding": b'<?xml version="1.0" encoding="nonsense"?><xml/>',
    "odd encoding": b'<?xml version="1.0" encoding="idna"?><xml/>',
    "too large": b"{" + b" " * LARGEST_BODY + b"}",
    "no type": json.dumps({"Event": "x", "CreateTime": 1}).encode(),
    "type is a list": told(MsgType=[]),
    "type is true": told(MsgType=True),
    "event without a name": told(Event=""),
    "long name": told(Event="x" * 257),
    "openid is an object": told(FromUserName={"a": 1}),
    "no time": told(CreateTime=""),
    "time is a fraction": told(CreateTime=1.5),
    "time is a word": told(CreateTime="now"),
    "time in other digits": told(CreateTime="١٧٩٣٥٣٤٤٠٠"),
    "time is negative": told(CreateTime=-1),
    "time is far away": told(CreateTime=10**11),
    "time is huge": told(CreateTime=10**30),
    "list of texts": told(Event="subscribe_msg_popup_event", List=["x"]),
    "list is a number": told(Event="subscribe_msg_popup_event", List=7),
    "no template": told(Event="subscribe_msg_popup_event", List={"SubscribeStatusString": "accept"}),
    "no list": told(Event="subscribe_msg_popup_event"),
    "template is an object": told(Event="subscribe_msg_popup_event", List={"TemplateId": {"a": 1}}),
    "too many templates": told(Event="subscribe_msg_popup_event", List=[LIST] * 101),
    "error code is a word": told(Event="subscribe_msg_sent_event", List={"TemplateId": "t", "ErrorCode": "x"}),
    "trace is a list": told(trace_id=[1]),
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_a_push_that_cannot_be_read_is_malformed_soon(body):
    began = time.monotonic()

    with pytest.raises(PushMalformed):
        read_push(body, appid=APPID)

    assert time.monotonic() - began < 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "ToUserName": JSON,
            "FromUserName": JSON | st.just("oUser"),
            "CreateTime": JSON | st.just(1793534400),
            "MsgType": JSON | st.just("event"),
            "Event": JSON | st.sampled_from(["subscribe_msg_popup_event", "user_authorization_revoke", "x"]),
            "List": JSON | st.just(LIST),
            "SubscribeMsgPopupEvent": JSON,
            "OpenID": JSON,
            "MsgId": JSON,
            "trace_id": JSON,
        },
    )
)
def test_any_json_is_read_or_refused_by_name(fields):
    try:
        push = read_push(json.dumps(fields).encode(), appid=APPID)
    except PushMalformed:
        return
    assert push.dedupe_key
    assert push.kind


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"<xml>{text}</xml>".encode(errors="ignore")))
def test_any_bytes_are_read_or_refused_by_name(body):
    with contextlib.suppress(PushMalformed):
        assert isinstance(read_body(body), dict)
