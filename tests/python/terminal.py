"""Runs a command on a terminal of its own and answers what it asks: terminal.py ANSWERS COMMAND ...

ANSWERS is JSON: a list of [the end of a question, the answer], in their order. Prints what the
terminal showed; ends as the command does, with 99 if it has not asked so within a minute.
"""

import json
import os
import pty
import select
import sys
import time

answers = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown, answered, deadline = b"", 0, time.monotonic() + 60
while time.monotonic() < deadline:
    if not select.select([terminal], [], [], 1)[0]:
        continue
    try:
        read = os.read(terminal, 4096)
    except OSError:  # The command has ended.
        break
    if not read:
        break
    shown += read
    if answers and shown[answered:].endswith(answers[0][0].encode()):
        answered = len(shown)
        os.write(terminal, answers.pop(0)[1].encode() + b"\n")
sys.stdout.write(shown.decode(errors="replace"))
sys.stdout.flush()
if answers or time.monotonic() >= deadline:
    os.kill(child, 9)
    sys.exit(99)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
