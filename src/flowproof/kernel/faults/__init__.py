"""
What goes wrong on purpose.

    fields.py         how an effect and a plan declare their fields: type, range, description
    effects.py        the kinds of faults, each with its fields, by the phase of a request in which they act
    plan.py           one fault plan: an effect, and which calls it hits
    reading.py        plans from JSON, validated against the declarations
    documentation.py  the declarations as a JSON Schema and as Markdown

What an effect does on a socket is a matter of the serving room. A ``match`` over the effects of a phase ends in
``assert_never``, so that no kind is forgotten there.
"""
