"""What reader.py knows of roots, bundles and revocations: docs/PROTOCOL.md section 9."""

import hashlib

from reader_forms import Refused, admitted, header_of, kid_of, need, raw, signs, strict
from reader_statement import KINDS, NODE, SCOPE, TLP, like, many, number, one_of, record

BAD = "trust-invalid"


def above(upper, lower):
    return lower == upper or lower.startswith(upper + "-")


def parent(node):
    return node.rpartition("-")[0]


def state(node):
    return "-".join(node.split("-")[:2])


def tokens(node):
    return node.count("-") + 1


def meet(a, b):
    pairs = list(zip(a.split("."), b.split(".")))
    if any("all" not in pair and pair[0] != pair[1] for pair in pairs):
        return None
    return ".".join(mine if mine != "all" else theirs for mine, theirs in pairs)


def text(value):
    return isinstance(value, str)


JWK = record(kty=one_of("OKP"), crv=one_of("Ed25519"), x=text)
SET = record(threshold=number, keys=many(JWK))
SCOPES, WORDS = many(like(SCOPE)), many(one_of(*KINDS))
LIFE = {"fed": like("[0-9a-f]{32}"), "node": like(NODE), "version": number, "iat": number,
        "exp": number}
ROOT = record(what=one_of("root"), root=SET, bundle=SET, **LIFE)
KEY = record(("kinds", "scopes", "tlp"), jwk=JWK, use=one_of("issue", "relay"), nbf=number,
             exp=number, kinds=WORDS, scopes=SCOPES, tlp=one_of(*TLP))
ENTRY = record(
    ("bundle", "root"), id=like(NODE), as_=one_of("child", "member", "union", "state"),
    level=one_of("union", "national", "regional", "sector", "entity"), constituency=SCOPES,
    may=record(kinds=WORDS, scopes=SCOPES, tlp=one_of(*TLP)), ceiling=one_of(*TLP),
    clients=many(text), bundle=SET, root=SET)
REVOKED = record(("good",), kid=text, at=number, good=many(like("[0-9a-f]{64}")),
                 why=one_of("superseded", "ceased", "compromised"))
CONTACT = record(("phone", "hours", "mail"), phone=text, hours=text, mail=text)
BUNDLE = record(what=one_of("bundle"), contact=CONTACT, keys=many(KEY), nodes=many(ENTRY),
                revoked=many(REVOKED), **LIFE)
GENERAL = record(payload=text, signatures=many(record(protected=text, signature=text)))


class Document:
    """One root or bundle without a flaw of its own."""

    def __init__(self, data):
        need(len(data) <= 65_536, BAD)
        self.general = strict(data, BAD)
        need(GENERAL(self.general) and len(self.general["signatures"]) <= 16, BAD)
        self.payload = raw(self.general["payload"], BAD)
        self.says = strict(self.payload, BAD)
        self.is_root = ROOT(self.says)
        need(self.is_root or BUNDLE(self.says), BAD)
        self.node, self.version = self.says["node"], self.says["version"]
        self.name = (not self.is_root, tokens(self.node), self.node, self.version)
        need(self.version >= 1 and self.says["exp"] > self.says["iat"], BAD)
        self.claims, sets = {}, []
        if self.is_root:
            need(tokens(self.node) <= 2, BAD)
            sets = [(self.node, use, self.says[use]) for use in ("root", "bundle")]
        else:
            sets = self.flawless()
            for key in self.says["keys"]:
                self.claim(key["jwk"]["x"], self.node, key["use"])
        for owner, use, keys in sets:
            need(1 <= keys["threshold"] <= len(keys["keys"]) <= 32, BAD)
            for key in keys["keys"]:
                self.claim(key["x"], owner, use)

    def claim(self, x, owner, use):
        need(admitted(x) and x not in self.claims, BAD)
        self.claims[x] = (owner, use)

    def flawless(self):
        nodes, keys, sets = self.says["nodes"], self.says["keys"], []
        need(len(nodes) <= 512 and len(keys) <= 32, BAD)
        need(len({entry["id"] for entry in nodes}) == len(nodes), BAD)
        for entry in nodes:
            one, me, has = entry["id"], self.node, {"bundle", "root"} & set(entry)
            below, level = parent(one) == me, entry["level"]
            need({"child": below and level not in ("union", "national") and has == {"bundle"},
                  "member": not above(me, one) and not above(one, me) and not has
                  and state(me) == state(one),
                  "union": one == parent(me) and tokens(one) == 1 and level == "union"
                  and has == {"bundle"},
                  "state": below and tokens(me) == 1 and level == "national"
                  and has == {"root"}}[entry["as"]], BAD)
            sets += [(one, use, entry[use]) for use in has]
        for one in self.says["revoked"]:
            need("good" not in one or one["why"] == "compromised" and len(one["good"]) <= 64, BAD)
        return sets

    def signed_by(self, keys):
        """Distinct keys are counted: one that signs twice is one."""
        by_kid, found = {kid_of(key["x"]): key["x"] for key in keys["keys"]}, set()
        for one in self.general["signatures"]:
            try:
                kid = header_of(one["protected"], "chappe-trust+jwt")
                token = f"{one['protected']}.{self.general['payload']}.{one['signature']}"
                if kid in by_kid and signs(token, by_kid[kid]):
                    found.add(kid)
            except Refused:
                continue
        return len(found) >= keys["threshold"]


