"""Who may do what: the answer of every address, for every role, in every relation to the row.

Read a line as: this method on this address, on a row of this kind (made in `worlds.py`), answers
so. 302 is done, or go on there; 200 a page; 422 and 400 a form to be mended; 409 somebody was
first; 403 a function that is not theirs; 404 a row that does not exist for them; `login` a
redirect to the sign-in page, which is also what everybody gets who is not signed in or is active
no longer, unless the table has columns for them.

Relations: own - I handed it over or hold it; past - I held it; team - a colleague's, for a manager
somebody's whom they manage; other - another team's, whose rows must not even be suspected.

Method by method: what is not listed must answer 405. Row by row: what is absent answers as `other`
does, to the last letter; to an admin 404. A new address needs a line here, a new dialog of an
admin page one word in `ADMIN`. What is sent by POST stands in `BODIES`; else the form is empty.
"""

import uuid

from tests.db.authz.cases import Table, all_cases, read

PUBLIC = """
what                    on         | anonymous | inactive | sdr | ae  | manager | admin
GET  healthz                       | 200       | 200      | 200 | 200 | 200     | 200
GET  readyz                        | 200       | 200      | 200 | 200 | 200     | 200
GET  accounts:login                | 200       | 200      | 302 | 302 | 302     | 302
POST accounts:login                | 200       | 200      | 302 | 302 | 302     | 302
POST accounts:logout               | login     | login    | login | login | login | login
GET  accounts:welcome   invitation | 200       | 200      | 200 | 200 | 200     | 200
POST accounts:welcome   invitation | 422       | 422      | 422 | 422 | 422     | 422
GET  admin:login                   | login     | login    | login | login | login | login
POST admin:logout                  | 302       | 302      | 200 | 200 | 200     | 200
"""

# Pages without a row: each shows to its reader what the reader may see.
PAGES = """
what                                           | sdr | ae  | manager | admin
GET  handoff:home                              | 302 | 302 | 302     | 302
GET  handoff:queue                             | 200 | 200 | 200     | 200
GET  handoff:list                              | 200 | 200 | 200     | 200
GET  handoff:leads                             | 200 | 200 | 200     | 200
GET  handoff:late                              | 403 | 403 | 200     | 200
GET  handoff:holding                           | 403 | 403 | 200     | 200
GET  handoff:stuck                             | 403 | 200 | 200     | 200
GET  handoff:contests                          | 403 | 403 | 200     | 200
GET  handoff:team                              | 403 | 403 | 200     | 200
GET  handoff:try                               | 403 | 403 | 200     | 200
GET  handoff:shares                            | 403 | 403 | 200     | 200
GET  handoff:shares_csv                        | 403 | 403 | 200     | 200
GET  handoff:my_share                          | 403 | 200 | 200     | 200
GET  handoff:picking                           | 403 | 403 | 200     | 200
GET  handoff:transfers                         | 403 | 403 | 200     | 200
GET  handoff:new                               | 200 | 403 | 403     | 200
POST handoff:new                               | 302 | 403 | 403     | 302
POST handoff:autosave_new                      | 200 | 403 | 403     | 200
GET  handoff:bulk                              | 200 | 403 | 200     | 200
POST handoff:bulk                              | 302 | 403 | 302     | 302
POST handoff:bulk_run                          | 302 | 403 | 302     | 302
GET  notify:inbox                              | 200 | 200 | 200     | 200
# Nobody's but one's own: no address of these names anybody.
GET  notify:settings                           | 200 | 200 | 200     | 200
POST notify:settings                           | 302 | 302 | 302     | 302
POST notify:slack                              | 422 | 422 | 422     | 422
POST notify:slack_remove                       | 302 | 302 | 302     | 302
POST notify:test                               | 302 | 302 | 302     | 302
GET  accounts:time_off                         | 200 | 200 | 200     | 200
GET  accounts:password                         | 200 | 200 | 200     | 200
POST accounts:password                         | 422 | 422 | 422     | 422
GET  review:week                               | 200 | 200 | 200     | 200
GET  review:week(label)                 week   | 200 | 200 | 200     | 200
GET  review:counted                            | 200 | 200 | 200     | 200
GET  review:history                            | 403 | 403 | 200     | 200
GET  review:actions                            | 200 | 200 | 200     | 200
GET  review:meeting                     week   | 403 | 403 | 200     | 200
# Of everybody an admin only, and the week is running.
POST review:meeting                     week   | 403 | 403 | 404     | 409
GET  review:rows                        metric | 200 | 200 | 200     | 200
GET  review:rows_csv                    metric | 200 | 200 | 200     | 200
GET  admin:handoff_company_changelist?p=1      | 403 | 403 | 200     | 200
# The form of a type is an admin's to edit.
GET  handoff:form_edit     handoff_handofftype | 403 | 403 | 403     | 200
POST handoff:form_edit     handoff_handofftype | 403 | 403 | 403     | 200
# How Handoff itself runs; to try again what was never set aside is refused.
GET  health                                    | 403 | 403 | 403     | 200
POST health_retry               sla_escalation | 403 | 403 | 403     | 409
POST health_release                            | 403 | 403 | 403     | 409
# What the admin brings along and nobody needs.
GET  admin:index                               | 302 | 302 | 302     | 302
GET  admin:app_list                     app    | 302 | 302 | 302     | 302
GET  admin:search                              | 404 | 404 | 404     | 404
GET  admin:password_change                     | 404 | 404 | 404     | 404
GET  admin:password_change_done                | 404 | 404 | 404     | 404
GET  admin:jsi18n                              | 200 | 200 | 200     | 200
GET  admin:view_on_site                 object | 404 | 404 | 404     | 404
GET  admin:autocomplete                        | 403 | 403 | 403     | 403
GET  admin:autocomplete?app_label=accounts&model_name=membership&field_name=user | 403 | 403 | 403 | 200
GET  admin:*                                   | 404 | 404 | 404     | 404
"""  # noqa: E501  # a table

