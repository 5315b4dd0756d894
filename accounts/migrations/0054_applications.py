import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0061_audit_by_network"),
        ("allauth_idp_oidc", "0003_client_allow_uri_wildcards"),
    ]

    operations = [
        migrations.CreateModel(
            name="Application",
            fields=[],
            options={
                "verbose_name": "application",
                "verbose_name_plural": "applications",
                "ordering": ("name",),
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("allauth_idp_oidc.client",),
        ),
        migrations.AlterField(
            model_name="service",
            name="client",
            field=models.ForeignKey(
                blank=True,
                help_text="The page then says that the messaging identifiers open it.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="accounts.application",
                verbose_name="signs people in with",
            ),
        ),
    ]
