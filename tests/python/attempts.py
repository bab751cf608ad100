"""What nobody may do, tried: users who reach too far, and answers that would lie elsewhere."""

import asyncio
import base64
import json
import os
import time

from federation import PATIENCE, connect
from signed import SEED, USER, crc16, sha, sign, b64, unb64

NODE = "eu-fr"
SCOPE = "eu.fr.all.all"
ZERO = "0" * 64
BOARD = f"chappe.board.advisory.{SCOPE}.green.low.{NODE}.{ZERO}"


async def by_hand(outsider):
    """A notice of our own making that is good. What is not is tried by functional.py."""
    publisher = await outsider.federation.connect(NODE, "publisher")
    monitor = await outsider.federation.connect(NODE, "monitor")
    key, body = outsider.issue_key(NODE), b"made by hand"
    good = outsider.statement(NODE, SCOPE, "By hand", body)
    token = sign(key, json.dumps(good).encode())
    await place(publisher, token, body)
    word = await own_word(publisher, token)
    outsider.account.check(word == ("delivered", None), f"by hand: {word}")
    outsider.wanted[sha(token.encode())] = outsider.federation.live(good)
    await answers_go_nowhere(outsider, publisher, monitor, key)
    await publisher.close()
    await monitor.close()


async def place(connection, token, body, user="soc", **rest):
    headers = {"Chappe-Notice": token, "Nats-Expected-Last-Subject-Sequence": "0"}
    subject = f"chappe.intake.local.{user}.{sha(token.encode())}"
    if rest:
        return await connection.publish(subject, body, headers=headers, **rest)
    answer = await connection.request(subject, body, headers=headers, timeout=5)
    return json.loads(answer.data)


async def own_word(connection, token, user="soc", node=NODE):
    """What the node's own receipt says: outcome and reason."""
    question = json.dumps({"receipts": sha(token.encode())}).encode()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = await connection.request(f"chappe.fetch.{user}", question, timeout=5)
        receipts = [json.loads(unb64(jws.split(".")[1]))
                    for jws in json.loads(answer.data)["receipts"]]
        for receipt in receipts:
            if receipt["by"] == node:
                return receipt["outcome"], receipt.get("reason")
        await asyncio.sleep(0.05)
    return None


async def counts(monitor):
    """Messages in each stream: what the monitor may know."""
    answer = await monitor.request("$JS.API.STREAM.LIST", b"{}", timeout=5)
    streams = json.loads(answer.data)["streams"]
    return {s["config"]["name"]: s["state"]["messages"] for s in streams}


async def answers_go_nowhere(outsider, publisher, monitor, key):
    """The server answers a publisher wherever it says: that must not be a board or an intake."""
    before = await counts(monitor)
    for number, reply in enumerate((BOARD, f"chappe.intake.local.desk.{ZERO}",
                                    f"chappe.quarantine.body.local-soc.{ZERO}")):
        body = f"answer to {reply}".encode()
        statement = outsider.statement(NODE, SCOPE, f"Reply-{number}", body)
        token = sign(key, json.dumps(statement).encode())
        await place(publisher, token, body, reply=reply)
        await publisher.flush()
        word = await own_word(publisher, token)
        outsider.account.check(word == ("delivered", None), f"answer to {reply}: {word}")
        outsider.wanted[sha(token.encode())] = outsider.federation.live(statement)
    after = await counts(monitor)
    grown = {name for name in after if after[name] != before[name]}
    # The relay settles its own intake only after it has said its word.
    moving = {"RECEIPTS", "OUTBOX", "INTAKE_LOCAL_soc"}
    moving |= {name for name in after if name.startswith("INTAKE_CHILD_")}
    holds = after["BOARD"] == before["BOARD"] + 3 and not grown - moving - {"BOARD"}
    outsider.account.check(holds, f"streams grew: {before} {after}")


async def users(outsider):
    """Each user tries what its account or its permissions must refuse."""
    federation, check = outsider.federation, outsider.account.check
    subscriber = await federation.connect(NODE, "subscriber")
    for subject in (BOARD, f"chappe.live.{BOARD.removeprefix('chappe.')}", "chappe.desk.list",
                    f"chappe.intake.local.soc.{ZERO}", "$JS.API.INFO", "_INBOX_sub-sub.x",
                    "chappe.fetch.soc"):
        check(await subscriber.may_not_publish(subject), f"a subscriber publishes {subject}")
    for subject in (">", "chappe.>", "chappe.live.>", "chappe.live.board.>", "drill.live.>",
                    "$JS.API.>", "$SYS.>", "_INBOX.>", "_INBOX_desk.>", "_INBOX_relay.>",
                    f"chappe.live.board.*.{SCOPE}.amber.*.*.*", "chappe.board.>"):
        check(await subscriber.may_not_subscribe(subject), f"a subscriber hears {subject}")
    publisher = await federation.connect(NODE, "publisher")
    for subject in (BOARD, f"chappe.intake.local.desk.{ZERO}", "chappe.desk.list",
                    f"chappe.intake.child.eu-fr-bre.{ZERO}", f"chappe.inbox.alert.{NODE}.{ZERO}",
                    f"chappe.receipts.{ZERO}.{NODE}", "chappe.fetch.desk", "$JS.API.INFO",
                    "$JS.API.STREAM.INFO.BOARD", "$JS.up.API.CONSUMER.MSG.NEXT.BOARD.child-eu-fr-bre",
                    "$JS.API.STREAM.PURGE.QUARANTINE", f"chappe.quarantine.x.y.{ZERO}"):
        check(await publisher.may_not_publish(subject), f"a publisher publishes {subject}")
    for subject in (">", "chappe.live.>", "chappe.intake.>", "_INBOX_desk.>", "$JS.API.>"):
        check(await publisher.may_not_subscribe(subject), f"a publisher hears {subject}")
    monitor = await federation.connect(NODE, "monitor")
    for subject in ("$JS.API.STREAM.MSG.GET.BOARD", "$JS.API.DIRECT.GET.BOARD",
                    f"$JS.API.DIRECT.GET.BOARD.{BOARD}", "$JS.API.CONSUMER.CREATE.BOARD",
                    "$JS.API.CONSUMER.MSG.NEXT.BOARD.fold", "$JS.API.STREAM.DELETE.BOARD", BOARD):
        check(await monitor.may_not_publish(subject), f"a monitor publishes {subject}")
    for subject in (">", "chappe.>", "chappe.board.>", "chappe.live.>", "_INBOX_relay.>"):
        check(await monitor.may_not_subscribe(subject), f"a monitor hears {subject}")
    for user in (subscriber, publisher, monitor):
        await user.close()
    await unknown(outsider)


async def unknown(outsider):
    """A user of nobody is not let in."""
    prefix = bytes([SEED | USER >> 5, (USER & 31) << 3])
    raw = prefix + os.urandom(32)
    seed = base64.b32encode(raw + crc16(raw)).rstrip(b"=").decode()
    try:
        connection = await connect(outsider.federation.nodes[NODE]["nats"], seed, "_INBOX", False)
        await connection.close()
        let_in = True
    except Exception as error:  # nats-py has several for it
        let_in = "authorization" not in str(error).lower()
    outsider.account.check(not let_in, "a user of nobody is let in")