HANDOFFS = """
what                       on       | sdr: own team other | ae: own past team other | manager: team other | admin
GET  handoff:detail        draft    | 200 404 404 | -   -   404 404 | 200 404 | 200
GET  handoff:detail        holding  | 200 404 404 | -   -   404 404 | 200 404 | 200
GET  handoff:detail        pending  | 200 404 404 | 200 200 404 404 | 200 404 | 200
GET  handoff:deadline      clock    | 200 404 404 | 200 200 404 404 | 200 404 | 200
GET  handoff:detail        accepted | 200 404 404 | 200 200 404 404 | 200 404 | 200
GET  handoff:detail        rejected | 200 404 404 | 200 -   404 404 | 200 404 | 200
GET  handoff:detail       contested | 200 404 404 | 200 -   404 404 | 200 404 | 200
GET  handoff:detail        closed   | 200 404 404 | 200 -   404 404 | 200 404 | 200

# To write: the submitter, a manager of theirs, an admin.
GET  handoff:new?lead={pk} lead     | 200 404 404 | 403 403 403 403 | 403 403 | 200
GET  handoff:edit          draft    | 200 404 404 | -   -   404 404 | 200 404 | 200
POST handoff:edit          draft    | 302 404 404 | -   -   404 404 | 302 404 | 302
GET  handoff:edit          pending  | 302 404 404 | 403 403 404 404 | 302 404 | 302
POST handoff:edit          pending  | 409 404 404 | 403 403 404 404 | 409 404 | 409
POST handoff:autosave      draft    | 200 404 404 | -   -   404 404 | 200 404 | 200
POST handoff:autosave      pending  | 409 404 404 | 403 403 404 404 | 409 404 | 409
POST handoff:submit        draft    | 302 404 404 | -   -   404 404 | 302 404 | 302
POST handoff:submit        pending  | 409 404 404 | 403 403 404 404 | 409 404 | 409
GET  handoff:introduce     draft    | 200 404 404 | -   -   404 404 | 200 404 | 200
POST handoff:introduce     draft    | 302 404 404 | -   -   404 404 | 302 404 | 302
GET  handoff:introduce     pending  | 409 404 404 | 403 403 404 404 | 409 404 | 409

# To ask who would get it: who may hand it off, though only for the managers and admins all of it.
GET  handoff:try?handoff={pk} draft   | 200 404 404 | -   -   404 404 | 200 404 | 200
GET  handoff:try?handoff={pk} pending | 200 404 404 | 403 403 404 404 | 200 404 | 200
GET  handoff:try?lead={pk}    lead    | 403 403 403 | 403 403 403 403 | 200 404 | 200

# To decide: the receiver, or a manager on their behalf; never an admin.
POST handoff:accept        pending  | 403 404 404 | 302 409 404 404 | 302 404 | 403
POST handoff:accept        accepted | 403 404 404 | 409 409 404 404 | 409 404 | 403
GET  handoff:reject        pending  | 403 404 404 | 200 409 404 404 | 200 404 | 403
POST handoff:reject        pending  | 403 404 404 | 302 409 404 404 | 302 404 | 403
GET  handoff:reject        accepted | 403 404 404 | 409 409 404 404 | 409 404 | 403

# To take care of what goes wrong: a manager of theirs, or an admin.
GET  handoff:acknowledge    pending  | 403 404 404 | 403 403 404 404 | 409 404 | 409
POST handoff:acknowledge    pending  | 403 404 404 | 403 403 404 404 | 409 404 | 409
GET  handoff:reassign       pending  | 403 404 404 | 403 403 404 404 | 200 404 | 200
POST handoff:reassign       pending  | 403 404 404 | 403 403 404 404 | 422 404 | 422
GET  handoff:extend         pending  | 403 404 404 | 403 403 404 404 | 200 404 | 200
POST handoff:extend         pending  | 403 404 404 | 403 403 404 404 | 422 404 | 422
GET  handoff:return         pending  | 403 404 404 | 200 409 404 404 | 200 404 | 200
POST handoff:return         pending  | 403 404 404 | 422 409 404 404 | 422 404 | 422
POST handoff:resume         pending  | 403 404 404 | 403 403 404 404 | 302 404 | 302
GET  handoff:rule           rejected | 403 404 404 | 403 -   404 404 | 409 404 | 409
POST handoff:rule           rejected | 403 404 404 | 403 -   404 404 | 409 404 | 409
GET  handoff:rule          contested | 403 404 404 | 403 -   404 404 | 200 404 | 200
POST handoff:rule          contested | 403 404 404 | 403 -   404 404 | 422 404 | 422

# To be in contact and to close: who has it, or a manager for them; to close also an admin.
GET  handoff:touch       pending  | 403 404 404 | 200 200 404 404 | 200 404 | 403
POST handoff:touch       pending  | 403 404 404 | 422 422 404 404 | 422 404 | 403
POST handoff:touch_check pending  | 403 404 404 | 200 200 404 404 | 200 404 | 403
GET  handoff:next_step   accepted | 403 404 404 | 200 409 404 404 | 200 404 | 403
POST handoff:next_step   accepted | 403 404 404 | 422 409 404 404 | 422 404 | 403
# Of a meeting tells its submitter too.
GET  handoff:meeting     meeting  | 200 404 404 | 200 -   404 404 | 200 404 | 403
POST handoff:meeting     meeting  | 422 404 404 | 422 -   404 404 | 422 404 | 403
GET  handoff:convert     accepted | 403 404 404 | 200 409 404 404 | 200 404 | 403
POST handoff:convert     accepted | 403 404 404 | 302 409 404 404 | 302 404 | 403
GET  handoff:convert     pending  | 403 404 404 | 409 409 404 404 | 409 404 | 403
GET  handoff:outcome     closed   | 403 404 404 | 409 -   404 404 | 409 404 | 409
POST handoff:outcome     closed   | 403 404 404 | 409 -   404 404 | 409 404 | 409
GET  handoff:disqualify  pending  | 403 404 404 | 200 409 404 404 | 200 404 | 200
POST handoff:disqualify  pending  | 403 404 404 | 422 409 404 404 | 422 404 | 422
GET  handoff:nurture     pending  | 403 404 404 | 200 409 404 404 | 200 404 | 200
POST handoff:nurture     pending  | 403 404 404 | 302 409 404 404 | 302 404 | 302
GET  handoff:merge       pending  | 403 404 404 | 200 409 404 404 | 200 404 | 200
POST handoff:merge       pending  | 403 404 404 | 422 409 404 404 | 422 404 | 422

# To answer a rejection, or take back what is not accepted yet: the submitter's side.
POST handoff:fix           rejected | 302 404 404 | 403 -   404 404 | 302 404 | 302
GET  handoff:concede       rejected | 200 404 404 | 403 -   404 404 | 200 404 | 200
POST handoff:concede       rejected | 302 404 404 | 403 -   404 404 | 302 404 | 302
GET  handoff:contest       rejected | 200 404 404 | 403 -   404 404 | 403 404 | 403
POST handoff:contest       rejected | 422 404 404 | 403 -   404 404 | 403 404 | 403
# A contest locks them all until its ruling.
POST handoff:fix          contested | 409 404 404 | 403 -   404 404 | 409 404 | 409
GET  handoff:concede      contested | 409 404 404 | 403 -   404 404 | 409 404 | 409
POST handoff:concede      contested | 409 404 404 | 403 -   404 404 | 409 404 | 409
GET  handoff:contest      contested | 409 404 404 | 403 -   404 404 | 403 404 | 403
POST handoff:contest      contested | 409 404 404 | 403 -   404 404 | 403 404 | 403
GET  handoff:withdraw      pending  | 200 404 404 | 403 403 404 404 | 200 404 | 200
POST handoff:withdraw      pending  | 302 404 404 | 403 403 404 404 | 302 404 | 302
POST handoff:withdraw      draft    | 302 404 404 | -   -   404 404 | 302 404 | 302
POST handoff:withdraw      accepted | 409 404 404 | 403 403 404 404 | 409 404 | 409
"""  # noqa: E501  # a table

