"""The pictures of the documentation, taken from the demo as a person would see it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from playwright.sync_api import Page

from demo.browser import chromium, visiting
from demo.stack import Stack
from retrain_plugin.registry.connect import REPORT
from retrain_plugin.registry.record import Decided, decisions

_MODEL = "flights-late-triggered"


def take(stack: Stack, folder: Path) -> None:
    """Write every picture into a folder.

    Raises:
        playwright.sync_api.Error: a page does not show what its picture is about.
    """
    with chromium() as browser:
        airflow = partial(visiting, browser, stack, *stack.login)
        with airflow(size=(1280, 760)) as page:
            page.goto(f"{stack.airflow_url}/dags/flights_periodic")
            page.get_by_role("button", name="Show Graph").click()
            page.get_by_text("promote", exact=True).last.wait_for()
            _shoot(page, folder / "airflow-dag.png")
            page.get_by_role("button", name="Show Grid").click()
            page.goto(f"{stack.airflow_url}/dags/flights_triggered/runs/{_newest(_MODEL, 'kept').tags['dag_run_id']}")
            page.get_by_text("12 Task Instances").wait_for()
            _shoot(page, folder / "airflow-triggered.png")
        with airflow(size=(1280, 400), theme="dark") as page:
            page.goto(f"{stack.airflow_url}/plugin/retraining")
            page.frame_locator("iframe").locator(".card").first.wait_for()
            _shoot(page, folder / "page-models.png")
        with airflow(size=(1280, 1180)) as page:
            page.goto(f"{stack.airflow_url}/plugin/retraining")
            frame = page.frame_locator("iframe")
            frame.get_by_role("link", name=_MODEL, exact=True).click()
            frame.locator("h2:has-text('Versions')").wait_for()
            _shoot(page, folder / "page-model.png")
        for one, name in (
            (_newest("flights-late", "promoted"), "mlflow-gate"),
            (_newest(_MODEL, "kept"), "mlflow-check"),
            (_newest("flights-late-continual", "promoted", decision="update"), "mlflow-update"),
        ):
            page = browser.new_page(viewport={"width": 1200, "height": 1400})
            page.goto(f"{one.url}/artifacts/{REPORT}")
            page.frame_locator("iframe").locator("h1").wait_for(timeout=60_000)
            # MLflow's assistant opens beside everything at the first visit.
            page.get_by_role("button", name="Close", exact=True).click()
            _shoot(page, folder / f"{name}.png")
            page.close()


def _newest(model: str, outcome: str, **tags: str) -> Decided:
    """The newest work of a model that came out so."""
    return next(one for one in decisions(model)[0] if one.outcome == outcome and tags.items() <= one.tags.items())


def _shoot(page: Page, path: Path) -> None:
    # What moves comes to rest.
    page.wait_for_timeout(2500)
    page.screenshot(path=path)
