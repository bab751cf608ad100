"""Verifies a .chappe file: python3 verify.py FILE JWKS [--now SECONDS]. Exits with 1 if refused."""
import base64, hashlib, json, sys, time, jwt

def need(holds, why):
    return None if holds else sys.exit(f"refused: {why}")

def unique(pairs):  # Python itself would take the last of two equal keys
    return need(len(dict(pairs)) == len(pairs), "a JSON key stands twice") or dict(pairs)

def raw(text):  # one value has one text: no padding, no stray bits, no other characters
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return need(base64.urlsafe_b64encode(data).rstrip(b"=") == text.encode(), "base64url") or data

sha = lambda data: hashlib.sha256(data).hexdigest()

def signed(token, typ, use):
    header, payload, _ = map(raw, token.split("."))
    head = json.loads(header, object_pairs_hook=unique)
    key = KEYS.get(head.get("kid"), {})
    header_is = {"alg": "EdDSA", "kid": key.get("kid"), "typ": typ}
    need(head == header_is and key["chappe_use"] == use, f"not a {typ} of a known {use} key")
    jwt.PyJWS().decode(token, jwt.PyJWK(key, algorithm="EdDSA").key, algorithms=["EdDSA"])
    return json.loads(payload, object_pairs_hook=unique), key["chappe_node"]

file, jwks = (json.load(open(path), object_pairs_hook=unique) for path in sys.argv[1:3])
KEYS, now = {key["kid"]: key for key in jwks["keys"]}, int((sys.argv[4:] or [time.time()])[0])
st, owner = signed(file["notice"], "chappe-notice+jwt", "issue")
need(owner == st["iss"] and st["iat"] - 300 <= now < st["exp"] + 300, "wrong key or time")
body, sig, claim, prev, at = raw(file["body"]), file.get("body_sig"), st["body"], None, 0
found = {"len": len(body), "sha256": sha(body)} | ({"sig": sha(raw(sig))} if sig else {})
need(claim == found | {"type": claim["type"]}, "another body or detached signature")
for token in file["hops"]:
    hop, owner = signed(token, "chappe-hop+jwt", "relay")
    link = (sha(file["notice"].encode()), prev or hop["st"], owner if prev else st["iss"], owner)
    need(link == (hop["st"], hop["prev"], hop["by"], hop["by"]) and hop["at"] >= at, "custody")
    prev, at = sha(token.encode()), hop["at"]
print(f"good: {st['kind']} {sha(file['notice'].encode())} of {st['iss']} for {st['aud']}")
