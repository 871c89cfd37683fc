import pytest

from tests.vast.fake_vast import RECORDED
from vastgui.vast.errors import OddAnswer
from vastgui.vast.models import parse_instance, parse_one, parse_page


def test_a_recorded_instance_is_read_whole() -> None:
    found = parse_instance(RECORDED)
    assert (found.id, found.label, found.actual_status) == (27050456, "comfy-1", "running")
    assert found.ssh_candidates == (("203.0.113.22", 43192), ("ssh3.vast.ai", 10456))
    assert found.start_date == pytest.approx(1795173905.19, abs=0.1)
    assert not found.is_booting


def test_the_proxy_of_a_jupyter_image_is_one_port_higher() -> None:
    found = parse_instance({**RECORDED, "image_runtype": "jupyter_direc ssh_proxy", "ports": {}})
    assert found.ssh_candidates == (("ssh3.vast.ai", 10457),)


def test_what_the_instance_hides_stays_out_of_its_repr() -> None:
    assert "HF_TOKEN" not in repr(parse_instance(RECORDED))


@pytest.mark.parametrize("junk", [None, [], {}, "", "x", -1, True, 1e308, [None], {"22/tcp": [3]}])
def test_any_field_may_be_anything(junk: object) -> None:
    for name in RECORDED:
        if name != "id":
            assert parse_instance({**RECORDED, name: junk}).id == 27050456
    with pytest.raises(OddAnswer):
        parse_instance({**RECORDED, "id": junk})


def test_a_missing_field_has_a_default() -> None:
    found = parse_instance({"id": 5})
    assert found.ssh_candidates == ()
    assert found.uptime_mins is None


def test_null_is_gone_and_absent_is_odd() -> None:
    assert parse_one({"instances": None}) is None
    with pytest.raises(OddAnswer):
        parse_one({"success": True})
    with pytest.raises(OddAnswer):
        parse_page({"success": True, "instances": None})