# Everybody their own hours; a manager those of the team, an admin everybody's.
PEOPLE = """
what                        on      | sdr: own team other | ae: own team other | manager: own team other | admin
GET  accounts:time_off_add    person | 200 404 404 | 200 404 404 | 200 200 404 | 200
POST accounts:time_off_add    person | 422 404 404 | 422 404 404 | 422 422 404 | 422
POST accounts:time_off_remove away   | 302 404 404 | 302 404 404 | 302 302 404 | 302
GET  accounts:pause           person | 200 404 404 | 200 404 404 | 200 200 404 | 200
POST accounts:pause           person | 302 404 404 | 302 404 404 | 302 302 404 | 302
POST accounts:resume          person | 302 404 404 | 302 404 404 | 302 302 404 | 302
GET  handoff:backup           member | 404 -   404 | 200 -   404 | 200 -   404 | 200
POST handoff:backup           member | 404 -   404 | 302 -   404 | 302 -   404 | 302
GET  handoff:offboard         person | 403 403 403 | 403 403 403 | 403 403 403 | 200
POST handoff:offboard         person | 403 403 403 | 403 403 403 | 403 403 403 | 422
GET  accounts:hours           person | 200 404 404 | 200 404 404 | 200 200 404 | 200
POST accounts:hours           person | 302 404 404 | 302 404 404 | 302 302 404 | 302
# What an AE got: their own, for a manager their people's and those of their pools.
GET  handoff:share            person | 403 403 403 | 200 404 404 | 200 200 404 | 200
GET  handoff:share_csv        person | 403 403 403 | 200 404 404 | 200 200 404 | 200
GET  handoff:picked           person | 403 403 403 | 403 403 403 | 200 200 404 | 200
# Somebody else's message is passed over in silence, as one that is not there.
POST notify:read              message | 302 302 302 | 302 302 302 | 302 302 302 | 302
"""  # noqa: E501  # a table

