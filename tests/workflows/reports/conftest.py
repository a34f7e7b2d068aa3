"""The gateway as for billing."""

from tests.workflows.billing.conftest import desk

__all__ = ["desk"]
