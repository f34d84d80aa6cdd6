"""What no page may ever do, whatever it shows."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Dialog, Page, Request

_WATCH_POLICY = """
    document.addEventListener("securitypolicyviolation", (event) => {
      window.policyBroken(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
"""


class PageWatch:
    """Dialogs, requests to other origins, errors, and breaches of the content security policy."""

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        self._ours = ("{0.scheme}://{0.netloc}/".format(urlsplit(url)), "blob:", "data:")
        self._faults: list[str] = []
        page.expose_function("policyBroken", lambda what: self._faults.append(f"policy: {what}"))
        page.add_init_script(_WATCH_POLICY)
        page.on("dialog", self._dialog)
        page.on("request", self._request)
        page.on("pageerror", lambda error: self._faults.append(f"error: {error}"))

    def faults(self) -> list[str]:
        self._page.evaluate("null")  # what it has to say has arrived then
        return list(self._faults)

    def _dialog(self, dialog: Dialog) -> None:
        self._faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self._ours):
            self._faults.append(f"asked: {request.url}")