# Everybody reads the pools; the manager of one keeps up its members.
POOLS = """
what                                on     | sdr | ae  | manager: own other | admin
GET  admin:routing_pool_new                | 403 | 403 | 403 403 | 200
POST admin:routing_pool_new                | 403 | 403 | 403 403 | 422
GET  admin:routing_pool_edit        pool   | 403 | 403 | 403 403 | 200
POST admin:routing_pool_edit        pool   | 403 | 403 | 403 403 | 422
GET  admin:routing_pool_member      pool   | 403 | 403 | 200 403 | 200
POST admin:routing_pool_member      pool   | 403 | 403 | 422 403 | 422
GET  admin:routing_member_edit      member | 403 | 403 | 200 403 | 200
POST admin:routing_member_edit      member | 403 | 403 | 422 403 | 422
GET  admin:routing_member_capacity  member | 403 | 403 | 200 403 | 200
POST admin:routing_member_capacity  member | 403 | 403 | 302 403 | 302
GET  admin:routing_member_skills    member | 403 | 403 | 200 403 | 200
POST admin:routing_member_skills    member | 403 | 403 | 302 403 | 302
GET  admin:routing_member_backup    member | 403 | 403 | 200 403 | 200
POST admin:routing_member_backup    member | 403 | 403 | 302 403 | 302
"""

