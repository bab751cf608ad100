"""A stranger's look at a running demo: python3 outsider.py DIR CHAPPE

Joins with nats-py and the seeds of federation.json, publishes through the program CHAPPE, says by
its own small rules who must hear what, verifies all that comes with PyJWT, and tries what it must
not be able to do. It shares no code with Chappe. Exits with 1 if anything is not as it should be.
"""

import asyncio
import collections
import json
import os
import pathlib
import sys
import tempfile
import time

from cryptography.hazmat.primitives.serialization import load_pem_private_key

import attempts
from federation import PATIENCE, Federation
from signed import Refused, need, sha

MAX_BODY = 8 * 1024 * 1024
DOCUMENTS = pathlib.Path(__file__).resolve().parents[2] / "demo/documents"


class Account:
    """What held and what did not, a line for each failure."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def check(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}")
        return holds


class Ears:
    """Every node's live subscriber, and what each has heard."""

    def __init__(self, federation, account):
        self.federation, self.account = federation, account
        self.heard = collections.Counter()
        self.statements = {}
        self.connections = []

    async def open(self):
        for node, told in self.federation.nodes.items():
            connection = await self.federation.connect(node, "subscriber")
            for subject in told["roles"]["subscriber"]["subjects"]:
                await connection.subscribe(subject, cb=self.hear(node))
            await connection.flush()
            self.account.check(not connection.refusals, f"{node}: {connection.refusals}")
            self.connections.append(connection)

    def hear(self, node):
        async def heard(message):
            try:
                headers = dict(message.headers or {})
                st, id = self.federation.reader.notice(headers, message.data, node)
                need(message.subject == subject_of(st, id), f"subject is {message.subject}")
                self.account.check(True, "verified")
                self.heard[node, id] += 1
                self.statements[id] = st
            except (Refused, KeyError, ValueError, TypeError) as error:
                self.account.check(False, f"{node} heard what does not verify: {error}")
        return heard

    async def wait_for(self, wanted):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and any(self.heard[pair] == 0 for pair in wanted):
            await asyncio.sleep(0.05)


def subject_of(st, id):
    kind = "update" if st["kind"] in ("alert", "advisory") and "re" in st else st["kind"]
    tlp = st["tlp"].lower().replace("+", "-")
    prefix = "drill" if "exercise" in st else "chappe"
    place = st["aud"].removeprefix("scope:")
    return f"{prefix}.live.board.{kind}.{place}.{tlp}.{st['severity']}.{st['iss']}.{id}"


