"""What goes in and out, as pydantic models: they check requests and make the OpenAPI page.

Answers are not run through them: what a run recorded is shown as it is. Tests compare the two.
"""
