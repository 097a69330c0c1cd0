from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("content", "0008_imports")]

    initial = False

    operations = [
        ops.CreateModel(
            name="LexiconState",
            fields=[
                ("id", fields.SmallIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("edition", fields.BigIntField(default=0, db_default=0)),
                ("indexed", fields.BigIntField(default=0, db_default=0)),
                ("form", fields.SmallIntField(default=0, db_default=0)),
                ("changed", ArrayField(element_type="text")),
            ],
            options={
                "table": "lexicon_state",
                "app": "content",
                "pk_attr": "id",
                "table_description": "The one row that counts the editions of the dictionary; publishing shares it, an edit takes it alone.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LexiconWord",
            fields=[
                ("term", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=80)),
                ("shown", fields.CharField(max_length=40)),
                ("created_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("created_by", fields.BigIntField()),
            ],
            options={
                "table": "lexicon_word",
                "app": "content",
                "pk_attr": "term",
                "table_description": "A word of our own, that text is cut into: ``term`` as it is compared, ``shown`` as it was typed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PopularSearch",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("portal", fields.CharField(max_length=16)),
                ("text", fields.CharField(max_length=80)),
                ("people", fields.IntField()),
                ("week", fields.DateField()),
            ],
            options={
                "table": "popular_search",
                "app": "content",
                "unique_together": (("portal", "text"),),
                "pk_attr": "id",
                "table_description": "A text that enough different people looked for in a week, and so may be suggested to others.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SearchDismissal",
            fields=[
                ("text", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=80)),
                ("dismissed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("dismissed_by", fields.BigIntField()),
            ],
            options={
                "table": "search_dismissal",
                "app": "content",
                "pk_attr": "text",
                "table_description": "A text without results that editors need not see any more.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SearchWeek",
            fields=[
                ("week", fields.DateField(primary_key=True, unique=True, db_index=True)),
                ("salt", fields.BinaryField()),
            ],
            options={
                "table": "search_week",
                "app": "content",
                "pk_attr": "week",
                "table_description": "The key by which accounts are hashed in a week; it goes with the week.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Searched",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("day", fields.DateField()),
                ("portal", fields.CharField(max_length=16)),
                ("text", fields.CharField(max_length=80)),
                ("times", fields.IntField()),
                ("unfound", fields.IntField()),
            ],
            options={
                "table": "searched",
                "app": "content",
                "unique_together": (("day", "portal", "text"),),
                "indexes": [Index(fields=["text"])],
                "pk_attr": "id",
                "table_description": "How often a text was looked for on a day in a mini-program, and how often nothing was found.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Searcher",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("week", fields.DateField()),
                ("portal", fields.CharField(max_length=16)),
                ("text", fields.CharField(max_length=80)),
                ("who", fields.BinaryField()),
            ],
            options={
                "table": "searcher",
                "app": "content",
                "unique_together": (("week", "portal", "text", "who"),),
                "pk_attr": "id",
                "table_description": "That somebody looked for a text in a week; ``who`` is the account, hashed with the key of the week.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SynonymGroup",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("terms", ArrayField(element_type="text")),
                ("shown", ArrayField(element_type="text")),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_by", fields.BigIntField()),
            ],
            options={
                "table": "synonym_group",
                "app": "content",
                "pk_attr": "id",
                "table_description": "Words that stand for one another: ``terms`` as they are compared, ``shown`` as they were typed, in one order.",
            },
            bases=["Model"],
        ),
        # What live items are found by. All that decides who may read an item, and all that a list is filtered and
        # ordered by, is copied from live in the same transaction, so that a search reads narrow rows. `found` holds
        # lexemes without places, each with a letter in front that says what it is (content/indexing.py); it is read
        # from the table only where the index cannot answer, so it lies outside of the row and is not compressed.
        ops.RunSQL(
            """
            CREATE TABLE live_words (
                item_id bigint PRIMARY KEY REFERENCES live (item_id) ON DELETE CASCADE,
                kind varchar(32) NOT NULL,
                audience varchar(16) NOT NULL,
                valid_from timestamptz NOT NULL,
                valid_until timestamptz,
                published_at timestamptz NOT NULL,
                product_class varchar(16) NOT NULL,
                entitlement varchar(40) NOT NULL,
                section_ids bigint[] NOT NULL,
                tags text[] NOT NULL,
                -- The units of the title, without what stands between them.
                title text NOT NULL,
                -- By which edition of the dictionary, and in which form of the index.
                edition bigint NOT NULL,
                form smallint NOT NULL,
                -- What readers see of the item beside title, summary and questions, as plain text, a line a paragraph.
                body text NOT NULL,
                found tsvector NOT NULL
            );
            ALTER TABLE live_words ALTER COLUMN found SET STORAGE EXTERNAL;
            -- Waiting entries would be read by every search.
            CREATE INDEX live_words_found ON live_words USING gin (found) WITH (fastupdate = off);
            CREATE INDEX live_words_newest ON live_words (published_at DESC, item_id DESC);

            ALTER TABLE lexicon_state ADD CHECK (id = 1), ADD CHECK (indexed <= edition);
            ALTER TABLE searched ADD CHECK (unfound BETWEEN 0 AND times AND times > 0);
            ALTER TABLE searcher ADD FOREIGN KEY (week) REFERENCES search_week (week) ON DELETE CASCADE;
            ALTER TABLE synonym_group ADD CHECK (cardinality(terms) >= 2 AND cardinality(terms) = cardinality(shown));
            """,
            reverse_sql="DROP TABLE live_words;",
        ),
    ]
