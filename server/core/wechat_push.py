"""Message push from the WeChat service: is it genuine, and what does it say.

The rule: everything here is computed from what came in, and whatever is wrong with it is `PushForged` or
`PushMalformed`, never a fault. A channel with a key takes encrypted pushes only, for the signature of a plain one does
not cover its body. What a push says is read by `server.core.wechat_push_body`.

Sources: the platform's pages on message push (signature = hex SHA-1 of the sorted parts; AES-256-CBC whose IV is the
first half of the key; PKCS#7 in blocks of 32; plaintext = 16 random bytes, length in 4 bytes big-endian, message,
app id), and the vectors published there.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

import msgspec
from wechatpy.crypto.cryptography import WeChatCipher
from wechatpy.crypto.pkcs7 import PKCS7Encoder

from server.core.errors import Forbidden, Invalid
from server.core.wechat_push_body import LARGEST_BODY, Push, PushMalformed, read_body, read_push

__all__ = [
    "Channel",
    "Push",
    "PushForged",
    "PushMalformed",
    "Sealed",
    "answer_url_check",
    "decrypt",
    "encrypt",
    "open_push",
    "seal_reply",
    "sign",
]

FRESH = timedelta(minutes=10)
"""How far a push's time may be from ours; what is older may be a replay."""

LONGEST_ECHO = 512


class PushForged(Forbidden):
    """The push does not come from the service, or not now, or is meant for another app."""

    code = "wechat_push_forged"
    title = "消息来源校验失败"


class PushKeyMalformed(Invalid):
    """An EncodingAESKey has to be 43 characters of base64."""

    code = "wechat_push_key_malformed"
    title = "EncodingAESKey 应为 43 位字符"


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed with the platform for one app.

    ``encoding_aes_key`` is empty where pushes come in plain.
    """

    appid: str
    token: str
    encoding_aes_key: str = ""

    def __repr__(self) -> str:
        return f"Channel(appid={self.appid!r})"

    @property
    def key(self) -> bytes:
        """The 32 bytes that messages are encrypted with.

        :raises PushKeyMalformed: if there are not 32.
        """
        return key_of(self.encoding_aes_key)


class Sealed(msgspec.Struct, frozen=True, rename="pascal"):
    """An encrypted reply, as it goes out."""

    encrypt: str
    msg_signature: str
    time_stamp: int
    nonce: str

    def as_json(self) -> bytes:
        """Write it for a channel that speaks JSON."""
        return msgspec.json.encode(self)

    def as_xml(self) -> bytes:
        """Write it for a channel that speaks XML."""
        fields = {
            "Encrypt": self.encrypt,
            "MsgSignature": self.msg_signature,
            "TimeStamp": self.time_stamp,
            "Nonce": self.nonce,
        }
        return f"<xml>{''.join(f'<{k}>{escape(str(v))}</{k}>' for k, v in fields.items())}</xml>".encode()


def sign(*parts: str) -> str:
    """Sign the parts of a push, the token among them, in any order."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def answer_url_check(query: Mapping[str, str], *, channel: Channel, at: datetime) -> str:
    """Answer the platform's check of our address: the echo that it sent, to go back as plain text.

    :raises PushForged: if the check does not come from the platform.
    """
    echo = query.get("echostr", "")
    _verify(query, "signature", channel, at)
    if not 0 < len(echo) <= LONGEST_ECHO:
        raise PushMalformed("There is nothing to echo.", field="echostr")
    return echo


