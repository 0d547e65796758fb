"""``airflow retrain ...``: the commands Airflow's own CLI gets from this package."""

from __future__ import annotations

from airflow.cli.cli_config import ARG_OUTPUT, ActionCommand, Arg, GroupCommand, lazy_load_command

_MODEL = Arg(("model",), help="The model's name.")
_BY = Arg(("--by",), help="Who says so; the user of this shell unless given.", default=None)
_WHY = Arg(("--reason",), help="Why; it goes on record.", required=True)


def _count(text: str) -> int:
    """A number of things, at least one."""
    if (count := int(text)) < 1:
        raise ValueError(text)
    return count


def get_commands() -> list[GroupCommand]:
    """The command group, named by the provider's entry point."""
    return [
        GroupCommand(
            name="retrain",
            help="Look after models that retrain",
            subcommands=[
                ActionCommand(
                    name="selftest",
                    help="Drill the triggers of a model",
                    description="Shows every trigger of a model a change, at which it must fire, and none, at which "
                    "it must stay quiet. Ends with 1 where one does not. The declaration is that of the last check.",
                    func=lazy_load_command("retrain_plugin.airflow.commands.selftest"),
                    args=(
                        _MODEL,
                        Arg(("--dag-id",), help="Of several DAGs of the model, the one whose triggers to drill.",
                            default=None),
                        Arg(("--as-of",), help="The moment, ISO 8601 with a zone; now unless given.", default=None),
                    ),
                ),
                ActionCommand(
                    name="accept",
                    help="Accept the data that a check holds",
                    description="Says, on record, that what a check took for broken data is right: it counts as the "
                    "new normal from that check on. Clear the held DAG run afterwards to decide it anew.",
                    func=lazy_load_command("retrain_plugin.airflow.commands.accept"),
                    args=(
                        _MODEL,
                        Arg(("--reason",), help="Why the data are right.", required=True),
                        _BY,
                    ),
                ),
                ActionCommand(
                    name="status",
                    help="Say who serves and what was decided last",
                    func=lazy_load_command("retrain_plugin.airflow.serving.status"),
                    args=(Arg(("model",), help="The model's name; all of them unless given.", nargs="?"), ARG_OUTPUT),
                ),
                ActionCommand(
                    name="history",
                    help="List the versions of a model, who served when, and why",
                    func=lazy_load_command("retrain_plugin.airflow.serving.history"),
                    args=(
                        _MODEL,
                        Arg(("--limit",), help="At most so many, the newest; 50 unless given.", type=_count,
                            default=50),
                        ARG_OUTPUT,
                    ),
                ),
                ActionCommand(
                    name="rollback",
                    help="Let a former champion serve again",
                    description="Retires, as of now, the champion and whatever served after the one that is to serve: "
                    "the one before it unless given. A retry of the work that made them does not bring them back.",
                    func=lazy_load_command("retrain_plugin.airflow.serving.rollback"),
                    args=(_MODEL, Arg(("--to",), help="The version to return to.", type=int, default=None), _WHY, _BY),
                ),
                ActionCommand(
                    name="promote",
                    help="Let any version serve",
                    description="From now on, whatever the gate said. One that served before is copied as a new "
                    "version, so that the history stays what it was.",
                    func=lazy_load_command("retrain_plugin.airflow.serving.promote"),
                    args=(_MODEL, Arg(("version",), help="Its number.", type=int), _WHY, _BY),
                ),
                ActionCommand(
                    name="pause",
                    help="Freeze promotion while checks and trainings go on",
                    func=lazy_load_command("retrain_plugin.airflow.serving.pause"),
                    args=(_MODEL, _WHY, _BY),
                ),
                ActionCommand(
                    name="resume",
                    help="Let promotions happen again",
                    func=lazy_load_command("retrain_plugin.airflow.serving.resume"),
                    args=(_MODEL,),
                ),
            ],
        )
    ]  # fmt: skip
