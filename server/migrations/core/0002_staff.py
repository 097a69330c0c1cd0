from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("core", "0001_ground")]

    initial = False

    operations = [
        ops.AddIndex(model_name="AuditEntry", index=Index(fields=["actor", "id"])),
        ops.AddIndex(model_name="AuditEntry", index=Index(fields=["deed", "id"])),
        ops.CreateModel(
            name="SignInTry",
            fields=[
                ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=70)),
                ("tries", fields.IntField()),
                ("began_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("locked_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "sign_in_try",
                "app": "core",
                "pk_attr": "key",
                "table_description": "The sign-ins that failed of late under one key, the hash of an email or of a network address.",
            },
            bases=["Model"],
        ),
        # The tries are counted by email there, whether anybody has it or not, and no longer at the person.
        ops.RemoveField(model_name="Staff", name="locked_until"),
        ops.RemoveField(model_name="Staff", name="failed_tries"),
        ops.AddField(
            model_name="Staff",
            name="password_changed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Staff",
            name="must_change_password",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name="StaffSession",
            name="address",
            field=fields.CharField(default="", db_default="", max_length=45),
        ),
        ops.AddField(
            model_name="StaffSession",
            name="agent",
            field=fields.CharField(default="", db_default="", max_length=200),
        ),
    ]
