"""Who plays in the functional suite: honest and other users of a running demo."""

import asyncio
import collections
import json
import pathlib
import time

from cryptography.hazmat.primitives.serialization import load_pem_private_key

import attempts
import signed
from federation import connect
from signed import sha
from watching import RECOVERY, Watching

DELIVERED = ("delivered", None)


class Players(Watching):
    """The seats, their users, what was published and provoked."""

    documents = pathlib.Path(__file__).resolve().parents[2] / "demo/documents"

    def __init__(self, federation, files, run):
        self.federation, self.files, self.run = federation, files, run
        nodes = federation.nodes
        self.leaf = next(id for id, node in nodes.items() if node["follows"])
        self.sector = nodes[self.leaf]["follows"][0]
        self.region = nodes[self.leaf]["parent"]
        self.state = nodes[self.region]["parent"]
        kin = [id for id, node in nodes.items() if node["parent"] == self.state]
        self.sibling = next(id for id in kin if id not in (self.region, self.sector))
        self.scope = nodes[self.region]["constituency"][0]
        self.sector_scope = nodes[self.sector]["constituency"][0]
        self.published, self.provoked = {}, collections.Counter()
        self.heard, self.steps, self.users, self.refused_to_region = {}, [], {}, 0

    async def open(self):
        for node in (self.region, self.leaf):
            ears = await self.user(node, "subscriber")
            for subject in self.federation.nodes[node]["roles"]["subscriber"]["subjects"]:
                await ears.subscribe(subject, cb=self.hears(node))
            await ears.flush()
        every = self.federation.nodes
        self.before = {node: await self.kept(node) for node in every}
        self.counted = {node: self.metrics(node) for node in every}

    async def close(self):
        for user in self.users.values():
            await user.close()

    def step(self, what, expected, seen):
        self.steps.append((what, expected, seen))

    async def tell(self, rule):
        """Plays a rule and prints its line: whether all was as expected."""
        self.steps = []
        try:
            await rule(self)
        except Exception as error:  # whatever it is, the other rules are played
            self.step("played to its end", True, f"{type(error).__name__}: {error}")
        wrong = [step for step in self.steps if step[1] != step[2]]
        steps = "; ".join(f"{what}: {short(expected)} {'=' if expected == seen else '/'} "
                          f"{short(seen)}" for what, expected, seen in self.steps)
        print(f"{'FAILED' if wrong else 'ok':6} {rule.__name__}: {rule.__doc__}. {steps}", flush=True)
        for what, expected, seen in wrong:
            print(f"       {what}: expected {expected}, seen {seen}", flush=True)
        return not wrong

    # Users and what they say.

    async def user(self, node, role):
        if (node, role) not in self.users:
            self.users[node, role] = await self.federation.connect(node, role)
        return self.users[node, role]

    async def link(self, child, above):
        """The child's own connection to the server of who is above."""
        if (child, above) not in self.users:
            seed = self.federation.folder / "nodes" / child / "seeds" / f"link-{above}.nk"
            url = self.federation.nodes[above]["nats"]
            link = await connect(url, seed.read_text(), f"_INBOX_link-{child}")
            self.users[child, above] = link
        return self.users[child, above]

    def key(self, node, use="issue"):
        path = self.federation.folder / "nodes" / node / f"keys/{use}.pem"
        return load_pem_private_key(path.read_bytes(), None)

    def statement(self, node, scope, title, body, revision=1):
        now = int(time.time())
        doc = {"pub": "Suite", "ref": f"{title}-{self.run}".replace(" ", "-"),
               "version": str(revision), "revision": revision}
        return {"fed": self.federation.fed, "iss": node, "iat": now, "exp": now + 30 * 86400,
                "kind": "advisory", "aud": f"scope:{scope}", "tlp": "GREEN", "severity": "low",
                "title": title, "lang": "en", "doc": doc,
                "body": {"type": "text/plain", "len": len(body), "sha256": sha(body)}}

    def sign(self, node, statement):
        return signed.sign(self.key(node), json.dumps(statement).encode())

    def fresh(self, node, title, body, key=None, scope=None):
        """A notice in a node's name that nobody has sent yet."""
        statement = self.statement(node, scope or self.scope, title, body)
        return self.sign(key or node, statement)

    def hop(self, by, token, before=None, signed_by=None):
        of = sha(token.encode())
        prev = sha(before.encode()) if before else of
        hop = {"st": of, "prev": prev, "by": by, "at": int(time.time() * 1000)}
        key = self.key(signed_by or by, "relay")
        return signed.sign(key, json.dumps(hop).encode(), "chappe-hop+jwt")

    def hops(self, token, *way):
        hops = []
        for node in way:
            hops.append(self.hop(node, token, hops[-1] if hops else None))
        return hops

    def intake(self, node, role="publisher"):
        prefix = self.federation.nodes[node]["roles"][role]["inbox_prefix"]
        return prefix.removeprefix("_INBOX_").removeprefix("local-")

    async def hand_in(self, node, token, body, more=(), hops=(), user="publisher", id=None):
        headers = {"Chappe-Notice": token} | dict(more)
        if hops:
            headers["Chappe-Hops"] = ",".join(hops)
        subject = f"chappe.intake.local.{self.intake(node, user)}.{id or sha(token.encode())}"
        await place(await self.user(node, user), subject, body, headers)

    async def good(self, node, statement, token, body, more=()):
        """Hands in a notice, and has it in the account if its node takes it: the node's word."""
        await self.hand_in(node, token, body, more)
        word = await self.own_word(node, token)
        if word == DELIVERED:
            self.published[sha(token.encode())] = statement
        return word

    async def nothing_but(self, node, body, headers):
        subject = f"chappe.intake.local.{self.intake(node)}.{sha(body)}"
        await place(await self.user(node, "publisher"), subject, body, headers)

    async def own_word(self, node, token):
        user = await self.user(node, "publisher")
        return await attempts.own_word(user, token, self.intake(node), node)

    async def refused_at_home(self, what, reason, node, token, body, hops=(), id=None):
        await self.hand_in(node, token, body, hops=hops, id=id)
        await self.refused(what, reason, node, f"local-{self.intake(node)}", token, hops, body)

    async def refused_above(self, what, reason, token, hops, body):
        """Sent from the region's link to the State."""
        headers = {"Chappe-Notice": token, "Chappe-Hops": ",".join(hops)}
        subject = f"chappe.intake.child.{self.region}.{sha(token.encode())}"
        await place(await self.link(self.region, self.state), subject, body, headers)
        self.refused_to_region += 1
        source = f"child-{self.region}"
        await self.refused(what, reason, self.state, source, token, hops, body)

    async def refused(self, what, reason, node, source, token, hops, body):
        values = [token, ",".join(hops)] if hops else [token]
        digest = sha(b"".join(value.encode() + b"\0" for value in values) + body)
        self.step(what, reason, await self.in_quarantine(node, digest, source))
        self.provoked[node, reason] += 1

    # The command line.

    async def command(self, node, title, body, *flags, name="note.txt"):
        file = self.files / name
        file.write_bytes(body)
        flags = [*flags, "--tlp", "GREEN", "--severity", "low"]
        if title:
            ref = f"{title}-{self.run}".replace(" ", "-")
            flags += ["--title", title, "--ref", ref, "--publisher", "Suite", "--lang", "en"]
        return await self.federation.cli("publish", file, *flags, node=node)

    async def publish(self, node, scope, title, body, patiently=False):
        """Its reference. A command that failed, or whose notice waits, is repeated, as a script
        would."""
        deadline, name = time.monotonic() + patiently * RECOVERY, f"{sha(body)[:8]}.txt"
        while True:
            flags = ("--to", scope, "--json")
            code, out, err = await self.command(node, title, body, *flags, name=name)
            if code == 0 and "outcome" in (json.loads(out) if out else {}):
                break
            if time.monotonic() > deadline:
                raise RuntimeError(f"publish ends with {code}: {out}{err.strip()}")
            await asyncio.sleep(0.5)
        ref = f"{title}-{self.run}".replace(" ", "-")
        self.published[ref] = {"iss": node, "aud": f"scope:{scope}", "tlp": "GREEN"}
        return ref

    async def listed(self, node, *refs):
        """The lines of references or ids in `chappe list`."""
        code, out, err = await self.federation.cli("list", "--json", node=node)
        if code:
            raise RuntimeError(f"list at {node} ends with {code}: {err.strip()}")
        lines = [json.loads(line) for line in out.splitlines()]
        ref_of = lambda line: line["statement"].get("doc", {}).get("ref")
        of = [line for line in lines if {line["id"], ref_of(line)} & {*refs}]
        # What ends a notice has its reference, and is not it.
        return [line for line in of if line["statement"]["kind"] == "advisory"]


async def place(user, subject, body, headers):
    """Into an intake; what is there already is there."""
    headers = {"Nats-Expected-Last-Subject-Sequence": "0"} | headers
    answer = json.loads((await user.request(subject, body, headers=headers, timeout=10)).data)
    if answer.get("error", {}).get("err_code", 10071) != 10071:
        raise RuntimeError(f"{subject}: {answer['error']['description']}")


def short(seen):
    if isinstance(seen, dict):
        return ", ".join(f"{key} {short(value)}" for key, value in seen.items()) or "none"
    if isinstance(seen, (tuple, list)):
        return " ".join(short(part) for part in seen if part is not None) or "none"
    return str(seen)[:80]
