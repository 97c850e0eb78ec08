"""What click says about a wrong command line, in the language of this run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from secaudit.cli.language import LANGUAGE
from secaudit.text.bilingual import Text

if TYPE_CHECKING:
    from collections.abc import Sequence


def usage_message(error: click.ClickException) -> str:
    """The whole message for a person: what is wrong, and how to see what is right."""
    head = _what(error).in_(LANGUAGE)
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = "secaudit" if context is None else context.command_path
    usage = "" if context is None else f"\n  {context.get_usage()}"
    hint = Text(ja=f"説明を見るには: {command} --help", en=f"for help: {command} --help").in_(LANGUAGE)
    return f"{head}{usage}\n  → {hint}"


def _what(error: click.ClickException) -> Text:
    english = error.format_message()
    match error:
        case click.MissingParameter():
            name = _name(error)
            return Text(ja=f"{name} が指定されていない。", en=f"{name} is missing")
        case click.BadParameter():
            return _bad_value(error)
        case click.NoSuchOption():
            near = _nearest(error.possibilities)
            return Text(
                ja=f"オプション {error.option_name} はない。" + (f"{near} の書き間違いではないか。" if near else ""),
                en=f"there is no option {error.option_name}" + (f"; did you mean {near}?" if near else ""),
            )
        case click.BadOptionUsage():
            if any(argument.startswith(f"{error.option_name}=") for argument in sys.argv):
                return Text(
                    ja=f"オプション {error.option_name} は値を取らない。",
                    en=f"the option {error.option_name} takes no value",
                )
            return Text(
                ja=f"オプション {error.option_name} には値が必要である。",
                en=f"the option {error.option_name} needs a value",
            )
        case click.UsageError(ctx=click.Context(command=click.Group())):
            return Text(ja="コマンドが指定されていない。", en="a command is missing")
        case _:
            return Text(ja=f"コマンドの書き方が正しくない({english})", en=english)


def _bad_value(error: click.BadParameter) -> Text:
    name = _name(error)
    kind = None if error.param is None else error.param.type
    if isinstance(kind, click.Choice):
        choices = [str(choice) for choice in kind.choices]
        return Text(
            ja=f"{name} に指定できるのは次のいずれか: " + "、".join(choices),
            en=f"{name} must be one of: " + ", ".join(choices),
        )
    if isinstance(kind, click.IntRange):
        return Text(
            ja=f"{name} には {kind.min} から {kind.max} までの整数を指定する。",
            en=f"{name} must be a whole number from {kind.min} to {kind.max}",
        )
    # Types of our own have already said it in the language of this run.
    return Text(ja=f"{name}: {error.message}", en=f"{name}: {error.message}")


def _name(error: click.BadParameter) -> str:
    if error.param is None:
        return str(error.param_hint or "")
    if isinstance(error.param, click.Option):
        return max(error.param.opts, key=len)
    return error.param.make_metavar(error.ctx) if error.ctx is not None else error.param.human_readable_name


def _nearest(possibilities: Sequence[str] | None) -> str | None:
    return possibilities[0] if possibilities else None
