from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("content", "0012_broadcasts")]

    initial = False

    operations = [
        # Lists of sections and the home feed are read from the newest on, each item by its topmost one alone.
        ops.RunSQL(
            "CREATE INDEX live_newest ON live (published_at DESC, item_id DESC) WHERE item_id = root_id;",
            reverse_sql="DROP INDEX live_newest;",
        ),
    ]
