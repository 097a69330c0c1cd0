from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("content", "0010_uploads")]

    operations = [
        ops.CreateModel(
            name="AssetFolder",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("parent_id", fields.BigIntField(null=True)),
                ("name", fields.CharField(max_length=60)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.BigIntField()),
            ],
            options={
                "table": "asset_folder",
                "app": "content",
                "pk_attr": "id",
                "table_description": "A folder of the library, perhaps within another.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AssetVersion",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("asset_id", fields.BigIntField()),
                ("number", fields.IntField()),
                ("name", fields.CharField(max_length=200)),
                ("sha256", fields.CharField(db_index=True, max_length=64)),
                ("bytes", fields.BigIntField()),
                ("media_type", fields.CharField(max_length=80)),
                ("width", fields.IntField(null=True)),
                ("height", fields.IntField(null=True)),
                ("seconds", fields.FloatField(null=True)),
                ("replaced_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("replaced_by", fields.BigIntField()),
            ],
            options={
                "table": "asset_version",
                "app": "content",
                "unique_together": (("asset_id", "number"),),
                "pk_attr": "id",
                "table_description": "What a file of the library was before other bytes took its place; its bytes are "
                "kept and in no address.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PictureKey",
            fields=[
                ("id", fields.SmallIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("key", fields.BinaryField()),
            ],
            options={
                "table": "picture_key",
                "app": "content",
                "pk_attr": "id",
                "table_description": "The key that signs how pictures are drawn; one row, made when it is first "
                "needed.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Asset", name="shows_patient", field=fields.BooleanField(default=False, db_default=False)
        ),
        ops.AddField(model_name="Asset", name="focus_x", field=fields.SmallIntField(default=50, db_default=50)),
        ops.AddField(model_name="Asset", name="focus_y", field=fields.SmallIntField(default=50, db_default=50)),
        ops.AddField(model_name="Asset", name="folder_id", field=fields.BigIntField(null=True)),
        ops.AddField(
            model_name="Asset", name="tags", field=ArrayField(element_type="TEXT", default=list, db_default=[])
        ),
        ops.AddField(model_name="Asset", name="derived_from", field=fields.BigIntField(null=True)),
        ops.AddIndex(model_name="Asset", index=Index(fields=["folder_id", "id"])),
        ops.AddIndex(model_name="Asset", index=Index(fields=["consent_id"])),
        ops.AddIndex(model_name="Asset", index=Index(fields=["derived_from"])),
        ops.AddField(model_name="Upload", name="replaces", field=fields.BigIntField(null=True)),
        ops.AddField(model_name="Upload", name="folder_id", field=fields.BigIntField(null=True)),
        ops.RunSQL(
            """
            ALTER TABLE asset ADD CONSTRAINT asset_focus CHECK (focus_x BETWEEN 0 AND 100 AND focus_y BETWEEN 0 AND 100);
            ALTER TABLE asset_folder ADD CONSTRAINT asset_folder_parent FOREIGN KEY (parent_id) REFERENCES asset_folder (id);
            ALTER TABLE asset ADD CONSTRAINT asset_in_folder FOREIGN KEY (folder_id) REFERENCES asset_folder (id);
            ALTER TABLE asset_version ADD CONSTRAINT asset_version_of FOREIGN KEY (asset_id) REFERENCES asset (id)
                ON DELETE CASCADE;
            ALTER TABLE picture_key ADD CONSTRAINT picture_key_one CHECK (id = 1);
            CREATE UNIQUE INDEX asset_folder_name ON asset_folder (coalesce(parent_id, 0), name);
            CREATE INDEX asset_tags ON asset USING gin (tags);
            """,
            reverse_sql="""
            DROP INDEX asset_tags;
            DROP INDEX asset_folder_name;
            ALTER TABLE picture_key DROP CONSTRAINT picture_key_one;
            ALTER TABLE asset_version DROP CONSTRAINT asset_version_of;
            ALTER TABLE asset DROP CONSTRAINT asset_in_folder;
            ALTER TABLE asset_folder DROP CONSTRAINT asset_folder_parent;
            ALTER TABLE asset DROP CONSTRAINT asset_focus;
            """,
        ),
    ]
