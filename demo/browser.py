"""A headless Chromium, and Airflow's UI in it. As a command: whether there is one."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from demo.stack import Stack

WIDE, PHONE = (1280, 900), (390, 844)
# None of its own services finds anybody to talk to here.
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def installed() -> str | None:
    """Where the system has a Chromium or Chrome."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium or Chrome, else the one that Playwright has installed."""
    found = installed()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_QUIET)
        yield browser
        browser.close()


@contextmanager
def visiting(
    browser: Browser,
    stack: Stack,
    user: str,
    password: str,
    *,
    size: tuple[int, int] = WIDE,
    theme: str = "light",
    expected: str = "never said",
) -> Iterator[Page]:
    """A page of somebody who is logged in; whatever unexpected the console complains of is a failure."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)  # type: ignore[arg-type]
    token = stack.token(user, password)
    context.add_cookies([{"name": "_token", "value": token, "url": stack.airflow_url}])
    context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.set_default_timeout(60_000)
    yield page
    context.close()
    assert [one for one in complaints if expected not in one] == []


if __name__ == "__main__":
    sys.exit(installed() is None)
