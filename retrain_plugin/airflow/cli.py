"""``airflow retrain ...``: the commands Airflow's own CLI gets from this package."""

from __future__ import annotations

from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand, lazy_load_command

_MODEL = Arg(("model",), help="The model's name.")


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
                        Arg(("--by",), help="Who says so; the user of this shell unless given.", default=None),
                    ),
                ),
            ],
        )
    ]  # fmt: skip
