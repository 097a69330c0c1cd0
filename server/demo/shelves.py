"""The written demo content as items: covers, figures, films and sheets made, and each text brought to where it stands.

The rule: most came out over the last months; a few stand elsewhere on their way, so that every state of the workflow is
there to be seen.
"""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import segno

from content.parts import STAGE_NAMES
from content.written import FORM_NAMES, ArticleForm
from server.core.clock import day_of, start_of
from server.core.roles import Role
from server.demo import figures, films, papers, pictures, sounds, texts
from server.demo.desk import WRITTEN, Desk
from server.demo.persons import PERSONS
from server.demo.telling import MARK

Say = Callable[[str], None]

BOARDS: Final = {
    ArticleForm.FRONTIER: "frontier",
    ArticleForm.CASE: "cases",
    ArticleForm.PREVENTION: "prevention",
    ArticleForm.NEWS: "news",
}
# Articles that are on their way: nobody has judged the first, one of two the second.
IN_REVIEW: Final = ("remote-table-of-five", "a-letter-on-diabetes-day")
SENT_BACK: Final = "the-pathologists-ruler"
DRAFTED: Final = "quiet-please-counting"
TOMORROW: Final = "blood-pressure-on-the-morning"
EXPIRING: Final = "forum-notes-by-the-lake"
WITHDRAWN: Final = "one-serving-spoon"
UNDER_WAY: Final = frozenset({*IN_REVIEW, SENT_BACK, DRAFTED, TOMORROW})
TUNE: Final = "short films"
RECORDINGS: Final = ("listen-1", "listen-2")


def came_out(told: texts.Told, *, at: datetime) -> datetime:
    """Say when a text came out if the house is first started at a time: on its day, between eight and six."""
    minutes = 8 * 60 + sum(told.slug.encode()) * 7 % 600
    return start_of(day_of(at) + timedelta(days=told.published)) + timedelta(minutes=minutes)


