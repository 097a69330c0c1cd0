from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("content", "0005_activities")]

    operations = [
        ops.AddField(
            model_name="Draft", name="title", field=fields.CharField(default="", db_default="", max_length=200)
        ),
        ops.AddField(
            model_name="Draft", name="tags", field=ArrayField(element_type="TEXT", default=list, db_default=[])
        ),
        ops.AddIndex(model_name="Draft", index=Index(fields=["updated_at", "item_id"])),
        # The trigger that keeps both is the same rule for what is there and for what comes.
        ops.RunSQL(
            """
            CREATE FUNCTION draft_repeats() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                NEW.title := CASE WHEN jsonb_typeof(NEW.shape -> 'title') = 'string'
                    THEN left(NEW.shape ->> 'title', 200) ELSE '' END;
                NEW.tags := CASE WHEN jsonb_typeof(NEW.shape -> 'tags') = 'array'
                    THEN ARRAY(SELECT tag #>> '{}' FROM jsonb_array_elements(NEW.shape -> 'tags') AS tag
                        WHERE jsonb_typeof(tag) = 'string')
                    ELSE '{}' END;
                RETURN NEW;
            END $$;
            CREATE TRIGGER draft_repeats BEFORE INSERT OR UPDATE OF shape ON draft
                FOR EACH ROW EXECUTE FUNCTION draft_repeats();
            UPDATE draft SET shape = shape;
            """,
            reverse_sql="DROP TRIGGER draft_repeats ON draft; DROP FUNCTION draft_repeats();",
        ),
    ]
