"""click's commands and groups in the language of this run: what click itself says in English is said here in both."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING

import click

from secaudit.cli.language import say
from secaudit.errors import UsageError
from secaudit.text.bilingual import Text

if TYPE_CHECKING:
    Base = click.Command
else:  # at run time a mixin, so that it stands before click.Command and click.Group alike
    Base = object


class _Spoken(Base):
    """Headings, the help of `--help`, and what is said about words too many."""

    allow_extra_args = True  # so that `parse_args` below can say what to do about them

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=say("使い方: ", "Usage: "))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        records = [record for option in options if (record := option.get_help_record(ctx)) is not None]
        records = [(names, text.replace("[required]", say("[必須]", "[required]"))) for names, text in records]
        with formatter.section(say("オプション", "Options")):
            formatter.write_dl(records)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = say("この説明を表示して終わる", "show this message and exit")
        return option

    def refuse_extra(self, arguments: list[str]) -> None:
        """Raises `UsageError` for words that the command has no place for."""
        if arguments:
            shown = " ".join(repr(one) for one in arguments)
            raise UsageError(
                Text(ja=f"余分な引数がある: {shown}", en=f"too many arguments: {shown}"),
                Text(
                    ja='空白を含むパスは "..." のように引用符で囲む。',
                    en='put a path with blanks into quotes: "..."',
                ),
            )


class Command(_Spoken, click.Command):
    """A command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        self.refuse_extra(rest)
        return rest


class Group(_Spoken, click.Group):
    """A command of commands. One that does not exist is answered with the nearest that does."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(say("コマンド", "Commands")):
            formatter.write_dl(self.command_lines(ctx))

    def command_lines(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Each command with its line in the help."""
        found = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None:
                found.append((name, command.get_short_help_str(80)))
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            known = self.list_commands(ctx)
            raise UsageError(
                Text(ja=f"コマンド {name!r} はない。", en=f"there is no command {name!r}"),
                _meant(name, known, ctx.command_path),
            )
        return super().resolve_command(ctx, args)


def _meant(name: str, known: list[str], path: str) -> Text:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return Text(ja=f"{near[0]} の書き間違いではないか。", en=f"did you mean {near[0]}?")
    if "audit" in known and os.path.isdir(name):  # noqa: PTH112 - the word may be no path at all
        return Text(ja=f'監査するには: {path} audit "{name}"', en=f'to audit it: {path} audit "{name}"')
    return Text(ja="コマンド: " + "、".join(known), en="commands: " + ", ".join(known))
