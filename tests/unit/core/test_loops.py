from datetime import timedelta

import pytest

from core import loops
from core.loops import Loop


def test_register_makes_a_loop_known_and_refuses_its_name_again(monkeypatch):
    monkeypatch.setattr(loops, "_loops", {})
    loop = Loop("app.work", timedelta(seconds=1), lambda now: 0)

    assert loops.register(loop) is loop
    assert loops.registered_loops() == (loop,)
    with pytest.raises(ValueError, match=r"app\.work is registered twice"):
        loops.register(loop)
