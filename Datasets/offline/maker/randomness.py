"""Random numbers that are the same on every machine and Python: SplitMix64, a stream per name."""

import hashlib

MASK = (1 << 64) - 1


class Random:
    """SplitMix64 (Steele, Lea, Flood 2014). Streams of different names don't disturb each other."""

    def __init__(self, seed, name):
        digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
        self.state = int.from_bytes(digest[:8], "little")

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, bound):
        """A whole number in 0 ..< bound, without bias, for a bound of any size."""
        words = (bound.bit_length() + 63) // 64 or 1
        limit = (1 << (64 * words)) // bound * bound
        while True:  # ends: each draw is accepted with probability above 1/2
            value = 0
            for _ in range(words):
                value = value << 64 | self.bits()
            if value < limit:
                return value % bound

    def between(self, low, high):
        """A whole number in low ... high."""
        return low + self.below(high - low + 1)

    def chance(self, numerator, denominator):
        return self.below(denominator) < numerator

    def pick(self, choices):
        return choices[self.below(len(choices))]

    def shuffled(self, values):
        result = list(values)
        for i in range(len(result) - 1, 0, -1):
            j = self.below(i + 1)
            result[i], result[j] = result[j], result[i]
        return result

    def sample(self, values, count):
        return self.shuffled(values)[:count]


def apportion(total, shares):
    """How many of `total` each of the (name, share) gets, by largest remainders; a list of names, in order."""
    whole = sum(share for _, share in shares)
    counts = [total * share // whole for _, share in shares]
    rest = sorted(range(len(shares)), key=lambda i: (-(total * shares[i][1] % whole), i))
    for i in rest[: total - sum(counts)]:
        counts[i] += 1
    return [name for (name, _), count in zip(shares, counts) for _ in range(count)]
