"""Countersign's client for Python: ask before irreversible actions, and guard what executes them."""

from ._client import AsyncCountersign, Countersign, Governed, Release
from ._http import CountersignError, OutcomeUnknown, Skip
from ._verify import Granted, PermitVerifier, ReplayCache, apply_changes, canonicalize, check_permit, request_hash
from .agent import AgentGuard, GuardedTool, ToolRefused, ToolRules, ToolWaiting, create_guard

__all__ = ["AgentGuard", "AsyncCountersign", "Countersign", "CountersignError", "Governed", "Granted", "GuardedTool", "OutcomeUnknown",
           "PermitVerifier", "Release", "ReplayCache", "Skip", "ToolRefused", "ToolRules", "ToolWaiting", "apply_changes", "canonicalize",
           "check_permit", "create_guard", "request_hash"]  # fmt: skip
