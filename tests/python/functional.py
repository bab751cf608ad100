"""A functional suite for a running demo: python3 functional.py DIR CHAPPE [RULE ...]

One function a rule, one line a rule: what was done, what was expected, what was seen; a line more
for each thing that was otherwise. It knows the command line, NATS, and the seeds and keys that the demo made,
and plays whoever breaks a rule: a child, a publisher, a sender of nonsense. It shares no code with
Chappe. At the end it accounts for everything: what it published is where it belongs, once, what it
provoked is in quarantine and counted, and nothing else. Exits with 1 if anything is otherwise.
"""

import asyncio
import json
import os
import pathlib
import sys
import tempfile
import time

import forged
from federation import Federation
from players import DELIVERED, Players
from signed import sha
from watching import until


async def loop(play):
    """a notice that came down goes neither up again nor round"""
    body = b"It goes down once."
    st = play.statement(play.state, play.scope, "Loop", body)
    token = play.sign(play.state, st)
    await play.good(play.state, st, token, body)
    hops = await play.heard_at(play.region, token)
    play.step("it comes down over two hops", 2, len(hops))
    up = play.refused_above
    await up("sent back up as it came", "direction", token, hops, body)
    twice = play.fresh(play.state, "Twice", body)
    way = [play.state, play.region, play.state, play.region]
    await up("with a hop twice", "hop-chain", twice, play.hops(twice, *way), body)
    forged_hop = play.fresh(play.state, "Forged hop", body)
    hop = play.hop(play.state, forged_hop, signed_by=play.region)
    own = play.hop(play.region, forged_hop, hop)
    await up("with a hop that the sender has forged", "key-owner", forged_hop, [hop, own], body)
    home = play.refused_at_home
    await home("published again by a region", "key-owner", play.region, token, body)
    await home("published again with its hops", "hop-count", play.state, token, body, hops)
    again = await play.heard_at(play.region, token)
    play.step("it is still on the region's board as it was", True, hops == again)


async def two_paths(play):
    """one notice comes over the parent and over a followed sector CSIRT"""
    before, received = await play.board(play.leaf), play.received(play.leaf)
    ref = await play.publish(play.state, play.sector_scope, "Two paths", b"Twice on the way.")
    await play.everywhere(ref)
    ways = {link.introducer for link in play.federation.links if link.to == play.leaf}
    both = await until(lambda: play.received(play.leaf) >= received + len(ways))
    play.step("ways to the hospital", 2, len(ways))
    play.step("it comes over each", True, both)
    play.step("messages that the board gained", 1, await play.board(play.leaf) - before)
    play.step("heard live", 1, await play.times_heard(play.leaf, ref))
    play.step("lines in its list", 1, len(await play.listed(play.leaf, ref)))


async def wrong_issuer(play):
    """nobody writes under another's subject or signs in another's name"""
    body, zero = b"Who says so?", "0" * 64
    link = await play.link(play.region, play.state)
    soc = await play.user(play.region, "publisher")
    for who, subject in (
        (link, f"chappe.intake.child.{play.sibling}.{zero}"),
        (soc, f"chappe.intake.local.desk.{zero}"),
        (soc, f"chappe.board.advisory.{play.scope}.green.low.{play.state}.{zero}"),
    ):
        kind = ".".join(subject.split(".")[1:3])
        play.step(f"{kind}: stopped by the server", True, await who.may_not_publish(subject))
    name = play.fresh(play.state, "Another's name", body, key=play.region)
    await play.refused_at_home("in the State's name", "key-owner", play.region, name, body)
    below = play.fresh(play.sibling, "A sibling's name", body, scope=play.scope)
    hop = play.hop(play.sibling, below, signed_by=play.region)
    await play.refused_above("in a sibling's name", "key-owner", below, [hop], body)
    climbs = play.fresh(play.region, "Climbs", body)
    hops = play.hops(climbs, play.region)
    await play.refused_above("an advisory that climbs", "direction", climbs, hops, body)
    moved = play.fresh(play.state, "Moved", body)
    await play.refused_at_home("under another id", "subject", play.state, moved, body, id=zero)
    other = play.federation.nodes[play.sibling]["constituency"][0]
    for node, scope, why in (
        (play.region, other, "grant-scope"),
        (play.leaf, play.federation.nodes[play.leaf]["constituency"][0], "grant-kind"),
    ):
        code, _, said = await play.command(node, "Not mine", body, "--to", scope)
        play.step(f"{node} for {scope}", (3, why), (code, said.split()[-1]))
        play.provoked[node, why] += 1


