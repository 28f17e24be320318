"""
Takes secrets out of what is shown, for the journal, for certification and for their HTTP archives.

    marks.py             what stands in the place of a secret
    encodings.py         all ways in which one secret is written
    known_secrets.py     secrets whose values are known, and the beginnings that a cut leaves of them
    sensitive_names.py   names of members, parameters and headers that stand before secrets and personal data
    patterns.py          secrets and personal data that are recognised by their form
    json_text.py         members and values of a JSON text, malformed or cut off too
    parameters.py        pairs of queries and forms, addresses, JSON pointers
    bodies.py            bodies as text or base64, cut to a limit
    named_parameters.py  exchanges of one provider: parameters and members of given names
    journal_entries.py   entries of a journal: given secrets
    text_redactor.py     texts and messages of a run: all of that, and what the target has issued

Pure functions and values: knows no kernel, no provider and no file. Callers give names, secrets and functions.
"""
