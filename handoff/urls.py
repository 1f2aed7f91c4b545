from django.urls import path

from handoff.views import acts, autosave, care, drafts, handoffs, lists, manager

app_name = "handoff"

urlpatterns = [
    path("", lists.home, name="home"),
    path("queue/", lists.queue, name="queue"),
    path("late/", manager.late, name="late"),
    path("holding/", manager.holding, name="holding"),
    path("contests/", manager.contests, name="contests"),
    path("team/", manager.team, name="team"),
    path("leads/", lists.leads, name="leads"),
    path("handoffs/", lists.handoffs, name="list"),
    path("handoffs/new/", drafts.new, name="new"),
    path("handoffs/new/save/", autosave.save_new, name="autosave_new"),
    path("handoffs/<int:pk>/", handoffs.detail, name="detail"),
    path("handoffs/<int:pk>/edit/", drafts.edit, name="edit"),
    path("handoffs/<int:pk>/save/", autosave.save, name="autosave"),
    path("handoffs/<int:pk>/submit/", drafts.submit, name="submit"),
    path("handoffs/<int:pk>/accept/", acts.accept, name="accept"),
    path("handoffs/<int:pk>/reject/", acts.reject, name="reject"),
    path("handoffs/<int:pk>/fix/", acts.fix, name="fix"),
    path("handoffs/<int:pk>/concede/", acts.concede, name="concede"),
    path("handoffs/<int:pk>/withdraw/", acts.withdraw, name="withdraw"),
    path("handoffs/<int:pk>/acknowledge/", care.acknowledge, name="acknowledge"),
    path("handoffs/<int:pk>/reassign/", care.reassign, name="reassign"),
    path("handoffs/<int:pk>/extend/", care.extend, name="extend"),
    path("handoffs/<int:pk>/resume/", care.resume, name="resume"),
    path("handoffs/<int:pk>/return/", care.give_back, name="return"),
    path("handoffs/<int:pk>/rule/", care.rule, name="rule"),
]
