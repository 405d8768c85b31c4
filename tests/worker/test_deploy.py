"""The deployment files say what the code and the promises say."""

import configparser
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.coordination.test_configuration_page import names_read

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def unit(path: Path) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(path.read_text(encoding="utf-8"))
    return parsed


def composed() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    return services


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / "muster.yaml").read_text(encoding="utf-8")))


def test_the_consumer_is_stopped_with_the_signal_that_lets_jobs_finish() -> None:
    service = unit(DEPLOY / "systemd" / "muster-jobs.service")["Service"]
    assert service["KillSignal"] == "SIGINT"
    assert service["ExecStart"].endswith("manage.py run_huey")


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_restart_and_give_time_to_stop(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["Restart"] == "always"
    assert int(service["TimeoutStopSec"]) >= 15
    assert service["User"] == "muster"


def test_web_and_jobs_are_of_one_make_in_containers() -> None:
    services = composed()
    assert services["web"]["environment"] == services["jobs"]["environment"]
    assert services["web"]["volumes"] == services["jobs"]["volumes"]
    assert (services["web"]["command"], services["jobs"]["command"]) == (["up", "--web-only"], ["up", "--jobs-only"])


def test_only_settings_that_exist_are_set() -> None:
    known = set(names_read()) | {"POSTGRES_PASSWORD"}
    example = re.findall(r"^([A-Z_]+)=", (DEPLOY / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    config = next(each for each in manifests() if each["kind"] == "ConfigMap")["data"]
    assert set(example) <= known
    assert set(composed()["web"]["environment"]) <= known
    assert set(config) <= known


def test_probes_ask_a_host_that_is_allowed() -> None:
    config = next(each for each in manifests() if each["kind"] == "ConfigMap")["data"]
    for deployment in (each for each in manifests() if each["kind"] == "Deployment"):
        for container in deployment["spec"]["template"]["spec"]["containers"]:
            for probe in (value for name, value in container.items() if name.endswith("Probe")):
                hosts = [header["value"] for header in probe["httpGet"]["httpHeaders"] if header["name"] == "Host"]
                assert hosts
                assert set(hosts) <= set(config["ALLOWED_HOSTS"].split(","))


def test_no_file_holds_a_secret() -> None:
    for path in (path for path in DEPLOY.rglob("*") if path.is_file()):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(SECRET_KEY|PASSWORD)[=:] ?[A-Za-z0-9+/]{16,}", text), path


def test_proxies_pass_streams_on_and_wait_long_enough() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert re.search(r"proxy_buffering\s+off;", nginx)
    assert re.search(r"proxy_request_buffering\s+on;", nginx)
    assert int(re.findall(r"proxy_read_timeout\s+(\d+)s;", nginx)[0]) > 60
    assert "flush_interval -1" in (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
