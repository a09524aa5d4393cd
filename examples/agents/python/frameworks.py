"""The frameworks without a model: each runs one call of the tool, and gives its own approval where it asks for one."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

os.environ |= {"CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false", "OTEL_SDK_DISABLED": "true"}

from agents import Agent as OpenaiAgent, FunctionTool, Model, ModelResponse, Runner, RunState, Usage, set_tracing_disabled
from crewai import Agent as CrewAgent, Crew, Task
from crewai.llms.base_llm import BaseLLM
from crewai.tools import BaseTool as CrewTool
from langchain.agents import create_agent
from langchain.messages import AIMessage, HumanMessage
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from pydantic_ai import Agent as PydanticAgent, DeferredToolRequests, DeferredToolResults, ModelMessagesTypeAdapter, Tool
from pydantic_ai.messages import ModelResponse as PydanticResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel

set_tracing_disabled(True)
Input = dict[str, Any]


class LangchainModel(GenericFakeChatModel):
    def bind_tools(self, *_args: Any, **_more: Any) -> "LangchainModel":
        return self


def langchain_agent(tool: Any, input: Input, id: str, **more: Any) -> Any:
    def says() -> Iterator[AIMessage]:
        yield AIMessage("", tool_calls=[{"name": "refund", "args": input, "id": id, "type": "tool_call"}])
        while True:
            yield AIMessage("done")

    return create_agent(LangchainModel(messages=says()), tools=[tool], **more)


ASKED = {"messages": [HumanMessage("refund it")]}


class OpenaiModel(Model):
    def __init__(self, input: Input | None, id: str) -> None:
        self.input, self.id = input, id

    async def get_response(self, *_args: Any, **_more: Any) -> ModelResponse:
        if self.input is None:
            text = ResponseOutputText(type="output_text", text="done", annotations=[])
            said: Any = ResponseOutputMessage(id="m", role="assistant", status="completed", type="message", content=[text])
        else:
            arguments = json.dumps(self.input)
            said = ResponseFunctionToolCall(call_id=self.id, name="refund", arguments=arguments, type="function_call", status="completed")
            self.input = None
        return ModelResponse(output=[said], usage=Usage(), response_id=None)

    def stream_response(self, *_args: Any, **_more: Any) -> Any:
        raise NotImplementedError


def openai_paused(tool: FunctionTool, input: Input, id: str) -> str | None:
    """One run with a call: its state, where it paused."""
    result = asyncio.run(Runner.run(OpenaiAgent("support", model=OpenaiModel(input, id), tools=[tool]), "refund it"))
    return result.to_state().to_string() if result.interruptions else None


def openai_approve(tool: FunctionTool, text: str) -> str:
    """The state with its interruptions approved."""

    async def approve() -> str:
        state = await RunState.from_string(OpenaiAgent("support", model=OpenaiModel(None, ""), tools=[tool]), text)
        for item in state.get_interruptions():
            state.approve(item)
        return state.to_string()

    return asyncio.run(approve())


def openai_resume(tool: FunctionTool, text: str) -> None:
    async def resume() -> None:
        agent = OpenaiAgent("support", model=OpenaiModel(None, ""), tools=[tool])
        await Runner.run(agent, await RunState.from_string(agent, text))

    asyncio.run(resume())


def pydantic_agent(tool: Tool[None], input: Input, id: str) -> PydanticAgent[None, Any]:
    def says(messages: list[Any], _info: Any) -> PydanticResponse:
        if any(part.part_kind == "tool-return" for part in messages[-1].parts):
            return PydanticResponse(parts=[TextPart("done")])
        return PydanticResponse(parts=[ToolCallPart("refund", input, tool_call_id=id)])

    return PydanticAgent(FunctionModel(says), tools=[tool], output_type=[str, DeferredToolRequests])


def pydantic_paused(agent: PydanticAgent[None, Any]) -> str | None:
    """One run with a call: its history, where it paused."""
    result = agent.run_sync("refund it")
    return ModelMessagesTypeAdapter.dump_json(result.all_messages()).decode() if isinstance(result.output, DeferredToolRequests) else None


def pydantic_resume(agent: PydanticAgent[None, Any], history: str, id: str) -> None:
    """Goes on with a history, its call approved."""
    messages = ModelMessagesTypeAdapter.validate_json(history)
    agent.run_sync(message_history=messages, deferred_tool_results=DeferredToolResults(approvals={id: True}))


class CrewModel(BaseLLM):
    def __init__(self, answer: Callable[[], str]) -> None:
        super().__init__(model="none")
        self._answer = answer

    def call(self, *_args: Any, **_more: Any) -> str:
        return self._answer()


def crew_run(tool: CrewTool, input: Input) -> None:
    """One task with one call. A crew that starts again is the same as one that is replayed."""
    said = iter([f"Thought: so\nAction: refund\nAction Input: {json.dumps(input)}"])
    model = CrewModel(lambda: next(said, "Thought: I now know the final answer\nFinal Answer: done"))
    agent = CrewAgent(role="support", goal="refund", backstory="-", llm=model, tools=[tool], verbose=False)
    Crew(agents=[agent], tasks=[Task(description="refund it", expected_output="-", agent=agent)], verbose=False).kickoff()
