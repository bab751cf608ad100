"""Judges the cases of tests/vectors with PyJWT and OpenSSL: python3 reader.py tests/vectors

It reads neither `expect` nor `reader`, and prints {case: what it says} as JSON: of a message the
word of a reader, of trust documents the words for the steps and for `then`. It has no code of
Chappe's and was written from docs/PROTOCOL.md.
"""

import json
import pathlib
import sys

from reader_forms import Compact, Refused, need, raw, sha, strict
from reader_statement import DAY, ID, NODE, like, number, record, statement_of
from reader_trust import Document, Trust, above, state

LEEWAY = 300
HOP = record(st=like(ID), prev=like(ID), by=like(NODE), at=number)


def headers(folder):
    """The values of the three headers, a line each."""
    def values(name):
        path = folder / name
        return path.read_bytes().decode().split("\n")[:-1] if path.exists() else []

    notice, hops, sig = map(values, ("notice.txt", "hops.txt", "body_sig.txt"))
    need(sum(map(len, notice + hops + sig)) <= 16_384, "header")
    need(len(notice) == 1 and len(hops) <= 1, "header")
    hops = hops[0].split(",") if hops else []
    need(len(hops) <= 8, "hop-count")
    need(len(sig) <= 1, "header")
    sig = raw(sig[0]) if sig else None
    need(sig is None or len(sig) <= 4_096, "header")
    return notice[0], hops, sig


def judge(folder, trust, now):
    """The checks of section 14 that a reader does, in their order; returns the statement."""
    token, hops, sig = headers(folder)
    body, notice = (folder / "body.bin").read_bytes(), sha(token.encode())
    need(len(body) <= 8 * 2**20, "body")
    compact = Compact(token, "chappe-notice+jwt")
    need(compact.kid in trust.keys, "key-unknown")
    st = statement_of(compact.verify(trust.keys[compact.kid]["x"]))
    need(st["fed"] == trust.fed, "federation")
    way = custody(trust, hops, notice, st["iss"], now)
    first = way[0]["at"] / 1000 if way else now
    need(trust.keys[compact.kid]["node"] == st["iss"], "key-owner")
    key = trust.key(compact.kid, "issue", first, notice)
    ends = trust.roots.get(state(st["iss"]))
    need(ends is None or first < ends["exp"], "trust-stale")
    trust.allows(key, st)
    hidden = st["kind"] == "escalation" and "embargo" in st["case"]
    need(not hidden or trust.seats[st["iss"]]["level"] != "entity", "claim")
    need(st["iat"] <= now + LEEWAY, "future")
    need(now < st["exp"], "expired")
    need(first <= st.get("nbf", st["iat"]) + DAY, "late")
    need(first + LEEWAY >= st["iat"], "future")
    found = {"len": len(body), "sha256": sha(body)} | ({} if sig is None else {"sig": sha(sig)})
    need(st["body"] == found | {"type": st["body"]["type"]}, "body")
    up = is_upward(trust, st)
    for one, other in zip(way, way[1:]):
        link = (other["by"], one["by"]) if up else (one["by"], other["by"])
        need(link in trust.links, "hop-neighbour")
    return st


def custody(trust, tokens, notice, issuer, now):
    compacts = [Compact(token, "chappe-hop+jwt") for token in tokens]
    way, prev, at = [strict(compact.payload, "hop-chain") for compact in compacts], notice, 0
    for token, hop in zip(tokens, way):
        need(HOP(hop) and (hop["st"], hop["prev"]) == (notice, prev), "hop-chain")
        need(hop["at"] >= at, "hop-chain")
        prev, at = sha(token.encode()), hop["at"]
    need(len({hop["by"] for hop in way}) == len(way), "hop-chain")
    need(not way or way[0]["by"] == issuer, "hop-chain")
    for compact, hop in zip(compacts, way):
        need(hop["at"] <= (now + LEEWAY) * 1000, "future")
        need(compact.kid in trust.keys, "key-unknown")
        compact.verify(trust.keys[compact.kid]["x"])
        key = trust.key(compact.kid, "relay", hop["at"] / 1000)
        need(key["node"] == hop["by"], "key-owner")
    return way


def is_upward(trust, st):
    kind, _, aud = st["aud"].partition(":")
    ends = st["kind"] == "withdrawal" and kind == "node"
    return st["kind"] == "escalation" or ends and (
        above(aud, st["iss"]) or (aud, st["iss"]) in trust.links)


def believed(folder, names):
    """What a node that holds the documents of these folders believes."""
    files = [path for name in names for path in sorted((folder / name).glob("*.json"))]
    [pin] = [path for path in files if path.name == "pin.json"]
    trust = Trust(Document(pin.read_bytes()))
    trust.restore([Document(path.read_bytes()) for path in files if path != pin])
    return trust


def word(judgement):
    try:
        judgement()
    except Refused as refused:
        return str(refused)
    return "accepted"


def step(folder, trust, now, case):
    data = (folder / case["file"]).read_bytes()
    if case["as"] == "list":
        return trust.offer_list(data)
    return trust.offer(data, now if case["as"] == "offered" else None)


def case_of(folder):
    case = json.loads((folder / "case.json").read_text())
    trust, now = believed(folder, case["trust"]), case["now"]
    if "steps" not in case:
        return word(lambda: judge(folder, trust, now))
    said = [step(folder, trust, now, one) for one in case["steps"]]
    then = case["then"]
    said += [trust.seats[node]["version"] for node in then.get("bundles", {})]
    said += [trust.roots[node]["version"] for node in then.get("roots", {})]
    for key in then.get("keys", []):
        counts = word(lambda: trust.key(key["kid"], key["use"], key["at"], key.get("notice")))
        said.append("good" if counts == "accepted" else counts)
    return said


def main():
    cases = sorted(path.parent for path in pathlib.Path(sys.argv[1]).glob("*/case.json"))
    print(json.dumps({folder.name: case_of(folder) for folder in cases}, indent=1))


if __name__ == "__main__":
    main()