def open_push(body: bytes, query: Mapping[str, str], *, channel: Channel, at: datetime) -> Push:
    """Check where a push comes from, decrypt it if it is encrypted, and read it.

    :param body: the request's body, JSON or XML.
    :param query: the parameters of the request's address, one value each.
    :param at: the time of arrival.
    :raises PushForged: if the signature, the time or the app id is wrong, or if a channel with a key gets a plain push.
    :raises PushMalformed: if it cannot be read.
    """
    if len(body) > LARGEST_BODY:
        raise PushMalformed("The push is too large.")
    if not channel.encoding_aes_key:
        _verify(query, "signature", channel, at)
        return read_push(body, appid=channel.appid)
    envelope = read_body(body)
    encrypted = envelope.get("Encrypt")
    if not isinstance(encrypted, str):
        raise PushForged("A plain push came to a channel that takes encrypted ones only.")
    _verify(query, "msg_signature", channel, at, encrypted)
    return read_push(decrypt(encrypted, key=channel.key, appid=channel.appid), appid=channel.appid)


def seal_reply(message: str, *, channel: Channel, at: datetime, nonce: str) -> Sealed:
    """Encrypt and sign a reply to a push."""
    encrypted = encrypt(message.encode(), key=channel.key, appid=channel.appid)
    stamp = int(at.timestamp())
    return Sealed(
        encrypt=encrypted,
        msg_signature=sign(channel.token, str(stamp), nonce, encrypted),
        time_stamp=stamp,
        nonce=nonce,
    )


def key_of(encoding_aes_key: str) -> bytes:
    """Turn the 43 characters that the platform shows into the key's 32 bytes.

    :raises PushKeyMalformed: if they are something else.
    """
    try:
        key = base64.b64decode(encoding_aes_key.encode("ascii") + b"=", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    if len(key) != 32 or len(encoding_aes_key) != 43:
        raise PushKeyMalformed("An EncodingAESKey has 43 characters of base64.", field="encoding_aes_key")
    return key


def encrypt(message: bytes, *, key: bytes, appid: str, random16: bytes | None = None) -> str:
    """Encrypt a message, in base64.

    :param random16: 16 bytes to begin with; fresh ones unless a published vector is to be met.
    """
    salt = secrets.token_bytes(16) if random16 is None else random16
    plain = salt + len(message).to_bytes(4, "big") + message + appid.encode()
    return base64.b64encode(WeChatCipher(key).encrypt(PKCS7Encoder.encode(plain))).decode()


def decrypt(encrypted: str, *, key: bytes, appid: str) -> bytes:
    """Decrypt a message; verify its signature first.

    :raises PushForged: if it was made for another app.
    :raises PushMalformed: if it is not a whole message encrypted with this key.
    """
    try:
        sealed = base64.b64decode(encrypted.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise PushMalformed("The encrypted message is not base64.", field="Encrypt") from None
    block = PKCS7Encoder.block_size
    if not sealed or len(sealed) % block:
        raise PushMalformed("The encrypted message is not whole.", field="Encrypt")
    plain: bytes = WeChatCipher(key).decrypt(sealed)
    padding = plain[-1]
    if not 1 <= padding <= block or plain[-padding:] != bytes([padding]) * padding:
        raise PushMalformed("The encrypted message is not padded as agreed.", field="Encrypt")
    content = plain[16:-padding]
    length = int.from_bytes(content[:4], "big")
    if length > len(content) - 4:
        raise PushMalformed("The encrypted message is shorter than it says.", field="Encrypt")
    if not hmac.compare_digest(content[4 + length :], appid.encode()):
        raise PushForged("The push is meant for another app.")
    return content[4 : 4 + length]


def _verify(query: Mapping[str, str], name: str, channel: Channel, at: datetime, *signed: str) -> None:
    if not channel.token:
        raise PushForged("No token was agreed for this app, so that nothing can be checked.")
    stamp, nonce, given = query.get("timestamp", ""), query.get("nonce", ""), query.get(name, "")
    try:
        due = sign(channel.token, stamp, nonce, *signed)
        genuine = hmac.compare_digest(due.encode(), given.encode())
    except UnicodeEncodeError:
        genuine = False
    if not genuine:
        raise PushForged("The signature is wrong.")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 10):
        raise PushForged("The push bears no time.")
    if abs(at.timestamp() - int(stamp)) > FRESH.total_seconds():
        raise PushForged("The push is too old, or from a clock that is wrong.")
