"""What reader.py knows of base64url, strict JSON, JWS and Ed25519: docs/PROTOCOL.md 2 and 3."""

import base64
import functools
import hashlib
import json
import re

import jwt

MAX_INTEGER, MAX_DEPTH = 2**53 - 1, 10


class Refused(Exception):
    """Carries the reason code."""


def need(holds, reason):
    if not holds:
        raise Refused(reason)


def sha(data):
    return hashlib.sha256(data).hexdigest()


# ---- RFC 4648 section 5, strict JSON, RFC 7515

def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(text, reason="encoding"):
    """One value has one text: no padding, no stray bits, no other characters."""
    need(re.fullmatch("[A-Za-z0-9_-]*", text) and len(text) % 4 != 1, reason)
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(b64(data) == text, reason)
    return data


def strict(data, reason="json"):
    """What two parsers could read differently is refused."""
    def unique(pairs):
        need(len(dict(pairs)) == len(pairs), reason)
        return dict(pairs)

    def integer(text):
        need(not text.startswith("-") and int(text) <= MAX_INTEGER, reason)
        return int(text)

    def never(_):
        raise Refused(reason)

    def walk(value, depth):
        need(value is not None, reason)
        if isinstance(value, (dict, list)):
            need(depth < MAX_DEPTH, reason)
            for inner in [*value, *value.values()] if isinstance(value, dict) else value:
                walk(inner, depth + 1)
        if isinstance(value, str):
            value.encode()

    try:
        value = json.loads(data.decode(), object_pairs_hook=unique, parse_int=integer,
                           parse_float=never, parse_constant=never)
        walk(value, 0)
    except (ValueError, RecursionError) as error:
        raise Refused(reason) from error
    return value


@functools.cache
def kid_of(x):
    return b64(hashlib.sha256(b'{"crv":"Ed25519","kty":"OKP","x":"%s"}' % x.encode()).digest())


def header_of(text, typ):
    head = strict(raw(text))
    fits = isinstance(head, dict) and set(head) == {"alg", "kid", "typ"}
    need(fits and all(isinstance(value, str) for value in head.values()), "json")
    need(head["alg"] == "EdDSA" and head["typ"] == typ, "algorithm")
    return head["kid"]


class Compact:
    """A compact JWS taken apart; nothing of it is believed yet."""

    def __init__(self, token, typ):
        parts = token.split(".")
        need(len(parts) == 3, "encoding")
        self.token, self.payload = token, raw(parts[1])
        raw(parts[0]), raw(parts[2])
        self.kid = header_of(parts[0], typ)
        need(len(raw(parts[2])) == 64, "encoding")

    def verify(self, x):
        need(signs(self.token, x), "signature")
        return self.payload


def signs(token, x):
    """OpenSSL takes an R of small order, so that is asked first."""
    if small_order(raw(token.rsplit(".", 1)[1])[:32]):
        return False
    try:
        key = jwt.PyJWK({"kty": "OKP", "crv": "Ed25519", "x": x}, algorithm="EdDSA").key
        jwt.PyJWS().decode(token, key, algorithms=["EdDSA"])
    except jwt.PyJWTError:
        return False
    return True


# ---- the curve, for what no library asks of a key: canonical, of full order

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7


def small_order(encoded):
    y = (int.from_bytes(encoded, "little") & 2**255 - 1) % P
    return y in (0, 1, P - 1, ORDER_8, P - ORDER_8)


@functools.cache
def admitted(x):
    encoded = raw(x, "trust-invalid")
    number = int.from_bytes(encoded, "little")
    y, sign = number & 2**255 - 1, number >> 255
    if len(encoded) != 32 or y >= P or small_order(encoded):
        return False
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    root = pow(square, (P + 3) // 8, P)
    if root * root % P != square:
        root = root * pow(2, (P - 1) // 4, P) % P
    if root * root % P != square:
        return False
    point, total = (root if root & 1 == sign else P - root, y), (0, 1)
    for bit in bin(L)[2:]:
        total = added(total, total)
        total = added(total, point) if bit == "1" else total
    return total == (0, 1)


def added(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P,
            (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P)