class Shelves:
    """Fills the boards of one house with the written texts."""

    def __init__(self, *, desk: Desk, say: Say) -> None:
        self.desk = desk
        self._at = desk.at
        self._numbers = {article.slug: number for number, article in enumerate(reversed(texts.articles()), start=1)}
        self._say = say

    async def seed(self) -> None:
        """Make what is missing, what others refer to first."""
        self._say(f"Writing {len(texts.articles())} demo articles, and what goes with them.")
        for handout in reversed(texts.handouts()):
            await self._came_out("document", handout, partial(self._document, handout), board="documents")
        with TemporaryDirectory(prefix="xinglin-demo-") as folder:
            # The replays come out of their broadcasts (``broadcasts.py``).
            for clip in [one for one in reversed(texts.clips()) if one.board == "films"]:
                await self._came_out("video", clip, partial(self.video, clip, Path(folder)), board=clip.board)
            await self._recordings(Path(folder))
        for product in reversed(texts.products()):
            await self._came_out("product", product, partial(self._product, product), board="products")
        for brand in reversed(texts.brands()):
            await self._came_out("brand_account", brand, partial(self._brand, brand), board="brands")
        for article in reversed(texts.articles()):
            await self._article(article)
            written = self._numbers[article.slug]
            if written % 17 == 0 and written < len(self._numbers):
                self._say(f"  {written} of {len(self._numbers)} written.")

    async def _came_out(self, kind: str, told: texts.Told, shape: Any, *, board: str, ends_at: Any = None) -> int:
        """Write an item and publish it on its day."""
        since = self.since(told)
        item_id = await self.desk.written(kind, told.slug, shape, since=since - WRITTEN, board=board)
        await self.desk.published(item_id, since=since, ends_at=ends_at)
        return item_id

    async def _article(self, article: texts.Article) -> None:
        desk, board = self.desk, BOARDS[article.form]
        shape = partial(self._article_shape, article)
        if article.slug not in UNDER_WAY:
            ends_at = self._at + timedelta(days=2) if article.slug == EXPIRING else None
            item_id = await self._came_out("article", article, shape, board=board, ends_at=ends_at)
            if article.slug == WITHDRAWN:
                reason = "演示：来源需要更新，先行下线。"
                await desk.withdrawn(item_id, reason=reason, since=self._at - timedelta(days=1))
            return
        since = self._at - timedelta(days=2)
        item_id = await desk.written("article", article.slug, shape, since=since, board=board)
        if article.slug == DRAFTED:
            return
        if article.slug == TOMORROW:
            tomorrow = start_of(day_of(self._at) + timedelta(days=1)) + timedelta(hours=8)
            await desk.published(item_id, since=self._at, starts_at=tomorrow)
            return
        await desk.handed_in(item_id, since=since + timedelta(hours=2))
        if article.slug == SENT_BACK:
            await desk.sent_back(
                item_id,
                Role.MEDICAL,
                field="body",
                text="“足量”请写明倍数，或改为“按本院规程”，并补一条来源。",
                since=since + timedelta(hours=20),
            )
        elif article.slug == IN_REVIEW[1]:
            await desk.judged(item_id, Role.MEDICAL, since=since + timedelta(hours=21), note="医学内容无异议。")

    async def _article_shape(self, article: texts.Article) -> dict[str, Any]:
        return {
            **await self.told(article, label=FORM_NAMES[article.form]),
            **_credits(article),
            "form": article.form,
            "approval_number": f"演示-2026-{self._numbers[article.slug]:03d}",
            "blocks": [await self._block(article, block) for block in article.blocks],
        }

    async def _block(self, article: texts.Article, told: dict[str, Any]) -> dict[str, Any]:
        block, since = dict(told), self.since(article)
        if block["type"] == "image":
            draw = partial(figures.figure, block.pop("figure"), block.pop("labels"), hue=article.hue)
            asset = await self.desk.asset(f"{article.slug}-{block['key']}.png", draw, since=since)
            block["picture"] = {"asset": asset, "alt": block.pop("alt")}
            block["credit"] = "演示绘图"
        elif block["type"] == "video":
            clip = block.pop("clip")
            block["film"] = {"asset": self.desk.taken(f"{clip}.mp4")}
            block["poster"] = {"asset": self.desk.taken(f"video-{clip}.jpg"), "alt": "演示短片的封面"}
        elif block["type"] == "document":
            handout = block.pop("handout")
            block["document"] = {"asset": self.desk.taken(f"{handout}.pdf"), "title": "配套表单（演示）"}
        elif block["type"] == "product":
            block["product"] = self.desk.found("product", block["product"])
        return block

    async def _document(self, handout: texts.Handout) -> dict[str, Any]:
        sheet = await self.desk.asset(f"{handout.slug}.pdf", partial(papers.sheet, handout), since=self.since(handout))
        return {
            **await self.told(handout, label="资料"),
            **_credits(handout),
            "edition": handout.edition,
            "documents": [{"asset": sheet, "title": f"{handout.title}（演示）"}],
        }

    async def video(self, clip: texts.Clip, folder: Path) -> dict[str, Any]:
        """Give the text of a short film, which is made in a folder and taken in."""
        film = await self.desk.asset(f"{clip.slug}.mp4", partial(_film, clip, folder), since=self.since(clip))
        each = clip.seconds // len(clip.chapters)
        return {
            **await self.told(clip, label="短视频"),
            **_credits(clip),
            "duration_s": clip.seconds,
            "video": {"asset": film},
            "chapters": [
                {"key": f"part-{place + 1}", "title": part.title, "starts_at_s": place * each, "stage": part.stage}
                for place, part in enumerate(clip.chapters)
            ],
            "team": [{**_person(clip.author), "role": "讲者"}],
        }

    async def _recordings(self, folder: Path) -> None:
        """Take in tunes of their own, so that the library has sounds."""
        for name in RECORDINGS:
            await self.desk.asset(
                f"{name}.m4a", partial(_recording, folder, name), alt="演示音频：程序生成的旋律", since=self._at
            )

    async def _product(self, product: texts.Product) -> dict[str, Any]:
        ends = day_of(self._at) + timedelta(days=product.certificate_days) if product.certificate_days else None
        papers_of_it = [
            {"name": one.name, "number": one.number, "valid_until": ends.isoformat() if ends else None}
            for one in product.certificates
        ]
        return {
            **await self.told(product, label="产品"),
            "product_class": product.product_class,
            "generic_name": product.generic_name,
            "maker": product.maker,
            "indications": product.indications,
            "cautions": product.cautions,
            "certificates": papers_of_it,
        }

    async def _brand(self, brand: texts.Brand) -> dict[str, Any]:
        code = await self.desk.asset(f"qr-{brand.slug}.png", partial(_code, brand), since=self.since(brand))
        return {
            **await self.told(brand, label="品牌号"),
            "field": brand.field,
            "operator": brand.operator,
            "qr": {"asset": code, "alt": f"演示二维码：{brand.title}"},
            "link": brand.link,
        }

    async def told(self, told: texts.Told, *, label: str) -> dict[str, Any]:
        """Give the fields that all texts have, with a cover made for them."""
        kind = type(told).__name__.lower()
        draw = partial(pictures.plate, label=label, hue=told.hue, theme=told.theme, seed=told.slug)
        name = f"{'video' if kind == 'clip' else kind}-{told.slug}.jpg"
        cover = await self.desk.asset(name, draw, alt="演示封面", since=self.since(told))
        related = [self.desk.found(*name.split("/")) for name in told.related]
        return {
            "title": told.title,
            "summary": told.summary + MARK,
            "tags": list(told.tags),
            "audience": told.audience,
            "cover": {"asset": cover, "alt": f"演示封面：《{told.title}》"},
            "body": told.body,
            "related": [item_id for item_id in related if item_id],
        }

    def since(self, told: texts.Told) -> datetime:
        """Say when a text came out."""
        return came_out(told, at=self._at)


def _credits(told: texts.Credited) -> dict[str, Any]:
    return {
        "author": _person(told.author),
        "reviewer": _person(told.reviewer),
        "sources": [{"title": source} for source in told.sources],
    }


def _person(name: str) -> dict[str, str]:
    person = PERSONS[name]
    return {"name": person.name, "title": person.title, "hospital": person.hospital}


def _film(clip: texts.Clip, folder: Path) -> bytes:
    path, each = folder / f"{clip.slug}.mp4", clip.seconds // len(clip.chapters)
    slides = [
        films.Slide(place * each, place, chapter.title, (STAGE_NAMES[chapter.stage], *chapter.lines))
        for place, chapter in enumerate(clip.chapters)
    ]
    tune = sounds.tune(clip.seconds, seed=TUNE)
    films.film(path=path, slides=slides, seconds=clip.seconds, over=clip.title, hue=clip.hue, tune=tune)
    return path.read_bytes()


def _recording(folder: Path, name: str) -> bytes:
    sounds.recording(folder / f"{name}.m4a", 30, seed=name)
    return (folder / f"{name}.m4a").read_bytes()


def _code(brand: texts.Brand) -> bytes:
    written = io.BytesIO()
    sentence = f"演示二维码：{brand.title}。本品牌号为虚构，扫描后不会跳转，也不收集信息。"
    segno.make(sentence, error="m").save(written, kind="png", scale=8, border=4)
    return written.getvalue()
