from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("cdp", "0003_messages")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Profile",
            fields=[
                ("account_id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("sealed", fields.BinaryField()),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "profile",
                "app": "cdp",
                "pk_attr": "account_id",
                "table_description": "Name, hospital, department and title of an account's owner, sealed together with the account's key.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            "ALTER TABLE profile ADD FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE;",
            reverse_sql="",
        ),
    ]
