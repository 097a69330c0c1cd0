"""What is asked of the files of a text that show patients, wherever in it they stand (PIPL articles 28 to 30).

The rule: who is seen must have agreed, still agree, and agree to everybody who may read the text.
"""

from collections.abc import Iterator

import msgspec

from content.checks import ConsentFacts, Finding, Surroundings, narrower
from content.parts import files_in
from content.shapes import Shape


def patients(shape: Shape, around: Surroundings) -> Iterator[Finding]:
    """Ask of every file with a patient for the patient's consent."""
    own = getattr(shape, "consent_id", None)
    for asset_id, field in files_in(msgspec.to_builtins(shape)):
        facts = around.files.get(asset_id)
        if facts is None:
            continue
        if facts.consent_id is None:
            # A film may be of the patient whose consent the text itself names.
            if facts.shows_patient and not (own is not None and facts.kind == "video"):
                yield Finding(field, "consent_missing", "这个文件中有患者，须在素材库登记患者的知情同意。")
        # What the text itself rests on is asked at its own field.
        elif facts.consent_id != own or facts.kind != "video":
            yield from _asked(shape, field, around.consents.get(facts.consent_id), around)


def _asked(shape: Shape, field: str, consent: ConsentFacts | None, around: Surroundings) -> Iterator[Finding]:
    if consent is None or consent.withdrawn:
        yield Finding(field, "consent_withdrawn", "文件中的患者已撤回同意，这个文件不能再用。")
        return
    if consent.signed_on > around.today:
        yield Finding(field, "consent_not_yet", "知情同意的签署日期在将来。")
    if not consent.de_identified:
        yield Finding(field, "not_de_identified", "文件尚未做去标识化处理。")
    seen_by = narrower(shape.audience, around.above) if around.above else None
    if seen_by is not None and narrower(seen_by, consent.scope) != seen_by:
        yield Finding(field, "consent_scope", "可见范围超出患者同意的范围。")