# A manager knows the companies of the leads that they may read.
COMPANIES = """
what                                      on              | sdr | ae  | manager: any other | admin
GET  admin:handoff_company_change         handoff_company | 403 | 403 | 200 404            | 200
GET  admin:handoff_company_history        handoff_company | 403 | 403 | 200 404            | 200
GET  admin:handoff_company_owner          handoff_company | 403 | 403 | 200 404            | 200
POST admin:handoff_company_owner          handoff_company | 403 | 403 | 302 404            | 302
"""

# The review of a team is its managers'; an action item also whoever's who has taken it on.
REVIEWS = """
what                       on     | sdr | ae: own other | manager: team other | admin
GET  review:record         review | 403 | 403 403       | 200 404             | 200
POST review:notes          review | 403 | 403 403       | 422 404             | 422
GET  review:miss           miss   | 403 | 403 403       | 200 404             | 200
POST review:miss           miss   | 403 | 403 403       | 422 404             | 422
GET  review:action_add     review | 403 | 403 403       | 200 404             | 200
POST review:action_add     review | 403 | 403 403       | 422 404             | 422
GET  review:close          review | 403 | 403 403       | 200 404             | 200
POST review:close          review | 403 | 403 403       | 302 404             | 302
GET  review:action         action | 404 | 200 404       | 200 404             | 200
POST review:action         action | 404 | 403 404       | 422 404             | 422
POST review:action_close   action | 404 | 302 404       | 302 404             | 302
POST review:action_reopen  action | 404 | 409 404       | 409 404             | 409
"""

