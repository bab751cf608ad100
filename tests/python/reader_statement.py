"""What reader.py knows of statements: docs/PROTOCOL.md sections 4 and 5."""

import json
import re

from reader_forms import need, strict

DAY = 86_400
TLP = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]
KINDS = ["alert", "advisory", "annotation", "closing", "withdrawal", "escalation", "response"]
NODE = r"[a-z0-9]{1,16}(-[a-z0-9]{1,16}){0,5}"
SCOPE = r"(?!all\.)[a-z0-9-]{1,24}(?!\.all\.(?!all\.))(\.[a-z0-9-]{1,24}){3}"
ID = "[0-9a-f]{64}"
HIDDEN = "\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\ufeff\u202a-\u202e\u2066-\u2069"


def line(most):
    return lambda v: (isinstance(v, str) and 1 <= len(v) <= most and v == v.strip()
                      and not re.search(f"[{HIDDEN}]", v))


def like(pattern):
    return lambda v: isinstance(v, str) and re.fullmatch(pattern, v, re.ASCII) is not None


def number(v):
    return isinstance(v, int) and not isinstance(v, bool)


def one_of(*words):
    return lambda v: v in words


def flag(v):
    return isinstance(v, bool)


def record(optional=(), **members):
    """An object with exactly these members, `optional` ones aside."""
    names = {name.rstrip("_"): rule for name, rule in members.items()}
    return lambda v: (isinstance(v, dict) and set(v) <= set(names)
                      and set(names) - set(optional) <= set(v)
                      and all(names[name](value) for name, value in v.items()))


def many(rule, most=None):
    return lambda v: isinstance(v, list) and len(v) <= (most or len(v)) and all(map(rule, v))


EVENTS = record(("classified", "measure", "handled"), classified=number, measure=number,
                handled=number)
REPORT = record(
    ("nature", "countries", "origin", "redacted", "embargo", "events"), aware=number,
    scope=like(SCOPE), embargo=like("[a-z0-9-]{1,24}"), events=lambda v: EVENTS(v) and v != {},
    stage=one_of("early-warning", "notification", "intermediate", "progress", "final"),
    regime=one_of("nis2", "cra-vulnerability", "cra-incident", "dora", "none"),
    type=like("[a-z0-9-]{1,40}/[a-z0-9-]{1,40}"), nature=like("[a-z0-9-]{1,40}"),
    countries=many(like("[a-z]{2}"), 30), origin=like(ID), redacted=flag)
ANSWER = record(("reason",), reason=line(160), state=one_of(
    "accepted", "in-progress", "information-requested", "advice", "referral", "closed",
    "rejected"))
STATEMENT = record(
    ("nbf", "pap", "exercise", "doc", "re", "case", "erase", "ext"),
    fed=like("[0-9a-f]{32}"), iss=like(NODE), iat=number, exp=number, nbf=number,
    kind=one_of(*KINDS), aud=like(f"scope:{SCOPE}|node:{NODE}"), tlp=one_of(*TLP),
    pap=one_of(*TLP), severity=one_of("critical", "high", "medium", "low", "unknown"),
    exercise=like("[a-z0-9-]{1,32}"), title=line(200),
    lang=like("(?=.{1,35}$)[A-Za-z0-9]{2,3}(-[A-Za-z0-9]{1,8})*"), re=like(ID), erase=flag,
    doc=record(pub=line(160), ref=line(160), version=line(160), revision=number),
    case=lambda v: REPORT(v) or ANSWER(v),
    body=record(("sig",), type=like(r"(?=.{1,128}$)[!-~]*/[!-~]*"), sha256=like(ID),
                sig=like(ID), len=lambda v: number(v) and v <= 8 * 2**20),
    ext=lambda v: isinstance(v, dict) and depth(v) <= 4
    and len(json.dumps(v, separators=(",", ":"), ensure_ascii=False).encode()) <= 512)


def depth(value):
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, inner), default=0) if isinstance(value, (dict, list)) else 0


def statement_of(payload):
    need(len(payload) <= 2_900, "header")
    st = strict(payload)
    need(STATEMENT(st), "claim")
    need(st["iat"] < st["exp"] <= st["iat"] + 400 * DAY, "lifetime")
    need(st["iat"] <= st.get("nbf", st["iat"]) <= st["iat"] + DAY, "lifetime")
    kind, scoped = st["kind"], st["aud"].startswith("scope:")
    case = kind in ("escalation", "response")
    needs = {"alert": {"doc"}, "advisory": {"doc"}, "annotation": {"re", "doc"},
             "closing": {"re", "doc"}, "withdrawal": {"re"}, "escalation": {"case"},
             "response": {"re", "case"}}[kind]
    may = {"alert": {"nbf"}, "advisory": {"nbf"}, "withdrawal": {"erase", "doc"}}.get(kind, set())
    found = {name for name in ("doc", "case", "erase", "nbf") if name in st}
    need(needs <= set(st) and found <= needs | may, "bad-combination")
    need(not case or not scoped, "bad-combination")
    need(kind != "annotation" or scoped, "bad-combination")
    need(not case or (REPORT if kind == "escalation" else ANSWER)(st["case"]), "bad-combination")
    if kind == "escalation":
        report = st["case"]
        times = [report["aware"], *report.get("events", {}).values()]
        need(all(at <= st["iat"] + 300 for at in times), "claim")
        if "embargo" in report:
            nowhere = report["scope"].split(".")[1:] == ["all"] * 3 and "countries" not in report
            need(nowhere and st["title"] == f"Incident {report['embargo']}", "claim")
    empty = kind in ("closing", "withdrawal", "response")
    need(st["body"]["len"] > 0 or empty, "bad-combination")
    return st
