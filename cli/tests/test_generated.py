"""The synchronous client is what the generator makes of the asynchronous one."""

import importlib.util
from pathlib import Path

CLI = Path(__file__).resolve().parent.parent


def test_the_synchronous_client_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("generate_client", CLI / "generate_client.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    source, made = CLI / "tqc" / "client" / "aio", CLI / "tqc" / "client" / "sync"
    for module in sorted(source.glob("*.py")):
        assert (made / module.name).read_text() == generator.synchronous(module.name, module.read_text()), (
            "Run: python cli/generate_client.py"
        )
    assert {each.name for each in made.glob("*.py")} == {each.name for each in source.glob("*.py")}
