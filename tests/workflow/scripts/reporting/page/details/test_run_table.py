"""What the report says about the origin of its runs."""

import pytest

from reporting.page.details.run_table import DECISIVE, PROVENANCE, provenance

RUN = dict.fromkeys(PROVENANCE, "the same") | {
    "status": "complete",
    "algorithm": "sac",
    "code_hash": "0a",
    "packages": '{"torch": "2.13.0"}',
}


def test_runs_of_one_origin_are_not_mixed() -> None:
    found = provenance([RUN, RUN])
    assert found.mixed == ()
    assert dict(found.facts)["Compiled networks"] == ("the same",)


@pytest.mark.parametrize("fact", DECISIVE)
def test_what_can_change_a_score_is_named_where_runs_differ_in_it(fact: str) -> None:
    key = next(key for key, name in PROVENANCE.items() if name == fact)
    assert provenance([RUN, RUN | {key: "another"}]).mixed == (DECISIVE[fact],)


def test_algorithms_of_one_code_share_its_hash() -> None:
    runs = [RUN, RUN | {"algorithm": "mbpo"}, RUN | {"algorithm": "plan2explore-x"}]
    runs[2]["code_hash"] = "0b"
    found = dict(provenance(runs).facts)["Hash of the training code"]
    assert found == ("SAC and MBPO 0a", "Plan2Explore 0b")
