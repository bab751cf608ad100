"""What is signed: nkeys decoded by hand, notices verified and made with PyJWT, hop by hop."""

import base64
import hashlib
import json
import time

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SEED, USER = 18 << 3, 20 << 3  # 'S' and 'U' in base32
LEEWAY = 300


class Refused(Exception):
    """Why a reader does not believe a message."""


def need(holds, why):
    if not holds:
        raise Refused(why)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def crc16(data):
    """CRC-16/XMODEM, little-endian, as at the end of each nkey."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc.to_bytes(2, "little")


def user_key(text):
    """The private key of a user's seed, and its public nkey."""
    text = text.strip()
    raw = base64.b32decode(text + "=" * (-len(text) % 8))
    assert len(raw) == 36 and crc16(raw[:-2]) == raw[-2:], "not an nkey"
    kind = (raw[0] & 7) << 5 | raw[1] >> 3
    assert raw[0] & 0xF8 == SEED and kind == USER, "not the seed of a user"
    key = Ed25519PrivateKey.from_private_bytes(raw[2:34])
    public = bytes([USER]) + public_bytes(key)
    return key, base64.b32encode(public + crc16(public)).rstrip(b"=").decode()


def public_bytes(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(b64(data) == text, "base64url is not canonical")
    return data


def unique(pairs):
    need(len(dict(pairs)) == len(pairs), "a JSON key stands twice")
    return dict(pairs)


def kid(key):
    text = '{"crv":"Ed25519","kty":"OKP","x":"%s"}' % b64(public_bytes(key))
    return b64(hashlib.sha256(text.encode()).digest())


def sign(key, payload, typ="chappe-notice+jwt"):
    """A compact JWS over exactly these bytes, which need not be good JSON."""
    head = json.dumps({"alg": "EdDSA", "kid": kid(key), "typ": typ}).encode()
    signing = f"{b64(head)}.{b64(payload)}"
    return f"{signing}.{b64(key.sign(signing.encode()))}"


class Reader:
    """Believes what the keys of a jwks.json have signed, over links of the signed bundles."""

    def __init__(self, jwks, fed, links):
        self.keys = {key["kid"]: key for key in jwks["keys"]}
        assert len(self.keys) == len(jwks["keys"]), "a key stands twice in jwks.json"
        self.fed, self.links = fed, links

    def record(self, token, typ, use):
        parts = token.split(".")
        need(len(parts) == 3, "not a compact JWS")
        head = json.loads(unb64(parts[0]), object_pairs_hook=unique)
        key = self.keys.get(head.get("kid"))
        need(key, "key-unknown")
        need(head == {"alg": "EdDSA", "kid": key["kid"], "typ": typ}, f"not a {typ}")
        need(key["chappe_use"] == use, f"{key['chappe_use']} key used for {typ}")
        try:
            public = jwt.PyJWK(key, algorithm="EdDSA").key
            payload = jwt.PyJWS().decode(token, public, algorithms=["EdDSA"])
        except jwt.PyJWTError as error:
            raise Refused(f"signature: {error}") from error
        return json.loads(payload, object_pairs_hook=unique), key["chappe_node"]

    def notice(self, headers, body, node):
        """Verifies a notice as read at a node: its statement and its id."""
        token = headers.get("Chappe-Notice", "")
        st, owner = self.record(token, "chappe-notice+jwt", "issue")
        now = time.time()
        need(st["fed"] == self.fed, "another federation")
        need(st["iss"] == owner, f"{owner} signs for {st['iss']}")
        need(st["iat"] - LEEWAY <= now < st["exp"], "not yet, or no more")
        need(st["body"]["len"] == len(body), "length of the body")
        need(st["body"]["sha256"] == sha(body), "digest of the body")
        sig = headers.get("Chappe-Body-Sig")
        need((sig is None) == ("sig" not in st["body"]), "detached signature")
        need(sig is None or sha(unb64(sig)) == st["body"]["sig"], "digest of the signature")
        self.custody(sha(token.encode()), st["iss"], headers.get("Chappe-Hops", ""), node)
        return st, sha(token.encode())

    def custody(self, notice, issuer, hops, node):
        prev, at, way = notice, 0, []
        for token in hops.split(","):
            hop, owner = self.record(token, "chappe-hop+jwt", "relay")
            need(set(hop) == {"st", "prev", "by", "at"}, "members of a hop")
            need(hop["by"] == owner, f"{owner} signs a hop of {hop['by']}")
            need((hop["st"], hop["prev"]) == (notice, prev), "a hop of something else")
            need(hop["at"] >= at, "time runs backwards")
            need(owner not in way, "a loop")
            need(not way or (way[-1], owner) in self.links, f"no link {way[-1:]} to {owner}")
            prev, at = sha(token.encode()), hop["at"]
            way.append(owner)
        need(way[0] == issuer and way[-1] == node, f"the way is {way}")
