from django.urls import path

from review import views

app_name = "review"

urlpatterns = [
    path("", views.week, name="week"),
    path("how/", views.counted, name="counted"),
    path("<str:label>/", views.week, name="week"),
    path("<str:label>/rows/<str:key>/", views.rows, name="rows"),
    path("<str:label>/rows/<str:key>.csv", views.rows_csv, name="rows_csv"),
]
