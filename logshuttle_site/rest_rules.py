"""Settings of Django REST framework and drf-spectacular; settings.py takes them as they stand
here."""

from __future__ import annotations

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["logshuttle_site.access.authentication.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["logshuttle_site.access.permissions.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["logshuttle_site.parsers.AnyTypeIsJson"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "logshuttle_site.parsers.AnswersAreJson",
    "DEFAULT_THROTTLE_CLASSES": ["logshuttle_site.throttles.SessionThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "logshuttle_site.openapi.document.Described",
    "EXCEPTION_HANDLER": "logshuttle_site.errors.problem_response",
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Log shuttle",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": """\
Every log line of an app, or of a site, to the drains that its owner adds, and live to whoever has \
the URL of a log session.

**Keys.** Send your key as `Authorization: <key>`, or as `Bearer <key>`. What a key does not reach \
is not there for it (404); what its scopes do not allow is a 403 that names the scope.

**Bodies** are JSON objects of 256 KiB at most, whatever their Content-Type says. A name that \
stands twice is a 400; a member that nobody knows is a 422 with the nearest that is known. What an \
answer shows can be sent back: members that only answers have are passed over.

**Errors** are problem details (RFC 9457), with `message` beside `detail`: the same sentence. \
Before any route looks at a request it may be a 408 (too slow), 413 (too large), 429 or 503 (too \
much at a time), 431 (headers) or 501 (a method that nobody knows). Every answer of a route has an \
`X-Request-Id`: yours, if it is 8 to 64 letters, digits and hyphens.

**Limits.** 429 says with `Retry-After` when to come again. By default an address has 60 requests \
a minute without a key that is known, an API key 600 a minute, and 30 log sessions.

**Changes.** `ETag` is the tag of a drain's settings, not of how it is doing. With `If-Match` a \
change is made only if they are still those; otherwise a 412 names in `changed` what is another by \
now.

A final slash is taken on every route.
""",
    "TAGS": [
        {"name": "Drains of an app", "description": "An app is written `app-space`."},
        {"name": "Drains of a site", "description": "A site is a host's name."},
        {"name": "Log sessions", "description": "Live tails: opened with a key, read without."},
        {"name": "Events", "description": "Lines of one's own."},
        {"name": "Operators", "description": "All drains, and whether lines flow."},
        {"name": "Probes", "description": "Open, without any data."},
        {"name": "This description", "description": "Open."},
    ],
    # Who may what is said in document.py: it is the same for all routes but those that are open.
    "AUTHENTICATION_WHITELIST": [],
    "GET_MOCK_REQUEST": "logshuttle_site.openapi.document.no_request",
    "POSTPROCESSING_HOOKS": ["logshuttle_site.openapi.document.complete"],
    "SORT_OPERATION_PARAMETERS": False,
}
