"""Checked by mypy, never run: what the awaited client's methods take and give. An `ignore` that is not needed is an error too."""

from typing import Any

from typing_extensions import assert_type

from countersign import AsyncCountersign, Governed, Release

Json = dict[str, Any]


async def use(client: AsyncCountersign) -> None:
    assert_type(await client.request({"surface": "s"}, key="k", wait=3, timeout=2.5), Json)
    assert_type(await client.wait("act_1", timeout=3), Json)
    assert_type(await client.permit("act_1"), Json)
    assert_type(await client.redeem("permit", redeemer="r", audience="s"), Json)
    assert_type(await client.report("act_1", "permit", "executed", reference="re_1"), Json)
    assert_type(await client.cancel("act_1"), Json)
    assert_type(await client.evaluate({"surface": "s"}), Json)
    assert_type(await client.plan({"steps": []}, key="k"), Json)
    assert_type(await client.read_plan("pln_1", wait=1), Json)
    assert_type(await client.actions(status="supervised"), Json)
    assert_type(await client.inbox(), Json)

    async def execute(request: Json, release: Release) -> str:
        return "re_1"

    assert_type(await client.govern({"surface": "s"}, execute, key="k"), Governed[Any])


async def misuse(client: AsyncCountersign) -> None:
    await client.request({"surface": "s"})  # type: ignore[call-arg]
    await client.request({"surface": "s"}, key=1)  # type: ignore[arg-type]
    await client.cancel()  # type: ignore[call-arg]
    await client.report("act_1", "permit")  # type: ignore[call-arg]
    await client.approve("act_1")  # type: ignore[attr-defined]