class Trust:
    """Every document of a node, and what they make it believe."""

    def __init__(self, pin):
        self.held, self.claims, self.lists = [pin], dict(pin.claims), {}
        need(pin.is_root and pin.signed_by(pin.says["root"]), BAD)
        self.fed, self.home = pin.says["fed"], pin.node
        self.compile()

    def restore(self, documents):
        """All of a node's own disk, in any order."""
        left = sorted(documents, key=lambda document: document.name)
        while left:
            waiting = [document for document in left if self.kept(document) == "waits"]
            assert len(waiting) < len(left), "documents that nobody signed"
            left = waiting

    def kept(self, document):
        return self.word(document, None)

    def offer(self, data, now):
        try:
            return self.word(Document(data), now)
        except Refused as refused:
            return str(refused)

    def word(self, document, now):
        try:
            return self.take(document, now)
        except Refused as refused:
            return str(refused)

    def take(self, document, now):
        need(document.says["fed"] == self.fed, "federation")
        same = [held for held in self.held if held.name == document.name]
        need(not same or same[0].payload == document.payload, "trust-fork")
        if now is not None:
            force = self.roots.get(document.node, {}).get("version", 0) if document.is_root \
                else self.seats.get(document.node, {}).get("version", 0)
            need(document.version >= force, "trust-rollback")
        if same:
            return "known"
        need(now is None or document.says["exp"] > now, "trust-expired")
        for keys in self.who_must(document):
            need(document.signed_by(keys), "waits")
        need(all(self.claims.get(x, claim) == claim for x, claim in document.claims.items()), BAD)
        self.claims.update(document.claims)
        self.held.append(document)
        self.compile()
        return "taken"

    def who_must(self, document):
        if not document.is_root:
            need(document.node in self.quorums, "waits")
            return [self.quorums[document.node]]
        need(tokens(document.node) == 2 or document.node == self.home, BAD)
        last = self.roots.get(document.node)
        follows = last and last["version"] + 1 == document.version
        before = last["root"] if follows else self.named.get(document.node)
        need(before, "waits")
        return [before, document.says["root"]]

    def offer_list(self, data):
        digest = hashlib.sha256(data).hexdigest()
        if digest in self.lists:
            return "known"
        if not any(digest in one.get("good", []) for _, one in self.revocations()):
            return "waits"
        ids = [data[at:at + 32].hex() for at in range(0, len(data), 32)]
        if len(data) % 32 or ids != sorted(set(ids)):
            return BAD
        self.lists[digest] = set(ids)
        return "taken"

    # ---- how trust is compiled

    def compile(self):
        self.seats, self.keys, self.roots, self.named, self.quorums = {}, {}, {}, {}, {}
        self.queue = []
        self.authority(self.held[0])
        bundles = {}
        while self.queue:
            seat, keys = self.queue.pop(0)
            self.seats[seat["id"]], self.quorums[seat["id"]] = seat, keys
            documents = [held for held in self.held if not held.is_root
                         and held.node == seat["id"] and held.signed_by(keys)]
            if documents:
                bundle = max(documents, key=lambda document: document.version)
                bundles[seat["id"]] = bundle
                self.bundle(seat, bundle.says)
        self.links = {
            (by, entry["id"]) for by, bundle in bundles.items() for entry in bundle.says["nodes"]
            if entry["as"] != "union" and entry["id"] in self.seats}

    def authority(self, root):
        """The chain from a root that counts to the last: each signed by the one before."""
        following = True
        while following:
            following = [held for held in self.held if held.is_root and held.node == root.node
                         and held.version == root.version + 1
                         and held.signed_by(root.says["root"])
                         and held.signed_by(held.says["root"])]
            root = following[0] if following else root
        self.roots[root.node] = root.says
        self.queue.append((self.whole(root.node), root.says["bundle"]))

    def whole(self, node):
        scope = ".".join((node.split("-") + ["all"] * 4)[:4])
        grant = {"kinds": KINDS, "scopes": [scope], "tlp": "RED"}
        return {"id": node, "constituency": [scope], "grants": [grant], "version": 0,
                "level": "national" if tokens(node) > 1 else "union"}

    def bundle(self, seat, says):
        seat["version"] = says["version"]
        for key in says["keys"]:
            grant = seat["grants"][-1] | {name: key[name] for name in ("kinds", "scopes", "tlp")
                                          if name in key}
            self.keys[kid_of(key["jwk"]["x"])] = key | {
                "x": key["jwk"]["x"], "node": seat["id"], "grants": [*seat["grants"], grant]}
        for entry in says["nodes"]:
            if entry["as"] == "child":
                common = [meet(a, b) for a in entry["constituency"] for b in seat["constituency"]]
                child = {"id": entry["id"], "constituency": sorted(filter(None, set(common))),
                         "grants": [*seat["grants"], entry["may"]], "version": 0,
                         "level": entry["level"]}
                self.queue.append((child, entry["bundle"]))
            elif entry["as"] == "union" and seat["id"] == self.home:
                self.queue.append((self.whole(entry["id"]), entry["bundle"]))
            elif entry["as"] == "state" and entry["id"] != self.home:
                self.named[entry["id"]] = entry["root"]
                roots = [held for held in self.held if held.is_root and held.node == entry["id"]
                         and held.signed_by(entry["root"]) and held.signed_by(held.says["root"])]
                if roots:
                    self.authority(max(roots, key=lambda document: document.version))

    # ---- what counts

    def revocations(self):
        """Of every document that was ever taken: none is undone."""
        return [(held.node, one) for held in self.held if not held.is_root
                for one in held.says["revoked"]]

    def key(self, kid, use, at, notice=None):
        """The key of a record made at `at` (seconds); of a notice, its id decides too."""
        key = self.keys.get(kid)
        need(key, "key-unknown")
        need(key["use"] == use, "key-use")
        need(key["nbf"] <= at < key["exp"], "key-window")
        mine = [one for by, one in self.revocations() if one["kid"] == kid
                and (by == key["node"] or tokens(by) > 1 and above(by, key["node"]))]
        need(not any(at >= one["at"] for one in mine), "key-revoked")
        for one in mine if notice else []:
            good = one.get("good")
            if good is None or any(notice in self.lists.get(digest, ()) for digest in good):
                continue
            need(not all(digest in self.lists for digest in good), "key-revoked")
            raise Refused("key-unknown")
        return key

    def allows(self, key, st):
        kind, _, aud = st["aud"].partition(":")
        need(kind == "scope" or aud in self.seats, "audience")
        for grant in key["grants"]:
            need(st["kind"] in grant["kinds"], "grant-kind")
            need(TLP.index(st["tlp"]) <= TLP.index(grant["tlp"]), "grant-tlp")
            if st["kind"] == "escalation":
                reaches = any(meet(mine, st["case"]["scope"]) for mine in grant["scopes"])
            elif kind == "scope":
                reaches = any(meet(mine, aud) == aud for mine in grant["scopes"])
            else:
                reaches = any(meet(mine, theirs) for mine in grant["scopes"]
                              for theirs in self.seats[aud]["constituency"])
            need(reaches, "grant-scope")