async def invalid_document(play):
    """a document that is broken is refused before anything is signed or sent"""
    csaf = json.loads((play.documents / "icsa-24-130-02.json").read_text())
    whole = json.dumps(csaf)
    before = await play.sent(play.state)

    def without(*path):
        broken = json.loads(whole)
        at = broken
        for key in path[:-1]:
            at = at[key]
        del at[path[-1]]
        return json.dumps(broken).encode()

    for what, content, says in (
        ("cut off", whole[:200].encode(), "not JSON"),
        ("a key twice", whole.replace('"title"', '"title": "x", "title"', 1).encode(), "twice"),
        ("no UTF-8", whole.encode().replace(b'"title": "', b'"title": "\xff', 1), "not JSON"),
        ("CSAF without its version", without("document", "csaf_version"), "csaf_version"),
        ("CSAF without an id", without("document", "tracking", "id"), "document.tracking.id"),
        ("CSAF without a title", without("document", "title"), "document.title"),
        ("a draft", whole.replace('"final"', '"draft"', 1).encode(), "draft"),
        ("8 MiB and a byte", b"x" * (8 * 2**20 + 1), "8388609 bytes"),
    ):
        name = "big.bin" if content[:1] == b"x" else "broken.json"
        code, _, said = await play.command(play.state, None, content, "--to", play.scope, name=name)
        play.step(what, (2, True), (code, says in said))
    play.step("messages that the node got", 0, await play.sent(play.state) - before)


async def invalid_notice(play):
    """a message that is no notice is refused under its reason, and what is good passes"""
    body = b'{"document": {"title": "By hand"}}'
    good = play.statement(play.state, play.scope, "By hand", body)
    token = play.sign(play.state, good)
    play.step("a good one", DELIVERED, await play.good(play.state, good, token, body))
    other = play.statement(play.state, play.scope, "Another header", body)
    token = play.sign(play.state, other)
    word = await play.good(play.state, other, token, body, {"X-Mine": "dropped"})
    play.step("a foreign header", DELIVERED, word)
    for what, token, content, reason in forged.notices(
            play.key(play.state), play.key(play.region), good, body):
        await play.refused_at_home(what, reason, play.state, token, content)
    for what, headers in (("no headers", {}), ("a header in lower case", {"chappe-notice": token})):
        body = f'{{"document": "{what} {play.run}"}}'.encode()
        await play.nothing_but(play.state, body, headers)
        play.step(what, "header", await play.in_quarantine(play.state, sha(body)))
        play.provoked[play.state, "header"] += 1


async def replay(play):
    """the same bytes again, by their publisher and by another, change nothing"""
    body = b"Once is enough."
    st = play.statement(play.state, play.scope, "Replay", body)
    token = play.sign(play.state, st)
    await play.good(play.state, st, token, body)
    await play.everywhere(sha(token.encode()), st)
    nodes = sorted(play.federation.boards(st))
    before = [await play.board(node) for node in nodes]
    for user in ("publisher", "desk", "publisher"):
        await play.hand_in(play.state, token, body, user=user)
        await play.worked_off(play.state)
    changed = [await play.board(node) - count for node, count in zip(nodes, before)]
    play.step("messages that the boards gained", 0, sum(changed))
    play.step("heard live", 1, await play.times_heard(play.leaf, sha(token.encode())))
    ref = await play.publish(play.state, play.scope, "Twice said", body)
    await play.publish(play.state, play.scope, "Twice said", body)
    play.step("of a command repeated", 1, len(await play.listed(play.state, ref)))


