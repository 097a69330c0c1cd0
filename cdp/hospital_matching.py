"""Which hospital of the dictionary a name means, with a score and the reasons: pure, without a store.

The rule: a name that equals an official one, or an alias of one hospital alone, is that hospital's. A name that is
merely alike is a proposal for whoever decides, and only if the numerals, what the hospital is for and the region are
the same and no other is nearly as close. A name that could be many hospitals' (第一医院) is never matched; those that
it could be are listed.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from rapidfuzz import fuzz, process

from cdp.hospital_names import Form, Names, bare_region
from cdp.professional_events import Match as Kind

SOUNDS: Final = 95
ALIKE: Final = 80
OWN_ALIKE: Final = 50
LEAD: Final = 6
WORTH_LISTING: Final = 55
MOST_CANDIDATES: Final = 8
_LOOKED_AT: Final = 60


class Entry(Struct, frozen=True):
    """A hospital of the dictionary."""

    key: str
    name: str
    province: str
    city: str
    level: str = ""
    aliases: tuple[str, ...] = ()


class Candidate(Struct, frozen=True):
    """A hospital that a name may mean: how alike (0 to 100), by which of its names, and what speaks against it."""

    hospital: Entry
    score: int
    by: str
    against: tuple[str, ...] = ()


class Found(Struct, frozen=True):
    """What a name was found to mean. ``best`` is set for all kinds but ambiguous and none."""

    kind: Kind
    best: Candidate | None
    candidates: tuple[Candidate, ...]
    reasons: tuple[str, ...]


class Dictionary:
    """All hospitals, ready to be compared with."""

    def __init__(self, entries: Iterable[Entry], *, before: "Dictionary | None" = None) -> None:
        """Take the hospitals in.

        :param before: the dictionary before a change, of which as much is used again as may be.
        """
        self.entries: dict[str, Entry] = {entry.key: entry for entry in entries}
        names = Names({region for entry in self.entries.values() for region in (entry.province, entry.city)})
        if before is not None and before.names.regions == names.regions:
            names = before.names
        self.names: Names = names
        self._forms: list[Form] = []
        self._of: list[tuple[Entry, str]] = []
        self._official: dict[str, list[int]] = defaultdict(list)
        self._alias: dict[str, list[int]] = defaultdict(list)
        for entry in self.entries.values():
            for name in (entry.name, *entry.aliases):
                form = self.names.kept(name)
                place = len(self._forms)
                self._forms.append(form)
                self._of.append((entry, name))
                (self._official if name == entry.name else self._alias)[form.text].append(place)
        self._texts = [form.text for form in self._forms]
        self._sounds: dict[str, list[int]] = defaultdict(list)
        for place, form in enumerate(self._forms):
            self._sounds[form.sound].append(place)

    def form(self, name: str) -> Form:
        """Bring a name into the form in which it is compared here."""
        return self.names.form(name)

    def match(self, name: str) -> Found:
        """Tell which hospital a name means, and why."""
        form = self.form(name)
        if not form.text:
            return Found("none", None, (), ("empty",))
        for kind, index in (("exact", self._official), ("alias", self._alias)):
            places = index.get(form.text, [])
            keys = {self._of[place][0].key for place in places}
            if len(keys) == 1:
                best = self._candidate(places[0], 100)
                others = [one for one in self._alike(form) if one.hospital.key not in keys]
                sure: Kind = "exact" if kind == "exact" else "alias"
                return Found(sure, best, (best, *others[: MOST_CANDIDATES - 1]), (f"equal_{sure}", *form.steps))
            if keys:
                shared = tuple(self._candidate(place, 100) for place in places)
                return Found("ambiguous", None, shared[:MOST_CANDIDATES], ("shared", *form.steps))
        if form.generic:
            return Found("ambiguous", None, self._containing(form), ("generic", *form.steps))
        heard = {self._of[place][0].key: place for place in self._sounds.get(form.sound, [])}
        heard = {key: place for key, place in heard.items() if not self._against(form, place, heard=True)}
        if len(heard) == 1:
            best = self._candidate(next(iter(heard.values())), SOUNDS)
            others = [one for one in self._alike(form) if one.hospital.key not in heard]
            return Found("fuzzy", best, (best, *others[: MOST_CANDIDATES - 1]), ("sounds_alike", *form.steps))
        return self._nearest(form)

    def suggest(self, typed: str, *, most: int = MOST_CANDIDATES) -> list[Candidate]:
        """List hospitals for somebody who is typing: what begins so first, then what holds it, then what is alike."""
        form = self.form(typed)
        if len(form.text) < 2:
            return []
        ranked: dict[str, tuple[int, int, Candidate]] = {}
        # What is typed so far may end within a word that would be unfolded at its end.
        raw = "".join(typed.split())
        for place, text in enumerate(self._texts):
            entry, name = self._of[place]
            rank = _rank(text, name, form.text, raw)
            if rank and (entry.key not in ranked or ranked[entry.key][0] < rank):
                ranked[entry.key] = rank, -len(text), self._candidate(place, rank)
        if len(ranked) < most:
            for candidate in self._alike(form):
                ranked.setdefault(candidate.hospital.key, (candidate.score // 2, 0, candidate))
        ordered = sorted(ranked.values(), key=lambda one: (-one[0], -one[1], one[2].hospital.name))
        return [candidate for _, _, candidate in ordered[:most]]

    def _nearest(self, form: Form) -> Found:
        candidates = self._alike(form)
        fit = [one for one in candidates if not one.against]
        if not fit or fit[0].score < ALIKE:
            return Found("none", None, tuple(candidates[:MOST_CANDIDATES]), ("nothing_alike", *form.steps))
        if len(fit) > 1 and (fit[0].score - fit[1].score < LEAD or self._less_said(form, fit)):
            return Found("ambiguous", None, tuple(fit[:MOST_CANDIDATES]), ("several_alike", *form.steps))
        return Found("fuzzy", fit[0], tuple(candidates[:MOST_CANDIDATES]), ("alike", *form.steps))

    def _less_said(self, form: Form, fit: list[Candidate]) -> bool:
        """Tell whether a name leaves out what tells several hospitals apart: 首都医科大学附属医院."""
        longer = {
            one.hospital.key for one in fit if form.own != (own := self.names.kept(one.by).own) and form.own in own
        }
        return fit[0].hospital.key in longer and len(longer) > 1

    def _alike(self, form: Form) -> list[Candidate]:
        """List what is alike, one a hospital, the most alike first; what speaks against it comes after what fits."""
        near = process.extract(
            form.text, self._texts, scorer=fuzz.ratio, limit=_LOOKED_AT, score_cutoff=WORTH_LISTING - 15
        )
        best: dict[str, Candidate] = {}
        for _text, ratio, place in near:
            other = self._forms[place]
            score = round(0.6 * ratio + 0.4 * fuzz.ratio(form.own, other.own)) if form.own else round(ratio)
            entry, name = self._of[place]
            candidate = Candidate(entry, score, name, self._against(form, place))
            known = best.get(entry.key)
            if score >= WORTH_LISTING and (known is None or _order(candidate) < _order(known)):
                best[entry.key] = candidate
        return sorted(best.values(), key=_order)

    def _containing(self, form: Form) -> tuple[Candidate, ...]:
        found: dict[str, Candidate] = {}
        for place, other in enumerate(self._forms):
            if form.bare in other.text and form.ordinals == other.ordinals:
                score = round(fuzz.ratio(form.bare, other.text))
                known = found.get(self._of[place][0].key)
                if known is None or known.score < score:
                    found[self._of[place][0].key] = self._candidate(place, score)
        return tuple(sorted(found.values(), key=_order)[:MOST_CANDIDATES])

    def _against(self, form: Form, place: int, *, heard: bool = False) -> tuple[str, ...]:
        """Say what speaks against a name; one that is ``heard`` sounds the same, however it is written."""
        other, entry = self._forms[place], self._of[place][0]
        against = []
        if form.ordinals != other.ordinals:
            against.append("ordinal_differs")
        if form.kinds != other.kinds:
            against.append("kind_differs")
        if not form.regions <= {bare_region(entry.province), bare_region(entry.city), *other.regions}:
            against.append("region_differs")
        # A name that says no more than a region and what many are called means one only if it is that one's name.
        if not heard and (not form.own or fuzz.ratio(form.own, other.own) < OWN_ALIKE):
            against.append("name_differs")
        return tuple(against)

    def _candidate(self, place: int, score: int) -> Candidate:
        entry, name = self._of[place]
        return Candidate(entry, score, name)


def _order(candidate: Candidate) -> tuple[int, int, str]:
    return len(candidate.against), -candidate.score, candidate.hospital.name


def _rank(text: str, name: str, folded: str, raw: str) -> int:
    """Tell how well a name fits what is typed, 100 for the same and 0 for not at all."""
    if folded == text or raw == name:
        return 100
    if text.startswith(folded) or name.startswith(raw):
        return 95
    if folded in text or raw in name:
        return 90
    return 0


def is_generic(name: str) -> bool:
    """Tell whether a name could be any hospital's, so that it is nobody's alias."""
    return _ANYWHERE.form(name).generic


_ANYWHERE: Final = Names(())
