"""``airflow retrain ...``: the commands Airflow's own CLI gets from this package."""

from __future__ import annotations

from airflow.cli.cli_config import ARG_OUTPUT, ARG_VERBOSE, ActionCommand, Arg, GroupCommand, lazy_load_command

_MODEL = Arg(("model",), help="The model's name.")
_BY = Arg(("--by",), help="Who says so; the user of this shell unless given.", default=None)
_WHY = Arg(("--reason",), help="Why; it goes on record.", required=True)
_WHY_RUN = Arg(("--reason",), help="Why; it goes on record.", default="by the command line")
_DAG = Arg(("--dag-id",), help="Of several DAGs of the model, the one that is meant.", default=None)
_AS_OF = Arg(("--as-of",), help="The moment, ISO 8601 with a zone; now unless given.", default=None)
_NO_WAIT = Arg(("--no-wait",), help="Do not wait for what comes of it.", action="store_true")
_STARTS = (_MODEL, _DAG, _AS_OF, _NO_WAIT, _WHY_RUN, _BY, ARG_OUTPUT)
_CODES = (
    "\n\nWaits, showing each task as it goes on, and says what came of it. Ends with 0 where that was a promotion or "
    "where nothing was to be done, with 3 where the gate refused or the data are held, and with 1 where it failed."
)


def _count(text: str) -> int:
    """A number of things, at least one."""
    if (count := int(text)) < 1:
        raise ValueError(text)
    return count


def _command(
    name: str, does: str, func: str, args: tuple[Arg, ...], more: str = "", example: str = ""
) -> ActionCommand:
    shown = f"\n\nExample:\n  airflow retrain {example or f'{name} flights-late'}"
    return ActionCommand(
        name=name,
        help=does,
        description=f"{more or f'{does}.'}{shown}",
        func=lazy_load_command(f"retrain_plugin.airflow.{func}"),
        args=(*args, ARG_VERBOSE),
    )


def get_commands() -> list[GroupCommand]:
    """The command group, named by the provider's entry point."""
    return [
        GroupCommand(
            name="retrain",
            help="Look after models that retrain",
            subcommands=[
                _command(
                    "status", "Say who serves, how well, and what was decided last", "serving.status",
                    (Arg(("model",), help="The model's name; all of them unless given.", nargs="?"), ARG_OUTPUT),
                    example="status --output json",
                ),
                _command(
                    "check", "Ask every trigger as of now", "running.check", _STARTS,
                    more="Starts a run of the model's triggered DAG: asks every trigger, and retrains where the "
                    f"evidence asks for it, as the schedule would.{_CODES}",
                ),
                _command(
                    "run", "Retrain as of now", "running.run", _STARTS,
                    more="Starts a run of the model's periodic DAG, or else of another, by force: trains a challenger "
                    f"whatever the triggers say. It serves only if it passes the gate.{_CODES}",
                    example="run flights-late --reason 'new terminal opened'",
                ),
                _command(
                    "update", "Let the champion learn what is new", "running.update", _STARTS,
                    more=f"Starts a run of the model's continual DAG.{_CODES}",
                ),
                _command(
                    "history", "List the versions of a model, who served when, and why", "serving.history",
                    (
                        _MODEL,
                        Arg(("--limit",), help="At most so many, the newest; 50 unless given.", type=_count,
                            default=50),
                        ARG_OUTPUT,
                    ),
                ),
                _command(
                    "rollback", "Let a former champion serve again", "serving.rollback",
                    (_MODEL, Arg(("--to",), help="The version to return to.", type=int, default=None), _WHY, _BY,
                     ARG_OUTPUT),
                    more="Retires, as of now, the champion and whatever served after the one that is to serve: "
                    "the one before it unless given. A retry of the work that made them does not bring them back.",
                    example="rollback flights-late --reason 'complaints from EWR'",
                ),
                _command(
                    "promote", "Let any version serve", "serving.promote",
                    (_MODEL, Arg(("version",), help="Its number.", type=int), _WHY, _BY, ARG_OUTPUT),
                    more="From now on, whatever the gate said. One that served before is copied as a new "
                    "version, so that the history stays what it was.",
                    example="promote flights-late 7 --reason 'reviewed by hand'",
                ),
                _command(
                    "accept", "Accept the data that a check holds", "commands.accept",
                    (_MODEL, Arg(("--reason",), help="Why the data are right.", required=True), _BY, ARG_OUTPUT),
                    more="Says, on record, that what a check took for broken data is right: it counts as the "
                    "new normal from that check on. Clear the held DAG run afterwards to decide it anew.",
                    example="accept flights-late --reason 'the sensor was replaced'",
                ),
                _command(
                    "pause", "Freeze promotion while checks and trainings go on", "serving.pause",
                    (_MODEL, _WHY, _BY, ARG_OUTPUT),
                    example="pause flights-late --reason 'holidays'",
                ),
                _command(
                    "resume", "Let promotions happen again", "serving.resume", (_MODEL, _WHY, _BY, ARG_OUTPUT),
                    example="resume flights-late --reason 'back at work'",
                ),
                _command(
                    "selftest", "Drill the triggers of a model", "commands.selftest",
                    (_MODEL, _DAG, _AS_OF, ARG_OUTPUT),
                    more="Shows every trigger of a model a change, at which it must fire, and none, at which "
                    "it must stay quiet. Ends with 1 where one does not. The declaration is that of the last check.",
                ),
                _command(
                    "report", "Fetch the report of a decision as one HTML file", "running.report",
                    (
                        _MODEL,
                        Arg(("--as-of",), help="Of the newest decision within this year, month, day or hour, such as "
                            "2013-06; of the newest of all unless given.", default=None),
                        Arg(("--to",), help="The file to write; named after model and moment unless given.",
                            default=None),
                        ARG_OUTPUT,
                    ),
                    example="report flights-late --as-of 2013-06 --to june.html",
                ),
            ],
        )
    ]  # fmt: skip
