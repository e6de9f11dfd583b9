"""What the answer of a suite cannot tell: which sentences of params.yaml are about it."""

import re
from collections.abc import Sequence

from p2e.algorithms import algorithm_names
from suites.variants import base_algorithm

SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def about_the_suite(limits: Sequence[str], algorithms: Sequence[str]) -> list[str]:
    """These limits without the sentences that name an algorithm of which the suite runs no case.

    A limit whose first sentence is such a one is left out, because the others continue it.

    Args:
        limits: each like `Tuning: one sentence. Another.`
        algorithms: the cases of the suite.
    """
    absent = set(algorithm_names()) - {base_algorithm(case) for case in algorithms}
    if not absent:
        return list(limits)
    names = re.compile(rf"\b({'|'.join(map(re.escape, sorted(absent)))})\b", re.IGNORECASE)
    found = []
    for limit in limits:
        first, *others = SENTENCE_END.split(limit)
        if not names.search(first):
            found.append(" ".join([first, *(each for each in others if not names.search(each))]))
    return found
