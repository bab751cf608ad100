"""What the functional suite sees of a running demo: lists, streams, quarantine, metrics, alarms."""

import asyncio
import collections
import json
import os
import pathlib
import signal
import time
import urllib.request

import signed
from federation import PATIENCE
from signed import sha

RECOVERY = 60
ALARMS = ("channels_withheld", "channels_frozen", "trust_bundles_behind", "quarantine_pushed_out",
          "cases_silent")


class Watching:
    """Looks, and waits for what must come. Who plays says what it was: class Players."""

    def hears(self, node):
        async def heard(message):
            headers = message.headers or {}
            id = sha(headers.get("Chappe-Notice", "").encode())
            ref = json.loads(signed.unb64(headers["Chappe-Notice"].split(".")[1]))["doc"]["ref"]
            hops = headers.get("Chappe-Hops", "").split(",")
            for name in (id, ref):
                self.heard.setdefault((node, name), []).append(hops)
        return heard

    async def times_heard(self, node, name):
        """How often a node's subscriber has heard it, once it has."""
        await until(lambda: (node, name) in self.heard)
        return len(self.heard.get((node, name), []))

    def received(self, node):
        """How many messages its upstreams have brought it."""
        return self.metrics(node)[f'messages_received_total{{source="upstream",node="{node}"}}']

    async def heard_at(self, node, token):
        key = (node, sha(token.encode()))
        await until(lambda: key in self.heard)
        return self.heard[key][-1]

    async def ask(self, node, verb, question):
        desk = await self.user(node, "desk")
        answer = await desk.request(f"chappe.desk.{verb}", json.dumps(question).encode(), timeout=5)
        return json.loads(answer.data)

    async def in_quarantine(self, node, digest, source=None):
        """The reason under which a message lies there, once it does."""
        source = source or f"local-{self.intake(node)}"
        question = {"do": "list", "digest": digest, "source": source}

        async def look():
            found = (await self.ask(node, "quarantine", question))["messages"]
            return found and found[0]["reason"]
        return await until(look)

    async def everywhere(self, name, statement=None):
        """Waits until each node whose board must have it lists it."""
        for node in self.federation.boards(statement or self.published[name]):
            async def there():
                found = (await self.ask(node, "list", {"ref": name}))["notices"]
                return bool(found)
            if not await until(there, RECOVERY):
                raise TimeoutError(f"{name} is not at {node}")

    async def streams(self, node):
        monitor = await self.user(node, "monitor")
        answer = await monitor.request("$JS.API.STREAM.LIST", b"{}", timeout=5)
        return {s["config"]["name"]: s["state"] for s in json.loads(answer.data)["streams"]}

    async def board(self, node):
        """How many messages its board ever had."""
        return (await self.streams(node))["BOARD"]["last_seq"]

    async def sent(self, node):
        """How many messages its desk ever sent."""
        return (await self.streams(node))["INTAKE_LOCAL_desk"]["last_seq"]

    async def worked_off(self, node):
        async def empty():
            return not (await self.waiting(node))
        await until(empty)

    async def waiting(self, node):
        queues = ("INTAKE", "OUTBOX", "HELD")
        found = (await self.streams(node)).items()
        return {f"{node} {name}": state["messages"] for name, state in found
                if name.startswith(queues) and state["messages"]}

    def metrics(self, node):
        with urllib.request.urlopen(self.federation.nodes[node]["metrics"], timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        pairs = [line.rsplit(" ", 1) for line in lines if line[:1] != "#"]
        return {name.removeprefix("chappe_"): float(value) for name, value in pairs}

    async def kept(self, node):
        """What lies in quarantine: (digest, source), and under which reason."""
        flags = ("quarantine", "list", "--json", "--limit", "10000")
        code, out, err = await self.federation.cli(*flags, node=node)
        if code:
            raise RuntimeError(f"quarantine list at {node} ends with {code}: {err.strip()}")
        lines = [json.loads(line) for line in out.splitlines()]
        return {(line["digest"], line["source"]): line["reason"] for line in lines}

    async def refusals(self):
        """What was provoked, and what is in quarantine and counted since: each as two numbers."""
        kept, counted = collections.Counter(), collections.Counter()
        for node in self.federation.nodes:
            new = (await self.kept(node)).items() - self.before[node].items()
            kept.update((node, reason) for _, reason in new)
            for name, value in self.metrics(node).items():
                more = value - self.counted[node].get(name, 0)
                if name.startswith("messages_refused_total") and more:
                    counted[node, name.split('"')[1]] += int(more)
        expected = {f"{at} {why}": (n, n) for (at, why), n in sorted(self.provoked.items())}
        seen = {f"{at} {why}": (kept[at, why], counted[at, why])
                for at, why in sorted(kept.keys() | counted.keys())}
        return expected, seen

    def counted_too_often(self):
        """Words of refusal that the region counts and nobody has said to it."""
        name = f'receipts_received_total{{outcome="refused",node="{self.region}"}}'
        more = self.metrics(self.region)[name] - self.counted[self.region][name]
        return max(0, int(more) - self.refused_to_region)

    async def is_complete(self, ref):
        """Whether each node that must have it has said so: what entities said is at who serves
        them."""
        must = self.federation.boards(self.published[ref])
        asked = {link.introducer for link in self.federation.links} & must
        asked.add(self.published[ref]["iss"])

        async def all_there():
            told = [self.federation.cli("trace", ref, "--json", node=node) for node in asked]
            lines = [line for _, out, _ in await asyncio.gather(*told) for line in out.splitlines()]
            has = [json.loads(line) for line in lines]
            return {line["node"] for line in has if line["state"] == "delivered"} == must
        return await until(all_there)

    async def unwell(self):
        """Nodes whose `chappe status` does not end with 0."""
        async def asked(node):
            console = self.federation.nodes[node]["metrics"].split("/")[2]
            words = [self.federation.chappe, "status", "--console", console]
            process = await asyncio.create_subprocess_exec(
                *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
            return await process.wait()
        nodes = list(self.federation.nodes)
        codes = await asyncio.gather(*map(asked, nodes))
        return [node for node, code in zip(nodes, codes) if code]

    def alarms(self):
        found = {}
        for node in self.federation.nodes:
            for name, value in self.metrics(node).items():
                if value and name.startswith((*ALARMS, 'messages_refused_total{reason="poison"')):
                    found[f"{node} {name.split('{')[0]}"] = value
        return found

    async def stuck(self):
        """What waits in intakes, outboxes and HELD, and does not go."""
        found = {}
        for node in self.federation.nodes:
            await self.worked_off(node)
            found |= await self.waiting(node)
        return found

    # What dies.

    def kill(self, file):
        """SIGKILL for each process that was started with that file of the demo: how many."""
        wanted, found = str((self.federation.folder / file).resolve()), 0
        for entry in pathlib.Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except (OSError, NotADirectoryError):
                continue
            if entry.name.isdigit() and wanted in words:
                os.kill(int(entry.name), signal.SIGKILL)
                found += 1
        return found

    async def recovered(self):
        async def all_well():
            return not await self.unwell()
        await until(all_well, RECOVERY)


async def until(look, patience=PATIENCE):
    """What `look` finds, once it finds something; a server that is away is asked again."""
    deadline = time.monotonic() + patience
    while True:
        found = None
        try:
            found = look()
            found = await found if asyncio.iscoroutine(found) else found
        except Exception:  # nats-py has many for a server that is away
            if time.monotonic() > deadline:
                raise
        if found or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.05)
