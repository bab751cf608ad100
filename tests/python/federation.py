"""The federation as a stranger meets it: federation.json, signed bundles, connections by nkey."""

import asyncio
import base64
import json
import pathlib
import subprocess

from nats.aio.client import Client

import signed

PATIENCE = 20


class Link:
    """A downward link as the introducer's bundle has it."""

    def __init__(self, above, entry, introducer):
        self.to, self.ceiling, self.clients = entry["id"], entry["ceiling"], entry["clients"]
        pairs = [(a, b) for a in above for b in entry["constituency"]]
        self.serves = [scope for scope in (common(a, b) for a, b in pairs) if scope]
        if entry["level"] == "entity":
            self.clients = [scope.split(".")[3] for scope in self.serves]
        self.introducer, self.entity = introducer, entry["level"] == "entity"


def common(one, other):
    parts = []
    for a, b in zip(one.split("."), other.split(".")):
        if a != b and "all" not in (a, b):
            return None
        parts.append(b if a == "all" else a)
    return ".".join(parts)


class Federation:
    def __init__(self, folder, chappe):
        self.folder, self.chappe = pathlib.Path(folder), chappe
        told = json.loads((self.folder / "federation.json").read_text())
        self.fed, self.nodes = told["fed"], {node["id"]: node for node in told["nodes"]}
        self.links = [link for node in self.nodes for link in self.introduced(node)]
        jwks = json.loads((self.folder / "jwks.json").read_text())
        pairs = {(link.introducer, link.to) for link in self.links}
        self.reader = signed.Reader(jwks, self.fed, pairs)

    def introduced(self, node):
        path = self.folder / "trust" / f"{node}.bundle.json"
        payload = json.loads(path.read_text())["payload"]
        bundle = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        own = self.nodes[node]["constituency"]
        down = [entry for entry in bundle["nodes"] if entry["as"] != "union"]
        return [Link(own, entry, node) for entry in down]

    def boards(self, st):
        """Whose boards must have a notice with a scope, by the table of PROTOCOL.md, section 10."""
        scope, tlp = st["aud"].removeprefix("scope:"), st["tlp"]
        there, before = {st["iss"]}, set()
        while there != before:
            before = set(there)
            for link in self.links:
                if link.introducer in before and passes(link, scope, tlp):
                    there.add(link.to)
        return there

    def live(self, st):
        """Whose subscriber must hear it: no drills, at most GREEN, within its constituency."""
        if "exercise" in st or st["aud"].startswith("node:") or st["tlp"] not in OPEN:
            return set()
        scope = st["aud"].removeprefix("scope:")
        hears = lambda node: any(common(own, scope) for own in self.nodes[node]["constituency"])
        return {node for node in self.boards(st) if hears(node)}

    def profile(self, node, user):
        return self.folder / "nodes" / node / f"{user}.toml"

    async def cli(self, verb, *arguments, node, user="desk"):
        """Runs a verb as a node's user: exit code, standard output, standard error."""
        command = [self.chappe, verb, *map(str, arguments), "-c", self.profile(node, user)]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, out.decode(), err.decode()

    async def connect(self, node, role):
        told = self.nodes[node]["roles"][role]
        return await connect(self.nodes[node]["nats"], pathlib.Path(told["seed"]).read_text(),
                             told["inbox_prefix"])


OPEN = ("CLEAR", "GREEN")
LABELS = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")


def passes(link, scope, tlp):
    if LABELS.index(tlp) > LABELS.index(link.ceiling):
        return False
    if not any(common(served, scope) for served in link.serves):
        return False
    if tlp == "AMBER":
        return scope.split(".")[3] in ["all", *link.clients]
    return tlp in OPEN


class Connection(Client):
    """Signs the server's nonce itself, and remembers what the server would not let it do."""

    refusals: list

    async def may_not(self, subject, act):
        """Does something, and waits for the server's violation that names the subject."""
        del self.refusals[:]
        await act()
        await self.flush()
        wanted = f'"{subject.lower()}"'  # nats-py tells errors in lower case
        for _ in range(40):
            if any("violation" in text and wanted in text for text in self.refusals):
                return True
            await asyncio.sleep(0.05)
        return False

    async def may_not_publish(self, subject, payload=b"{}", **rest):
        return await self.may_not(subject, lambda: self.publish(subject, payload, **rest))

    async def may_not_subscribe(self, subject):
        return await self.may_not(subject, lambda: self.subscribe(subject))


async def connect(url, seed, inbox, again=True):
    key, public = signed.user_key(seed)
    client = Connection()
    client.refusals = []

    async def failed(error):
        client.refusals.append(str(error).lower())

    # nats-py sets both only for its own reading of seeds, which is not what is tested here.
    client._public_nkey = public
    sign = lambda nonce: base64.b64encode(key.sign(nonce.encode()))
    client._auth_configured = True
    await client.connect(url, signature_cb=sign, inbox_prefix=inbox, error_cb=failed,
                         connect_timeout=5, allow_reconnect=again)
    return client
