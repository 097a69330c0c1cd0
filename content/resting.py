"""What rests on the consents of patients: a text on the one that it names and on those of all files that it uses."""

from typing import Final

# The consents that a text (a JSON value) rests on, as rows of ``filmed_consent``; with its alias as {shape}.
CONSENTS: Final = """
    SELECT c.id, c.scope, c.withdrawn_at FROM filmed_consent c WHERE c.id IN (
        SELECT ({shape} ->> 'consent_id')::bigint WHERE jsonb_typeof({shape} -> 'consent_id') = 'number'
        UNION ALL
        SELECT a.consent_id FROM jsonb_path_query({shape}, '$.**.asset ? (@.type() == "number")') AS used
        JOIN asset a ON a.id = (used #>> '{{}}')::bigint WHERE a.consent_id IS NOT NULL)
"""
