"""Countersign's client for Python: ask before irreversible actions, and guard what executes them."""

from ._client import AsyncCountersign, Countersign, Governed, Release
from ._http import CountersignError, OutcomeUnknown, Skip
from ._verify import Granted, PermitVerifier, ReplayCache, apply_changes, canonicalize, check_permit, request_hash

__all__ = ["AsyncCountersign", "Countersign", "CountersignError", "Governed", "Granted", "OutcomeUnknown", "PermitVerifier",
           "Release", "ReplayCache", "Skip", "apply_changes", "canonicalize", "check_permit", "request_hash"]  # fmt: skip
