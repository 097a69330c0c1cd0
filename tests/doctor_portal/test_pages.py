"""The phone pages: shells that run and load nothing but our own files, and the files that they name."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.web.static_files import STATIC

PAGES = [
    "/h5/doctor/",
    "/h5/doctor/calendar",
    "/h5/doctor/series",
    "/h5/doctor/series/17",
    "/h5/doctor/episodes/17",
    "/h5/doctor/me",
    "/h5/doctor/verify",
    "/h5/doctor/share/0123456789abcdefghijkl",
]
SCRIPTS = sorted((STATIC / "h5").glob("*.js"))
IMPORT = re.compile(r'^import (?:\{(?P<names>[^}]*)\} from )?"\./(?P<file>\w+\.js)";', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


class Shell(HTMLParser):
    """What a page runs, loads and says of itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in {"script", "style"} else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.inline += data.strip()

    @property
    def addresses(self) -> set[str]:
        found = [attrs.get(name) for _, attrs in self.tags for name in ("src", "href")]
        return {address for address in found if address and address.startswith("/static/")}


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_runs_and_loads_only_our_own_files(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["base-uri"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"

    shell = Shell(answer.text)
    assert shell.inline == ""
    for tag, attrs in shell.tags:
        assert not {name for name in attrs if name == "style" or name.startswith("on")}, tag
        for name in ("src", "href"):
            address = attrs.get(name) or ""
            assert address.startswith(("/", "#")) or not address, address
    for address in shell.addresses:
        assert (await client.get(address)).status_code == 200, address


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_the_same_for_everybody(client: httpx.AsyncClient, path: str) -> None:
    plain = await client.get(path)
    shown = await client.get(path, headers={"authorization": "Bearer of.some.thing", "cookie": "xinglin_staff=x"})
    assert (shown.status_code, shown.text) == (200, plain.text)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_can_be_walked_by_screen_readers(client: httpx.AsyncClient, path: str) -> None:
    shell = Shell((await client.get(path)).text)
    names = [tag for tag, _ in shell.tags]
    assert [names.count(name) for name in ("h1", "main", "nav", "footer")] == [1, 1, 1, 1]
    assert dict(shell.tags)["html"]["lang"] == "zh-CN"
    assert sum(attrs.get("aria-current") == "page" for _, attrs in shell.tags) == (0 if "share" in path else 1)
    assert any(attrs.get("href") == "#main" for _, attrs in shell.tags)


async def test_what_stands_in_the_address_is_only_text(client: httpx.AsyncClient) -> None:
    answer = await client.get('/h5/doctor/share/"><script>alert(1)</script>')
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("path", ["/h5/doctor/nothing", "/h5/doctor/series/x", "/h5/patient"])
async def test_an_address_without_a_page_is_told_in_a_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "回到首页" in answer.text
    shell = Shell(answer.text)
    assert shell.inline == ""
    for address in shell.addresses:
        assert (await client.get(address)).status_code == 200, address


@pytest.mark.parametrize("path", ["/", "/h5", "/h5/"])
async def test_the_start_of_the_house_leads_to_the_doctors(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/h5/doctor/")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_imports_what_there_is(script: Path) -> None:
    source = script.read_text("utf-8")
    for match in IMPORT.finditer(source):
        other = script.parent / match["file"]
        assert other.is_file(), match["file"]
        offered = set(EXPORT.findall(other.read_text("utf-8")))
        wanted = {name.strip().split(" as ")[0] for name in (match["names"] or "").split(",") if name.strip()}
        assert wanted <= offered, (match["file"], wanted - offered)
        used = source[match.end() :]
        assert not [name for name in wanted if not re.search(rf"\b{name}\b", used)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_never_takes_text_for_a_page(script: Path) -> None:
    source = script.read_text("utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", source)


def test_every_page_has_its_script(app: Any) -> None:
    from doctor_portal import pages

    source = Path(pages.__file__).read_text("utf-8")
    named = set(re.findall(r'script="(\w+)"', source)) | set(pages.COMMON) | {"player", "reading"}
    assert {script.stem for script in SCRIPTS} >= named


async def test_a_file_under_a_version_is_kept_and_one_without_is_asked_for(client: httpx.AsyncClient) -> None:
    versioned = await client.get("/static/h5/h5.css?v=1")
    bare = await client.get("/static/h5/ui.js")
    assert "immutable" in versioned.headers["cache-control"]
    assert bare.headers["cache-control"] == "no-cache"
    again = await client.get("/static/h5/ui.js", headers={"if-modified-since": bare.headers["last-modified"]})
    assert again.status_code == 304
    assert bare.headers["content-type"].startswith("text/javascript")
    assert (await client.get("/static/h5/none.js")).status_code == 404
