"""The command `orderflow`: all of Orderflow under one supervisor, or one of its parts.

Heavy libraries are imported inside the commands: the supervisor and `--help` stay small and quick.
"""

import functools
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from builder.config import BadSettings, Settings, read_settings, settings_table

Command = Callable[..., None]

TIED = click.option(
    "--tied",
    is_flag=True,
    hidden=True,
    help="End when standard input closes: with the supervisor that started this.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="orderflow", prog_name="orderflow")
def main() -> None:
    """Orderflow: draw in the browser what must happen to an order; no order is ever lost.

    All settings are ORDERFLOW_… variables; `orderflow settings` lists them.
    """


def with_settings(command: Command) -> Command:
    """Gives a command its settings, and says which home it uses; bad settings end it with code 2."""

    @functools.wraps(command)
    def run(**options: Any) -> None:
        settings = settings_or_end(os.environ)
        if not options.get("tied"):  # the supervisor told it once for all
            show_home(settings)
        command(settings, **options)

    return run


def asks_the_database(command: Command) -> Command:
    """Tells a database that does not answer, or was never migrated, in one sentence."""

    @functools.wraps(command)
    def run(*given: Any, **options: Any) -> None:
        from sqlalchemy.exc import OperationalError, ProgrammingError

        try:
            command(*given, **options)
        except OperationalError as broken:
            remedy = "Look at ORDERFLOW_DATABASE_URL, or say `orderflow migrate` when it is new."
            raise click.ClickException(f"The database does not answer as it should: {broken.orig}\n{remedy}") from None
        except ProgrammingError as broken:
            text = f"The database is not of this version: {broken.orig}\nSay `orderflow migrate`."
            raise click.ClickException(text) from None

    return run


@main.command()
@with_settings
def up(settings: Settings) -> None:
    """Start all of it: Redis, web server, push, workers, clock; keep each alive; Ctrl-C ends all."""
    from builder.cli.up import run_all

    raise SystemExit(run_all(settings))


@main.command()
@TIED
@with_settings
def web(settings: Settings, tied: bool) -> None:
    """Serve the pages and the API."""
    from builder.cli import parts

    parts.serve(settings, tied=tied)


@main.command()
@click.option(
    "--first",
    type=click.Choice(["runs", "effects"]),
    default="runs",
    show_default=True,
    help="Which queue this worker looks at first; give half of the workers the other one.",
)
@TIED
@with_settings
def worker(settings: Settings, first: str, tied: bool) -> None:
    """Move orders along and make the outward calls; as many as you like, on any number of hosts."""
    from builder.cli import parts

    parts.work(settings, first=first, tied=tied)


@main.command()
@TIED
@with_settings
def clock(settings: Settings, tied: bool) -> None:
    """Ring for what is due: deadlines, next tries, calls not made yet. One is enough; two do no harm."""
    from builder.cli import parts

    parts.tick(settings, tied=tied)


@main.command()
@TIED
@with_settings
def push(settings: Settings, tied: bool) -> None:
    """Tell open pages what has changed, by one stream a browser; without it they ask now and then."""
    from builder.cli import parts

    parts.push(settings, tied=tied)


@main.command()
@with_settings
def redis(settings: Settings) -> None:
    """Start only the Redis of the home, for parts that are started one by one."""
    from builder.cli.up import run_redis

    raise SystemExit(run_redis(settings))


@main.command()
@with_settings
@asks_the_database
def migrate(settings: Settings) -> None:
    """Bring the database to the newest revision; safe to say again."""
    from runtime.store.database import migrate as bring_up_to_date

    bring_up_to_date(settings.database_url)
    click.echo("The database is up to date.", err=True)


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace the file when it is there.")
def backup(file: Path, force: bool) -> None:
    """Write the whole home into FILE, while it runs: orders, flows, people, and the secret key. SQLite only."""
    from builder.cli.backup import write

    click.echo(write(settings_of_the_running(), file, force=force))


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_settings
def restore(settings: Settings, file: Path) -> None:
    """Put a backup into the home, in which nothing may run; what is there is kept aside."""
    from builder.cli.backup import put_back

    click.echo(put_back(settings, file))


@main.command()
@asks_the_database
def reconcile() -> None:
    """Check every order against its journal, and print what is wrong; exit code 1 if anything is."""
    from builder.cli.reconcile import run

    raise SystemExit(run(settings_of_the_running()))


@main.group()
def token() -> None:
    """API tokens of the Orderflow that runs."""


@token.command("create")
@click.argument("name")
@click.option("--role", required=True, help="What the token may do: intake, operator, designer, admin or auditor.")
@click.option("--channel", "channels", multiple=True, help="Limit the token to this channel; may be said again.")
@asks_the_database
def create_token(name: str, role: str, channels: tuple[str, ...]) -> None:
    """Make the API token NAME and print it. It is shown this once only."""
    from builder.cli import people

    settings = settings_of_the_running()
    made = people.make_token(settings, name, role, channels)
    if made.problem:
        raise click.ClickException(made.problem)
    click.echo(made.text)


@token.command("revoke")
@click.argument("name")
def revoke_token(name: str) -> None:
    """Let the API token NAME be good for nothing; within five seconds nobody gets in with it."""
    from builder.cli import people

    if not people.end_token(settings_of_the_running(), name):
        raise click.ClickException(f"There is no live token named “{name}”.")
    click.echo(f"The token {name} is revoked.", err=True)


@main.group()
def channel() -> None:
    """The shops that orders come from."""


@channel.command("secret")
@click.argument("name")
@click.option("--only", is_flag=True, help="End a rotation: make nothing, keep only the newest secret.")
def channel_secret(name: str, only: bool) -> None:
    """Make a signing secret for the channel NAME and print it, this once. The one before stays good until the next."""
    from builder.cli import people

    made = people.make_secret(settings_of_the_running(), name, only=only)
    click.echo(made or "Only the newest secret is good now.", err=not made)


@main.group()
def system() -> None:
    """The systems that flows call."""


@system.command("add")
@click.argument("name")
@click.argument("url")
@click.option("--label", help="What people call it; without, its name.")
@click.option("--proof", help="How calls prove who calls: none, bearer or signature; without, as it was, else none.")
@click.option("--secret", is_flag=True, help="Read the secret from standard input.")
@click.option("--allow", "allowed", multiple=True, help="A network or host inside the house that may be called.")
@click.option("--limit", "limits", multiple=True, help="NAME=NUMBER, such as timeout_seconds=20; may be said again.")
@asks_the_database
def add_system(
    name: str,
    url: str,
    label: str | None,
    proof: str | None,
    secret: bool,
    allowed: tuple[str, ...],
    limits: tuple[str, ...],
) -> None:
    """Set up the system NAME at URL, or change it. Flows can call it at once."""
    from builder.cli import systems

    given = sys.stdin.readline().strip() if secret else None
    wrong = systems.set_up(settings_of_the_running(), name, url, label, proof, given, limits, allowed)
    if wrong:
        raise click.ClickException("\n".join(wrong))
    click.echo(f"Flows can call {name} now.", err=True)


@system.command("drop")
@click.argument("name")
@asks_the_database
def drop_system(name: str) -> None:
    """Forget the system NAME, which no flow may call any more."""
    from builder.cli import systems

    if why := systems.forget(settings_of_the_running(), name):
        raise click.ClickException(why)


@system.command("list")
@asks_the_database
def list_systems() -> None:
    """Print the systems that were set up."""
    from builder.cli import systems

    for line in systems.listed(settings_of_the_running()):
        click.echo(line)


@main.command()
@click.option("--user", help="Who signs in with it; without, the first administrator is made with it.")
@asks_the_database
def link(user: str | None) -> None:
    """Print a one-time sign-in link, good for ten minutes."""
    from builder.cli import people

    settings = settings_of_the_running()
    path = people.make_link(settings, user)
    if path is None:
        why = f"Nobody who works here is called “{user}”." if user else "There is an administrator: say --user NAME."
        raise click.ClickException(why)
    click.echo(f"http://{address_of(settings.host, settings.port)}{path}")


@main.command()
def settings() -> None:
    """List every setting: variable, default, meaning."""
    click.echo(settings_table())


@main.command(hidden=True)
@TIED
@with_settings
@asks_the_database
def prepare(settings: Settings, tied: bool) -> None:
    """Ready a home for its parts: database, demo shop. Prints the path of a sign-in link, when one is of use."""
    from builder.cli import people

    click.echo(people.prepare_home(settings) or "", nl=False)


@main.command(hidden=True)
@TIED
@with_settings
def feed(settings: Settings, tied: bool) -> None:
    """Send the demo shop's simulated orders through the API."""
    from builder.cli import parts

    parts.feed(settings, tied=tied)


def settings_or_end(env: Mapping[str, str]) -> Settings:
    """The settings, or the end with code 2 and every reason."""
    found = read_settings(env)
    if isinstance(found, BadSettings):
        click.secho("Orderflow does not start with these settings:", err=True, fg="red")
        click.echo(str(found), err=True)
        raise SystemExit(2)
    return found


def settings_of_the_running() -> Settings:
    """The settings of the Orderflow that runs, where one does; what is set here holds over them."""
    from builder.cli.running import variables_of_the_running

    found = settings_or_end(variables_of_the_running(os.environ))
    show_home(found)
    return found


def show_home(settings: Settings) -> None:
    kind = "demo shop" if settings.demo else "real orders"
    click.secho(f"Home: {settings.home} ({kind})", err=True, dim=True)


def address_of(host: str, port: int) -> str:
    """host:port as it stands in an address; an address of all interfaces is reached by this machine's own name."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104 - it is compared
    return f"{shown}:{port}"
