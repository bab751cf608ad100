"""Prints the path of a Python that has the packages of tests/python/requirements.txt.

The environment lies in the cache folder under a name that follows from the requirements, so a
change of them makes a new one and nothing has to be cleaned by hand. Every package is pinned by
hash. Two runs at once wait for each other.
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import venv

OLDEST = (3, 11)
REQUIREMENTS = pathlib.Path(__file__).resolve().parent.parent / "tests/python/requirements.txt"


def main():
    if sys.version_info < OLDEST:
        fail(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {sys.version.split()[0]}")
    try:
        wanted = REQUIREMENTS.read_bytes()
    except OSError as error:
        fail(f"{REQUIREMENTS}: {error.strerror}")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    digest = hashlib.sha256(wanted + version.encode()).hexdigest()[:16]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    place = cache / "chappe" / f"python-{digest}"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with open(place.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (place / "complete").exists():
                make(place)
    except OSError as error:
        fail(f"{error.filename or place}: {error.strerror}")
    print(place / "bin/python")


def make(place):
    """Makes it whole or not at all: the mark comes last, and what has none is made again."""
    shutil.rmtree(place, ignore_errors=True)
    try:
        venv.create(place, with_pip=True)
    except subprocess.CalledProcessError:
        fail("cannot make a virtual environment: install the system's package for venv and pip")
    install = [place / "bin/python", "-m", "pip", "install", "--quiet", "--require-hashes",
               "--only-binary=:all:", "--disable-pip-version-check", "-r", REQUIREMENTS]
    done = subprocess.run(install, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        fail(f"pip could not install {REQUIREMENTS}: see above")
    (place / "complete").touch()


def fail(why):
    raise SystemExit(f"python-env: {why}")


if __name__ == "__main__":
    main()
