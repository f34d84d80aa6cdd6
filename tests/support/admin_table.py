"""THE TABLE of the admin: each of its views and actions, and what each kind of user gets there."""

from __future__ import annotations

from typing import NamedTuple

CAST = ("stranger", "outsider", "none", "view", "change", "add", "delete", "super")
"""Nobody who has logged in; one who is no staff; staff with no permission, and with those of one
kind for everything; a superuser."""


class Row(NamedTuple):
    name: str
    """Of its route; where it has none, the route."""
    method: str
    codes: tuple[int, ...]
    """By CAST."""
    action: str = ""
    """Of a list's rows."""


_TABLE = """
route                                     method action            as CAST has them

index                                     GET    -                 302 302 200 200 200 200 200 200
search                                    GET    -                 302 302 200 200 200 200 200 200
login                                     GET    -                 200 200 302 302 302 302 302 302
logout                                    GET    -                 302 302 405 405 405 405 405 405
logout                                    POST   -                 302 302 200 200 200 200 200 200
password_change                           GET    -                 302 302 200 200 200 200 200 200
password_change_done                      GET    -                 302 302 200 200 200 200 200 200
autocomplete                              GET    -                 302 302 403 403 403 403 403 403
jsi18n                                    GET    -                 302 302 200 200 200 200 200 200
view_on_site                              GET    -                 302 302 404 404 404 404 404 404
app_list                                  GET    -                 302 302 404 200 200 200 200 200
(?P<url>.*)$                              GET    -                 302 302 404 404 404 404 404 404
overview_parts                            GET    -                 302 302 403 200 200 403 403 200
overview_act                              GET    -                 405 405 405 405 405 405 405 405
overview_act                              POST   -                 302 302 403 403 200 403 403 200

drains_drain_changelist                   GET    -                 302 302 403 200 200 403 403 200
drains_drain_changelist                   POST   pause             302 302 403 403 302 403 403 302
drains_drain_changelist                   POST   resume            302 302 403 403 302 403 403 302
drains_drain_changelist                   POST   try_now           302 302 403 403 302 403 403 302
drains_drain_changelist                   POST   test              302 302 403 403 302 403 403 302
drains_drain_changelist                   POST   send_again        302 302 403 403 200 403 403 200
drains_drain_changelist                   POST   delete_selected   302 302 403 403 403 403 403 302
drains_drain_add                          GET    -                 302 302 403 403 403 200 403 200
drains_drain_add                          POST   -                 302 302 403 403 403 302 403 302
drains_drain_trial                        GET    -                 302 302 405 405 405 405 405 405
drains_drain_trial                        POST   -                 302 302 403 403 403 200 403 200
drains_drain_parts                        GET    -                 302 302 403 200 200 403 403 200
drains_drain_act                          GET    -                 302 302 405 405 405 405 405 405
drains_drain_act                          POST   -                 302 302 403 403 200 403 403 200
drains_drain_history                      GET    -                 302 302 403 200 200 403 403 200
drains_drain_change                       GET    -                 302 302 403 200 200 403 403 200
drains_drain_change                       POST   -                 302 302 403 403 302 403 403 302
drains_drain_delete                       GET    -                 302 302 403 403 403 403 200 200
drains_drain_delete                       POST   -                 302 302 403 403 403 403 302 302
drains/drain/<path:object_id>/            GET    -                 302 302 302 302 302 302 302 302

shuttle_worker_changelist                 GET    -                 302 302 403 200 200 403 403 200
shuttle_worker_add                        GET    -                 302 302 403 403 403 403 403 403
shuttle_worker_history                    GET    -                 302 302 403 200 200 403 403 200
shuttle_worker_change                     GET    -                 302 302 403 200 200 403 403 200
shuttle_worker_change                     POST   -                 302 302 403 403 403 403 403 403
shuttle_worker_delete                     POST   -                 302 302 403 403 403 403 403 403
shuttle/worker/<path:object_id>/          GET    -                 302 302 302 302 302 302 302 302

shuttle_malformedsample_changelist        GET    -                 302 302 403 200 200 403 403 200
shuttle_malformedsample_add               GET    -                 302 302 403 403 403 403 403 403
shuttle_malformedsample_history           GET    -                 302 302 403 200 200 403 403 200
shuttle_malformedsample_change            GET    -                 302 302 403 200 200 403 403 200
shuttle_malformedsample_change            POST   -                 302 302 403 403 403 403 403 403
shuttle_malformedsample_delete            POST   -                 302 302 403 403 403 403 403 403
shuttle/malformedsample/<path:object_id>/ GET    -                 302 302 302 302 302 302 302 302

sessions_app_tailsession_changelist       GET    -                 302 302 403 200 200 403 403 200
sessions_app_tailsession_changelist       POST   revoke            302 302 403 403 302 403 403 302
sessions_app_tailsession_add              GET    -                 302 302 403 403 403 200 403 200
sessions_app_tailsession_add              POST   -                 302 302 403 403 403 302 403 302
sessions_app_tailsession_again            GET    -                 302 302 403 403 403 200 403 200
sessions_app_tailsession_again            POST   -                 302 302 403 403 403 404 403 404
sessions_app_tailsession_history          GET    -                 302 302 403 200 200 403 403 200
sessions_app_tailsession_change           GET    -                 302 302 403 200 200 403 403 200
sessions_app_tailsession_change           POST   -                 302 302 403 403 403 403 403 403
sessions_app_tailsession_delete           POST   -                 302 302 403 403 403 403 403 403
sessions_app/tailsession/<path:object_id>/ GET   -                 302 302 302 302 302 302 302 302

notifications_recipient_changelist        GET    -                 302 302 403 200 200 403 403 200
notifications_recipient_changelist        POST   send_test         302 302 403 403 302 403 403 302
notifications_recipient_changelist        POST   delete_selected   302 302 403 403 403 403 403 302
notifications_recipient_add               GET    -                 302 302 403 403 403 200 403 200
notifications_recipient_add               POST   -                 302 302 403 403 403 302 403 302
notifications_recipient_test              GET    -                 302 302 405 405 405 405 405 405
notifications_recipient_test              POST   -                 302 302 403 403 302 403 403 302
notifications_recipient_secret            GET    -                 302 302 405 405 405 405 405 405
notifications_recipient_secret            POST   -                 302 302 403 403 302 403 403 302
notifications_recipient_history           GET    -                 302 302 403 200 200 403 403 200
notifications_recipient_change            GET    -                 302 302 403 200 200 403 403 200
notifications_recipient_change            POST   -                 302 302 403 403 302 403 403 302
notifications_recipient_delete            GET    -                 302 302 403 403 403 403 200 200
notifications_recipient_delete            POST   -                 302 302 403 403 403 403 302 302
notifications/recipient/<path:object_id>/ GET    -                 302 302 302 302 302 302 302 302

notifications_message_changelist          GET    -                 302 302 403 200 200 403 403 200
notifications_message_changelist          POST   try_again         302 302 403 403 302 403 403 302
notifications_message_changelist          POST   delete_selected   302 302 403 403 403 403 403 403
notifications_message_add                 GET    -                 302 302 403 403 403 403 403 403
notifications_message_history             GET    -                 302 302 403 200 200 403 403 200
notifications_message_change              GET    -                 302 302 403 200 200 403 403 200
notifications_message_change              POST   -                 302 302 403 403 403 403 403 403
notifications_message_delete              POST   -                 302 302 403 403 403 403 403 403
notifications/message/<path:object_id>/   GET    -                 302 302 302 302 302 302 302 302

access_apikey_changelist                  GET    -                 302 302 403 200 200 403 403 200
access_apikey_add                         GET    -                 302 302 403 403 403 200 403 200
access_apikey_add                         POST   -                 302 302 403 403 403 200 403 200
access_apikey_rotate                      GET    -                 302 302 403 403 403 403 403 200
access_apikey_rotate                      POST   -                 302 302 403 403 403 403 403 200
access_apikey_revoke                      GET    -                 302 302 403 403 405 403 403 405
access_apikey_revoke                      POST   -                 302 302 403 403 302 403 403 302
access_apikey_history                     GET    -                 302 302 403 200 200 403 403 200
access_apikey_change                      GET    -                 302 302 403 200 200 403 403 200
access_apikey_change                      POST   -                 302 302 403 403 403 403 403 403
access_apikey_delete                      POST   -                 302 302 403 403 403 403 403 403
access/apikey/<path:object_id>/           GET    -                 302 302 302 302 302 302 302 302

audit_entry_changelist                    GET    -                 302 302 403 200 403 403 403 200
audit_entry_export                        GET    -                 302 302 403 200 403 403 403 200
audit_entry_add                           GET    -                 302 302 403 403 403 403 403 403
audit_entry_history                       GET    -                 302 302 403 200 403 403 403 200
audit_entry_change                        GET    -                 302 302 403 200 403 403 403 200
audit_entry_change                        POST   -                 302 302 403 403 403 403 403 403
audit_entry_delete                        POST   -                 302 302 403 403 403 403 403 403
audit/entry/<path:object_id>/             GET    -                 302 302 302 302 302 302 302 302

auth_user_changelist                      GET    -                 302 302 403 200 200 403 403 200
auth_user_changelist                      POST   delete_selected   302 302 403 200 200 403 403 302
auth_user_add                             GET    -                 302 302 403 403 403 403 403 200
auth_user_password_change                 GET    -                 302 302 403 403 200 403 403 200
auth_user_history                         GET    -                 302 302 403 200 200 403 403 200
auth_user_change                          GET    -                 302 302 403 200 200 403 403 200
auth_user_change                          POST   -                 302 302 403 403 302 403 403 302
auth_user_delete                          GET    -                 302 302 403 403 403 403 200 200
auth_user_delete                          POST   -                 302 302 403 403 403 403 302 302
auth/user/<path:object_id>/               GET    -                 302 302 302 302 302 302 302 302

auth_group_changelist                     GET    -                 302 302 403 200 200 403 403 200
auth_group_changelist                     POST   delete_selected   302 302 403 200 200 403 403 302
auth_group_add                            GET    -                 302 302 403 403 403 200 403 200
auth_group_history                        GET    -                 302 302 403 200 200 403 403 200
auth_group_change                         GET    -                 302 302 403 200 200 403 403 200
auth_group_change                         POST   -                 302 302 403 403 302 403 403 302
auth_group_delete                         GET    -                 302 302 403 403 403 403 200 200
auth_group_delete                         POST   -                 302 302 403 403 403 403 302 302
auth/group/<path:object_id>/              GET    -                 302 302 302 302 302 302 302 302
"""


def _row(line: str) -> Row:
    name, method, action, *codes = line.split()
    return Row(name, method, tuple(map(int, codes)), action.strip("-"))


TABLE = [_row(line) for line in _TABLE.strip().splitlines()[1:] if line]
