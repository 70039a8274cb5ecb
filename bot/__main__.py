"""The operator's commands. Exit 0: done; 1: refused, with the reason on standard error; 2: wrong usage.

With `--json` one JSON document on standard output. The commands call the same actions as chat and console.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from bot.commands.facts import dose_app, lab_app
from bot.commands.figures import figures_command
from bot.commands.participants import participant_app
from bot.commands.plan import therapy_app, visit_app
from bot.commands.record import audit_app, db_app, export_command, health_command
from bot.commands.roster import roster_app
from bot.commands.running import rehearse_command, run_command
from bot.commands.sites import site_app
from bot.commands.speaking import SITE_ZONE, refuse
from bot.commands.staff import staff_app
from bot.commands.study import study_app
from bot.commands.understand import TEXT_MAY_BEGIN_WITH_A_DASH, understand_command
from bot.commands.worklist import worklist_command
from bot.rules.errors import Held, Refusal, StudyFileFaulty
from bot.rules.messages import Phrase
from bot.rules.study import Language
from bot.settings import SettingsFaulty
from bot.texts import Texts
from bot.understanding.lexicon_files import LexiconFault
from storage.errors import StorageUnavailable
from storage.keyring import WrongKey

app = typer.Typer(no_args_is_help=True)

_NO_WORDS = "The word lists in bot/understanding have mistakes (see docs/lexicon.md); nothing was started:"


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"suifang {version('suifang')}")
        raise typer.Exit


@app.callback()
def _suifang(
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="The version, and ends.")
    ] = False,
) -> None:
    """Suifang: the follow-up companion of a clinical trial."""


app.command("run")(run_command)
app.command("rehearse")(rehearse_command)
app.command("health")(health_command)
app.command("understand", context_settings=TEXT_MAY_BEGIN_WITH_A_DASH)(understand_command)
app.command("export")(export_command)
app.command("figures")(figures_command)
app.command("worklist")(worklist_command)
for name, room in (
    ("study", study_app),
    ("site", site_app),
    ("staff", staff_app),
    ("roster", roster_app),
    ("participant", participant_app),
    ("lab", lab_app),
    ("dose", dose_app),
    ("visit", visit_app),
    ("therapy", therapy_app),
    ("audit", audit_app),
    ("db", db_app),
):
    app.add_typer(room, name=name)


def main() -> None:
    """Runs a command and turns every expected refusal into one clear sentence."""
    try:
        app()
    except Refusal as refusal:
        said = Texts.load().words(Phrase(key=refusal.key, values=refusal.values), Language.EN, SITE_ZONE)
        refuse(f"{said} (repeat it with --confirm)" if isinstance(refusal, Held) else said)
    except StudyFileFaulty as faulty:
        refuse("\n".join(str(problem) for problem in faulty.problems))
    except LexiconFault as faulty:
        refuse("\n".join((_NO_WORDS, *faulty.mistakes)))
    except SettingsFaulty as faulty:
        refuse("\n".join(faulty.complaints))
    except StorageUnavailable as error:
        refuse(f"The database cannot be used now: {error}")
    except WrongKey:
        refuse("SUIFANG_SECRET_KEY is not the key this database was sealed with.")


if __name__ == "__main__":
    main()