class Outsider:
    def __init__(self, federation, account, ears, folder):
        self.federation, self.account, self.ears = federation, account, ears
        self.folder = folder
        self.run = os.urandom(4).hex()
        self.wanted = {}  # id: whose subscriber must hear it

    def text(self, title, ref, severity="high", publisher="Outsider"):
        return ["--severity", severity, "--title", title, "--ref", f"{ref}-{self.run}",
                "--publisher", publisher, "--lang", "en"]

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    async def publish(self, node, file, *flags, user="desk", verb="publish"):
        """Publishes; each notice that was sent is then wanted at whom the rules say."""
        code, out, err = await self.federation.cli(verb, file, *flags, "--json", node=node,
                                                   user=user)
        ok = self.account.check(code == 0, f"{verb} {file} at {node}: {code} {err}")
        ids = []
        for line in out.splitlines() if ok else []:
            told = json.loads(line)
            self.account.check(told["outcome"] in ("delivered", "filtered"), line)
            if told["outcome"] == "delivered":
                st = told | {"iss": node} | ({"exercise": "x"} if "--exercise" in flags else {})
                self.wanted[told["id"]] = self.federation.live(st)
            ids.append(told["id"])
        return ids

    async def refused(self, node, file, *flags, code, says):
        got, _, err = await self.federation.cli("publish", file, *flags, node=node)
        good = got == code and says in err
        self.account.check(good, f"publish {flags} at {node}: exit code {got}, {err!r}")

    async def documents(self):
        note = self.write("note.txt", f"Patch today. {self.run}\n".encode())
        await self.publish("eu-fr", note, "--to", "eu.fr", "--tlp", "GREEN",
                           *self.text("Patch today", "NOTE"))
        await self.publish("eu-fr", note, "--to", "eu.fr", "--tlp", "GREEN",
                           *self.text("Patch today", "NOTE"))
        newer = self.write("newer.txt", b"Patch now.\n")
        await self.publish("eu-fr", newer, "--updates", f"NOTE-{self.run}",
                           *self.text("Patch now", "NOTE"))
        csaf = json.loads((DOCUMENTS / "icsa-24-130-02.json").read_text())
        csaf["document"]["tracking"]["id"] = f"CSAF-{self.run}"
        csaf["document"]["title"] = "Made by a stranger: été, 漏洞"
        csaf = self.write("csaf.json", json.dumps(csaf, ensure_ascii=False).encode())
        await self.publish("eu", csaf, "--to", "eu", "--tlp", "CLEAR", user="soc")
        await self.publish("eu", csaf, "--to", "eu.be", "--to", "eu.fr.all.health",
                           "--tlp", "GREEN", "--kind", "alert")
        await self.publish("eu-fr-sante", note, "--to", "eu.fr.all.health", "--tlp", "GREEN",
                           *self.text("Two ways to the hospital", "TWO-WAYS"))
        await self.publish("eu-fr", note, "--to", "eu.fr.all.health", "--tlp", "AMBER",
                           *self.text("Not live", "AMBER"))
        await self.publish("eu-fr-bre", note, "--to", "eu-fr-bre-hospital1", "--tlp",
                           "AMBER+STRICT", *self.text("For one alone", "STRICT"))
        await self.publish("eu-fr", note, "--to", "eu.fr", "--tlp", "GREEN", "--exercise",
                           "drill-1", *self.text("Exercise", "DRILL"))
        big = self.write("big.bin", os.urandom(MAX_BODY))
        await self.publish("eu-fr-bre", big, "--to", "eu.fr.bre", "--tlp", "GREEN",
                           *self.text("As large as it may be", "BIG", "unknown"))
        await self.publish("eu-be", note, "--to", "eu.be", "--tlp", "GREEN",
                           *self.text("A mistake", "MISTAKE"))
        await self.publish("eu-be", f"MISTAKE-{self.run}", "--reason", "It was wrong",
                           verb="withdraw")
        await self.refused_by_the_program(note)

    async def refused_by_the_program(self, note):
        over = self.write("over.bin", b"x" * (MAX_BODY + 1))
        text = self.text("No", "NO")
        await self.refused("eu-fr-bre", over, "--to", "eu.fr.bre", "--tlp", "GREEN", *text,
                           code=2, says=str(MAX_BODY))
        await self.refused("eu-fr", note, "--to", "eu.be", "--tlp", "GREEN", *text,
                           code=3, says="grant-scope")
        await self.refused("eu-fr-bre", note, "--to", "eu.fr", "--tlp", "GREEN", *text,
                           code=3, says="grant-scope")
        await self.refused("eu-fr", note, "--to", "eu.fr.all.fishing", "--tlp", "GREEN", *text,
                           code=2, says="fishing")

    async def settle(self):
        """Waits for all that is wanted, then for a later notice for all, and compares."""
        wanted = {(node, id) for id, nodes in self.wanted.items() for node in nodes}
        await self.ears.wait_for(wanted)
        marker = self.write("marker.txt", os.urandom(8).hex().encode())
        for issuer, scope in (("eu", "eu"), ("eu-fr", "eu.fr"), ("eu-be", "eu.be")):
            ref = f"MARKER-{issuer}-{os.urandom(4).hex()}"
            await self.publish(issuer, marker, "--to", scope, "--tlp", "CLEAR",
                               *self.text("Marker", ref, "low"))
        wanted = {(node, id) for id, nodes in self.wanted.items() for node in nodes}
        await self.ears.wait_for(wanted)
        for pair in sorted(wanted):
            times = self.ears.heard[pair]
            self.account.check(times == 1, f"{pair} heard {times} times")
        for pair in set(self.ears.heard) - wanted:
            title = self.ears.statements[pair[1]]["title"]
            self.account.check(False, f"{pair} heard \"{title}\", which is not for it")

    async def on_boards(self):
        """What is not live is still where it belongs: the desk of each node says so."""
        cases = [("AMBER", "scope:eu.fr.all.health", "eu-fr", "AMBER", None),
                 ("DRILL", "scope:eu.fr.all.all", "eu-fr", "GREEN", None),
                 ("STRICT", "node:eu-fr-bre-hospital1", "eu-fr-bre", "AMBER+STRICT",
                  {"eu-fr-bre", "eu-fr-bre-hospital1"})]
        desks = {node: await self.federation.connect(node, "desk")
                 for node in self.federation.nodes}
        for ref, aud, iss, tlp, there in cases:
            st = {"aud": aud, "iss": iss, "tlp": tlp}
            there = there or self.federation.boards(st)
            await self.holders(desks, f"{ref}-{self.run}", there)
        for desk in desks.values():
            await desk.close()

    async def holders(self, desks, ref, there):
        deadline, holding = time.monotonic() + PATIENCE, None
        while holding != there and time.monotonic() < deadline:
            holding = set()
            for node, desk in desks.items():
                question = json.dumps({"ref": ref}).encode()
                answer = await desk.request("chappe.desk.list", question, timeout=5)
                if json.loads(answer.data)["notices"]:
                    holding.add(node)
        self.account.check(holding == there, f"{ref} is at {holding}, not at {there}")

    def issue_key(self, node):
        path = self.federation.folder / "nodes" / node / "keys/issue.pem"
        return load_pem_private_key(path.read_bytes(), None)

    def statement(self, node, scope, title, body):
        now = int(time.time())
        return {"fed": self.federation.fed, "iss": node, "iat": now, "exp": now + 86400,
                "kind": "advisory", "aud": f"scope:{scope}", "tlp": "GREEN", "severity": "low",
                "title": title, "lang": "en",
                "doc": {"pub": "Outsider", "ref": f"{title}-{self.run}", "version": "1",
                        "revision": 1},
                "body": {"type": "text/plain", "len": len(body), "sha256": sha(body)}}


async def main(folder, chappe):
    started, account = time.monotonic(), Account()
    federation = Federation(folder, chappe)
    ears = Ears(federation, account)
    await ears.open()
    with tempfile.TemporaryDirectory() as files:
        outsider = Outsider(federation, account, ears, pathlib.Path(files))
        await outsider.documents()
        await attempts.by_hand(outsider)
        await attempts.users(outsider)
        await outsider.settle()
        await outsider.on_boards()
    for connection in ears.connections:
        await connection.close()
    print(f"{sum(ears.heard.values())} live messages in {time.monotonic() - started:.1f} s")
    print(f"{account.passed} passed, {account.failed} failed")
    return 1 if account.failed or not account.passed else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: outsider.py DIR CHAPPE")
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2])))
