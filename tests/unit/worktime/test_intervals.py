import pytest

from worktime.rules import intervals


@pytest.mark.parametrize(
    ("spans", "union"),
    [
        ([], ()),
        ([(5, 9), (1, 3)], ((1, 3), (5, 9))),
        ([(1, 3), (3, 5)], ((1, 5),)),
        ([(1, 9), (2, 3)], ((1, 9),)),
        ([(4, 4), (9, 2)], ()),
    ],
)
def test_merged_is_the_sorted_union(spans, union):
    assert intervals.merged(spans) == union


@pytest.mark.parametrize(
    ("holes", "rest"),
    [
        ((), ((0, 10), (20, 30))),
        (((5, 25),), ((0, 5), (25, 30))),
        (((2, 3), (4, 6)), ((0, 2), (3, 4), (6, 10), (20, 30))),
        (((10, 20),), ((0, 10), (20, 30))),
        (((0, 30),), ()),
    ],
)
def test_without_takes_the_holes_out(holes, rest):
    assert intervals.without(((0, 10), (20, 30)), holes) == rest


def test_common_is_what_lies_in_both():
    assert intervals.common(((0, 10), (20, 30)), ((5, 22), (29, 40))) == (
        (5, 10),
        (20, 22),
        (29, 30),
    )


def test_clipped_keeps_the_part_inside():
    assert intervals.clipped(((0, 10), (20, 30)), 10, 25) == ((20, 25),)
    assert intervals.clipped(((0, 10),), 5, 5) == ()
