"""Tells agentmon what an AI agent does: sessions, runs and spans. README.md says how, ../README.md what is promised."""

from .emitter import Emitter, Scope

__all__ = ["Emitter", "Scope"]
