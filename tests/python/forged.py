"""Notices that their own node must refuse, each with its reason: forged, broken, untimely."""

import json
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signed import b64, sign, unb64

DAY = 86400


def notices(key, sibling, good, body):
    """What is wrong, the notice, its body, the reason. `good` is a statement of the owner of `key`
    about `body` that would be taken; `sibling` is a key of somebody else."""
    number = 0

    def changed(**claims):
        nonlocal number
        number += 1
        return json.dumps(good | {"title": f"Bad {number}"} | claims).encode()

    def without(claim):
        return json.dumps({k: v for k, v in good.items() if k != claim}).encode()

    text, now = json.dumps(good).encode(), int(time.time())
    yield from broken(key, text, body)
    yield from untimely(key, changed, body, now)
    head, payload, signature = sign(key, changed(title="Altered")).split(".")
    louder = unb64(payload).replace(b'"low"', b'"high"')
    stranger = Ed25519PrivateKey.generate()
    yield "a key of nobody", sign(stranger, text), body, "key-unknown"
    yield "an altered statement", f"{head}.{b64(louder)}.{signature}", body, "signature"
    yield "a sibling's key", sign(sibling, text), body, "key-owner"
    yield "another typ", sign(key, changed(), "chappe-hop+jwt"), body, "algorithm"
    none = json.dumps({"alg": "none", "kid": "x", "typ": "chappe-notice+jwt"}).encode()
    yield "no algorithm", f"{b64(none)}.{payload}.{signature}", body, "algorithm"
    yield "no label", sign(key, without("tlp")), body, "claim"
    yield "an unknown claim", sign(key, changed(sudo=True)), body, "claim"
    yield "an old label", sign(key, changed(tlp="WHITE")), body, "claim"
    yield "a bell in the title", sign(key, changed(title="Ring\a")), body, "claim"
    yield "another federation", sign(key, changed(fed="0" * 32)), body, "federation"
    yield "RED for a scope", sign(key, changed(tlp="RED")), body, "tlp"
    yield "another State", sign(key, changed(aud="scope:eu.zz.all.all")), body, "grant-scope"
    yield "a node of nobody", sign(key, changed(aud="node:eu-zz")), body, "audience"
    yield "a withdrawal of nothing", sign(key, changed(kind="withdrawal")), body, "bad-combination"
    yield "another body", sign(key, changed(title="Body")), body + b"!", "body"
    yield "no body", sign(key, changed(title="No body")), b"", "body"
    digest = good["body"] | {"sha256": "0" * 64}
    yield "another digest", sign(key, changed(body=digest)), body, "body"


def broken(key, text, body):
    twice = text.replace(b'"tlp"', b'"tlp": "CLEAR", "tlp"', 1)
    escaped = text.replace(b'"tlp"', b'"\\u0074lp": "CLEAR", "tlp"', 1)
    yield "no JWS", f"no.{b64(text)}", body, "encoding"
    yield "padded", sign(key, text) + "=", body, "encoding"
    yield "broken JSON", sign(key, text[:100]), body, "json"
    yield "a key twice", sign(key, twice), body, "json"
    yield "a key twice, escaped", sign(key, escaped), body, "json"
    yield "no UTF-8", sign(key, text.replace(b'"lang": "en"', b'"lang": "\xff"')), body, "json"
    yield "a null", sign(key, text.replace(b'"en"', b"null")), body, "json"


def untimely(key, changed, body, now):
    old = now - 3 * DAY
    yield "three days old", sign(key, changed(iat=old)), body, "late"
    yield "expired", sign(key, changed(iat=old, exp=old + DAY)), body, "expired"
    yield "of the future", sign(key, changed(iat=now + DAY, exp=now + 2 * DAY)), body, "future"
    yield "without an end", sign(key, changed(exp=now + 401 * DAY)), body, "lifetime"
