"""A simulated lab that publishes a pack and adopts it at once."""

from typing import Any

from ledger.events import framework
from policies.framework import pack_digest, pack_object
from policies.pack import Pack
from tests.simulator import Lab


def adopt(lab: Lab, pack: Pack) -> None:
    """Published and adopted for everything, by two people."""
    by, stream = ("framework-admin-1", "framework-admin-2"), f"framework/{pack.id}"
    said: dict[str, Any] = {"digest": pack_digest(pack), "id": pack.id}
    lab.say(framework.Published, {**said, "pack": pack_object(pack), "source_digest": pack.source.digest}, stream, *by)
    lab.say(framework.Adopted, {**said, "effective": lab.time, "scope": "all"}, stream, *by)
