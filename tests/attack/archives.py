"""Damaged certificates: whichever bytes are changed, none is valid, and each is refused with a sentence."""

from random import Random
from time import monotonic

from flowproof.certify.certificate import InvalidCertificate, verify_certificate
from tests.attack.bad_requests import Result
from tests.certify.tampering import CERTIFICATE, LATER, TRUSTED

__all__ = ["attack"]

REFUSED = 0  # the "status" of a certificate that was refused


def attack(*, seconds: float, archives: int, seed: int) -> Result:
    """
    Verify damaged certificates for so long, or so many.

    Args:
        seconds: Budget.
        archives: Budget; 0 for none.
        seed: What the damage is drawn from.
    """
    rng, result, deadline = Random(seed), Result(), monotonic() + seconds
    while monotonic() < deadline and (not archives or result.statuses.total() < archives):
        damaged = _damaged(rng)
        try:
            verify_certificate(damaged, TRUSTED, at=LATER)
        except InvalidCertificate:
            result.statuses[REFUSED] += 1
        except Exception as error:  # noqa: BLE001 (that is what is looked for)
            result.failures.append(f"{type(error).__name__}: {error}; {len(damaged)} bytes, seed {seed}")
        else:
            if damaged != CERTIFICATE:
                result.failures.append(f"a damaged certificate is valid; {len(damaged)} bytes, seed {seed}")
    return result


def _damaged(rng: Random) -> bytes:
    data = bytearray(CERTIFICATE)
    match rng.randrange(5):
        case 0:
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        case 1:
            del data[rng.randrange(len(data)) :]
        case 2:
            at = rng.randrange(len(data))
            del data[at : at + rng.randrange(1, 200)]
        case 3:
            at = rng.randrange(len(data))
            data[at:at] = rng.randbytes(rng.randrange(1, 200))
        case _:
            at, of = rng.randrange(len(data)), rng.randrange(len(data))
            data[at : at + 64] = data[of : of + 64]
    return bytes(data) if data != CERTIFICATE else bytes(data) + b"x"
