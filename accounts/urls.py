from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("login/", views.SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(next_page="accounts:login"), name="logout"),
    path("password/", views.password, name="password"),
    path("welcome/<str:uid>/<str:token>/", views.welcome, name="welcome"),
    path("time-off/", views.time_off, name="time_off"),
    path("time-off/<int:pk>/add/", views.time_off_add, name="time_off_add"),
    path("time-off/<int:pk>/remove/", views.time_off_remove, name="time_off_remove"),
    path("time-off/<int:pk>/hours/", views.hours, name="hours"),
    path("time-off/<int:pk>/pause/", views.pause, name="pause"),
    path("time-off/<int:pk>/resume/", views.resume, name="resume"),
]
