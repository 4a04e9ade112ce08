"""The wire contract: messages, options, limits and error codes of both services.

Pure data: standard library and pydantic only. `python -m shared_schema` writes the
JSON Schema, the AsyncAPI document and the table that the TypeScript types come from.
"""
