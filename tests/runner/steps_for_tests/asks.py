"""Asks the user, and says what the answer was."""

from vastgui.runner.context import Done, StepContext


def run(ctx: StepContext) -> Done:
    answer = ctx.ask("colour", "Which colour?", ["red", "blue"], {"why": "it matters"})
    return Done(f"It is {answer}.")
