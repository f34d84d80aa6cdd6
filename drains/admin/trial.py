"""A test line, as pages show it (dialogs.js, add.js)."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest, JsonResponse

from drains.admin.forms import DrainTrialForm
from drains.display.look import advice
from drains.errors import DrainError
from drains.models import Drain
from drains.trials import try_out


def tried_out(drain: Drain) -> dict[str, object]:
    """What is said, whether it went well, each step, and what helps."""
    try:
        ok, steps = try_out(drain)
    except DrainError as error:
        return {"said": str(error)}
    said = f"A test line of {drain.owner_name} to {drain.host}:{drain.port}"
    helps = "" if ok else advice(steps[-1].detail) if steps else ""
    return {"said": said, "ok": ok, "steps": [asdict(step) for step in steps], "helps": helps}


def tried_before(request: HttpRequest) -> JsonResponse:
    """Of one that is about to be added: its steps, or what is wrong with the form, by field."""
    form = DrainTrialForm(request.POST)
    if form.is_valid():
        return JsonResponse(tried_out(form.instance))
    return JsonResponse({"faults": form.errors}, status=422)
