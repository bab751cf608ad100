"""Prints which Ed25519 vectors OpenSSL takes, as JSON: python3 ed25519.py WYCHEPROOF SPECCHECK."""

import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# An honest-looking key and a signature of it whose R is the identity.
SPLIT = ("fd1724385aa0c75b64fb78cd602fa1d991fdebf76b13c58ed702eac835e9f618", b"msg".hex(),
         "01" + "00" * 31 + "0b2824d94a5664b4fd89676127738b4b9034cc43b81a947753733371021ac801")


def takes(key, message, signature):
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(signature), bytes.fromhex(message))
    except (InvalidSignature, ValueError):
        return False
    return True


def main():
    wycheproof, speccheck = (json.load(open(path)) for path in sys.argv[1:3])
    groups = [(group["publicKey"]["pk"], test) for group in wycheproof["testGroups"]
              for test in group["tests"]]
    print(json.dumps({
        "wycheproof": [test["tcId"] for key, test in groups if takes(key, test["msg"], test["sig"])],
        "speccheck": [number for number, case in enumerate(speccheck)
                      if takes(case["pub_key"], case["message"], case["signature"])],
        "split": takes(*SPLIT),
    }))


if __name__ == "__main__":
    main()