ALL = "sdr ae manager admin"
ADMIN = [
    # Configuration: read by all, kept up by an admin.
    Table("accounts_organisation", ALL, "admin", "edit:422"),
    Table(
        "worktime_calendar",
        ALL,
        "admin",
        "edit:422 rename:422 retire:302 offer:409",
        "new:422",
        has_past=False,
    ),
    Table(
        "sla_policyversion",
        ALL,
        "admin",
        # The default is replaced, never retired.
        "edit:422 retire:400 publish:422 discard:422",
        "preset:422 new:422 retime:422",
        has_past=False,
    ),
    Table("routing_pool", ALL),
    Table("routing_member", ALL),
    Table(
        "routing_ruleset",
        ALL,
        "admin",
        "back:422",
        "edit:422 publish:422 discard:422 review:422",
        has_past=False,
    ),
    Table("handoff_handofftype", ALL, "admin", "edit:422", "new:422"),
    Table("handoff_field", ALL, "admin", "edit:422 retire:302 restore:302", "new:422"),
    Table("handoff_formversion", ALL, has_past=False),
    # People: an admin's.
    Table("accounts_user", "admin", "admin", "edit:422 invite:302", "new:422"),
    Table("accounts_team", "admin", "admin", "edit:422 member:422", "new:422"),
    Table("accounts_membership", "admin", "admin", "edit:302 remove:302"),
    # Ledgers: read by an admin, written by the product.
    # It tells of everybody's load: for whoever publishes rules.
    Table("routing_impactreview", "admin", has_past=False),
    Table("routing_turn", "admin", has_past=False),
    Table("handoff_event", "admin", has_past=False),
    Table("notify_message", "admin", "admin", "retry:409", has_past=False),
    Table(
        "notify_destination",
        "admin",
        "admin",
        "test:302 replace:422 remove:302",
        "new:422",
        has_past=False,
    ),
    Table("sla_escalation", "admin", has_past=False),
    Table("handoff_transfer", "admin", has_past=False),
    Table("handoff_touch", "admin", has_past=False),
    Table("handoff_meeting", "admin", has_past=False),
    Table("core_heartbeat", "admin", has_past=False),
]

NEW = {
    "submission_uuid": str(uuid.UUID(int=7)),
    "type": "qualified_lead",
    "temperature": "warm",
    "company.name": "Somebody GmbH",
    "contact.last_name": "Somebody",
}
VERSIONED = (
    "touch",
    "touch_check",
    "next_step",
    "meeting",
    "introduce",
    "convert",
    "outcome",
    "disqualify",
    "nurture",
    "merge",
    "contest",
    "acknowledge",
    "reassign",
    "extend",
    "return",
    "rule",
)
REVIEWED = ("close", "action_close", "action_reopen")
EDITED = {"version": "{version}", "temperature": "warm", "company.name": "Other GmbH"}
BODIES = {
    "accounts:login": {"username": "nobody@people.example", "password": "wrong"},
    "accounts:password": {"old": "wrong"},
    "accounts:welcome": {"password": "short"},
    "handoff:new": NEW,
    "handoff:autosave_new": NEW,
    "handoff:edit": EDITED,
    "handoff:autosave": EDITED,
    "handoff:submit": {"version": "{version}"},
    "handoff:accept": {"version": "{version}"},
    "handoff:reject": {"version": "{version}", "reason": "no_real_interest", "note": "None."},
    "handoff:fix": {"version": "{version}"},
    "handoff:concede": {"version": "{version}", "to": "conceded"},
    "handoff:withdraw": {"version": "{version}"},
    **{f"handoff:{name}": {"version": "{version}"} for name in VERSIONED},
    "handoff:resume": {"version": "{version}", "kind": "contact"},
    "notify:read": {"message": "{pk}"},
    "review:meeting": {"scope": "all"},
    **{f"review:{name}": {"version": "{version}"} for name in REVIEWED},
}

CASES = all_cases(
    *map(read, (PUBLIC, PAGES, HANDOFFS, PEOPLE, POOLS, COMPANIES, REVIEWS)),
    *(table.cases() for table in ADMIN),
)

# Who may know of every row of a kind, whoever may change it: absent answers 404 to them.
KNOWN = {"pool": ALL, "member": ALL, "message": "", **{one.name: one.read for one in ADMIN}}


def knows(role: str, kind: str) -> bool:
    return role in KNOWN.get(kind, "admin").split()