async def late_version(play):
    """an old version that comes after a newer one is not taken"""
    body = {revision: f"Version {revision}".encode() for revision in (1, 2)}
    tokens, word = {}, {}
    for revision in (2, 1):
        st = play.statement(play.state, play.scope, "Late", body[revision], revision)
        tokens[revision] = play.sign(play.state, st)
        word[revision] = await play.good(play.state, st, tokens[revision], body[revision])
    play.step("version 2", DELIVERED, word[2])
    play.step("version 1 after it", ("filtered", "superseded"), word[1])
    await play.everywhere(sha(tokens[2].encode()), st)
    seen = await play.listed(play.leaf, st["doc"]["ref"])
    found = [(line["statement"]["doc"]["revision"], line["standing"]) for line in seen]
    play.step("at the end of the tree", [(2, "in force")], found)
    for revision, ends in ((1, 0), (2, 0), (1, 3)):
        # Signed in the same second it would be the same notice, which is here.
        await asyncio.sleep(ends and 1)
        document = json.loads((play.documents / "icsa-24-130-02.json").read_text())
        tracking = document["document"]["tracking"]
        tracking["id"], tracking["version"] = f"CSAF-{play.run}", str(revision)
        tracking["revision_history"] = tracking["revision_history"][:1] * revision
        code, *_ = await play.command(play.state, None, json.dumps(document).encode(),
                                      "--to", play.scope, name="csaf.json")
        play.step(f"a command with version {revision}", ends, code)


async def withdrawal_first(play):
    """a withdrawal and a closing that come before their target take effect when it comes"""
    body = b"It was a mistake."
    for kind, then, standing in (
        ("withdrawal", ("filtered", "withdrawn"), []),
        ("closing", DELIVERED, ["closed"]),
    ):
        st = play.statement(play.state, play.scope, f"Ended by {kind}", body)
        token = play.sign(play.state, st)
        end = st | {"kind": kind, "re": sha(token.encode()), "title": kind}
        ending = play.sign(play.state, end)
        play.step(f"the {kind}", DELIVERED, await play.good(play.state, end, ending, body))
        await play.everywhere(sha(ending.encode()), end)
        play.step("its target", then, await play.good(play.state, st, token, body))
        if standing:
            await play.everywhere(sha(token.encode()), st)
        seen = await play.listed(play.leaf, sha(token.encode()))
        play.step("at the end of the tree", standing, [line["standing"] for line in seen])


async def account(play):
    """all that was published is where it belongs, and all that was provoked is said"""
    open_ended, total = [], len(play.published)
    for ref in play.published:
        if not await play.is_complete(ref):
            open_ended.append(ref)
    play.step(f"traces of {total} notices without an answer", [], open_ended)
    play.step("quarantined and counted, by node and reason", *await play.refusals())
    play.step("words of refusal counted twice", 0, play.counted_too_often())
    play.step("nodes that are not well", [], await play.unwell())
    play.step("alarms", {}, play.alarms())
    play.step("messages that are stuck", {}, await play.stuck())


async def killed(play):
    """a relay, then the server, are killed while eight notices are on their way"""
    sending = []
    for number in range(8):
        text = f"Survives {number}"
        sending.append(asyncio.create_task(
            play.publish(play.state, play.scope, text, text.encode(), patiently=True)))
        await asyncio.sleep(0.2)
        victim = {2: f"nodes/{play.region}/relay.toml", 5: "nats-server.conf"}.get(number)
        if victim:
            play.step(f"killed {victim}", 1, play.kill(victim))
    refs = await asyncio.gather(*sending)
    await play.recovered()
    for ref in refs:
        await play.everywhere(ref)
    nodes = play.federation.boards(play.published[refs[0]])
    lines = {node: len(await play.listed(node, *refs)) for node in sorted(nodes)}
    play.step("lines of the eight", dict.fromkeys(lines, len(refs)), lines)
    play.step("nodes that are not well", [], await play.unwell())
    play.step("alarms", {}, play.alarms())


RULES = (loop, two_paths, wrong_issuer, invalid_document, invalid_notice, replay, late_version,
         withdrawal_first, account, killed)


async def main(folder, chappe, names):
    started = time.monotonic()
    unknown = set(names) - {rule.__name__ for rule in RULES}
    if unknown:
        sys.exit(f"no such rule: {' '.join(unknown)}; {' '.join(r.__name__ for r in RULES)}")
    failed = 0
    print("what was done: what was expected = what was seen")
    with tempfile.TemporaryDirectory() as files:
        play = Players(Federation(folder, chappe), pathlib.Path(files), os.urandom(4).hex())
        await play.open()
        for rule in RULES:
            if not names or rule.__name__ in names:
                failed += not await play.tell(rule)
        await play.close()
    print(f"{failed} rules failed; {time.monotonic() - started:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: functional.py DIR CHAPPE [RULE ...]")
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:])))
